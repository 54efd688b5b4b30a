//! MQTT inside TLS 1.2 and 1.3 (RFC 5246, RFC 8446), where somebody has logged the secrets.
//!
//! What is agreed on in the clear says which secrets and which cipher; what a handshake then says in its encrypted part
//! is not needed. Each record proves by its authentication tag that it was opened with the right key, so a record that
//! the current key does not open is tried with the key that comes next: after the handshake, and whenever a party changes
//! its keys.

mod cipher;
mod hello;
mod keylog;
mod record;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use mqttspec_segments::Party;

pub use self::keylog::KeyLog;
use self::{
    cipher::{Opener, Suite},
    hello::{Choice, Hello, Listener},
    keylog::{ClientRandom, Label},
    record::{Record, Records, content},
};
use super::unpacked::{Unpacked, Unreadable};

const TLS13: u16 = 0x0304;
const TLS12: u16 = 0x0303;

/// A TLS connection.
#[derive(Debug, Default)]
pub(super) struct Tls {
    /// The client, and its number of the connection.
    client: Option<(Party, ClientRandom)>,
    choice: Option<Choice>,
    sides: [Side; 2],
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    records: Records,
    listener: Listener,
    keys: Keys,
    /// Nothing can be read any more.
    is_over: bool,
}

/// How the next record of a direction is to be opened.
#[derive(Debug, Default)]
enum Keys {
    /// Not at all, it travels in the clear.
    #[default]
    Clear,
    /// With the keys of a TLS 1.2 connection, or of a handshake.
    Fixed(Opener),
    /// With keys that come from this secret.
    Traffic(Opener, Vec<u8>),
}

impl Tls {
    /// Takes the bytes of a segment.
    pub(super) fn bytes(&mut self, by: Party, bytes: &[u8], keys: &KeyLog, unpacked: &mut Vec<Unpacked>) {
        let mut rest = bytes;
        while !self.side(by).is_over {
            let found = match self.side(by).records.next(&mut rest) {
                Ok(Some(record)) => self.record(by, &record, keys),
                Ok(None) => return,
                Err(record::NoRecord) => Err(Unreadable::NoRecord),
            };
            match found {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => unpacked.push(Unpacked::Bytes(bytes)),
                Err(why) => self.fail(by, why, unpacked),
            }
        }
    }

    /// Bytes of a party are missing.
    pub(super) fn gap(&mut self, by: Party, unpacked: &mut Vec<Unpacked>) {
        self.fail(by, Unreadable::TlsGap, unpacked);
    }

    fn fail(&mut self, by: Party, why: Unreadable, unpacked: &mut Vec<Unpacked>) {
        let side = self.side(by);
        if !side.is_over {
            *side = Side { is_over: true, ..Side::default() };
            unpacked.push(Unpacked::Broken(why));
        }
    }

    fn side(&mut self, by: Party) -> &mut Side {
        let [first, second] = &mut self.sides;
        if by == Party::First { first } else { second }
    }

    /// The bytes that a record carries for whoever uses the connection.
    fn record(&mut self, by: Party, record: &Record, keys: &KeyLog) -> Result<Bytes, Unreadable> {
        match (&self.side(by).keys, record.content()) {
            (Keys::Clear, content::HANDSHAKE) => self.listen(by, &record.body)?,
            (Keys::Clear, content::CHANGE_CIPHER_SPEC) => {
                // In TLS 1.3 it means nothing.
                if self.choice.is_some_and(|choice| choice.version == TLS12) {
                    self.side(by).keys = Keys::Fixed(self.tls12(by, keys)?);
                }
            }
            (Keys::Clear, content::APPLICATION_DATA) => {
                self.side(by).keys = Keys::Fixed(self.handshake(by, keys)?);
                return self.open(by, record, keys);
            }
            (Keys::Fixed(_) | Keys::Traffic(..), content::CHANGE_CIPHER_SPEC) if record.body == [1] => {}
            // An alert: there will be no connection.
            (Keys::Clear, _) => {}
            (Keys::Fixed(_) | Keys::Traffic(..), _) => return self.open(by, record, keys),
        }
        Ok(Bytes::new())
    }

