//! The methods of enhanced authentication (MQTT 5.0 §4.12), seen as dialogues: the client speaks, the server asks back
//! or is convinced.

use bytes::Bytes;
use mqttspec_wire::{ReasonCode, Utf8String};

use super::{
    Config,
    config::Challenge,
    refusal::Refusal,
    scram::{self, Challenged, Scram},
};

/// Where a dialogue stands while the server waits for the client.
#[derive(Clone, Debug)]
pub(crate) enum Dialogue {
    /// The client has been asked the question of a [`Challenge`].
    Question,
    /// The client has been asked for its first message of SCRAM.
    ScramFirst,
    /// The client has been asked for its proof.
    ScramFinal(Box<Challenged>),
}

/// What comes of what the client says.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The server asks for more, with this Authentication Data.
    Asks(Dialogue, Option<Bytes>),
    /// The client has proved who it is.
    Proved(Proof),
}

/// Who the client has proved to be.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    /// Its user name, if the method knows one.
    pub(crate) user: Option<Utf8String>,
    /// The server's last Authentication Data.
    pub(crate) answer: Option<Bytes>,
}

impl Dialogue {
    /// Begins with the method, if there is such a one. No two dialogues have the same `number`.
    pub(crate) fn begin(
        config: &Config,
        method: &str,
        data: Option<Bytes>,
        number: u128,
    ) -> Option<Result<Reply, Refusal>> {
        match (&config.challenge, &config.scram) {
            (Some(challenge), _) if challenge.method == method => {
                Some(Ok(Reply::Asks(Self::Question, Some(challenge.question.clone()))))
            }
            (_, Some(scram)) if method == scram::METHOD => Some(match data {
                Some(data) => challenged(scram, &data, number),
                None => Ok(Reply::Asks(Self::ScramFirst, None)),
            }),
            (_, _) => None,
        }
    }

    /// Goes on with what the client answers.
    pub(crate) fn go_on(self, config: &Config, data: Option<Bytes>, number: u128) -> Result<Reply, Refusal> {
        let data = data.unwrap_or_default();
        match self {
            Self::Question => {
                let is_right = |challenge: &Challenge| challenge.answer == data;
                if config.challenge.as_ref().is_some_and(is_right) {
                    return Ok(Reply::Proved(Proof::default()));
                }
                Err(refusal("the answer is wrong"))
            }
            Self::ScramFirst => match &config.scram {
                Some(scram) => challenged(scram, &data, number),
                None => Err(refusal("the method is no longer known")),
            },
            Self::ScramFinal(challenged) => {
                let proved = challenged.finish(&data).map_err(refusal)?;
                let user = Utf8String::try_from(proved.name).ok();
                Ok(Reply::Proved(Proof { user, answer: Some(proved.answer) }))
            }
        }
    }
}

fn challenged(scram: &Scram, first: &[u8], number: u128) -> Result<Reply, Refusal> {
    let (answer, challenged) = scram.challenge(first, &scram.nonce(number)).map_err(refusal)?;
    Ok(Reply::Asks(Dialogue::ScramFinal(Box::new(challenged)), Some(answer)))
}

const fn refusal(text: &'static str) -> Refusal {
    Refusal::new(ReasonCode::NOT_AUTHORIZED, text)
}
