//! A client that is as bare as tokio lets it be, to measure fleets against: a task for each connection, packets of
//! MQTT 3.1.1 made by hand, answers counted and not understood.
//!
//! `.ci/bench-fleet` runs it: `bare connect PORT COUNT` connects so many clients and keeps them until standard input ends;
//! `bare publish PORT PAIRS SECONDS` has publishers publish at QoS 1, each to a subscriber of its own if `with` is added, and
//! prints how many messages were acknowledged in a second and how many came.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

use std::{
    cell::Cell,
    env,
    io::{self, Read as _},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    rc::Rc,
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    runtime,
    sync::{Semaphore, oneshot},
    task::{LocalSet, spawn_local},
    time,
};

/// Connections from one source address.
const PORTS: u32 = 20_000;

/// How many clients connect at the same time: few enough for the broker's queue, which is short.
const AT_ONCE: usize = 50;

/// How many messages a publisher has unacknowledged at most, as many as a device of a fleet.
const WINDOW: u32 = 16;

/// How many bytes a payload has.
const PAYLOAD: usize = 64;

/// How long the load runs before it is measured.
const WARM_UP: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    let outcome = match arguments.as_slice() {
        ["connect", port, count] => run(connect_many(address(port), number(count))),
        ["publish", port, pairs, seconds] => run(load(address(port), number(pairs), number(seconds), false)),
        ["publish", port, pairs, seconds, "with"] => {
            run(load(address(port), number(pairs), number(seconds), true))
        }
        _ => Err(io::Error::other("usage: bare connect PORT COUNT | publish PORT PAIRS SECONDS [with]")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn address(port: &str) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port.parse().unwrap_or(0)).into()
}

fn run(work: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, work)
}

async fn connect(address: SocketAddr, name: char, number: u32) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let host = u8::try_from(number / PORTS).unwrap_or(0) + 1;
    socket.bind((Ipv4Addr::new(127, 0, 2, host), 0).into())?;
    let mut stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let client_id = format!("{name}{number:07}");
    let mut packet = b"\x10\x14\x00\x04MQTT\x04\x02\x00\x00\x00\x08".to_vec();
    packet.extend_from_slice(client_id.as_bytes());
    stream.write_all(&packet).await?;
    let mut connack = [0; 4];
    stream.read_exact(&mut connack).await?;
    if connack == [0x20, 2, 0, 0] { Ok(stream) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
}

/// Idle clients. Each waits in a task of its own for what may come.
async fn connect_many(address: SocketAddr, count: u32) -> io::Result<()> {
    let (connected, turns) = (Rc::new(Cell::new(0)), Rc::new(Semaphore::new(AT_ONCE)));
    for number in 0..count {
        let (connected, turns) = (Rc::clone(&connected), Rc::clone(&turns));
        spawn_local(async move {
            let turn = turns.acquire().await;
            let Ok(mut stream) = connect(address, 'i', number).await else { return };
            drop(turn);
            connected.set(connected.get() + 1);
            let mut byte = [0; 1];
            while stream.read(&mut byte).await.is_ok_and(|count| count > 0) {}
        });
    }
    while connected.get() < count {
        time::sleep(Duration::from_millis(10)).await;
    }
    println!("connected {count}");
    let (ended, end) = oneshot::channel();
    thread::spawn(move || {
        io::stdin().read_to_end(&mut Vec::new()).ok();
        ended.send(()).ok();
    });
    end.await.ok();
    Ok(())
}

async fn load(address: SocketAddr, pairs: u32, seconds: u32, with_subscribers: bool) -> io::Result<()> {
    let (acknowledged, came) = (Rc::new(Cell::new(0_u32)), Rc::new(Cell::new(0_u32)));
    for number in 0..pairs {
        if with_subscribers {
            let stream = connect(address, 's', number).await?;
            spawn_local(subscribe(stream, number, Rc::clone(&came)));
        }
    }
    for number in 0..pairs {
        let stream = connect(address, 'p', number).await?;
        spawn_local(publish(stream, number, Rc::clone(&acknowledged)));
    }
    time::sleep(WARM_UP).await;
    let begun = (acknowledged.get(), came.get(), time::Instant::now());
    time::sleep(Duration::from_secs(seconds.into())).await;
    let took = begun.2.elapsed().as_secs_f64();
    let rate = |now: u32, then: u32| f64::from(now.wrapping_sub(then)) / took;
    println!("{:.0} {:.0}", rate(acknowledged.get(), begun.0), rate(came.get(), begun.1));
    Ok(())
}

async fn publish(mut stream: TcpStream, number: u32, acknowledged: Rc<Cell<u32>>) -> io::Result<()> {
    let (mut free, mut next, mut left) = (WINDOW, 1_u16, 0);
    let (mut outgoing, mut buffer) = (Vec::new(), vec![0; 4096]);
    loop {
        for _ in 0..free {
            // 2 + 8 bytes of topic, 2 of identifier, and the payload.
            outgoing.extend_from_slice(&[0x32, u8::try_from(12 + PAYLOAD).unwrap_or(0), 0, 8]);
            outgoing.extend_from_slice(format!("b{number:07}").as_bytes());
            outgoing.extend_from_slice(&next.to_be_bytes());
            outgoing.extend_from_slice(&[b'x'; PAYLOAD]);
            next = next.checked_add(1).unwrap_or(1);
        }
        stream.write_all(&outgoing).await?;
        outgoing.clear();
        let count = left + stream.read(&mut buffer).await?;
        // Nothing but PUBACK comes, of 4 bytes each.
        free = u32::try_from(count / 4).unwrap_or(0);
        left = count % 4;
        acknowledged.set(acknowledged.get().wrapping_add(free));
    }
}

async fn subscribe(mut stream: TcpStream, number: u32, came: Rc<Cell<u32>>) -> io::Result<()> {
    let mut packet = vec![0x82, 13, 0, 1, 0, 8];
    packet.extend_from_slice(format!("b{number:07}").as_bytes());
    packet.push(1);
    stream.write_all(&packet).await?;
    stream.read_exact(&mut [0; 5]).await?;
    let size = 2 + 12 + PAYLOAD;
    let (mut buffer, mut filled, mut outgoing) = (vec![0; 16 * 1024], 0, Vec::new());
    loop {
        let Some(free) = buffer.get_mut(filled..) else { return Ok(()) };
        filled += stream.read(free).await?;
        // Nothing but PUBLISH comes, all of one size, with the identifier at byte 12.
        for packet in buffer.get(..filled).unwrap_or_default().chunks_exact(size) {
            outgoing.extend_from_slice(&[0x40, 2]);
            outgoing.extend_from_slice(packet.get(12..14).unwrap_or_default());
            came.set(came.get().wrapping_add(1));
        }
        let whole = filled - filled % size;
        buffer.copy_within(whole..filled, 0);
        filled -= whole;
        stream.write_all(&outgoing).await?;
        outgoing.clear();
    }
}
