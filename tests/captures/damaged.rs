//! Whatever becomes of a file, reading it ends, with an error or with what could be read.

use std::{fs, path::Path};

use mqttspec::capture::{KeyLog, Survey, survey};
use proptest::prelude::*;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pcap");
    fs::read(folder.join(name)).unwrap_or_default()
}

fn packets(survey: &Survey) -> u64 {
    survey.counts.iter().flatten().sum()
}

/// All captures of the folder that were recorded, and not made of others.
const RECORDED: [&str; 11] = [
    "mosquitto-3.1.1.pcapng",
    "mosquitto-5.0.pcapng",
    "paho-3.1.1.pcapng",
    "paho-5.0.pcapng",
    "rumqttc-3.1.1.pcapng",
    "rumqttc-5.0.pcapng",
    "websocket-5.0.pcapng",
    "tls-1.2.pcapng",
    "tls-1.3.pcapng",
    "tls-replayed.pcapng",
    "tls-websocket.pcapng",
];

/// What is read of a file up to a place never becomes less when more of it is there.
fn is_read_as_far_as_it_goes(name: &str, step: usize) {
    let whole = fixture(name);
    let read = |file: &[u8]| survey(file, KeyLog::default(), &mut |_, _| {}).ok();
    let all = read(&whole).as_ref().map_or(0, packets);
    assert!(all > 10, "{name}");
    let mut most = 0;
    for end in (0..=whole.len()).rev().step_by(step).collect::<Vec<_>>().into_iter().rev() {
        let Some(survey) = whole.get(..end).and_then(read) else { continue };
        let broken = survey.conversations.iter().flat_map(|summary| &summary.breaches);
        // The program of this capture disconnects twice, which is in it.
        assert!(name.starts_with("rumqttc") || broken.count() == 0, "{name} cut at {end}");
        assert!(packets(&survey) >= most, "{name} cut at {end}");
        most = packets(&survey);
    }
    assert_eq!(most, all, "{name}");
}

#[test]
fn cut_off_at_any_byte_it_is_read_as_far_as_it_goes() {
    is_read_as_far_as_it_goes("ended-early.pcapng", 1);
}

#[test]
fn cut_off_here_and_there_it_is_read_as_far_as_it_goes() {
    for name in RECORDED {
        is_read_as_far_as_it_goes(name, 211);
    }
}

proptest! {
    #[test]
    fn with_wrong_bytes_it_ends(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30),
        name in prop::sample::select(&RECORDED[..]),
    ) {
        let mut file = fixture(name);
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Ok(survey) = survey(&file[..], KeyLog::default(), &mut |_, _| {}) {
            prop_assert!(survey.bytes <= file.len() as u64, "{name}");
            prop_assert!(packets(&survey) <= file.len() as u64);
        }
    }
}
