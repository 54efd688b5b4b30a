//! The broker behind TLS.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use reference_broker::{
    Config,
    core::{Limits, User},
    net::Tls,
};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::server::Server;

const CONNECT: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a";

/// A certificate and its key as files, which go with it.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn make(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("reference-broker-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        fs::write(folder.join("cert"), cert.pem()).unwrap();
        fs::write(folder.join("key"), signing_key.serialize_pem()).unwrap();
        Self { folder }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.join("cert")
    }

    fn key(&self) -> PathBuf {
        self.folder.join("key")
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn server(config: Config, files: &Files, client_ca: Option<&Files>) -> Server {
    let client_ca = client_ca.map(Files::certificate);
    let tls = Tls::from_files(&files.certificate(), &files.key(), client_ca.as_deref()).unwrap();
    Server::dressed(config, |listener| listener.with_tls(tls))
}

/// A client that trusts the certificate in `server`, and shows its own if it has one.
fn client(address: &Server, server: &Files, own: Option<&Files>) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(server.certificate()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match own {
        None => config.with_no_client_auth(),
        Some(own) => {
            let chain = vec![CertificateDer::from_pem_file(own.certificate()).unwrap()];
            let key = PrivateKeyDer::from_pem_file(own.key()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    StreamOwned::new(connection, address.open())
}

#[test]
fn a_client_is_served() {
    let files = Files::make("served");
    let server = server(Config::default(), &files, None);
    let mut client = client(&server, &files, None);
    client.write_all(CONNECT).unwrap();
    client.write_all(&b"\xC0\x00".repeat(1_000)).unwrap();
    let mut all = vec![0; 4 + 2_000];
    client.read_exact(&mut all).unwrap();
    assert_eq!(all[..4], [0x20, 2, 0, 0]);
    client.write_all(b"\xE0\x00").unwrap();
    // The end is announced, or this would be an error.
    assert_eq!(client.read(&mut all).unwrap(), 0);
}

#[test]
fn a_client_without_a_certificate_is_not_let_in_where_one_is_asked_for() {
    let (files, known, unknown) = (Files::make("server"), Files::make("known"), Files::make("unknown"));
    let server = server(Config::default(), &files, Some(&known));
    let comes_in = |own| {
        let mut client = client(&server, &files, own);
        let mut connack = [0; 4];
        client.write_all(CONNECT).and_then(|()| client.read_exact(&mut connack)).is_ok()
    };
    assert!(comes_in(Some(&known)));
    assert!(!comes_in(Some(&unknown)));
    assert!(!comes_in(None));
}

/// The common name of the certificate is the user name, and needs no password.
#[test]
fn a_certificate_says_who_a_client_is() {
    // SUBSCRIBE to the topic of a user, with the common name that the certificates here have.
    let subscribe = |topic: &str| {
        let length = u8::try_from(topic.len()).unwrap();
        [&[0x82, length + 5, 0, 1, 0, length][..], topic.as_bytes(), &[0]].concat()
    };
    let codes = |identifies: bool| {
        let files = Files::make(&format!("identity-{identifies}"));
        let permissions = vec!["allow read users/${user}".parse().unwrap()];
        let users = vec![User { name: "ann".into(), password: "p".into() }];
        let config = Config { anonymous: !identifies, users, permissions, ..Config::default() };
        let tls = Tls::from_files(&files.certificate(), &files.key(), Some(&files.certificate())).unwrap();
        let server = Server::dressed(config, move |listener| listener.with_tls(tls.identifying(identifies)));
        let mut client = client(&server, &files, Some(&files));
        client.write_all(CONNECT).unwrap();
        client.write_all(&subscribe("users/rcgen self signed cert")).unwrap();
        client.write_all(&subscribe("users/ann")).unwrap();
        let mut answers = [0; 14];
        client.read_exact(&mut answers).unwrap();
        (answers[3], answers[8], answers[13])
    };
    assert_eq!(codes(true), (0, 0, 0x80));
    assert_eq!(codes(false), (0, 0x80, 0x80));
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let limits = Limits { backlog: 1 << 20, ..Limits::default() };
    let files = Files::make("slow");
    let slow_reader_timeout = Duration::from_millis(300);
    let server = server(Config { limits, slow_reader_timeout, ..Config::default() }, &files, None);
    let mut idle = client(&server, &files, None);
    idle.write_all(&[CONNECT, b"\x82\x06\x00\x01\x00\x01t\x00"].concat()).unwrap();
    let mut answers = [0; 9];
    idle.read_exact(&mut answers).unwrap();
    // A publisher on the same listener: 20 MB, of which the idle client takes what fits into its window.
    let mut publisher = client(&server, &files, None);
    publisher.write_all(&[&CONNECT[..14], b"b"].concat()).unwrap();
    let message = [&[0x30, 0xA3, 0x8D, 0x06, 0, 1, b't'][..], &vec![0; 100_000]].concat();
    for _ in 0..200 {
        publisher.write_all(&message).unwrap();
    }
    publisher.write_all(b"\xC0\x00").unwrap();
    let mut answers = [0; 6];
    publisher.read_exact(&mut answers).unwrap();
    let mut all = Vec::new();
    let _ = idle.read_to_end(&mut all);
    assert!(all.len() < 200 * message.len(), "{} bytes", all.len());
}

#[test]
fn what_is_no_handshake_ends_without_harm() {
    let files = Files::make("hostile");
    let config = Config { connect_timeout: Duration::from_millis(300), ..Config::default() };
    let server = server(config, &files, None);
    let mut all = Vec::new();
    for bytes in [CONNECT.to_vec(), vec![0xFF; 100_000], vec![0x16, 3, 1, 0xFF, 0xFF]] {
        let started = Instant::now();
        let mut stream = server.open();
        let _ = stream.write_all(&bytes);
        let _ = stream.read_to_end(&mut all);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
    let mut client = client(&server, &files, None);
    client.write_all(CONNECT).unwrap();
    let mut connack = [0; 4];
    client.read_exact(&mut connack).unwrap();
}

/// What is wrong is said of the file that it is wrong with.
#[test]
fn files_that_do_not_serve_are_told_apart() {
    let (own, other) = (Files::make("own"), Files::make("other"));
    let (certificate, key) = (own.certificate(), own.key());
    let written = |name: &str, text: &str| {
        let path = own.folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let half = fs::read_to_string(&certificate).unwrap().lines().take(3).collect::<Vec<_>>().join("\n");
    let cut = written("cut", &half);
    let nonsense = written("nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let locked =
        "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END EC PRIVATE KEY-----\n";
    let locked = written("locked", locked);
    let nowhere = own.folder.join("nowhere");
    for (certificate, key, client_ca, wrong, expected) in [
        (&nowhere, &key, None, &nowhere, "No such file or directory"),
        (&key, &key, None, &key, "it holds no certificate in PEM"),
        (&cut, &key, None, &cut, "it is cut off"),
        (&nonsense, &key, None, &nonsense, "a certificate in it is not valid"),
        (
            &certificate,
            &certificate,
            None,
            &certificate,
            "it holds no private key that needs no password in PEM",
        ),
        (&certificate, &locked, None, &locked, "it holds no private key that needs no password in PEM"),
        (&certificate, &other.key(), None, &other.key(), "it is not the key of the certificate"),
        (&certificate, &key, Some(&key), &key, "it holds no certificate in PEM"),
        (&certificate, &key, Some(&nonsense), &nonsense, "a certificate in it is not valid"),
    ] {
        let error = Tls::from_files(certificate, key, client_ca.map(PathBuf::as_path)).unwrap_err();
        let start = format!("cannot serve TLS with {}: {expected}", wrong.display());
        assert!(error.to_string().starts_with(&start), "{error} is not {start}");
    }
}
