//! Whatever becomes of a file, reading it ends, with an error or with what could be read.

use std::{fs, path::Path};

use mqttspec::capture::{Survey, survey};
use proptest::prelude::*;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pcap");
    fs::read(folder.join(name)).unwrap_or_default()
}

fn packets(survey: &Survey) -> u64 {
    survey.counts.iter().flatten().sum()
}

#[test]
fn cut_off_at_any_byte_it_is_read_as_far_as_it_goes() {
    let whole = fixture("mosquitto-3.1.1.pcapng");
    let all = packets(&survey(&whole[..], &mut |_, _| {}).unwrap());
    assert!(all > 20);
    let mut most = 0;
    for end in 0..whole.len() {
        let Ok(survey) = survey(&whole[..end], &mut |_, _| {}) else { continue };
        assert!(survey.conversations.iter().all(|summary| summary.breaches.is_empty()), "cut at {end}");
        assert!(packets(&survey) >= most && packets(&survey) <= all, "cut at {end}");
        most = packets(&survey);
    }
    assert_eq!(most, all);
}

proptest! {
    #[test]
    fn with_wrong_bytes_it_ends(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30),
        name in prop::sample::select(vec!["paho-5.0.pcapng", "websocket-5.0.pcapng", "rumqttc-3.1.1.pcapng", "snap.pcapng"]),
    ) {
        let mut file = fixture(name);
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Ok(survey) = survey(&file[..], &mut |_, _| {}) {
            prop_assert!(survey.bytes <= file.len() as u64);
            prop_assert!(packets(&survey) <= file.len() as u64);
        }
    }
}
