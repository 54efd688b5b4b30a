//! Settings from all sources.

use std::time::Duration;

use mqttspec_wire::{QoS, Version};
use reference_broker::Rule;
use rstest::rstest;

use super::*;

fn file(text: &str) -> Sources {
    Sources { file: Some(("broker.toml".to_owned(), text.to_owned())), ..Sources::default() }
}

fn settings(text: &str) -> Settings {
    file(text).resolve().unwrap().settings
}

/// What is wrong with a file: the line, the kind, and the message with what is said beside and below the place.
fn mistakes(sources: &Sources) -> Vec<(usize, &'static str, String)> {
    let diagnostics = sources.resolve().unwrap_err();
    let shown = diagnostics.0.iter().map(|diagnostic| {
        let mistake = &diagnostic.mistake;
        let help = mistake.help.clone().unwrap_or_default();
        let text = format!("{} | {} | {help}", mistake.message, mistake.label);
        (diagnostic.position().0, mistake.code.name(), text)
    });
    shown.collect()
}

#[test]
fn without_sources_nothing_is_restricted() {
    let resolved = Sources::default().resolve().unwrap();
    let default = Settings::default();
    for setting in SETTINGS {
        assert_eq!(resolved.origin(setting), Origin::Default);
        assert_eq!(setting.show(&resolved.settings), setting.show(&default), "{}", setting.key);
    }
    assert!(resolved.settings.config().version_3_1_1 && resolved.settings.config().version_5_0);
}

#[test]
fn a_file_sets_every_kind_of_value() {
    let text = r#"
        listen = ["mqtt://127.0.0.1:0", "unix:/tmp/mqtt"]
        cert = "server.pem"
        versions = ["5.0"]
        maximum-qos = 1
        retain = false
        session-expiry-maximum = 3_600
        maximum-packet-size = "64 KiB"
        client-id-pattern = "^[a-z]+$"
        break = ["hash-matches-parent"]
        connect-timeout = "1500ms"
        [limits]
        queued-bytes = 10
    "#;
    let settings = settings(text);
    assert_eq!(
        settings.listen.iter().map(Place::to_string).collect::<Vec<_>>(),
        ["mqtt://127.0.0.1:0", "unix:/tmp/mqtt"]
    );
    assert_eq!(settings.cert, Some("server.pem".into()));
    let config = settings.config();
    assert!(!config.version_3_1_1 && config.version_5_0 && !config.retain);
    assert_eq!(config.maximum_qos, QoS::AtLeastOnce);
    assert_eq!(config.session_expiry_maximum, Some(3_600));
    assert_eq!(config.maximum_packet_size, 65_536);
    assert!(config.client_id_pattern.is_some_and(|pattern| pattern.is_match("abc")));
    assert_eq!(config.connect_timeout, Duration::from_millis(1_500));
    assert_eq!(config.limits.queued_bytes, 10);
    assert!(!settings.rules().obeys(Rule::HashMatchesParent));
}

#[rstest]
#[case(&[Origin::Profile], 1177)]
#[case(&[Origin::Profile, Origin::File], 2)]
#[case(&[Origin::File], 2)]
#[case(&[Origin::Profile, Origin::File, Origin::Environment], 3)]
#[case(&[Origin::File, Origin::Environment, Origin::Flag], 4)]
#[case(&[Origin::Profile, Origin::Flag], 4)]
fn the_strongest_source_counts(#[case] origins: &[Origin], #[case] expected: u16) {
    let mut sources = file("");
    for origin in origins {
        match origin {
            Origin::Default => {}
            Origin::Profile => sources.flags.push(("profile", vec!["azure-iot-hub".to_owned()])),
            Origin::File => sources.file = file("keep-alive-maximum = 2").file,
            Origin::Environment => sources.environment.push(("keep-alive-maximum", "3".to_owned())),
            Origin::Flag => sources.flags.push(("keep-alive-maximum", vec!["4".to_owned()])),
        }
    }
    let resolved = sources.resolve().unwrap();
    assert_eq!(resolved.settings.config.keep_alive_maximum, Some(expected));
    let setting = Setting::of_key("keep-alive-maximum").unwrap();
    assert_eq!(resolved.origin(setting), *origins.last().unwrap());
}

#[test]
fn lists_of_the_environment_and_the_command_line() {
    let sources = Sources {
        environment: vec![("listen", "mqtt://a:1, ws://b:2".to_owned())],
        flags: vec![("versions", vec!["5.0".to_owned(), "3.1.1".to_owned()])],
        ..Sources::default()
    };
    let settings = sources.resolve().unwrap().settings;
    let places: Vec<String> = settings.listen.iter().map(Place::to_string).collect();
    assert_eq!(places, ["mqtt://a:1", "ws://b:2"]);
    assert_eq!(settings.versions, [Version::V5_0, Version::V3_1_1]);
}

#[test]
fn a_profile_can_be_chosen_in_the_file_and_partly_undone() {
    let settings = settings("profile = \"aws-iot-core\"\nsession-expiry-maximum = \"none\"");
    assert_eq!(settings.config.session_expiry_maximum, None);
    assert_eq!(settings.config.keep_alive_maximum, Some(1_200));
}

