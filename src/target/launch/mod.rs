//! A broker that is started for a run, by a recipe, and ended with it.

mod files;
mod keeper;
mod port;
mod process;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

pub use keeper::Keeper;
pub use process::Leash;

use self::process::Process;
use super::{Address, ParseAddressError};
use crate::{
    scenario::ast::{Recipe, Setting},
    verdict::Restart,
};

/// The name of the file in the broker's folder that gets what it prints.
const LOG: &str = "broker.log";

/// Starts brokers by a recipe.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// How.
    pub recipe: Recipe,
    /// The recipe's own folder: programs whose names begin with `./` are there.
    pub home: PathBuf,
    /// Where the broker's files go; to a temporary folder that is removed afterwards if not given.
    pub folder: Option<PathBuf>,
}

/// Why a broker did not come up.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The system refuses something.
    #[error("cannot {what}: {error}")]
    Io {
        /// What was to be done.
        what: String,
        /// Why it is refused.
        error: io::Error,
    },
    /// A command that was to be run before it failed.
    #[error("`{command}` failed; see {}", log.display())]
    Command {
        /// The command.
        command: String,
        /// What it printed.
        log: PathBuf,
    },
    /// The address in the recipe is none.
    #[error(transparent)]
    Address(#[from] ParseAddressError),
}

impl LaunchError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |error| Self::Io { what, error }
    }
}

/// A broker that was started. It is ended when this is dropped.
#[derive(Debug)]
pub struct Launched {
    /// Where it listens.
    pub address: Address,
    /// What it prints.
    pub log: PathBuf,
    process: Process,
    start: Start,
    ready_within: Duration,
    /// The folder, if it is to be removed.
    temporary: Option<PathBuf>,
}

/// How a process is started, for the first time and again.
#[derive(Debug)]
struct Start {
    words: Vec<String>,
    log: PathBuf,
    stop_within: Duration,
    leash: Leash,
}

impl Start {
    fn process(&self) -> Result<Process, LaunchError> {
        let refused = LaunchError::io(format!("start `{}`", self.words.join(" ")));
        Process::start(&self.words, open_log(&self.log)?, self.stop_within, self.leash.clone())
            .map_err(refused)
    }
}

impl Launcher {
    /// Starts a broker with these settings on a free port. It may take a while until it answers.
    pub fn start(&self, settings: &[Setting]) -> Result<Launched, LaunchError> {
        let folder = self.make_folder()?;
        let port = port::free().map_err(LaunchError::io("find a free port"))?;
        let texts = files::Texts { port, folder: &folder, recipe: &self.recipe };
        let address = texts.fill(&self.recipe.address, &[]).parse()?;
        for (name, text) in texts.files(settings) {
            let path = folder.join(name);
            fs::write(&path, text).map_err(LaunchError::io(format!("write {}", path.display())))?;
        }
        let log = folder.join(LOG);
        open_log(&log)?.set_len(0).map_err(LaunchError::io(format!("write {}", log.display())))?;
        for command in texts.commands(settings) {
            let words = self.located(command);
            if !process::run(&words, open_log(&log)?)
                .map_err(LaunchError::io(format!("run `{}`", words.join(" "))))?
            {
                return Err(LaunchError::Command { command: words.join(" "), log });
            }
        }
        let words = self.located(self.recipe.command.iter().map(|word| texts.fill(word, &[])).collect());
        let stop_within = Duration::from_millis(self.recipe.stop_within);
        let start = Start { words, log: log.clone(), stop_within, leash: Leash::default() };
        let process = start.process()?;
        let temporary = self.folder.is_none().then_some(folder);
        Ok(Launched { address, log, process, start, ready_within: self.patience(), temporary })
    }

    /// The same launcher for another broker beside the first, which gets a folder of its own.
    #[must_use]
    pub fn beside(&self, name: &str) -> Self {
        Self { folder: self.folder.as_ref().map(|folder| folder.join(name)), ..self.clone() }
    }

    /// How long a broker may take until it answers.
    pub fn patience(&self) -> Duration {
        Duration::from_millis(self.recipe.ready_within)
    }

    /// How long it may take to end and to answer again.
    pub fn patience_with_restarts(&self) -> Duration {
        self.patience() + Duration::from_millis(self.recipe.stop_within)
    }

    fn make_folder(&self) -> Result<PathBuf, LaunchError> {
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => unused_folder(),
        };
        let refused = format!("make the folder {}", folder.display());
        fs::create_dir_all(&folder).and_then(|()| folder.canonicalize()).map_err(LaunchError::io(refused))
    }

    /// The command with its program where it is.
    fn located(&self, mut words: Vec<String>) -> Vec<String> {
        if let Some(program) = words.first_mut()
            && let Some(name) = program.strip_prefix("./")
        {
            *program = self.home.join(name).to_string_lossy().into_owned();
        }
        words
    }
}

impl Launched {
    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.has_ended()
    }

    /// How long it may take until it answers.
    pub const fn patience(&self) -> Duration {
        self.ready_within
    }

    /// Asks it to end, and does not wait for that.
    pub fn stop(&self) {
        self.start.leash.terminate();
    }

    /// Brings it to its end and starts it again, with the files and the port that it has. One that has ended is only
    /// started.
    pub fn restart(&mut self, restart: Restart) -> Result<(), LaunchError> {
        self.process.end(restart);
        self.process = self.start.process()?;
        Ok(())
    }

    /// What must be ended if this process ends without a chance to drop anything.
    pub fn leash(&self) -> Leash {
        self.start.leash.clone()
    }

    /// Leaves the folder where it is, so that one can look into it.
    pub fn keep_folder(&mut self) {
        self.temporary = None;
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        self.process.end(Restart::Asked);
        if let Some(folder) = &self.temporary {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// The file that gets what is printed, behind what is in it.
fn open_log(path: &Path) -> Result<fs::File, LaunchError> {
    let refused = LaunchError::io(format!("write {}", path.display()));
    fs::File::options().create(true).append(true).open(path).map_err(refused)
}

/// A name in the system's temporary folder that nobody uses.
fn unused_folder() -> PathBuf {
    let base = std::env::temp_dir();
    let named = |number: u32| base.join(format!("mqttspec-{}-{number}", std::process::id()));
    (0..u32::MAX).map(named).find(|path: &PathBuf| !Path::exists(path)).unwrap_or(base)
}