    /// Follows a handshake in the clear.
    fn listen(&mut self, by: Party, body: &[u8]) -> Result<(), Unreadable> {
        match self.side(by).listener.take(body).map_err(|hello::Garbled| Unreadable::Handshake)? {
            Some(Hello::Client(random)) => self.client = Some((by, random)),
            Some(Hello::Server(choice)) => self.choice = Some(choice),
            None => {}
        }
        Ok(())
    }

    /// What is known about the connection from its beginning.
    fn agreed(&self) -> Result<(Party, ClientRandom, Choice, Suite), Unreadable> {
        let (client, random) = self.client.ok_or(Unreadable::TlsLate)?;
        let choice = self.choice.ok_or(Unreadable::EarlyData)?;
        if !matches!(choice.version, TLS12 | TLS13) {
            return Err(Unreadable::TlsVersion(choice.version));
        }
        let suite = Suite::new(choice.suite).ok_or(Unreadable::Suite(choice.suite))?;
        Ok((client, random, choice, suite))
    }

    fn tls12(&self, by: Party, keys: &KeyLog) -> Result<Opener, Unreadable> {
        let (client, random, choice, suite) = self.agreed()?;
        let master = find(keys, &random, Label::Master)?;
        let opener = Opener::tls12(suite, master, (&random, &choice), by == client);
        opener.ok_or(Unreadable::Unopened)
    }

    fn handshake(&self, by: Party, keys: &KeyLog) -> Result<Opener, Unreadable> {
        let (client, random, _, suite) = self.agreed()?;
        let label = if by == client { Label::ClientHandshake } else { Label::ServerHandshake };
        Opener::tls13(suite, find(keys, &random, label)?).ok_or(Unreadable::Unopened)
    }

    fn open(&mut self, by: Party, record: &Record, keys: &KeyLog) -> Result<Bytes, Unreadable> {
        let side = self.side(by);
        let opened = match &mut side.keys {
            Keys::Clear => None,
            Keys::Fixed(opener) | Keys::Traffic(opener, _) => opener.open(record),
        };
        let opened = match opened {
            Some(opened) => Some(opened),
            None => self.turn(by, keys)?.open(record),
        };
        match opened.ok_or(Unreadable::Unopened)? {
            (content::APPLICATION_DATA, bytes) => Ok(bytes.into()),
            _ => Ok(Bytes::new()),
        }
    }

    /// Goes on to the keys that follow.
    fn turn(&mut self, by: Party, keys: &KeyLog) -> Result<&mut Opener, Unreadable> {
        let (client, random, choice, suite) = self.agreed()?;
        let secret = match &self.side(by).keys {
            _ if choice.version == TLS12 => return Err(Unreadable::Unopened),
            Keys::Clear => return Err(Unreadable::Unopened),
            Keys::Fixed(_) => {
                let label = if by == client { Label::ClientTraffic } else { Label::ServerTraffic };
                find(keys, &random, label)?.to_vec()
            }
            Keys::Traffic(_, secret) => suite.next(secret).ok_or(Unreadable::Unopened)?,
        };
        let side = self.side(by);
        side.keys = Keys::Traffic(Opener::tls13(suite, &secret).ok_or(Unreadable::Unopened)?, secret);
        match &mut side.keys {
            Keys::Fixed(opener) | Keys::Traffic(opener, _) => Ok(opener),
            Keys::Clear => Err(Unreadable::Unopened),
        }
    }
}

fn find<'k>(keys: &'k KeyLog, random: &ClientRandom, label: Label) -> Result<&'k [u8], Unreadable> {
    let missing = if keys.is_empty() { Unreadable::NoSecrets } else { Unreadable::OtherSecrets };
    keys.find(random, label).ok_or(missing)
}
