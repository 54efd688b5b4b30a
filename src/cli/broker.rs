//! `mqttspec broker`: serves the reference broker.

use std::{
    fs::File,
    future::pending,
    io::{self, Write as _},
    net::SocketAddr,
    panic,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use reference_broker::{
    Config, Rule,
    net::{Service, Tls},
    store::{Store, StoreError},
};
use tokio::{net::TcpListener, runtime, sync::oneshot};

use super::{
    BadInput, Exit,
    interrupt::end_of_service,
    listen::{Socket, bind},
    log,
    narrate::Narrator,
    passwords, rules, scram,
    settings::Flags,
    terminal::{Terminal, complain, print},
};
use crate::{
    report::{Page, Tone},
    settings::{PROFILES, Settings},
};

/// Serve the reference broker until Ctrl-C, or list its rules and profiles
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = SOURCES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    /// A file of settings, in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print what all settings come to, as a file of settings, and serve nothing
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    flags: Flags,
}

const SOURCES: &str = "\
Every option can also be set in the file (`maximum-qos = 1`, `[limits]`) and in the environment
(MQTTSPEC_BROKER_MAXIMUM_QOS, MQTTSPEC_BROKER_CONFIG). The command line is stronger than the environment,
the environment than the file, the file than the profile. docs/broker.md describes them all.";

#[derive(Debug, Subcommand)]
enum Action {
    /// List the rules that the broker keeps, with their statements
    Rules {
        /// List the statements about servers instead, each with its rules or with the reason why it has none
        #[arg(long)]
        statements: bool,
    },
    /// List the built-in profiles of services, with the documents that they follow
    Profiles,
    /// Give a user a password in the file of `--passwords`, which is asked for or read from standard input
    Passwd {
        /// The file; it is made if it does not exist
        file: PathBuf,
        /// The user name
        user: String,
    },
    /// Make a line for the file of `--scram` from a name and the password on standard input
    Scram {
        /// The user name
        name: String,
    },
}

pub(super) fn broker(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    match &arguments.action {
        Some(Action::Rules { statements: false }) => print(&rules::rules(terminal.list_page())),
        Some(Action::Rules { statements: true }) => print(&rules::statements(terminal.list_page())),
        Some(Action::Profiles) => print(&profiles(terminal.list_page())),
        Some(Action::Passwd { file, user }) => passwords::set(file, user)?,
        Some(Action::Scram { name }) => print(&scram::line(name)?),
        None => return check_or_serve(arguments, terminal),
    }
    Ok(Exit::Success)
}

fn check_or_serve(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let resolved = arguments.flags.resolve(arguments.config.as_deref(), terminal)?;
    let settings = &resolved.settings;
    let tls = tls(settings)?;
    check_redirect(settings)?;
    let scram = settings.scram.as_deref().map(scram::read).transpose()?;
    let users = settings.passwords.as_deref().map(passwords::read).transpose()?.unwrap_or_default();
    if arguments.check {
        print(&resolved.toml());
        return Ok(Exit::Success);
    }
    log::start(settings.log, settings.log_format);
    let service = Service::new(Config { scram, users, ..settings.config() }, settings.rules());
    let service = match &settings.store {
        Some(file) => open_store(file).and_then(|store| service.with_store(store)),
        None => Ok(service),
    };
    let service = service.map_err(|error| BadInput::new(error.to_string()))?;
    let service = match &settings.explain {
        Some(file) => explaining(service, file)?,
        None => service,
    };
    serve(settings, tls.as_ref(), service)
}

/// Opens the store. A library that stumbles over a damaged file says so in an error, and need not say it twice.
fn open_store(file: &Path) -> Result<Store, StoreError> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let opened = Store::open(file);
    panic::set_hook(hook);
    opened
}

fn profiles(mut page: Page) -> String {
    for profile in PROFILES {
        page.blank();
        page.line(0, &[(Tone::Strong, profile.name)]);
        for line in profile.text.lines() {
            let tone = if line.starts_with('#') { Tone::Faint } else { Tone::Plain };
            page.verbatim(if line.is_empty() { 0 } else { 4 }, tone, line);
        }
    }
    page.finish()
}

