//! The catalogue: every statement of MQTT 3.1.1 and MQTT 5.0 as data.
//!
//! A statement is named by a [`StatementId`], which is always qualified by the version of the standard, since
//! the two documents reuse labels for different obligations. Identifiers are checked when they are compiled:
//!
//! ```
//! use mqttspec_spec::{v3, v5};
//!
//! let clean_start = v5!("3.1.2-4");
//! assert_eq!(clean_start.to_string(), "v5.0:3.1.2-4");
//! assert_eq!(clean_start.statement().section, "3.1.2.4");
//! assert_ne!(clean_start, v3!("3.1.2-4"));
//! ```
//!
//! ```compile_fail
//! let unknown = mqttspec_spec::v5!("3.1.2-4000");
//! ```
//!
//! The texts are paraphrases; the wording that counts is the standard's, to which [`Version::url`] leads.

mod id;
mod statement;

pub use id::{ParseIdError, StatementId, find};
pub use statement::{Binds, Level, Observable, Statement, Version};

mod catalogue {
    use crate::statement::{Binds, Level, Observable, Statement};

    include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));
}

/// A statement of MQTT 3.1.1 by its label (`v3!("3.1.2-4")`, `v3!("X-2.2.1-1")`). Unknown labels do not compile.
#[macro_export]
macro_rules! v3 {
    ($label:literal) => {
        const { $crate::StatementId::known($crate::Version::V3_1_1, $label) }
    };
}

/// A statement of MQTT 5.0 by its label (`v5!("3.1.2-4")`, `v5!("X-1.5.4-1")`). Unknown labels do not compile.
#[macro_export]
macro_rules! v5 {
    ($label:literal) => {
        const { $crate::StatementId::known($crate::Version::V5_0, $label) }
    };
}
