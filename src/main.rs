//! The program `mqttspec`; all of it is in [`mqttspec::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    mqttspec::cli::main().into()
}
