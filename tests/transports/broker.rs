//! The reference broker on loopback, behind any transport, and certificates for it.

use std::{
    fs, net,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    thread::JoinHandle,
};

use mqttspec::target::Transport;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use reference_broker::{
    Config, Rules,
    net::{Listener, Service, Tls},
    store::Store,
};
use tokio::{net::TcpListener, runtime, sync::oneshot};

/// A certificate that signs itself, and its key, as files that go with it.
pub(crate) struct Certificate {
    folder: PathBuf,
}

impl Certificate {
    /// For a host; one that may also sign others, as those of openssl do by default.
    pub(crate) fn for_host(host: &str, may_sign: bool) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("mqttspec-tls-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        if may_sign {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().unwrap();
        fs::write(folder.join("cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
        Self { folder }
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A broker on a free port; it ends with the test.
pub(crate) struct Broker {
    pub(crate) url: String,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    /// One that listens for this transport, and keeps its state in a file if it is to have a store.
    pub(crate) fn start(transport: Transport, certificate: &Certificate, has_store: bool) -> Self {
        let socket = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{}://{}", transport.scheme(), socket.local_addr().unwrap());
        socket.set_nonblocking(true).unwrap();
        let tls = Tls::from_files(&certificate.certificate(), &certificate.key(), None).unwrap();
        let mut service = Service::new(Config::default(), Rules::all());
        if has_store {
            let store = Store::open(certificate.folder.join("broker.state"));
            service = store.and_then(|store| service.with_store(store)).unwrap();
        }
        let (shutdown, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut listener = Listener::from(TcpListener::from_std(socket).unwrap());
                if transport.is_secure() {
                    listener = listener.with_tls(tls);
                }
                if transport.is_websocket() {
                    listener = listener.with_websocket();
                }
                let stopped = async { drop(stopped.await) };
                service.run(vec![listener], stopped).await.unwrap();
            });
        });
        Self { url, shutdown: Some(shutdown), thread: Some(thread) }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.shutdown.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
