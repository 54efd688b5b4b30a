//! Ctrl-C and the system's request to end: the first asks politely, the second leaves at once.

use std::{future::Future, process, sync::mpsc, thread};

use tokio::{runtime, signal};

use super::Exit;

/// Calls `first` at the first Ctrl-C or request of the system to end; at the second calls `last` and ends the process.
///
/// Where no signal handler can be installed, they end the process as they always do.
pub(super) fn on_interrupt(first: impl FnOnce() + Send + 'static, last: impl FnOnce() + Send + 'static) {
    let Ok(runtime) = runtime::Builder::new_current_thread().enable_io().build() else { return };
    let (installed, wait) = mpsc::channel();
    thread::spawn(move || {
        runtime.block_on(async {
            let interrupt = end_of_service();
            let _ = installed.send(());
            interrupt.await;
            first();
            end_of_service().await;
            last();
            process::exit(Exit::Undecided as i32);
        });
    });
    let _ = wait.recv();
}

/// Waits for Ctrl-C, or for the system's request to end, which are heeded from the moment of this call.
///
/// What cannot be waited for ends the process by itself. To be called on a runtime with I/O.
#[cfg(unix)]
pub(super) fn end_of_service() -> impl Future<Output = ()> {
    use signal::unix::SignalKind;
    let (interrupt, request) = (next(SignalKind::interrupt()), next(SignalKind::terminate()));
    async {
        tokio::select! {
            () = interrupt => {}
            () = request => {}
        }
    }
}

/// Waits for the next of these signals, which is heeded from the moment of this call.
#[cfg(unix)]
fn next(kind: signal::unix::SignalKind) -> impl Future<Output = ()> {
    let signal = signal::unix::signal(kind);
    async {
        if let Ok(mut signal) = signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// Waits for Ctrl-C.
///
/// Where it cannot be waited for, it ends the process by itself.
#[cfg(not(unix))]
pub(super) async fn end_of_service() {
    if signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
