//! Ctrl-C: for a run, the first asks politely, the second leaves at once; for a service, it is the end.

use std::{future::ready, pin::pin, process, sync::mpsc, thread};

use tokio::{runtime, signal::ctrl_c};

use super::Exit;

/// Calls `first` at the first Ctrl-C; at the second calls `last` and ends the process.
///
/// Where no signal handler can be installed, Ctrl-C ends the process as it always does.
pub(super) fn on_interrupt(first: impl FnOnce() + Send + 'static, last: impl FnOnce() + Send + 'static) {
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
                last();
                process::exit(Exit::Undecided as i32);
            }
        });
    });
    let _ = wait.recv();
}

/// Waits for Ctrl-C, or for the system's request to end.
///
/// Where neither can be waited for, they end the process by themselves.
pub(super) async fn end_of_service() {
    #[cfg(unix)]
    if let Ok(mut request) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            Ok(()) = ctrl_c() => {}
            Some(()) = request.recv() => {}
            else => std::future::pending().await,
        }
        return;
    }
    if ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
