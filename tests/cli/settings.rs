//! `mqttspec broker` with settings from all sources, and with wrong ones.

use std::{
    env, fs,
    net::TcpListener,
    path::PathBuf,
    process::{self, Command, Output},
};

use mqttspec::settings::{Group, SETTINGS, Settings};
use rstest::rstest;

use super::outcome;

const DOCUMENT: &str = include_str!("../../docs/broker.md");

/// A file that goes with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = env::temp_dir().join(format!("mqttspec-{}-{name}", process::id()));
        fs::write(&path, text).unwrap_or_else(|error| panic!("{error}"));
        Self(path)
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn with_environment(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_mqttspec"));
    program.arg("broker").args(arguments).envs(variables.iter().copied());
    program.output().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_tables_of_the_document_say_what_the_program_does() {
    let defaults = Settings::default();
    let mut expected = Vec::new();
    for group in Group::ALL {
        expected.push(format!("### {}", group.title()));
        for setting in SETTINGS.iter().filter(|setting| setting.group == group) {
            let default = setting.show(&defaults).map_or("not set".to_owned(), |value| format!("`{value}`"));
            expected.push(format!("| `{}` | {default} | {} |", setting.key, setting.about));
        }
    }
    let tables = DOCUMENT.split("\n## ").find(|section| section.starts_with("Settings")).unwrap();
    let rows = tables.lines().filter(|line| line.starts_with("### ") || line.starts_with("| `"));
    let shown: Vec<&str> = rows.collect();
    assert!(shown == expected, "docs/broker.md should have:\n{}", expected.join("\n"));
}

#[test]
fn the_file_of_the_document_is_right() {
    let example = DOCUMENT.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let file = File::new("documented.toml", example);
    let (status, stdout, stderr) = outcome(&["broker", "--check", "--config", &file.path()]);
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    assert!(stdout.contains("queued-bytes = 1048576  # file\n"), "{stdout}");
}

#[test]
fn all_sources_come_together() {
    let file = File::new("sources.toml", "profile = \"azure-event-grid\"\nretain = false\nwills = false\n");
    let variables = [
        ("MQTTSPEC_BROKER_CONFIG", file.path()),
        ("MQTTSPEC_BROKER_WILLS", "true".to_owned()),
        ("MQTTSPEC_BROKER_LIMITS_SESSIONS", "7".to_owned()),
    ];
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let output = with_environment(&variables, &["--check", "--limits-sessions", "8"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    for expected in [
        "\ntopic-alias-maximum = 10  # profile\n",
        "\nlevels-per-topic = 8  # profile\n",
        "\nretain = false  # file\n",
        "\nwills = true  # environment\n",
        "\nsessions = 8  # command line\n",
        "\nversions = [\"3.1.1\", \"5.0\"]\n",
    ] {
        assert!(stdout.contains(expected), "{expected} is missing in\n{stdout}");
    }
}

#[test]
fn a_variable_that_sets_nothing_is_pointed_out() {
    let output = with_environment(&[("MQTTSPEC_BROKER_RETIAN", "false")], &["--check"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr.contains("did you mean `MQTTSPEC_BROKER_RETAIN`?"), "{stderr}");
}

#[rstest]
#[case("maximum-qos = 3", "write `0`, `1` or `2`")]
#[case("maximum-qos =", "have 1 mistake\n\nerror[syntax]")]
#[case("listen = []", "`listen` cannot be empty")]
#[case("versions = []", "`versions` cannot be empty")]
#[case("listen = [\"mqtt://:1883\"]", "write 0.0.0.0:1883 or [::]:1883 for all")]
#[case("connect-timeout = \"0s\"", "at least 1ms")]
#[case("redirect-for-good = true", "name the other server with `redirect`")]
#[case("qos = 1\n[limits]\nsesions = 1", "did you mean `sessions`?")]
#[case("cert = \"nowhere.pem\"\nkey = \"nowhere.key\"", "cannot serve TLS with nowhere.pem: ")]
#[case("cert = \"nowhere.pem\"", "TLS needs a certificate and its private key: key not set")]
#[case("client-ca = \"nowhere.pem\"", "cert and key not set")]
#[case("certificate-identity = true", "name the file of the authorities with `client-ca`")]
#[case("listen = [\"mqtts://127.0.0.1:0?identity=true\"]", "name the file of the authorities")]
#[case("scram = \"nowhere\"", "cannot read nowhere: ")]
fn a_wrong_file_is_said_and_has_status_2(#[case] text: &str, #[case] expected: &str) {
    let name = text.replace(|letter: char| !letter.is_alphanumeric(), "-") + ".toml";
    let file = File::new(&name, text);
    let (status, stdout, stderr) = outcome(&["broker", "--config", &file.path()]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains(expected), "{stderr}");
}

#[test]
fn a_file_that_is_not_utf_8_is_told_with_the_line() {
    let file = File::new("latin-1.toml", b"retain = false\n# f\xFCr alle\n");
    let (status, _, stderr) = outcome(&["broker", "--config", &file.path()]);
    let expected = format!("`{}`: line 2 is not UTF-8\n", file.path());
    assert!(status == Some(2) && stderr.contains(&expected), "{stderr}");
}

#[test]
fn a_file_that_is_not_there_and_a_port_in_use() {
    let (status, _, stderr) = outcome(&["broker", "--config", "nowhere.toml"]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("cannot read the settings in `nowhere.toml`: "), "{stderr}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap().to_string();
    let (status, _, stderr) = outcome(&["broker", "--listen", &place]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains(&format!("cannot serve at mqtt://{place}: ")), "{stderr}");
}

#[test]
fn profiles_are_listed_with_their_documents() {
    let (status, stdout, _) = outcome(&["broker", "profiles"]);
    assert_eq!(status, Some(0));
    for expected in ["\naws-iot-core\n", "maximum-qos = 1\n", "https://docs.aws.amazon.com/iot/"] {
        assert!(format!("\n{stdout}").contains(expected), "{stdout}");
    }
    let (status, _, stderr) = outcome(&["broker", "--profile", "aws-iot"]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("there is no profile `aws-iot`"), "{stderr}");
}
