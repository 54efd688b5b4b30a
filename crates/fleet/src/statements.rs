//! What statements of the standards are about, as a table.

/// Makes an enum from a table: a name, its statements in both versions, and what it is in a few words.
macro_rules! by_statement {
    ($(#[$doc:meta])* $enum:ident: $($name:ident $old:literal $new:literal $text:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $enum {
            $(#[doc = $text] $name,)*
        }

        impl $enum {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The statement that it is about.
            pub const fn statement(self, version: mqttspec_spec::Version) -> mqttspec_spec::StatementId {
                match (self, version) {
                    $(
                        (Self::$name, mqttspec_spec::Version::V3_1_1) => mqttspec_spec::v3!($old),
                        (Self::$name, mqttspec_spec::Version::V5_0) => mqttspec_spec::v5!($new),
                    )*
                }
            }

            /// What it is, in a few words.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

pub(crate) use by_statement;
