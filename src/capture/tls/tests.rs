//! Connections that another library makes are opened with the secrets that it logs, and without them not.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    sync::{Arc, Mutex},
};

use mqttspec_segments::Party;
use proptest::prelude::*;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rstest::rstest;
use tokio_rustls::rustls::{
    CipherSuite, ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection,
    crypto::{CryptoProvider, ring},
    pki_types::{PrivateKeyDer, ServerName},
};

use super::{KeyLog, Tls, Unpacked, Unreadable};

/// What a client logs.
#[derive(Debug, Default)]
struct Log(Mutex<String>);

impl tokio_rustls::rustls::KeyLog for Log {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let hex = |bytes: &[u8]| bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let mut log = self.0.lock().unwrap();
        writeln!(log, "{label} {} {}", hex(client_random), hex(secret)).unwrap();
    }
}

/// A client and a server that have a suite in common, and everything that they have sent.
struct Pair {
    log: Arc<Log>,
    ends: [Connection; 2],
    sent: Vec<(Party, Vec<u8>)>,
}

impl Pair {
    fn new(suite: CipherSuite) -> Self {
        let provider = ring::default_provider();
        let suites = provider.cipher_suites.iter().copied().filter(|one| one.suite() == suite).collect();
        let provider = Arc::new(CryptoProvider { cipher_suites: suites, ..provider });
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let log = Arc::new(Log::default());
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let client = client.with_safe_default_protocol_versions().unwrap();
        let mut client = client.with_root_certificates(roots).with_no_client_auth();
        client.key_log = Arc::<Log>::clone(&log);
        let server = ServerConfig::builder_with_provider(provider);
        let server = server.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let server = server.with_single_cert(vec![cert.der().clone()], key).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let ends = [
            Connection::Client(ClientConnection::new(Arc::new(client), name).unwrap()),
            Connection::Server(ServerConnection::new(Arc::new(server)).unwrap()),
        ];
        let mut pair = Self { log, ends, sent: Vec::new() };
        pair.exchange();
        pair
    }

    /// Has everything sent that is to be sent.
    fn exchange(&mut self) {
        while self.ends.iter().any(|end| end.wants_write()) {
            self.hand_over(Party::First);
            self.hand_over(Party::Second);
        }
    }

    fn hand_over(&mut self, by: Party) {
        let [first, second] = &mut self.ends;
        let (from, to) = if by == Party::First { (first, second) } else { (second, first) };
        let mut bytes = Vec::new();
        while from.wants_write() {
            from.write_tls(&mut bytes).unwrap();
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            to.read_tls(&mut rest).unwrap();
            to.process_new_packets().unwrap();
            // There is never an end of what comes, only for now.
            let _ = to.reader().read_to_end(&mut Vec::new());
        }
        self.sent.push((by, bytes));
    }

    fn end(&mut self, by: Party) -> &mut Connection {
        let [first, second] = &mut self.ends;
        if by == Party::First { first } else { second }
    }

    fn say(&mut self, by: Party, bytes: &[u8]) {
        self.end(by).writer().write_all(bytes).unwrap();
        self.exchange();
    }

    fn keys(&self) -> KeyLog {
        let mut keys = KeyLog::default();
        keys.add(self.log.0.lock().unwrap().as_bytes());
        keys
    }

    /// What is found in what was sent, in segments of this size.
    fn opened(&self, keys: &KeyLog, segment: usize) -> Opened {
        let (mut tls, mut opened) = (Tls::default(), Opened::default());
        for (by, bytes) in &self.sent {
            for bytes in bytes.chunks(segment) {
                let mut unpacked = Vec::new();
                tls.bytes(*by, bytes, keys, &mut unpacked);
                opened.add(*by, unpacked);
            }
        }
        opened
    }
}

/// What was inside, by party, and why there is no more.
#[derive(Debug, Default, PartialEq, Eq)]
struct Opened {
    said: [Vec<u8>; 2],
    broken: Vec<(Party, Unreadable)>,
}

impl Opened {
    fn add(&mut self, by: Party, unpacked: Vec<Unpacked>) {
        let [first, second] = &mut self.said;
        let said = if by == Party::First { first } else { second };
        for part in unpacked {
            match part {
                Unpacked::Bytes(bytes) => said.extend_from_slice(&bytes),
                Unpacked::Broken(why) => self.broken.push((by, why)),
            }
        }
    }
}

fn whole(first: &[u8], second: &[u8]) -> Opened {
    Opened { said: [first.to_vec(), second.to_vec()], broken: Vec::new() }
}

const TLS13: CipherSuite = CipherSuite::TLS13_AES_128_GCM_SHA256;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;

