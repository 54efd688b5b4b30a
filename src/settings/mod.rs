//! The settings of a broker: what a file, the environment and the command line say about it, and what that comes to.
//!
//! | file | what it does |
//! |---|---|
//! | `table` | all settings with their keys, places and meanings |
//! | `value`, `scalar`, `place`, `log` | values as they are written and as they are held |
//! | `file` | TOML |
//! | `profile` | what is known of services |
//! | `layers` | which source is stronger than which |
//! | `shown` | what it all comes to, as a file |
//!
//! Nothing here opens a file or listens: texts come in, [`Settings`] or diagnostics go out.

mod file;
mod layers;
mod log;
mod place;
mod profile;
mod scalar;
mod shown;
mod table;
#[cfg(test)]
mod tests;
pub mod value;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use mqttspec_wire::Version;
use reference_broker::{Config, Rule, Rules, core::Redirect};

use crate::target::Transport;

pub use layers::{Origin, Resolved, Sources};
pub use log::{LogFormat, LogLevel};
pub use place::Place;
pub use profile::{PROFILES, Profile};
pub use table::{Group, PREFIX, SETTINGS, Setting};

/// How often a broker that is a program of its own publishes `$SYS` topics.
const STATISTICS_INTERVAL: Duration = Duration::from_secs(10);

/// What a broker is to be like.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: Vec<Place>,
    /// Its certificate.
    pub cert: Option<PathBuf>,
    /// The private key of the certificate.
    pub key: Option<PathBuf>,
    /// The authorities that sign the certificates of clients.
    pub client_ca: Option<PathBuf>,
    /// Whether the certificate says who a client is, where nothing else is said.
    pub certificate_identity: bool,
    /// The users with the hashes of their passwords.
    pub passwords: Option<PathBuf>,
    /// Whether clients without a user name are let in, if that is said. It is not yet in [`config`](Self::config).
    pub anonymous: Option<bool>,
    /// How much is written into the log.
    pub log: LogLevel,
    /// How it is written.
    pub log_format: LogFormat,
    /// Where `/metrics` and `/health` are served.
    pub metrics: Option<SocketAddr>,
    /// The users who prove by SCRAM-SHA-256 who they are.
    pub scram: Option<PathBuf>,
    /// The file that its state is kept in.
    pub store: Option<PathBuf>,
    /// The built-in profile below everything else.
    pub profile: Option<String>,
    /// The versions that are spoken. They are not yet in [`config`](Self::config).
    pub versions: Vec<Version>,
    /// Where it is told which rules the broker goes by.
    pub explain: Option<PathBuf>,
    /// The server to which clients are sent. It is not yet in [`config`](Self::config), nor is what follows.
    pub redirect: Option<String>,
    /// Whether clients are to stay there.
    pub redirect_for_good: bool,
    /// Whether clients are served until the broker shuts down.
    pub redirect_at_shutdown: bool,
    /// The rules that are broken on purpose.
    pub broken: Vec<Rule>,
    /// What the core of the broker is to know.
    pub config: Config,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: vec![Place::Network {
                transport: Transport::Tcp,
                host: "127.0.0.1:1883".to_owned(),
                identity: None,
            }],
            cert: None,
            key: None,
            client_ca: None,
            certificate_identity: false,
            passwords: None,
            anonymous: None,
            log: LogLevel::Warn,
            log_format: LogFormat::Text,
            metrics: None,
            scram: None,
            store: None,
            profile: None,
            versions: vec![Version::V3_1_1, Version::V5_0],
            explain: None,
            redirect: None,
            redirect_for_good: false,
            redirect_at_shutdown: false,
            broken: Vec::new(),
            config: Config { statistics_interval: Some(STATISTICS_INTERVAL), ..Config::default() },
        }
    }
}

impl Settings {
    /// The configuration of the core.
    pub fn config(&self) -> Config {
        let speaks = |version| self.versions.contains(&version);
        let redirect = self.redirect.clone().map(|server_reference| Redirect {
            server_reference,
            is_permanent: self.redirect_for_good,
            at_shutdown: self.redirect_at_shutdown,
        });
        Config {
            version_3_1_1: speaks(Version::V3_1_1),
            version_5_0: speaks(Version::V5_0),
            redirect,
            anonymous: self.anonymous.unwrap_or(!self.has_users()),
            certified_users: self.certifies_users(),
            ..self.config.clone()
        }
    }

    /// Whether anybody is to prove who they are.
    fn has_users(&self) -> bool {
        self.passwords.is_some() || self.scram.is_some() || self.certifies_users()
    }

    /// Whether there is a place to listen at where certificates say who clients are.
    pub fn certifies_users(&self) -> bool {
        self.listen.iter().any(|place| place.identifies(self.certificate_identity))
    }

    /// The rules that are kept.
    pub fn rules(&self) -> Rules {
        self.broken.iter().fold(Rules::all(), |rules, rule| rules.without(*rule))
    }
}
