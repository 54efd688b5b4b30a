//! What all settings come to, as a file that says the same.

use std::fmt::Write as _;

use super::{Group, Origin, Resolved, SETTINGS, Setting};

impl Resolved {
    /// All settings as a file in TOML, each with where it comes from.
    pub fn toml(&self) -> String {
        let mut text = String::new();
        for group in Group::ALL {
            if !text.is_empty() {
                text.push('\n');
            }
            let _ = writeln!(text, "# {}", group.title());
            if group == Group::Limits {
                text.push_str("[limits]\n");
            }
            for setting in SETTINGS.iter().filter(|setting| setting.group == group) {
                let _ = writeln!(text, "{}", self.line(setting));
            }
        }
        text
    }

    fn line(&self, setting: &Setting) -> String {
        let key = setting.key.trim_start_matches("limits.");
        let line = match setting.show(&self.settings) {
            Some(value) => format!("{key} = {value}"),
            None => format!("# {key} is not set"),
        };
        let origin = self.origin(setting);
        if origin == Origin::Default { line } else { format!("{line}  # {origin}") }
    }
}
