//! `mqttspec watch` changes nothing: bytes, ends and the pace of those who read.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command},
    thread,
    time::Duration,
};

use proptest::{prelude::*, test_runner::TestRunner};

use crate::watch::watch;

/// A proxy before something that is no broker, and where it listens.
struct Proxy {
    child: Child,
    address: String,
    beyond: TcpListener,
}

impl Proxy {
    fn start() -> Option<Self> {
        let beyond = TcpListener::bind("127.0.0.1:0").ok()?;
        let (child, address) = watch(&beyond.local_addr().ok()?.to_string(), &[])?;
        // It has a look whether anybody is there.
        beyond.accept().ok()?;
        Some(Self { child, address, beyond })
    }

    /// Both ends of a connection through it.
    fn connect(&self) -> io::Result<[TcpStream; 2]> {
        let address: SocketAddr = self.address.parse().map_err(io::Error::other)?;
        let client = TcpStream::connect(address)?;
        let (server, _) = self.beyond.accept()?;
        for end in [&client, &server] {
            end.set_read_timeout(Some(Duration::from_secs(20)))?;
            end.set_nodelay(true)?;
        }
        Ok([client, server])
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn all(mut end: TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    end.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn any_bytes_in_any_pieces_come_out_the_same_both_ways() {
    let proxy = Proxy::start().unwrap();
    let pieces = || prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3000), 0..12);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(40));
    let outcome = runner.run(&(pieces(), pieces()), |(there, back)| {
        let [mut client, mut server] = proxy.connect().unwrap();
        for index in 0..there.len().max(back.len()) {
            let send = |end: &mut TcpStream, pieces: &[Vec<u8>]| {
                pieces.get(index).map_or(Ok(()), |piece| end.write_all(piece))
            };
            send(&mut client, &there).unwrap();
            send(&mut server, &back).unwrap();
        }
        // One direction ends, and the other one goes on.
        client.shutdown(Shutdown::Write).unwrap();
        prop_assert_eq!(all(server.try_clone().unwrap()).unwrap(), there.concat());
        server.write_all(b"still here").unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        prop_assert_eq!(all(client).unwrap(), [back.concat(), b"still here".to_vec()].concat());
        Ok(())
    });
    outcome.unwrap();
}

/// More than what the sockets on the way hold is not taken from whoever writes.
#[test]
fn who_reads_slowly_holds_back_who_writes() {
    const LARGEST: usize = 64 << 20;
    let proxy = Proxy::start().unwrap();
    let [client, mut server] = proxy.connect().unwrap();
    server.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    // A PUBLISH that is larger than what may be kept of it.
    let block: Vec<u8> = (0..1u32 << 16).map(|index| u8::try_from(index % 251).unwrap()).collect();
    let mut sent = Vec::new();
    while sent.len() < LARGEST {
        let part = block.get(sent.len() % block.len()..).unwrap();
        match server.write(part) {
            Ok(count) => sent.extend_from_slice(&part[..count]),
            Err(_) => break,
        }
    }
    assert!(sent.len() < LARGEST, "{} bytes were taken that nobody has read", sent.len());
    let reader = thread::spawn(move || all(client));
    server.shutdown(Shutdown::Write).unwrap();
    assert!(reader.join().unwrap().unwrap() == sent, "what came out is not what went in");
}

#[test]
fn a_reset_stays_a_reset() {
    let proxy = Proxy::start().unwrap();
    for way in [0, 1] {
        let mut ends = proxy.connect().unwrap();
        ends.rotate_left(way);
        let [mut goes, mut stays] = ends;
        stays.write_all(b"unread").unwrap();
        goes.peek(&mut [0]).unwrap();
        goes.write_all(b"x").unwrap();
        stays.read_exact(&mut [0]).unwrap();
        // What closes with something unread resets.
        drop(goes);
        assert_eq!(stays.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}
