//! `mqttspec run` against `mqttspec broker`, over TCP.

use std::{
    io::{self, BufRead as _, BufReader, Read as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use super::outcome;

const SCENARIOS: &str = "fixtures/scenarios/good";

/// A reference broker as a process of its own; it ends with the test.
pub(crate) struct Broker {
    process: Child,
    /// `mqtt://127.0.0.1:40123`
    urls: Vec<String>,
    /// What it says about itself before that.
    name: String,
}

impl Broker {
    pub(crate) fn start(arguments: &[&str]) -> io::Result<Self> {
        Self::start_at(&["127.0.0.1:0"], arguments)
    }

    /// A broker that listens at several places.
    pub(crate) fn start_at(places: &[&str], arguments: &[&str]) -> io::Result<Self> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_mqttspec"))
            .arg("broker")
            .args(places.iter().flat_map(|place| ["--listen", place]))
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stderr) = process.stderr.take() {
            BufReader::new(stderr).read_line(&mut line)?;
        }
        let (name, rest) = line.split_once(" listens at ").ok_or(io::ErrorKind::InvalidData)?;
        let (told, _) = rest.split_once(';').ok_or(io::ErrorKind::InvalidData)?;
        let urls = told.split(", ").map(str::to_owned).collect();
        Ok(Self { process, urls, name: name.to_owned() })
    }

    /// Its first address.
    pub(crate) fn url(&self) -> String {
        self.urls.first().cloned().unwrap_or_default()
    }

    /// Ends it as a user does.
    #[cfg(unix)]
    fn interrupt(&mut self) -> Option<i32> {
        let sent = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
        self.process.wait().ok()?.code()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_reference_broker_conforms_over_tcp() {
    let broker = Broker::start(&[]).unwrap();
    let run = ["run", &broker.url(), "--scenarios", SCENARIOS, "--only", "retained-replaced"];
    let (status, stdout, stderr) = outcome(&run);
    assert_eq!((status, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert_eq!(stdout.lines().last(), Some("conforming: 2 statements judged, none broken"));
    assert!(
        stdout.contains(&format!("tested {}\nMQTT 3.1.1 and 5.0, round trip ", broker.url())),
        "{stdout}"
    );
}

/// The report shows the breach, and the command that it ends with shows it again.
#[test]
fn a_breach_can_be_seen_and_seen_again() {
    let broker = Broker::start(&["--break", "retained-replaced"]).unwrap();
    assert_eq!(broker.name, "a reference broker that breaks retained-replaced on purpose");
    let run =
        ["run", &broker.url(), "--scenarios", SCENARIOS, "--only", "retained-replaced", "--version", "5.0"];
    let (status, stdout, _) = outcome(&run);
    assert_eq!(status, Some(1), "{stdout}");
    for expected in [
        "FAIL  retained-replaced  MQTT 5.0  qos=2",
        "broken     v5.0:3.3.1-5 RETAIN 1 replaces and stores (MQTT 5.0 §3.3.1.3)",
        "step       fixtures/scenarios/good/retained-replaced.yaml:",
        "payload            \"old\"",
    ] {
        assert!(stdout.contains(expected), "{expected} is missing in\n{stdout}");
    }
    let verdict = "not conforming: 1 statement broken: v5.0:3.3.1-5";
    assert_eq!(stdout.lines().last(), Some(verdict));

    let command = stdout.lines().find_map(|line| line.strip_prefix("    mqttspec "));
    let command: Vec<&str> = command.unwrap().split(' ').map(|word| word.trim_matches('\'')).collect();
    let (status, again, complaint) = outcome(&command);
    assert_eq!(status, Some(1), "{command:?}: {complaint}");
    assert_eq!(again.lines().last(), Some(verdict));
    assert!(again.contains(", 1 run in "), "{again}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_says_what_it_knows() {
    let broker = Broker::start(&[]).unwrap();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("mqtt://{}", proxy.local_addr().unwrap());
    let folder = std::env::temp_dir().join(format!("mqttspec-interrupt-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let scenario = "title: It waits\ncovers: {v5.0: [3.1.4-5]}\nsteps:\n  - client: connect\n  - wait: 50s\n  - \
                    client: {send: pingreq}\n  - client: {expect: pingresp}\n";
    std::fs::write(folder.join("waits.yaml"), scenario).unwrap();

    let mut run = Command::new(env!("CARGO_BIN_EXE_mqttspec"))
        .args(["run", &url, "--scenarios", &folder.to_string_lossy()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (sender, connections) = mpsc::channel();
    let target = broker.url().trim_start_matches("mqtt://").to_owned();
    thread::spawn(move || pass_on(&proxy, &target, &sender));
    // The probe opens a connection for each version; the third one is the scenario's.
    for _ in 0..3 {
        connections.recv().unwrap();
    }
    let sent = Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
    assert!(sent.success());

    let mut stdout = String::new();
    run.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(3), "{stdout}");
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(stdout.lines().last(), Some("could not decide: the run was interrupted"), "{stdout}");
}

/// A network connection of either kind.
#[cfg(unix)]
trait Stream: io::Read + io::Write + Send {}

#[cfg(unix)]
impl<T: io::Read + io::Write + Send> Stream for T {}

#[cfg(unix)]
#[test]
fn several_places_at_once_and_a_graceful_end() {
    const CONNECT: &[u8] = b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01";
    let path = std::env::temp_dir().join(format!("mqttspec-socket-{}", std::process::id()));
    let unix = format!("unix:{}", path.display());
    let mut broker = Broker::start_at(&["mqtt://127.0.0.1:0", "[::1]:0", &unix], &[]).unwrap();
    let tcp = |url: &str| TcpStream::connect(url.trim_start_matches("mqtt://")).unwrap();
    assert!(broker.urls[1].starts_with("mqtt://[::1]:"), "{:?}", broker.urls);
    assert_eq!(broker.urls[2], unix);
    let streams: [Box<dyn Stream>; 3] = [
        Box::new(tcp(&broker.urls[0])),
        Box::new(tcp(&broker.urls[1])),
        Box::new(std::os::unix::net::UnixStream::connect(&path).unwrap()),
    ];
    let connected = [b'a', b'b', b'c'].into_iter().zip(streams).map(|(id, mut stream)| {
        stream.write_all(&[CONNECT, &[id]].concat()).unwrap();
        let mut head = [0; 2];
        stream.read_exact(&mut head).unwrap();
        stream.read_exact(&mut vec![0; usize::from(head[1])]).unwrap();
        stream
    });
    let connected: Vec<_> = connected.collect();
    let readers = connected.into_iter().map(|mut stream| {
        thread::spawn(move || {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).unwrap();
            assert_eq!((rest[0], rest[2]), (0xE0, 0x8B), "{rest:x?}");
        })
    });
    let readers: Vec<_> = readers.collect();
    assert_eq!(broker.interrupt(), Some(0));
    for reader in readers {
        reader.join().unwrap();
    }
    assert!(!path.exists(), "the file of the socket is still there");
}

/// As soon as it has said where it listens, it can be asked to end, and takes the file of its socket along. One that is killed
/// cannot, and keeps nobody from listening there.
#[cfg(unix)]
#[test]
fn sockets_are_not_left_behind() {
    let path = std::env::temp_dir().join(format!("mqttspec-left-{}", std::process::id()));
    let place = format!("unix:{}", path.display());
    let mut broker = Broker::start_at(&[&place], &[]).unwrap();
    assert_eq!(broker.interrupt(), Some(0));
    assert!(!path.exists(), "the file of the socket is still there");
    drop(Broker::start_at(&[&place], &[]).unwrap());
    assert!(path.exists(), "it was killed");
    let broker = Broker::start_at(&[&place], &[]).unwrap();
    let (status, _, stderr) = outcome(&["broker", "--listen", &place]);
    assert_eq!(status, Some(2), "it is in use");
    assert!(stderr.ends_with("name a file that does not exist yet with `--listen`\n"), "{stderr}");
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    drop(broker);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "notes").unwrap();
    assert_eq!(outcome(&["broker", "--listen", &place]).0, Some(2), "it is no socket");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "notes");
    std::fs::remove_file(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn whoever_asks_twice_does_not_wait_for_clients() {
    let mut broker = Broker::start(&[]).unwrap();
    let mut client = TcpStream::connect(broker.url().trim_start_matches("mqtt://")).unwrap();
    io::Write::write_all(&mut client, b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01a").unwrap();
    client.read_exact(&mut [0; 2]).unwrap();
    let started = std::time::Instant::now();
    let asked = Command::new("kill").args(["-TERM", &broker.process.id().to_string()]).status();
    assert!(asked.is_ok_and(|status| status.success()));
    // The client is told, and does not close its side.
    client.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(broker.interrupt(), Some(3));
    assert!(started.elapsed() < std::time::Duration::from_millis(1_500), "{:?}", started.elapsed());
}

/// What the broker knows outlives it, whether it is asked to end or killed; and its file is nobody else's.
#[cfg(unix)]
#[test]
fn a_store_outlives_its_broker() {
    const CONNECT: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x00\x00\x00\x00\x01a";
    let folder = std::env::temp_dir().join(format!("mqttspec-store-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store = folder.join("broker.state").to_string_lossy().into_owned();
    let connack = |broker: &Broker| {
        let mut stream = TcpStream::connect(broker.url().trim_start_matches("mqtt://")).unwrap();
        let mut connack = [0; 4];
        io::Write::write_all(&mut stream, CONNECT).unwrap();
        stream.read_exact(&mut connack).unwrap();
        connack
    };
    let mut broker = Broker::start(&["--store", &store]).unwrap();
    assert_eq!(connack(&broker), [0x20, 2, 0, 0], "there is no session yet");
    assert_eq!(broker.interrupt(), Some(0));
    let broker = Broker::start(&["--store", &store]).unwrap();
    assert_eq!(connack(&broker), [0x20, 2, 1, 0], "the session has outlived the first broker");
    let (status, _, stderr) = outcome(&["broker", "--listen", "127.0.0.1:0", "--store", &store]);
    let expected = format!(
        "error: cannot keep the broker's state in {store}: another process has it open; end that one, or name another \
         file\n"
    );
    assert_eq!((status, stderr), (Some(2), expected));
    drop(broker);
    let broker = Broker::start(&["--store", &store]).unwrap();
    assert_eq!(connack(&broker), [0x20, 2, 1, 0], "the session has outlived the killed broker");
    drop(broker);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Passes every network connection on to `target`, and says so.
fn pass_on(proxy: &TcpListener, target: &str, accepted: &mpsc::Sender<()>) {
    for client in proxy.incoming().flatten() {
        let Ok(server) = TcpStream::connect(target) else { return };
        for (from, to) in [(client.try_clone(), server.try_clone()), (Ok(server), Ok(client))] {
            if let (Ok(mut from), Ok(mut to)) = (from, to) {
                thread::spawn(move || io::copy(&mut from, &mut to));
            }
        }
        let _ = accepted.send(());
    }
}
