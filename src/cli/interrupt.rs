//! Ctrl-C: the first asks politely, the second leaves at once.

use std::{process, thread};

use super::Exit;

/// Calls `first` at the first Ctrl-C; ends the process at the second.
///
/// Where no signal handler can be installed, Ctrl-C ends the process as it always does.
pub(super) fn on_interrupt(first: impl FnOnce() + Send + 'static) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    thread::spawn(move || {
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            first();
            if tokio::signal::ctrl_c().await.is_ok() {
                process::exit(Exit::Undecided as i32);
            }
        });
    });
}
