//! The normative rules that the broker carries out.
//!
//! Each stands at one place in the code behind `obeys(Rule::…)`, so a search for a rule finds where its statements are
//! carried out, and a broker without it is a plausible mutant: one that works, but breaks just that rule.

mod connecting;
mod ending;
mod faults;
mod formats;
mod lasting;
mod publishing;
mod retaining;
mod subscribing;
mod unruled;

use mqttspec_spec::{StatementId, v3, v5};

use connecting::connecting_rules;
use ending::ending_rules;
use faults::fault_rules;
use formats::format_rules;
use lasting::lasting_rules;
use publishing::publishing_rules;
use retaining::retaining_rules;
use subscribing::subscribing_rules;

/// Makes the rules from their table: a name, the statements of MQTT 3.1.1, those of MQTT 5.0, and what the rule says.
macro_rules! define {
    (; $($rule:ident [$($old:literal)*] [$($new:literal)*] $text:literal;)*) => {
        /// A rule that the broker keeps.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Rule {
            $(#[doc = $text] $rule,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$rule),*];

            /// Those about the format of packets from clients, which stand last.
            pub(crate) const OF_FAULTS: &[Self] = Self::ALL.split_at(Self::StringsWellFormed as usize).1;

            /// Its name in kebab-case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => const {
                        const NAME: &str = stringify!($rule);
                        const KEBAB: [u8; kebab_len(NAME)] = kebab(NAME);
                        match std::str::from_utf8(&KEBAB) {
                            Ok(name) => name,
                            Err(_) => "",
                        }
                    },)*
                }
            }

            /// The statements of both versions that it carries out.
            pub const fn statements(self) -> &'static [StatementId] {
                match self {
                    $(Self::$rule => const { &[$(v3!($old),)* $(v5!($new),)*] },)*
                }
            }

            /// What it says.
            pub const fn describe(self) -> &'static str {
                match self {
                    $(Self::$rule => $text,)*
                }
            }
        }
    };
}

format_rules!(connecting_rules publishing_rules retaining_rules subscribing_rules ending_rules lasting_rules fault_rules define;);

/// How many words of 64 bits there are in a set of rules.
const WORDS: usize = Rule::ALL.len().div_ceil(64);

/// A set of rules: those that a broker keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// The rules that are not kept, so that the usual set is zero.
    broken: [u64; WORDS],
}

impl Rules {
    /// All rules.
    pub const fn all() -> Self {
        Self { broken: [0; WORDS] }
    }

    /// These rules except one.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "there is a bit for every rule")]
    pub const fn without(mut self, rule: Rule) -> Self {
        self.broken[rule as usize / 64] |= 1 << (rule as usize % 64);
        self
    }

    /// Whether the rule is kept.
    #[expect(clippy::indexing_slicing, reason = "there is a bit for every rule")]
    pub const fn obeys(self, rule: Rule) -> bool {
        self.broken[rule as usize / 64] & (1 << (rule as usize % 64)) == 0
    }

    /// Whether all rules are kept.
    pub(crate) fn are_all(self) -> bool {
        self == Self::all()
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::all()
    }
}

impl Rule {
    /// The rules that carry out a statement.
    pub fn carrying_out(statement: StatementId) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |rule| rule.statements().contains(&statement))
    }

    /// Why no rule carries out a statement about servers.
    pub fn why_none(statement: StatementId) -> Option<&'static str> {
        unruled::UNRULED.iter().find(|(unruled, _)| *unruled == statement).map(|(_, why)| *why)
    }

    /// The rule with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The length of a name in kebab-case.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, where it is an error message")]
const fn kebab_len(name: &str) -> usize {
    let (bytes, mut length, mut index) = (name.as_bytes(), name.len(), 1);
    while index < bytes.len() {
        length += bytes[index].is_ascii_uppercase() as usize;
        index += 1;
    }
    length
}

/// A name in kebab-case.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, where it is an error message")]
const fn kebab<const N: usize>(name: &str) -> [u8; N] {
    let (bytes, mut kebab, mut index, mut at) = (name.as_bytes(), [0; N], 0, 0);
    while index < bytes.len() {
        if bytes[index].is_ascii_uppercase() && index > 0 {
            kebab[at] = b'-';
            at += 1;
        }
        kebab[at] = bytes[index].to_ascii_lowercase();
        (index, at) = (index + 1, at + 1);
    }
    kebab
}
