//! `--shard`: this process plays a share of the devices, and writes what they did and saw.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, BufWriter},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use mqttspec_fleet::{layout::Layout, plan::Micros, world::Options, world::Outcome};

use super::super::{
    BadInput, Exit,
    reports::{self, Circumstances, Opened},
    terminal::{Terminal, print},
};
use crate::{
    fleet::{
        measured::measured,
        outcome::outcome_of,
        plan,
        report::{self, Report},
        shards::{Head, MAGIC, Merged, Recorder, Segment, Shard, merge},
    },
    report::Page,
    runner::Stop,
};

/// How often one who waits looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// The share of a process.
#[derive(Debug, Args)]
pub(super) struct Sharing {
    /// Play only this share of the devices, as in 2/4: the second of four. The other shares are played by other processes,
    /// on this machine or others, against the same broker and with the same seed
    #[arg(long, value_name = "NUMBER/COUNT", requires = "history", conflicts_with_all = ["list", "explore", "mutants", "scenario"])]
    pub(super) shard: Option<Shard>,
    /// Write what the devices of the share did and saw to this file; `mqttspec report merge` judges all files together
    #[arg(long, value_name = "FILE", requires = "shard")]
    history: Option<PathBuf>,
    /// Wait until this time, in seconds since 1970, so that all shares begin together
    #[arg(long, value_name = "SECONDS", requires = "shard")]
    start_at: Option<u64>,
}

/// Writes a share's history.
pub(super) struct Share {
    recorder: Recorder<BufWriter<File>>,
    path: PathBuf,
    /// Why nothing can be written any more.
    failed: Option<String>,
}

impl Sharing {
    /// Begins a share: leaves out the devices of the others. Waits until it is time, or until it is to stop.
    pub(super) fn begin(
        &self,
        name: &str,
        layout: &Layout,
        options: &mut Options,
        stop: &Stop,
    ) -> Result<Option<Share>, BadInput> {
        let (Some(shard), Some(path)) = (self.shard, &self.history) else { return Ok(None) };
        let file = File::create(path).map_err(|error| cannot_write(path, &error.to_string()))?;
        let (_, plan) = plan::text(name).map_err(|error| BadInput::new(error.to_string()))?;
        while let Some(left) = self.start_at.and_then(|at| Duration::from_secs(at).checked_sub(since_1970()))
            && !stop.is_asked()
        {
            std::thread::sleep(left.min(LOOK));
        }
        let began = Micros::try_from(since_1970().as_micros()).unwrap_or(0);
        let head = Head { shard, seed: options.seed, began, plan };
        let recorder = Recorder::new(BufWriter::new(file), &head)
            .map_err(|error| cannot_write(path, &error.to_string()))?;
        options.left_out.devices = Some(shard.devices(layout.devices.len()));
        options.tap = Some(recorder.tap());
        Ok(Some(Share { recorder, path: path.clone(), failed: None }))
    }
}

impl Share {
    /// Writes what was heard; `false` if that is not possible any more.
    pub(super) fn write(&mut self) -> bool {
        if let Err(error) = self.recorder.write() {
            self.failed.get_or_insert(error.to_string());
        }
        self.failed.is_none()
    }

    /// Writes the rest.
    pub(super) fn finish(self, outcome: &Outcome) -> Result<(), BadInput> {
        let Self { recorder, path, failed } = self;
        match failed {
            Some(error) => Err(cannot_write(&path, &error)),
            None => recorder
                .finish(outcome.ended, outcome.verdict.complete)
                .map_err(|error| cannot_write(&path, &error.to_string())),
        }
    }
}

fn cannot_write(path: &Path, error: &str) -> BadInput {
    let path = path.display();
    BadInput::new(format!(
        "cannot write the history to {path}: {error}\nwithout it the shares cannot be judged together"
    ))
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Whether a file is the history of a share.
pub(in super::super) fn is_history(path: &Path) -> bool {
    let mut magic = vec![0; MAGIC.len()];
    let read = |mut file| std::io::Read::read_exact(&mut file, &mut magic);
    File::open(path).and_then(read).is_ok() && magic == MAGIC.as_bytes()
}

/// Judges the histories of all shares together.
pub(in super::super) fn judge(
    files: &[PathBuf],
    opened: Opened,
    terminal: Terminal,
) -> Result<Exit, BadInput> {
    let mut segments = Vec::new();
    for path in files {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| BadInput::new(format!("cannot read {name}: {error}")))?;
        let segment = Segment::open(&name, BufReader::new(file));
        segments.push(segment.map_err(|error| BadInput::new(error.to_string()))?);
    }
    let Some(head) = segments.first().map(|segment| segment.head().clone()) else {
        return Err(BadInput::new("no history was given"));
    };
    let plan = plan::load_str("the plan in the histories", &head.plan)
        .map_err(|mistakes| BadInput::new(mistakes.render(terminal.stderr_colour)))?;
    let layout = super::written_out(plan)?;
    let Merged { verdict, numbers, ended } =
        merge(&layout, segments).map_err(|error| BadInput::new(error.to_string()))?;
    let mut page = Page::new(terminal.reading_width(), terminal.colour);
    let about = format!(
        "{} devices in {} shares, seed {}, judged together",
        layout.devices.len(),
        head.shard.of,
        head.seed
    );
    let told = Report {
        layout: &layout,
        verdict: &verdict,
        numbers: &numbers,
        about,
        notes: Vec::new(),
        misdeeds: None,
        failures: &BTreeMap::new(),
    };
    report::write(&mut page, &told);
    print(&page.finish());
    let address = "the broker of the shares".to_owned();
    let run = outcome_of((&verdict, ended), &layout, &address, Duration::from_micros(ended));
    let about = Circumstances {
        scenarios: &[],
        repeated: &[],
        broker: None,
        profile: None,
        strict: false,
        date: reports::now(),
    };
    let mut judged = reports::report(run, &about);
    judged.judges.clear();
    judged.fleet = Some(measured(&numbers, Vec::new()));
    opened.write(&[judged])?;
    Ok(super::exit(&verdict))
}