fn tls(settings: &Settings) -> Result<Option<Tls>, BadInput> {
    let wants_identity = settings.certificate_identity || settings.certifies_users();
    if wants_identity && settings.client_ca.is_none() {
        let why = "without `client-ca`, no client is asked for the certificate that is to say who it is";
        return Err(BadInput::new(format!("{why}\nname the file of the authorities with `client-ca`")));
    }
    match (&settings.cert, &settings.key) {
        (Some(certificate), Some(key)) => {
            let tls = Tls::from_files(certificate, key, settings.client_ca.as_deref());
            tls.map(|tls| Some(tls.identifying(settings.certificate_identity))).map_err(|error| {
                BadInput::new(format!("{error}\nname files in PEM with `cert`, `key` and `client-ca`"))
            })
        }
        (None, None) if settings.client_ca.is_none() => Ok(None),
        (certificate, key) => {
            let missing = [("cert", certificate.is_none()), ("key", key.is_none())];
            let missing: Vec<&str> = missing.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
            let why =
                format!("TLS needs a certificate and its private key: {} not set", missing.join(" and "));
            Err(BadInput::new(format!("{why}\nname the files with `cert` and `key`")))
        }
    }
}

fn check_redirect(settings: &Settings) -> Result<(), BadInput> {
    if settings.redirect.is_none() && (settings.redirect_for_good || settings.redirect_at_shutdown) {
        let why = "without `redirect`, clients are sent nowhere, neither for good nor at shutdown";
        return Err(BadInput::new(format!("{why}\nname the other server with `redirect`")));
    }
    Ok(())
}

/// Has the broker tell in a file, or on standard output, which rules it goes by.
fn explaining(service: Service, file: &Path) -> Result<Service, BadInput> {
    let mut narrator = Narrator::default();
    if file == Path::new("-") {
        return Ok(service.explaining(move |step| print(&narrator.tell(step))));
    }
    let name = file.display().to_string();
    let opened = File::create(file).map_err(|error| {
        let advice = "name a file in a folder that you may write to with `--explain`";
        BadInput::new(format!("cannot write {name}: {error}\n{advice}"))
    });
    let mut log = opened?;
    let mut is_told = false;
    Ok(service.explaining(move |step| {
        let written = log.write_all(narrator.tell(step).as_bytes());
        if let Err(error) = written
            && !std::mem::replace(&mut is_told, true)
        {
            complain(&format!("cannot write {name} any more: {error}\n"));
        }
    }))
}

/// Serves until the user ends it, or the store fails.
fn serve(settings: &Settings, tls: Option<&Tls>, service: Service) -> Result<Exit, BadInput> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| BadInput::new(format!("the system refuses a runtime: {error}")))?;
    runtime.block_on(async {
        let mut sockets = Vec::new();
        for place in &settings.listen {
            sockets.push(bind(place, tls).await.map_err(BadInput::new)?);
        }
        let metrics = match settings.metrics {
            Some(address) => Some(bind_metrics(address).await?),
            None => None,
        };
        // Whoever knows where it listens may also end it.
        let end = end_of_service();
        let addresses: Vec<&str> = sockets.iter().map(Socket::address).collect();
        let (who, places) = (who_listens(&settings.broken), addresses.join(", "));
        complain(&format!("{who} listens at {places}; Ctrl-C ends it\n"));
        let service = match metrics {
            Some(listener) => service.with_metrics(listener),
            None => service,
        };
        let (listeners, _files): (Vec<_>, Vec<_>) = sockets.into_iter().map(Socket::into_parts).unzip();
        let (tell, told) = oneshot::channel();
        let asked = async {
            end.await;
            let _ = tell.send(end_of_service());
        };
        let asked_again = async {
            match told.await {
                Ok(end) => end.await,
                Err(_) => pending().await,
            }
        };
        Ok(tokio::select! {
            served = service.run(listeners, asked) => match served {
                Ok(()) => Exit::Success,
                Err(error) => {
                    complain(&format!("error: {error}\n"));
                    Exit::Undecided
                }
            },
            () = asked_again => {
                complain("ended at once, before all clients had left\n");
                Exit::Undecided
            }
        })
    })
}

/// The broker, with the rules that it breaks, so that nobody takes a mutant for it.
fn who_listens(broken: &[Rule]) -> String {
    if broken.is_empty() {
        return "the reference broker".to_owned();
    }
    let broken: Vec<&str> = broken.iter().map(|rule| rule.name()).collect();
    format!("a reference broker that breaks {} on purpose", broken.join(", "))
}

/// Listens for those who want to know how the broker is, and says where.
async fn bind_metrics(address: SocketAddr) -> Result<TcpListener, BadInput> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let failed = |error: io::Error| {
        let advice = "name an address of this machine and a free port with `--metrics`";
        BadInput::new(format!("cannot serve metrics at {address}: {error}\n{advice}"))
    };
    let (listener, address) = bound.await.map_err(failed)?;
    complain(&format!("metrics at http://{address}/metrics, health at http://{address}/health\n"));
    Ok(listener)
}