#[rstest]
#[case("retian = true", "unknown-name", "did you mean `retain`?")]
#[case("connections = 1", "unknown-name", "there is `limits.connections`")]
#[case("limits.conections = 1", "unknown-name", "did you mean `connections`?")]
#[case("limits = 1", "wrong-type", "`limits` is a table")]
#[case("retain = \"yes\"", "wrong-type", "`retain` cannot be a string")]
#[case("retain = 1", "wrong-type", "`retain` cannot be a number | write `true` or `false`")]
#[case("retain = {}", "wrong-type", "cannot be a table")]
#[case("maximum-qos = true", "wrong-type", "cannot be a boolean")]
#[case("maximum-qos = 3", "wrong-value", "write `0`, `1` or `2`")]
#[case("maximum-qos = 1.0", "wrong-type", "a fraction")]
#[case("receive-maximum = 0", "wrong-value", "at least 1")]
#[case("receive-maximum = 70000", "wrong-value", "a number up to 65535")]
#[case("receive-maximum = -1", "wrong-value", "a number up to 65535")]
#[case("receive-maximum = 0x10", "wrong-type", "not decimal")]
#[case("limits.backlog = \"9999999999999 GiB\"", "wrong-value", "64 KiB")]
#[case("connect-timeout = \"10\"", "wrong-value", "a time with its unit")]
#[case("connect-timeout = 10", "wrong-type", "a time with its unit")]
#[case("versions = \"5.0\"", "wrong-type", "square brackets")]
#[case("versions = [\"5\"]", "wrong-value", "\"3.1.1\" or \"5.0\"")]
#[case("listen = [\"http://x:1\"]", "wrong-value", "`http` is no transport")]
#[case("client-id-pattern = \"[\"", "wrong-value", "unclosed character class")]
#[case("above-maximum-qos = \"lowr\"", "wrong-value", "did you mean `lower`?")]
#[case("break = [\"retained-stord\"]", "wrong-value", "did you mean `retained-stored`?")]
#[case("profile = \"aws\"", "unknown-name", "`aws-iot-core`")]
#[case("profile = 1", "wrong-type", "`profile` cannot be a number")]
#[case("cert = \"\"", "wrong-value", "names no file")]
#[case("retain =", "syntax", "not TOML")]
#[case("retain = true\nretain = true", "syntax", "duplicate key")]
fn mistakes_are_told(#[case] text: &str, #[case] code: &str, #[case] said: &str) {
    let mistakes = mistakes(&file(text));
    let [(_, found, told), ..] = mistakes.as_slice() else { panic!("none") };
    assert_eq!(*found, code, "{told}");
    assert!(told.contains(said), "{told}");
}

#[test]
fn all_mistakes_of_all_sources_are_told_at_once_and_in_order() {
    let sources = Sources {
        environment: vec![("retain", "no".to_owned())],
        flags: vec![("maximum-qos", vec!["9".to_owned()])],
        ..file("wils = false\nretain = 0\n[limits]\nretained = \"x\"")
    };
    let lines: Vec<usize> = mistakes(&sources).iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [1, 2, 4, 1, 1]);
}

#[test]
fn what_is_shown_says_the_same_again() {
    let sources = file("profile = \"aws-iot-core\"\nresponse-information = \"a \\\"b\\\" \\\\\"\n");
    let shown = sources.resolve().unwrap().toml();
    let again = file(&shown).resolve().unwrap();
    for setting in SETTINGS {
        let first = setting.show(&sources.resolve().unwrap().settings);
        assert_eq!(setting.show(&again.settings), first, "{}", setting.key);
    }
    assert!(shown.contains("\nmaximum-qos = 1  # profile\n"), "{shown}");
}

#[test]
fn names_of_settings_options_and_variables_are_unambiguous() {
    let count = |name: fn(&Setting) -> String| {
        let names: std::collections::BTreeSet<String> = SETTINGS.iter().map(name).collect();
        names.len()
    };
    assert_eq!(count(Setting::flag), SETTINGS.len());
    assert_eq!(count(Setting::variable), SETTINGS.len());
    assert!(SETTINGS.iter().all(|setting| setting.about.ends_with('.')));
}

/// Every setting of a profile stands below a comment that links to the document it follows.
#[test]
fn profiles_load_and_cite() {
    for profile in PROFILES {
        let sources =
            Sources { flags: vec![("profile", vec![profile.name.to_owned()])], ..Sources::default() };
        let resolved = sources.resolve().unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(resolved.settings.config.maximum_qos, QoS::AtLeastOnce);
        let lines: Vec<&str> = profile.text.lines().collect();
        let set = lines.windows(2).filter(|pair| pair[1].contains(" = "));
        let mut count = 0;
        for pair in set {
            assert!(pair[0].starts_with("# https://"), "{}: nothing is cited for {}", profile.name, pair[1]);
            count += 1;
        }
        assert!(count > 5, "{}", profile.name);
    }
}
