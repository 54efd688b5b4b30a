//! The broker as a process of its own.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
};

/// A running broker; it is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    stderr: BufReader<ChildStderr>,
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_reference-broker");

impl Process {
    pub(crate) fn start(store: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["--listen", "127.0.0.1:0", "--store"]).arg(store).args(options);
        Self::spawn(&mut command)
    }

    /// A broker that cannot write files of more than so many KiB.
    #[cfg(unix)]
    pub(crate) fn start_in_want(store: &Path, limit: u32) -> Self {
        // The units are KiB in some shells and half of that in others.
        let script =
            format!("trap '' XFSZ; ulimit -f {limit}; exec {PROGRAM} --listen 127.0.0.1:0 --store \"$0\"");
        Self::spawn(Command::new("sh").args(["-c", &script]).arg(store))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("it says: {line}"));
        Self { address: address.trim_end().parse().unwrap(), child, stderr }
    }

    /// Waits for it to end by itself: its exit status, and what it says.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut told = String::new();
        self.stderr.read_to_string(&mut told).unwrap();
        (self.child.wait().unwrap().code(), told)
    }

    /// Ends it at once, in the middle of whatever it does.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that goes with the test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("reference-broker-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
