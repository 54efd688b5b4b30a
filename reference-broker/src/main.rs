//! The reference broker as a program: `reference-broker --listen 127.0.0.1:1883 --store broker.state`.

use std::{env, error::Error, process::ExitCode};

use reference_broker::{Config, Rules, net::Service, store::Store};
use tokio::{net::TcpListener, runtime};

const USAGE: &str =
    "usage: reference-broker [--listen ADDRESS:PORT] [--store FILE [--early-acknowledgements]]";

/// What the arguments of the program ask for.
struct Wishes {
    address: String,
    store: Option<String>,
    early: bool,
}

#[expect(clippy::print_stderr, reason = "this is a program")]
fn main() -> ExitCode {
    let wishes = match Wishes::read(env::args().skip(1)) {
        Ok(wishes) => wishes,
        Err(complaint) => {
            eprintln!("{complaint}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&wishes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", wishes.address);
            ExitCode::FAILURE
        }
    }
}

impl Wishes {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut wishes = Self { address: "127.0.0.1:1883".to_owned(), store: None, early: false };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--listen" => wishes.address = arguments.next().ok_or("--listen needs an address")?,
                "--store" => wishes.store = Some(arguments.next().ok_or("--store needs a file")?),
                "--early-acknowledgements" => wishes.early = true,
                _ => return Err(format!("unknown argument {argument}")),
            }
        }
        Ok(wishes)
    }
}

#[expect(clippy::print_stderr, reason = "this is a program")]
fn run(wishes: &Wishes) -> Result<(), Box<dyn Error>> {
    let mut service = Service::new(Config::default(), Rules::all());
    if let Some(file) = &wishes.store {
        let store = Store::open(file)?;
        let store = if wishes.early { store.with_early_acknowledgements() } else { store };
        service = service.with_store(store)?;
    }
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(&wishes.address).await?;
        eprintln!("listening on {}", listener.local_addr()?);
        Ok(service.run(vec![listener.into()], std::future::pending()).await?)
    })
}
