//! The reference broker as a program: `reference-broker --listen 127.0.0.1:1883`.

use std::{env, io, process::ExitCode};

use reference_broker::{Config, Rules, net::serve};
use tokio::{net::TcpListener, runtime};

const USAGE: &str = "usage: reference-broker [--listen ADDRESS:PORT]";

#[expect(clippy::print_stderr, reason = "this is a program")]
fn main() -> ExitCode {
    let address = match address(env::args().skip(1)) {
        Ok(address) => address,
        Err(complaint) => {
            eprintln!("{complaint}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{address}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The address in the arguments of the program.
fn address(mut arguments: impl Iterator<Item = String>) -> Result<String, String> {
    let mut address = "127.0.0.1:1883".to_owned();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--listen" => address = arguments.next().ok_or("--listen needs an address")?,
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    Ok(address)
}

#[expect(clippy::print_stderr, reason = "this is a program")]
fn run(address: &str) -> io::Result<()> {
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(address).await?;
        eprintln!("listening on {}", listener.local_addr()?);
        serve(vec![listener.into()], Config::default(), Rules::all(), std::future::pending()).await;
        Ok(())
    })
}
