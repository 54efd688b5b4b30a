//! The log of `mqttspec broker`, on standard error.

use std::io;

use tracing_subscriber::fmt;

use crate::settings::{LogFormat, LogLevel};

/// Begins to write a log.
pub(super) fn start(level: LogLevel, format: LogFormat) {
    let Some(level) = level.tracing() else { return };
    // A reader of the log that has gone away is no reason to end.
    let log = fmt().with_max_level(level).with_writer(io::stderr).with_ansi(false).log_internal_errors(false);
    // That there is a log already is no reason either.
    let _ = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
}
