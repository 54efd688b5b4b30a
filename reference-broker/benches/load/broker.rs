//! The brokers that are measured, as processes.

use std::{
    env, fs,
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The ticks of the clock that `/proc` counts the time of processes in, per second.
const TICKS: f64 = 100.0;

/// A program that is measured.
#[derive(Debug)]
pub(crate) enum Program {
    Ours(PathBuf),
    Mosquitto(PathBuf),
}

/// A broker that is running; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Broker {
    process: Child,
    folder: PathBuf,
    pub(crate) address: SocketAddr,
}

/// The resident memory of a process in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now: u64,
    pub(crate) peak: u64,
}

impl Broker {
    /// Starts a broker on a free port, with everything as it is by default.
    pub(crate) fn start(program: &Program) -> io::Result<Self> {
        Self::launch(program, false)
    }

    /// The same with its state in a file.
    pub(crate) fn start_with_store(program: &Program) -> io::Result<Self> {
        Self::launch(program, true)
    }

    fn launch(program: &Program, with_store: bool) -> io::Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let folder = env::temp_dir().join(format!("mqttspec-bench-{}-{}", process::id(), address.port()));
        fs::create_dir_all(&folder)?;
        let mut command = match program {
            Program::Ours(path) => {
                let mut command = Command::new(path);
                command.args(["broker", "--listen", &format!("mqtt://{address}")]);
                if with_store {
                    command.arg("--store").arg(folder.join("state"));
                }
                command
            }
            Program::Mosquitto(path) => {
                let file = folder.join("mosquitto.conf");
                let port = address.port();
                fs::write(&file, format!("listener {port} 127.0.0.1\nallow_anonymous true\n"))?;
                let mut command = Command::new(path);
                command.arg("-c").arg(file);
                command
            }
        };
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let broker = Self { process, folder, address };
        broker.await_listening()?;
        Ok(broker)
    }

    fn await_listening(&self) -> io::Result<()> {
        let begin = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if begin.elapsed() > Duration::from_secs(10) {
                return Err(io::Error::new(ErrorKind::TimedOut, "the broker does not listen"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The time that the process has spent on a processor, in seconds.
    pub(crate) fn cpu(&self) -> io::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // The name of the program, in parentheses, may hold anything.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks =
            fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>().unwrap_or(0.0));
        Ok(ticks.sum::<f64>() / TICKS)
    }

    /// What the process has of memory.
    pub(crate) fn memory(&self) -> io::Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
            kilobytes.map(|kilobytes| kilobytes * 1024).ok_or(ErrorKind::InvalidData)
        };
        Ok(Memory { now: field("VmRSS:")?, peak: field("VmHWM:")? })
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
