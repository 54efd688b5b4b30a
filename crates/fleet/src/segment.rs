//! Histories as text, a line for each event, so that a fleet on several machines can be judged as one.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use mqttspec_wire::{QoS, Utf8String};

use crate::{
    history::{Awaited, Breach, Delivered, Event, OpenExchange},
    identity::Identity,
    layout::Layout,
    plan::Micros,
};

/// Something that a device did or saw, or left open at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// When.
    pub at: Micros,
    /// The device.
    pub device: u32,
    /// What.
    pub what: What,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An event.
    Event(Event),
    /// An exchange that has not come to its end.
    Open(OpenExchange),
    /// The broker ended at the earliest at the first of these times, and was back at the second.
    Restarted(Micros, Micros),
}

/// Where a world leaves what was heard, for somebody else to take it.
#[derive(Clone, Debug, Default)]
pub struct Tap(Arc<Mutex<Vec<Heard>>>);

impl Tap {
    /// Leaves something.
    pub fn leave(&self, heard: Heard) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
    }

    /// Takes all that was left.
    pub fn take(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

const BREACHES: [Breach; 6] = [
    Breach::ReceiveMaximum,
    Breach::IdentifierInUse,
    Breach::RedeliveredWithoutDup,
    Breach::SubackCodes,
    Breach::Malformed,
    Breach::EmptyRetained,
];

const AWAITED: [Awaited; 5] =
    [Awaited::Acknowledgement, Awaited::Pubrel, Awaited::Pubcomp, Awaited::Suback, Awaited::Unsuback];

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.at, self.device)?;
        let flag = |flag: &bool| u8::from(*flag);
        let event = match &self.what {
            What::Event(event) => event,
            What::Open(open) => {
                let kind = AWAITED.iter().position(|kind| *kind == open.awaited).unwrap_or(0);
                return write!(f, "open {kind} {} {}", named(open.message), open.since);
            }
            What::Restarted(ends, back) => return write!(f, "restarted {ends} {back}"),
        };
        match event {
            Event::Connect { clean_start, will } => write!(f, "connect {} {}", flag(clean_start), flag(will)),
            Event::Connack { session_present } => write!(f, "connack {}", flag(session_present)),
            Event::Alive(since) => write!(f, "alive {since}"),
            Event::Disconnect { with_will, expiry } => {
                write!(f, "disconnect {} {}", flag(with_will), Optional(*expiry))
            }
            Event::Ended { by_broker } => write!(f, "ended {}", flag(by_broker)),
            Event::Subscribe(entry) => write!(f, "subscribe {entry}"),
            Event::Suback(entry, granted) => {
                write!(f, "suback {entry} {}", granted.map_or(3, mqttspec_wire::QoS::level))
            }
            Event::Unsubscribe(entry) => write!(f, "unsubscribe {entry}"),
            Event::Unsuback(entry) => write!(f, "unsuback {entry}"),
            Event::Publish { message, again } => write!(f, "publish {} {}", named(*message), flag(again)),
            Event::Acked { message, accepted } => write!(f, "acked {} {}", named(*message), flag(accepted)),
            Event::Abandoned(message) => write!(f, "abandoned {}", named(*message)),
            Event::Delivered(Delivered { message, topic, qos, dup, retain, expiry }) => {
                let (dup, retain) = (flag(dup), flag(retain));
                let (qos, expiry) = (qos.level(), Optional(*expiry));
                write!(f, "delivered {} {qos} {dup} {retain} {expiry} {}", named(*message), topic.as_str())
            }
            Event::Breach(breach) => {
                write!(f, "breach {}", BREACHES.iter().position(|kind| kind == breach).unwrap_or(0))
            }
        }
    }
}

/// A number that may be missing.
struct Optional(Option<u32>);

impl fmt::Display for Optional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(number) => write!(f, "{number}"),
            None => f.write_str("-"),
        }
    }
}

fn named(message: Identity) -> String {
    format!("{} {} {}", message.stream, message.sequence, message.due)
}

impl Heard {
    /// Reads a line; `None` if it is none of these.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = Words(line);
        let (at, device) = (words.number()?, words.number()?);
        let what = match words.word()? {
            "open" => What::Open(OpenExchange {
                awaited: *AWAITED.get(words.number::<usize>()?)?,
                message: words.message()?,
                since: words.number()?,
            }),
            "restarted" => What::Restarted(words.number()?, words.number()?),
            word => What::Event(event(word, &mut words)?),
        };
        words.0.is_empty().then_some(Self { at, device, what })
    }

    /// The same on a clock that shows this much more. Messages carry the time of their publisher, so `of` gives how much
    /// more that is for a device.
    pub fn shift(&mut self, layout: &Layout, of: impl Fn(u32) -> Micros) {
        let own = of(self.device);
        self.at += own;
        let shift = |message: &mut Identity| {
            let publisher =
                layout.streams.get(message.stream as usize).map_or(self.device, |own| own.publisher);
            message.due = message.due.saturating_add(of(publisher));
        };
        match &mut self.what {
            What::Open(open) => {
                open.since = open.since.saturating_add(own);
                shift(&mut open.message);
            }
            What::Restarted(ends, back) => {
                (*ends, *back) = (ends.saturating_add(own), back.saturating_add(own));
            }
            What::Event(Event::Alive(since)) => *since = since.saturating_add(own),
            What::Event(
                Event::Publish { message, .. } | Event::Acked { message, .. } | Event::Abandoned(message),
            ) => shift(message),
            What::Event(Event::Delivered(delivered)) => shift(&mut delivered.message),
            What::Event(
                Event::Connect { .. }
                | Event::Connack { .. }
                | Event::Disconnect { .. }
                | Event::Ended { .. }
                | Event::Subscribe(_)
                | Event::Suback(..)
                | Event::Unsubscribe(_)
                | Event::Unsuback(_)
                | Event::Breach(_),
            ) => {}
        }
    }
}

