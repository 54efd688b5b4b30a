//! `mqttspec capture edit`: puts faults into a capture.

use std::{fs::File, io::BufWriter, path::PathBuf};

use clap::Args;

use super::{BadInput, Exit, Source};
use crate::capture::edit::{Delay, Edits, edit as copy};

/// Copy a capture with faults put into it: loss, repetition, reordering, cuts
#[derive(Debug, Args)]
pub(super) struct Edit {
    /// A capture (pcap or pcapng, also compressed with gzip); `-` is standard input
    file: PathBuf,
    /// Where the copy goes, as pcapng
    output: PathBuf,
    /// Leave frames out: 5,9
    #[arg(long, value_name = "FRAME", value_delimiter = ',')]
    lose: Vec<u64>,
    /// Repeat frames: 7, or 7+3 for three frames later
    #[arg(long, value_name = "FRAME[+N]", value_delimiter = ',')]
    repeat: Vec<Delay>,
    /// Put frames off: 7 behind the next one, or 7+3 behind the third one
    #[arg(long, value_name = "FRAME[+N]", value_delimiter = ',')]
    late: Vec<Delay>,
    /// Begin with this frame
    #[arg(long, value_name = "FRAME")]
    from: Option<u64>,
    /// End with this frame
    #[arg(long, value_name = "FRAME")]
    until: Option<u64>,
    /// Keep so many bytes of each frame
    #[arg(long, value_name = "BYTES")]
    snap: Option<usize>,
    /// Put the TLS secrets in this file into the copy, so that whoever gets it can open what they are of
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
}

pub(super) fn edit(arguments: &Edit) -> Result<Exit, BadInput> {
    let source = Source { file: arguments.file.clone(), keylog: arguments.keylog.clone() };
    let delays = |delays: &[Delay]| delays.iter().map(|delay| (delay.frame, delay.by)).collect();
    let edits = Edits {
        lost: arguments.lose.iter().copied().collect(),
        repeated: delays(&arguments.repeat),
        late: delays(&arguments.late),
        from: arguments.from,
        until: arguments.until,
        snap: arguments.snap,
        secrets: source.secrets()?,
    };
    let input = source.open()?;
    let path = arguments.output.display();
    let output = File::create(&arguments.output)
        .map_err(|error| BadInput::new(format!("cannot write `{path}`: {error}")))?;
    copy(input, BufWriter::new(output), &edits)
        .map_err(|error| BadInput::new(format!("cannot edit `{}`: {error}", source.name())))?;
    Ok(Exit::Success)
}
