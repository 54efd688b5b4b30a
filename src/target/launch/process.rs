//! The process of a broker and those that it starts: a group that is ended as a whole.

use std::{
    fs::File,
    io,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::Duration,
};

use rustix::{
    io::Errno,
    process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid},
};

use crate::verdict::Restart;

/// How long the system may take to end what it is told to kill.
const KILL: Duration = Duration::from_secs(5);

/// Holds the process group of a broker, whichever it is after restarts, so that it can be ended from anywhere.
#[derive(Clone, Debug, Default)]
pub struct Leash(Arc<Mutex<Option<Pid>>>);

impl Leash {
    /// Asks all processes of the group to end, if there are any.
    pub fn terminate(&self) {
        self.send(Signal::TERM);
    }

    fn send(&self, signal: Signal) {
        if let Some(group) = *self.group() {
            // Whoever is gone already needs no signal.
            let _ = kill_process_group(group, signal);
        }
    }

    fn group(&self) -> MutexGuard<'_, Option<Pid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A broker's process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    leash: Leash,
    /// Disconnected once the process has ended.
    end: mpsc::Receiver<()>,
    /// How long it may take to end when it is asked to.
    patience: Duration,
}

impl Process {
    /// Starts a command in a process group of its own. What it prints goes to `log`.
    pub(super) fn start(words: &[String], log: File, patience: Duration, leash: Leash) -> io::Result<Self> {
        let child = command(words, log)?.process_group(0).spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the process has no number"))?;
        *leash.group() = Some(pid);
        Ok(Self { child, leash, end: watch(pid), patience })
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.ends_within(Duration::ZERO)
    }

    /// Asks it to end, and makes it end if it does not; or makes it end at once.
    pub(super) fn end(&mut self, how: Restart) {
        if self.has_ended() {
            return;
        }
        if how == Restart::Asked {
            self.leash.send(Signal::TERM);
            if self.ends_within(self.patience) {
                return;
            }
        }
        self.leash.send(Signal::KILL);
        self.ends_within(KILL);
    }

    fn ends_within(&mut self, patience: Duration) -> bool {
        let is_over = self.end.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Disconnected);
        if is_over {
            // Its number is another's as soon as this has been called, so nobody may send a signal to it any more.
            *self.leash.group() = None;
            let _ = self.child.try_wait();
        }
        is_over
    }
}

/// Waits for the end of a process, which keeps its number until its parent asks what became of it.
fn watch(pid: Pid) -> mpsc::Receiver<()> {
    let (ending, end) = mpsc::channel();
    thread::spawn(move || {
        let _disconnected_at_the_end = ending;
        let wait = || waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        while wait().is_err_and(|error| error == Errno::INTR) {}
    });
    end
}

/// Runs a command to its end: whether it succeeded.
pub(super) fn run(words: &[String], log: File) -> io::Result<bool> {
    Ok(command(words, log)?.status()?.success())
}

fn command(words: &[String], log: File) -> io::Result<Command> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| io::Error::other("there is no program to run"))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn start(script: &str) -> Process {
        let log = File::create("/dev/null").unwrap();
        let words = ["sh", "-c", script].map(str::to_owned);
        Process::start(&words, log, Duration::from_millis(200), Leash::default()).unwrap()
    }

    #[rstest]
    #[case::willing("sleep 600 & wait", Restart::Asked)]
    #[case::deaf("trap '' TERM; while true; do sleep 0.01; done", Restart::Asked)]
    #[case::killed("sleep 600 & wait", Restart::Killed)]
    fn a_process_ends_whether_it_wants_to_or_not(#[case] script: &str, #[case] how: Restart) {
        let mut process = start(script);
        assert!(!process.has_ended());
        process.end(how);
        assert!(process.has_ended());
    }

    #[test]
    fn one_that_is_gone_is_known_to_be() {
        let mut process = start("exit 3");
        assert!(process.ends_within(Duration::from_secs(10)));
        assert_eq!(*process.leash.group(), None);
    }
}
