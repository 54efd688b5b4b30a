//! `mqttspec capture`, with captures that are made up here.

use std::{error::Error, path::PathBuf, time::Duration};

use mqttspec_segments::{End, Frame, LinkType, Party, Recorder, synthetic::Wire};
use rstest::rstest;

use crate::outcome;

const CONNECT: &[u8] = b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01c";
const CONNACK: &[u8] = b"\x20\x02\x00\x00";
const PUBLISH: &[u8] = b"\x30\x05\x00\x01tab";
const DISCONNECT: &[u8] = b"\xE0\x00";
/// A PINGREQ with a flag that is reserved.
const WRONG: &[u8] = b"\xC1\x00";

/// A file that goes with the test.
struct Capture(PathBuf);

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Capture {
    /// What the parties said in turn; frames that are dropped are named by their number.
    fn new(name: &str, turns: &[(Party, &[u8])], dropped: &[usize]) -> Result<Self, Box<dyn Error>> {
        let mut wire = Wire::new("10.0.0.1:40000".parse()?, "10.0.0.2:1999".parse()?);
        let mut frames = wire.open();
        frames.extend(turns.iter().flat_map(|(by, bytes)| wire.bytes(*by, bytes)));
        frames.extend([Party::First, Party::Second].into_iter().filter_map(|by| wire.end(by, End::Fin)));
        let mut file = Recorder::new(Vec::new())?;
        for (number, data) in (1..).zip(&frames).filter(|(number, _)| !dropped.contains(number)) {
            let at = Duration::from_millis(1_700_000_000_000 + number as u64);
            let frame = Frame { number: 0, at, link: LinkType::ETHERNET, data, original: data.len() };
            file.frame(&frame)?;
        }
        let path = std::env::temp_dir().join(format!("mqttspec-{name}-{}.pcapng", std::process::id()));
        std::fs::write(&path, file.finish())?;
        Ok(Self(path))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

const FLAWLESS: &[(Party, &[u8])] =
    &[(Party::First, CONNECT), (Party::Second, CONNACK), (Party::First, PUBLISH), (Party::First, DISCONNECT)];

#[test]
fn a_capture_without_breaches_conforms() {
    let capture = Capture::new("flawless", FLAWLESS, &[]).unwrap();
    let (status, stdout, _) = outcome(&["capture", "check", capture.path()]);
    assert_eq!(status, Some(0), "{stdout}");
    assert!(
        stdout.ends_with("conforming: 1 conversation judged, nothing broken by client or server\n"),
        "{stdout}"
    );
    let (status, stdout, _) = outcome(&["capture", "show", capture.path()]);
    assert_eq!(status, Some(0));
    assert!(stdout.contains("10.0.0.1:40000 -> 10.0.0.2:1999, MQTT 3.1.1, client id \"c\""), "{stdout}");
    assert!(stdout.contains("client  CONNECT 1, PUBLISH 1, DISCONNECT 1"), "{stdout}");
    let (_, stdout, _) = outcome(&["capture", "show", "--packets", capture.path()]);
    assert_eq!(stdout.lines().count(), 4, "{stdout}");
}

#[test]
fn a_breach_is_shown_with_its_frame_its_statement_and_its_bytes() {
    let turns = [FLAWLESS, &[(Party::First, WRONG)]].concat();
    let turns: Vec<_> = turns.into_iter().filter(|(_, bytes)| *bytes != DISCONNECT).collect();
    let capture = Capture::new("wrong", &turns, &[]).unwrap();
    let (status, stdout, _) = outcome(&["capture", "check", capture.path()]);
    assert_eq!(status, Some(1), "{stdout}");
    for part in
        ["broken by the client  v3.1.1:2.2.2-1", "frames     7\n", ">   0.006  frame 7  -->", "0000  c1"]
    {
        assert!(stdout.contains(part), "{part} is not in {stdout}");
    }
    let (status, json, _) = outcome(&["capture", "check", capture.path(), "--json", "-"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((status, &json["results"][0]["broken"][0]), (Some(1), &"v3.1.1:2.2.2-1".into()));
}

#[rstest]
#[case::connect_is_missing("late", &[1, 2, 3, 4, 5], "the capture began after CONNECT and CONNACK")]
#[case::a_packet_is_missing("gap", &[6], "7 bytes that travelled are not in the capture")]
fn what_is_not_in_the_capture_is_nobody_s_fault(
    #[case] name: &str,
    #[case] dropped: &[usize],
    #[case] expected: &str,
) {
    let turns = [FLAWLESS, &[(Party::First, PUBLISH); 3]].concat();
    let turns: Vec<_> = turns.into_iter().filter(|(_, bytes)| *bytes != DISCONNECT).collect();
    let capture = Capture::new(name, &turns, dropped).unwrap();
    let (status, stdout, _) = outcome(&["capture", "check", capture.path()]);
    assert_eq!(status, Some(3), "{stdout}");
    assert!(stdout.contains(expected), "{stdout}");
}

/// Nobody knows what was agreed on, but the packets show the version, and that this filter is none in any case.
#[test]
fn without_connect_what_the_packets_show_by_themselves_is_judged() {
    const SUBSCRIBE: &[u8] = b"\x82\x0A\x00\x01\x00\x05a/#/b\x00";
    let turns = [&FLAWLESS[..2], &[(Party::First, PUBLISH); 6], &[(Party::First, SUBSCRIBE)]].concat();
    let capture = Capture::new("midway", &turns, &[1, 2, 3, 4, 5]).unwrap();
    let (status, stdout, _) = outcome(&["capture", "check", capture.path()]);
    assert_eq!(status, Some(1), "{stdout}");
    for part in ["broken by the client  v3.1.1:4.7.1-2", "the capture began after CONNECT and CONNACK"] {
        assert!(stdout.contains(part), "{part} is not in {stdout}");
    }
    let (_, stdout, _) = outcome(&["capture", "show", capture.path()]);
    assert!(stdout.contains(", MQTT 3.1.1 by the look of its packets"), "{stdout}");
}

#[rstest]
#[case(&["capture", "check", "nowhere.pcap"], "cannot open `nowhere.pcap`")]
#[case(&["capture", "check", "Cargo.toml"], "`editcap -F pcapng FILE OUT.pcapng` converts")]
#[case(&["capture", "show", "/dev/null"], "it is empty")]
#[case(&["capture"], "Usage: mqttspec capture")]
fn what_is_no_capture_is_refused(#[case] arguments: &[&str], #[case] expected: &str) {
    let (status, stdout, stderr) = outcome(arguments);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains(expected), "{stderr}");
}

#[test]
fn a_capture_that_was_cut_off_is_read_as_far_as_it_goes() {
    let capture = Capture::new("cut", FLAWLESS, &[]).unwrap();
    let whole = std::fs::read(capture.path()).unwrap();
    std::fs::write(capture.path(), &whole[..whole.len() - 5]).unwrap();
    let (status, stdout, _) = outcome(&["capture", "check", capture.path()]);
    assert_eq!(status, Some(3), "{stdout}");
    assert!(stdout.contains("the capture ends in the middle of frame 9"), "{stdout}");
}

#[test]
fn what_a_capture_holds_is_told_to_programs_too() {
    let file = "fixtures/pcap/rumqttc-5.0.pcapng";
    let (status, stdout, _) = outcome(&["capture", "show", "--format", "json", file]);
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((status, &document["packets"]["client"]["PUBLISH"]), (Some(0), &3.into()));
    let conversation = &document["conversations"][0];
    assert_eq!(conversation["protocol"], "MQTT 5.0");
    assert_eq!(conversation["broken"][0]["statement"], "v5.0:3.14.4-1");
    assert_eq!(document["topics"]["rumqttc/5"]["delivered"], 3);

    let (_, stdout, _) = outcome(&["capture", "show", "--packets", "--format", "json", file]);
    let lines: Vec<serde_json::Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["packet"], &lines[0]["from"]), (&"CONNECT".into(), &"client".into()));
    let last = lines.last().unwrap();
    assert_eq!((&last["packet"], &last["broken"][0]["party"]), (&"DISCONNECT".into(), &"client".into()));
}

/// The same capture with and without its secrets, which travel with it or beside it.
#[test]
fn tls_is_opened_with_its_secrets() {
    let closed = "fixtures/pcap/tls.pcapng";
    let (status, stdout, _) = outcome(&["capture", "check", closed]);
    assert_eq!(status, Some(3), "{stdout}");
    assert!(
        stdout.contains("1 connection encrypted (TLS) and not opened: no secrets were given"),
        "{stdout}"
    );

    let keys = Capture(std::env::temp_dir().join(format!("mqttspec-keys-{}", std::process::id())));
    std::fs::write(keys.path(), format!("CLIENT_RANDOM {} {}\n", "ab".repeat(32), "cd".repeat(48))).unwrap();
    let (status, stdout, _) = outcome(&["capture", "check", closed, "--keylog", keys.path()]);
    assert_eq!(status, Some(3), "{stdout}");
    assert!(stdout.contains("none of the secrets given belong to it"), "{stdout}");

    let copy = Capture(std::env::temp_dir().join(format!("mqttspec-tls-{}.pcapng", std::process::id())));
    let open = "fixtures/pcap/tls-1.3.pcapng";
    let (status, _, stderr) = outcome(&["capture", "edit", open, copy.path(), "--keylog", keys.path()]);
    assert_eq!(status, Some(0), "{stderr}");
    for file in [open, copy.path()] {
        let (status, stdout, _) = outcome(&["capture", "check", file]);
        assert_eq!(status, Some(0), "{stdout}");
        let (_, stdout, _) = outcome(&["capture", "show", file]);
        assert!(stdout.contains(", MQTT 5.0 over TLS, client id \"paho-5\""), "{stdout}");
    }

    let (status, _, stderr) = outcome(&["capture", "check", open, "--keylog", "Cargo.toml"]);
    assert_eq!(status, Some(2));
    assert!(stderr.contains("`Cargo.toml` holds no TLS secret"), "{stderr}");
}
