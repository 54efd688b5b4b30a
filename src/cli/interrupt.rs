//! Ctrl-C: the first asks politely, the second leaves at once.

use std::{future::ready, pin::pin, process, sync::mpsc, thread};

use tokio::{runtime, signal::ctrl_c};

use super::Exit;

/// Calls `first` at the first Ctrl-C; ends the process at the second.
///
/// Where no signal handler can be installed, Ctrl-C ends the process as it always does.
pub(super) fn on_interrupt(first: impl FnOnce() + Send + 'static) {
    let Ok(runtime) = runtime::Builder::new_current_thread().enable_io().build() else { return };
    let (installed, wait) = mpsc::channel();
    thread::spawn(move || {
        runtime.block_on(async {
            let mut interrupt = pin!(ctrl_c());
            // The handler is installed when the future is polled for the first time.
            let early = tokio::select! {
                biased;
                result = &mut interrupt => Some(result),
                () = ready(()) => None,
            };
            let _ = installed.send(());
            let interrupted = match early {
                Some(result) => result,
                None => interrupt.await,
            };
            if interrupted.is_err() {
                return;
            }
            first();
            if ctrl_c().await.is_ok() {
                process::exit(Exit::Undecided as i32);
            }
        });
    });
    let _ = wait.recv();
}
