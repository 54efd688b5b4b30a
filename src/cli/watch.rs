//! `mqttspec watch`: a transparent proxy that judges what passes through.

mod proxy;

use std::{cell::RefCell, fs::File, io::BufWriter, path::PathBuf, rc::Rc};

use clap::Args;
use mqttspec_segments::Recorder;
use tokio::{runtime, task::LocalSet};

use self::proxy::{Proxy, now};
use super::{
    BadInput, Exit,
    reports::{self, Circumstances, Reports},
    terminal::{Terminal, complain, print},
};
use crate::{
    capture::{live::Live, outcome},
    report::capture as render,
};

/// Pass traffic on to a broker without changing a byte, and judge both sides as it flows, until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_STATUS)]
pub(super) struct Arguments {
    /// Where clients connect; port 0 is any free port
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:1884")]
    listen: String,
    /// The broker to which everything is passed on
    #[arg(long, value_name = "ADDRESS:PORT")]
    broker: String,
    /// Write what passes to a capture, as pcapng
    #[arg(long, value_name = "FILE")]
    pcapng: Option<PathBuf>,
    #[command(flatten)]
    reports: Reports,
}

pub(super) fn watch(arguments: &Arguments, terminal: Terminal) -> Result<Exit, BadInput> {
    let recorder = arguments.pcapng.as_ref().map(recorder).transpose()?;
    let opened = arguments.reports.open()?;
    let voice = if opened.takes_stdout() {
        Voice { tell: complain, size: (terminal.reading_width(), false) }
    } else {
        Voice { tell: print, size: (terminal.reading_width(), terminal.colour) }
    };
    let (began, date) = (now(), reports::now());
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| BadInput::new(format!("the system refuses a runtime: {error}")))?;
    let live = Rc::new(RefCell::new(Live::new(recorder)));
    let proxy = Rc::new(Proxy::new(&arguments.broker, Rc::clone(&live), voice));
    let served = LocalSet::new().block_on(&runtime, proxy.serve(&arguments.listen));
    // Connections that are still open hold on to it until their tasks are gone.
    drop(runtime);
    served?;
    let Ok(live) = Rc::try_unwrap(live) else { return Ok(Exit::Undecided) };
    let (tally, recorder) = live.into_inner().finish(now());
    if let Some(mut recorder) = recorder {
        recorder.flush().map_err(|error| BadInput::new(error.to_string()))?;
    }
    let run = outcome(&tally.survey, &arguments.broker, now().saturating_sub(began));
    let conclusion = render::conclusion(&tally, &run);
    (voice.tell)(&render::farewell(&tally, conclusion, voice.size));
    let about =
        Circumstances { scenarios: &[], repeated: &[], broker: None, profile: None, strict: false, date };
    opened.write(&[reports::report(run, &about)])?;
    Ok(Exit::from(conclusion))
}

/// Where what is seen is told, and in which width and colour: not where a report goes.
#[derive(Clone, Copy)]
struct Voice {
    tell: fn(&str),
    size: (usize, bool),
}

fn recorder(path: &PathBuf) -> Result<Recorder<BufWriter<File>>, BadInput> {
    let failed = |error: &dyn std::fmt::Display| {
        BadInput::new(format!(
            "cannot write a capture to `{}`: {error}\nname a file in a folder that exists",
            path.display()
        ))
    };
    let file = File::create(path).map_err(|error| failed(&error))?;
    Recorder::new(BufWriter::new(file)).map_err(|error| failed(&error))
}