#[rstest]
#[case(TLS13)]
#[case(CipherSuite::TLS13_AES_256_GCM_SHA384)]
#[case(CipherSuite::TLS13_CHACHA20_POLY1305_SHA256)]
#[case(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)]
#[case(TLS12)]
#[case(CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256)]
fn every_suite_is_opened(#[case] suite: CipherSuite) {
    let mut pair = Pair::new(suite);
    let long = vec![7; 40_000];
    pair.say(Party::First, b"hello");
    pair.say(Party::Second, &long);
    pair.say(Party::First, b", world");
    for segment in [1, 1400, usize::MAX] {
        assert_eq!(pair.opened(&pair.keys(), segment), whole(b"hello, world", &long));
    }
}

#[test]
fn keys_may_change_at_any_time() {
    let mut pair = Pair::new(TLS13);
    for by in [Party::First, Party::Second, Party::Second, Party::First] {
        pair.say(by, b"old ");
        pair.end(by).refresh_traffic_keys().unwrap();
        pair.say(by, b"new ");
    }
    let said = b"old new old new ";
    assert_eq!(pair.opened(&pair.keys(), 100), whole(said, said));
}

#[rstest]
#[case(TLS13, Party::Second)]
#[case(TLS12, Party::First)]
fn without_its_secrets_a_connection_stays_closed(#[case] suite: CipherSuite, #[case] first: Party) {
    let mut pair = Pair::new(suite);
    pair.say(Party::First, b"hello");
    let why = |keys: &KeyLog| {
        let opened = pair.opened(keys, usize::MAX);
        assert!(opened.said.iter().all(Vec::is_empty));
        opened.broken[0]
    };
    assert_eq!(why(&KeyLog::default()), (first, Unreadable::NoSecrets));
    assert_eq!(why(&Pair::new(suite).keys()), (first, Unreadable::OtherSecrets));
}

#[rstest]
#[case(TLS13)]
#[case(TLS12)]
fn a_gap_ends_one_direction_and_not_the_other(#[case] suite: CipherSuite) {
    let mut pair = Pair::new(suite);
    let (mut tls, mut opened, keys) = (Tls::default(), Opened::default(), pair.keys());
    let mut hear = |tls: &mut Tls, sent: Vec<(Party, Vec<u8>)>| {
        for (by, bytes) in sent {
            let mut unpacked = Vec::new();
            tls.bytes(by, &bytes, &keys, &mut unpacked);
            opened.add(by, unpacked);
        }
    };
    hear(&mut tls, std::mem::take(&mut pair.sent));
    let mut unpacked = Vec::new();
    tls.gap(Party::First, &mut unpacked);
    assert_eq!(unpacked, [Unpacked::Broken(Unreadable::TlsGap)]);
    pair.say(Party::First, b"unheard");
    pair.say(Party::Second, b"heard");
    hear(&mut tls, std::mem::take(&mut pair.sent));
    assert_eq!(opened, whole(b"", b"heard"));
}

#[test]
fn a_record_that_was_changed_is_not_taken_for_anything() {
    let mut pair = Pair::new(TLS13);
    pair.say(Party::First, b"hello");
    let (_, last) =
        pair.sent.iter_mut().rfind(|(by, bytes)| *by == Party::First && !bytes.is_empty()).unwrap();
    *last.last_mut().unwrap() ^= 1;
    let opened = pair.opened(&pair.keys(), usize::MAX);
    assert_eq!(opened, Opened { broken: vec![(Party::First, Unreadable::Unopened)], ..whole(b"", b"") });
}

/// A connection without its first records.
#[test]
fn what_is_heard_too_late_stays_closed() {
    let mut pair = Pair::new(TLS13);
    let keys = pair.keys();
    pair.sent.clear();
    pair.say(Party::First, b"hello");
    let opened = pair.opened(&keys, usize::MAX);
    assert_eq!(opened.broken, [(Party::First, Unreadable::TlsLate)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However bytes are changed, what is opened is the beginning of what was said.
    #[test]
    fn changed_bytes_never_become_others(
        place in any::<prop::sample::Index>(),
        change in 1u8..,
        is_newer in any::<bool>(),
        segment in 1usize..600,
    ) {
        let mut pair = Pair::new(if is_newer { TLS13 } else { TLS12 });
        pair.say(Party::First, b"hello, world");
        pair.say(Party::Second, b"how do you do");
        let mut places: Vec<&mut u8> = pair.sent.iter_mut().flat_map(|(_, bytes)| bytes).collect();
        let count = places.len();
        *places[place.index(count)] ^= change;
        let [first, second] = pair.opened(&pair.keys(), segment).said;
        prop_assert!(b"hello, world".starts_with(&first) && b"how do you do".starts_with(&second));
    }
}
