//! How a broker is launched, as a recipe says it.

use super::{Feature, Setting};

/// How a broker is launched, set up and stopped.
///
/// Its texts have placeholders: `{port}` and `{folder}` everywhere, and in what a setting adds `{value}`, `{topic}`,
/// `{user}` and `{password}`, as the setting has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The broker's name, with its version if the recipe is for that one: `mosquitto 2.0.11`.
    pub broker: String,
    /// The program with its arguments. It runs in the foreground until it is sent SIGTERM.
    pub command: Vec<String>,
    /// Where it listens, with its credentials if it wants some.
    pub address: String,
    /// The files that it reads, by name within its folder, with their texts.
    pub files: Vec<(String, String)>,
    /// What has to be done for a setting, by the name of the setting.
    pub settings: Vec<(&'static str, Given)>,
    /// What it does not offer, and who says so.
    pub lacks: Vec<(Feature, String)>,
    /// How long it may take to answer, in milliseconds.
    pub ready_within: u64,
    /// How long it may take to end when it is asked to, in milliseconds.
    pub stop_within: u64,
}

/// What has to be done for a setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Texts that are added to files.
    pub add: Vec<(String, String)>,
    /// Commands that are run before the broker, one after the other.
    pub run: Vec<Vec<String>>,
}

impl Recipe {
    /// What has to be done for this setting, if the recipe knows.
    pub fn given(&self, setting: &Setting) -> Option<&Given> {
        self.settings.iter().find(|(name, _)| *name == setting.name()).map(|(_, given)| given)
    }
}