fn event(word: &str, words: &mut Words<'_>) -> Option<Event> {
    Some(match word {
        "connect" => Event::Connect { clean_start: words.flag()?, will: words.flag()? },
        "connack" => Event::Connack { session_present: words.flag()? },
        "alive" => Event::Alive(words.number()?),
        "disconnect" => Event::Disconnect { with_will: words.flag()?, expiry: words.optional()? },
        "ended" => Event::Ended { by_broker: words.flag()? },
        "subscribe" => Event::Subscribe(words.number()?),
        "suback" => Event::Suback(words.number()?, QoS::new(words.number()?)),
        "unsubscribe" => Event::Unsubscribe(words.number()?),
        "unsuback" => Event::Unsuback(words.number()?),
        "publish" => Event::Publish { message: words.message()?, again: words.flag()? },
        "acked" => Event::Acked { message: words.message()?, accepted: words.flag()? },
        "abandoned" => Event::Abandoned(words.message()?),
        "delivered" => Event::Delivered(Delivered {
            message: words.message()?,
            qos: QoS::new(words.number()?)?,
            dup: words.flag()?,
            retain: words.flag()?,
            expiry: words.optional()?,
            topic: Utf8String::try_from(std::mem::take(&mut words.0)).ok()?,
        }),
        "breach" => Event::Breach(*BREACHES.get(words.number::<usize>()?)?),
        _ => return None,
    })
}

/// The words of a line that are left.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn word(&mut self) -> Option<&'a str> {
        let (word, rest) = self.0.split_once(' ').unwrap_or((self.0, ""));
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    fn number<N: std::str::FromStr>(&mut self) -> Option<N> {
        self.word()?.parse().ok()
    }

    #[expect(
        clippy::option_option,
        reason = "a word that is missing and a number that is are different things"
    )]
    fn optional(&mut self) -> Option<Option<u32>> {
        match self.word()? {
            "-" => Some(None),
            number => number.parse().ok().map(Some),
        }
    }

    fn flag(&mut self) -> Option<bool> {
        match self.word()? {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        }
    }

    fn message(&mut self) -> Option<Identity> {
        Some(Identity { stream: self.number()?, sequence: self.number()?, due: self.number()? })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const MESSAGE: Identity = Identity { stream: 7, sequence: 3, due: 99 };

    #[rstest]
    #[case(Event::Connect { clean_start: true, will: false }, "5 2 connect 1 0")]
    #[case(Event::Connack { session_present: true }, "5 2 connack 1")]
    #[case(Event::Alive(4), "5 2 alive 4")]
    #[case(Event::Disconnect { with_will: false, expiry: None }, "5 2 disconnect 0 -")]
    #[case(Event::Disconnect { with_will: true, expiry: Some(9) }, "5 2 disconnect 1 9")]
    #[case(Event::Ended { by_broker: false }, "5 2 ended 0")]
    #[case(Event::Suback(1, None), "5 2 suback 1 3")]
    #[case(Event::Suback(0, Some(QoS::ExactlyOnce)), "5 2 suback 0 2")]
    #[case(Event::Unsuback(0), "5 2 unsuback 0")]
    #[case(Event::Publish { message: MESSAGE, again: true }, "5 2 publish 7 3 99 1")]
    #[case(Event::Abandoned(MESSAGE), "5 2 abandoned 7 3 99")]
    #[case(Event::Breach(Breach::Malformed), "5 2 breach 4")]
    fn what_is_written_is_read(#[case] event: Event, #[case] line: &str) {
        let heard = Heard { at: 5, device: 2, what: What::Event(event) };
        assert_eq!(heard.to_string(), line);
        assert_eq!(Heard::parse(line), Some(heard));
    }

    #[test]
    fn topics_may_hold_spaces() {
        let topic = Utf8String::try_from("a b/c ").unwrap();
        let delivered = Delivered {
            message: MESSAGE,
            topic,
            qos: QoS::AtLeastOnce,
            dup: true,
            retain: false,
            expiry: Some(4),
        };
        let heard = Heard { at: 5, device: 2, what: What::Event(Event::Delivered(delivered)) };
        assert_eq!(Heard::parse(&heard.to_string()), Some(heard));
    }

    #[rstest]
    #[case("")]
    #[case("5 2")]
    #[case("5 2 alive")]
    #[case("5 2 alive 4 4")]
    #[case("5 2 connack 2")]
    #[case("5 2 suback 300 1")]
    #[case("5 -2 disconnect")]
    #[case("5 2 breach 9")]
    #[case("5 2 sings")]
    fn what_means_nothing_is_refused(#[case] line: &str) {
        assert_eq!(Heard::parse(line), None);
    }
}
