//! The names of a packet's parts, which faults, layouts, edits and dumps share.

use std::fmt;

use crate::PropertyId;

/// The name of a part: `topic-name`, `topic-name.length`, `filter[1]`, `user-property[1].name.text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    stem: &'static str,
    index: Option<usize>,
    suffix: &'static str,
}

impl Part {
    pub(crate) const FIRST_BYTE: Self = Self::new("first-byte");
    pub(crate) const REMAINING_LENGTH: Self = Self::new("remaining-length");
    pub(crate) const PROTOCOL_NAME: Self = Self::new("protocol-name");
    pub(crate) const PROTOCOL_LEVEL: Self = Self::new("protocol-level");
    pub(crate) const CONNECT_FLAGS: Self = Self::new("connect-flags");
    pub(crate) const KEEP_ALIVE: Self = Self::new("keep-alive");
    pub(crate) const PROPERTIES: Self = Self::new("properties");
    pub(crate) const CLIENT_ID: Self = Self::new("client-id");
    pub(crate) const WILL_PROPERTIES: Self = Self::new("will-properties");
    pub(crate) const WILL_TOPIC: Self = Self::new("will-topic");
    pub(crate) const WILL_PAYLOAD: Self = Self::new("will-payload");
    pub(crate) const USERNAME: Self = Self::new("username");
    pub(crate) const PASSWORD: Self = Self::new("password");
    pub(crate) const CONNACK_FLAGS: Self = Self::new("connack-flags");
    pub(crate) const REASON: Self = Self::new("reason");
    pub(crate) const PACKET_ID: Self = Self::new("packet-id");
    pub(crate) const TOPIC_NAME: Self = Self::new("topic-name");
    pub(crate) const PAYLOAD: Self = Self::new("payload");
    pub(crate) const FILTER: Self = Self::new("filter");
    pub(crate) const OPTIONS: Self = Self::new("options");

    pub(crate) const fn new(stem: &'static str) -> Self {
        Self { stem, index: None, suffix: "" }
    }

    pub(crate) const fn nth(self, index: usize) -> Self {
        Self { index: Some(index), ..self }
    }

    /// The part of this part with a name of its own, which begins with a dot.
    pub(crate) const fn sub(self, suffix: &'static str) -> Self {
        Self { suffix, ..self }
    }

    /// The property `id` in the list `section`, of which `before` stand before it.
    pub(crate) fn property(section: Self, id: PropertyId, before: usize) -> Self {
        let part = Self::new(if section == Self::WILL_PROPERTIES { id.will_name() } else { id.kebab_name() });
        if before == 0 { part } else { part.nth(before) }
    }

    pub(crate) const fn length(self) -> Self {
        self.sub(".length")
    }

    /// Which of the parts with this stem it is, from 0.
    pub const fn index(self) -> usize {
        match self.index {
            Some(index) => index,
            None => 0,
        }
    }

    /// Whether it holds the value of the part that is called `name`, `reason[1]`, or of all with that stem, `reason`.
    pub(crate) fn is_value_of(self, name: &str) -> bool {
        let is_named = match name.strip_prefix(self.stem) {
            Some("") => true,
            Some(index) => index == format!("[{}]", self.index()),
            None => false,
        };
        is_named && !self.suffix.ends_with(".length") && self.suffix != ".id"
    }

    /// The name without index and without the part's own parts: what [`Fault::field`](crate::Fault::field) holds.
    pub const fn stem(self) -> &'static str {
        self.stem
    }
}

/// The names of a field that is preceded by its length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) whole: Part,
    pub(crate) length: Part,
    pub(crate) content: Part,
}

impl Part {
    pub(crate) const fn string(self) -> Counted {
        Counted { whole: self, length: self.sub(".length"), content: self.sub(".text") }
    }

    pub(crate) const fn binary(self) -> Counted {
        Counted { whole: self, length: self.sub(".length"), content: self.sub(".data") }
    }

    pub(crate) const fn pair_name(self) -> Counted {
        Counted {
            whole: self.sub(".name"),
            length: self.sub(".name.length"),
            content: self.sub(".name.text"),
        }
    }

    pub(crate) const fn pair_value(self) -> Counted {
        Counted {
            whole: self.sub(".value"),
            length: self.sub(".value.length"),
            content: self.sub(".value.text"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stem)?;
        if let Some(index) = self.index {
            write!(f, "[{index}]")?;
        }
        f.write_str(self.suffix)
    }
}
