//! Measures the reference broker, and mosquitto beside it, over TCP on the loopback interface.
//!
//! `.ci/bench` runs it: `load OUR_PROGRAM MOSQUITTO`, with the paths of both programs; the tables go to standard output.
//! With the name of a [`Table`] behind them it is only that one.
//! What a broker takes of the processor and of the memory is read from `/proc`, so that this needs Linux.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is a program")]

mod broker;
mod client;
mod connections;
mod pressure;
mod throughput;

use std::{env, error::Error, fmt::Write as _, io, process::ExitCode};

use mqttspec_wire::QoS;
use tokio::{runtime, task::LocalSet};

use broker::{Broker, Program};
use throughput::{Load, Rate};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (programs, tables) = match arguments.as_slice() {
        [ours, mosquitto] => (Some((ours, mosquitto)), Table::ALL.to_vec()),
        [ours, mosquitto, name] => {
            (Some((ours, mosquitto)), Table::ALL.into_iter().filter(|table| table.name() == name).collect())
        }
        _ => (None, Vec::new()),
    };
    let (Some((ours, mosquitto)), false) = (programs, tables.is_empty()) else {
        let names = Table::ALL.map(Table::name).join("|");
        eprintln!("usage: load OUR_PROGRAM MOSQUITTO [{names}], as .ci/bench calls it");
        return ExitCode::from(2);
    };
    let programs = [Program::Ours(ours.into()), Program::Mosquitto(mosquitto.into())];
    match run(&programs, &tables) {
        Ok(tables) => {
            print!("{tables}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
enum Table {
    Messages,
    Store,
    Connections,
    Pressure,
}

impl Table {
    const ALL: [Self; 4] = [Self::Messages, Self::Store, Self::Connections, Self::Pressure];

    const fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Store => "store",
            Self::Connections => "connections",
            Self::Pressure => "pressure",
        }
    }
}

fn run(programs: &[Program; 2], wanted: &[Table]) -> Result<String, Box<dyn Error>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(LocalSet::new().run_until(async {
        let mut tables = String::new();
        for table in wanted {
            match table {
                Table::Messages => throughput_table(programs, &mut tables).await?,
                Table::Store => store_table(programs, &mut tables).await?,
                Table::Connections => connections_table(programs, &mut tables).await?,
                Table::Pressure => pressure_table(programs, &mut tables).await?,
            }
        }
        Ok(tables)
    }))
}

/// Writes a row of a table, also to standard error, so that one sees how far it has come.
fn row(table: &mut String, cells: &[String]) {
    let line = format!("| {} |", cells.join(" | "));
    eprintln!("{line}");
    let _ = writeln!(table, "{line}");
}

fn head(table: &mut String, title: &str, columns: &[&str]) {
    let _ = write!(
        table,
        "\n### {title}\n\n| {} |\n|---{}|\n",
        columns.join(" | "),
        "|--:".repeat(columns.len() - 1)
    );
}

/// A number with separators for thousands.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

async fn throughput_table(programs: &[Program; 2], table: &mut String) -> io::Result<()> {
    let columns = [
        "load",
        "ours, msg/s",
        "mosquitto, msg/s",
        "ours, msg/CPU s",
        "mosquitto, msg/CPU s",
        "ours : mosquitto",
    ];
    head(table, "Messages delivered", &columns);
    for qos in QoS::ALL {
        for (publishers, subscribers) in [(1, 1), (100, 1), (1, 100)] {
            let load = Load { publishers, subscribers, qos, keeps_sessions: false };
            let mut rates = Vec::new();
            for program in programs {
                rates.push(throughput::measure(&Broker::start(program)?, load).await?);
            }
            let [ours, theirs] = rates[..] else { return Ok(()) };
            let ratio = |of: fn(&Rate) -> f64| format!("{:.1}", of(&ours) / of(&theirs));
            row(
                table,
                &[
                    format!("{qos}, {publishers} : {subscribers}"),
                    grouped(ours.per_second),
                    grouped(theirs.per_second),
                    grouped(ours.per_cpu_second),
                    grouped(theirs.per_cpu_second),
                    format!("{} / {}", ratio(|rate| rate.per_second), ratio(|rate| rate.per_cpu_second)),
                ],
            );
        }
    }
    Ok(())
}

async fn store_table(programs: &[Program; 2], table: &mut String) -> io::Result<()> {
    let columns = [
        "load, sessions kept",
        "in memory, msg/s",
        "in a file, msg/s",
        "in memory, msg/CPU s",
        "in a file, msg/CPU s",
    ];
    head(table, "Cost of the store", &columns);
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for (publishers, subscribers) in [(1, 1), (100, 1)] {
            let load = Load { publishers, subscribers, qos, keeps_sessions: true };
            let memory = throughput::measure(&Broker::start(&programs[0])?, load).await?;
            let file = throughput::measure(&Broker::start_with_store(&programs[0])?, load).await?;
            let name = format!("{qos}, {publishers} : {subscribers}");
            let cells = [memory.per_second, file.per_second, memory.per_cpu_second, file.per_cpu_second];
            row(table, &[vec![name], cells.map(grouped).to_vec()].concat());
        }
    }
    Ok(())
}

async fn connections_table(programs: &[Program; 2], table: &mut String) -> io::Result<()> {
    head(table, "Connections", &["", "ours", "mosquitto"]);
    let mut rates = vec!["connects per second".to_owned()];
    let mut costs = vec!["connects per CPU second".to_owned()];
    let mut sizes = vec!["bytes of memory per idle connection".to_owned()];
    let mut crowds =
        vec![format!("{} idle clients beside a load: cut off / slowest PINGRESP", connections::CROWD)];
    for program in programs {
        let rate = connections::per_second(&Broker::start(program)?).await?;
        rates.push(grouped(rate.per_second));
        costs.push(grouped(rate.per_cpu_second));
        let broker = Broker::start(program)?;
        sizes.push(grouped(connections::memory(&broker).await?));
        let broker = Broker::start(program)?;
        let crowd = connections::crowd(&broker).await?;
        crowds.push(format!("{} / {} ms", crowd.lost, crowd.slowest.as_millis()));
    }
    for cells in [rates, costs, sizes, crowds] {
        row(table, &cells);
    }
    Ok(())
}

async fn pressure_table(programs: &[Program; 2], table: &mut String) -> io::Result<()> {
    head(table, "Memory taken under pressure, MB", &["", "ours", "mosquitto"]);
    for pressure in pressure::ALL {
        let mut cells = vec![pressure.name().to_owned()];
        for program in programs {
            let broker = Broker::start(program)?;
            let before = broker.memory()?.now;
            pressure.apply(&broker).await?;
            let taken = broker.memory()?.peak.saturating_sub(before);
            cells.push(format!("{:.1}", f64::from(u32::try_from(taken / 1024).unwrap_or(u32::MAX)) / 1024.0));
        }
        row(table, &cells);
    }
    Ok(())
}
