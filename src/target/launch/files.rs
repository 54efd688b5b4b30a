//! The texts of a recipe with what stands for their placeholders.

use std::path::Path;

use mqttspec_spec::Version;

use crate::scenario::ast::{Recipe, Setting};

/// A recipe's texts for one start of the broker.
pub(super) struct Texts<'a> {
    pub(super) port: u16,
    pub(super) folder: &'a Path,
    pub(super) recipe: &'a Recipe,
}

/// A name in braces and what stands for it.
type Filling = (&'static str, String);

impl Texts<'_> {
    /// The text with the port, the folder and these fillings in place.
    pub(super) fn fill(&self, text: &str, fillings: &[Filling]) -> String {
        let folder = self.folder.to_string_lossy();
        let own = [("port", self.port.to_string()), ("folder", folder.into_owned())];
        let replace = |text: String, (name, value): &Filling| text.replace(&format!("{{{name}}}"), value);
        own.iter().chain(fillings).fold(text.to_owned(), replace)
    }

    /// The files of a broker with these settings.
    pub(super) fn files(&self, settings: &[Setting]) -> Vec<(String, String)> {
        let filled = |(name, text): &(String, String)| (name.clone(), self.fill(text, &[]));
        let mut files: Vec<(String, String)> = self.recipe.files.iter().map(filled).collect();
        for setting in settings {
            let added = self.recipe.given(setting).map(|given| given.add.as_slice()).unwrap_or_default();
            for (name, text) in added {
                let lines: String =
                    fillings(setting).iter().map(|each| self.fill(text, each) + "\n").collect();
                match files.iter_mut().find(|(known, _)| known == name) {
                    Some((_, so_far)) => so_far.push_str(&lines),
                    None => files.push((name.clone(), lines)),
                }
            }
        }
        files
    }

    /// What is run before a broker with these settings.
    pub(super) fn commands(&self, settings: &[Setting]) -> Vec<Vec<String>> {
        let mut commands = Vec::new();
        for setting in settings {
            let run = self.recipe.given(setting).map(|given| given.run.as_slice()).unwrap_or_default();
            for command in run {
                let each =
                    |fillings: &Vec<Filling>| command.iter().map(|word| self.fill(word, fillings)).collect();
                commands.extend(fillings(setting).iter().map(each));
            }
        }
        commands.dedup();
        commands
    }
}

/// What stands for the placeholders of a setting; several times if it has several users.
fn fillings(setting: &Setting) -> Vec<Vec<Filling>> {
    let value = |value: String| vec![vec![("value", value)]];
    match setting {
        Setting::Version(Version::V3_1_1) => value("3.1.1".to_owned()),
        Setting::Version(Version::V5_0) => value("5.0".to_owned()),
        Setting::MaximumQos(qos) => value(qos.to_string()),
        Setting::Without(_) => value("false".to_owned()),
        Setting::Limit(_, number) => value(number.to_string()),
        Setting::Users(users) => users
            .iter()
            .map(|(user, password)| vec![("user", user.clone()), ("password", password.clone())])
            .collect(),
        Setting::DenyPublish(below) | Setting::DenySubscribe(below) => {
            vec![vec![("topic", format!("mqttspec/+/{below}"))]]
        }
        Setting::Challenge(challenge) => value(challenge.method.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::load_recipe;

    const RECIPE: &str = r#"
broker: some
command: [some, "{folder}"]
files:
  conf: "port {port}\n"
settings:
  maximum-qos: {add: {conf: "qos {value}"}}
  users: {add: {passwords: "{user}:{password}"}, run: [[hash, "{folder}/passwords"]]}
  deny-publish: {add: {conf: "deny {topic}"}}
"#;

    #[test]
    fn settings_add_to_files_and_run_commands() {
        let recipe = load_recipe("some.yaml", RECIPE).unwrap();
        let texts = Texts { port: 7, folder: Path::new("/f"), recipe: &recipe };
        let users = ["a", "b"].map(|name| (name.to_owned(), "secret".to_owned()));
        let settings =
            [Setting::MaximumQos(1), Setting::Users(users.to_vec()), Setting::DenyPublish("x".to_owned())];
        let files = texts.files(&settings);
        let expected =
            [("conf", "port 7\nqos 1\ndeny mqttspec/+/x\n"), ("passwords", "a:secret\nb:secret\n")];
        assert_eq!(files, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
        assert_eq!(texts.commands(&settings), [["hash", "/f/passwords"]]);
        assert!(texts.commands(&[]).is_empty());
    }
}
