//! Ctrl-C and the system's request to end: for a run, the first asks politely, the second leaves at once; for a service,
//! it is the end.

use std::{future::ready, pin::pin, process, sync::mpsc, thread};

use tokio::{runtime, signal::ctrl_c};

use super::Exit;

/// Calls `first` at the first Ctrl-C or request of the system to end; at the second calls `last` and ends the process.
///
/// Where no signal handler can be installed, they end the process as they always do.
pub(super) fn on_interrupt(first: impl FnOnce() + Send + 'static, last: impl FnOnce() + Send + 'static) {
    let Ok(runtime) = runtime::Builder::new_current_thread().enable_io().build() else { return };
    let (installed, wait) = mpsc::channel();
    thread::spawn(move || {
        runtime.block_on(async {
            let mut interrupt = pin!(end_of_service());
            // The handlers are installed when the future is polled for the first time.
            let is_early = tokio::select! {
                biased;
                () = &mut interrupt => true,
                () = ready(()) => false,
            };
            let _ = installed.send(());
            if !is_early {
                interrupt.await;
            }
            first();
            end_of_service().await;
            last();
            process::exit(Exit::Undecided as i32);
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
