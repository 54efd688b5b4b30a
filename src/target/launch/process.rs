//! The process of a broker and those that it starts: a group that is ended as a whole.

use std::{
    fs::File,
    io,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

/// How often one looks whether a process has ended.
const LOOK: Duration = Duration::from_millis(20);
/// How long the system may take to end what it is told to kill.
const KILL: Duration = Duration::from_secs(5);

/// A process group that was started here.
#[derive(Clone, Copy, Debug)]
pub struct Group(Pid);

impl Group {
    /// Asks all its processes to end.
    pub fn terminate(self) {
        self.send(Signal::TERM);
    }

    fn send(self, signal: Signal) {
        // Whoever is gone already needs no signal.
        let _ = kill_process_group(self.0, signal);
    }
}

/// A broker's process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Group,
    /// How long it may take to end when it is asked to.
    patience: Duration,
}

impl Process {
    /// Starts a command in a process group of its own. What it prints goes to `log`.
    pub(super) fn start(words: &[String], log: File, patience: Duration) -> io::Result<Self> {
        let child = command(words, log)?.process_group(0).spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let group = Group(pid.ok_or_else(|| io::Error::other("the process has no number"))?);
        Ok(Self { child, group, patience })
    }

    pub(super) fn group(&self) -> Group {
        self.group
    }

    pub(super) fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)) | Err(_))
    }

    /// Asks it to end, and makes it end if it does not.
    pub(super) fn end(&mut self) {
        if self.has_ended() {
            return;
        }
        self.group.send(Signal::TERM);
        if !self.ends_within(self.patience) {
            self.group.send(Signal::KILL);
            self.ends_within(KILL);
        }
    }

    fn ends_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if self.has_ended() {
                return true;
            }
            thread::sleep(LOOK);
        }
        self.has_ended()
    }
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
        Process::start(&words, log, Duration::from_millis(200)).unwrap()
    }

    #[rstest]
    #[case::willing("sleep 600 & wait")]
    #[case::deaf("trap '' TERM; while true; do sleep 0.01; done")]
    fn a_process_ends_whether_it_wants_to_or_not(#[case] script: &str) {
        let mut process = start(script);
        assert!(!process.has_ended());
        process.end();
        assert!(process.has_ended());
    }

    #[test]
    fn one_that_is_gone_is_known_to_be() {
        let mut process = start("exit 3");
        assert!(process.ends_within(Duration::from_secs(10)));
    }
}
