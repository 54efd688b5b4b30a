//! Packets that are not as they should be.

use mqttspec_wire::Version;

use super::{Script, Tour};

const V3: Version = Version::V3_1_1;
const V5: Version = Version::V5_0;

pub(crate) const TOURS: &[Tour] = &[
    Tour::new("faulty CONNECT", connects),
    Tour::new("faulty packets", packets),
    Tour::new("faulty wills", wills),
];

/// Sends each of these packets, given without Remaining Length, on a connection of its own.
fn play(script: &mut Script, version: Version, packets: &[&[u8]], connected: bool) {
    for packet in packets {
        let client = if connected { script.client(version, "f") } else { script.world.open(version) };
        if let [first, rest @ ..] = packet {
            script.world.send_bytes(client, &[&[*first, u8::try_from(rest.len()).unwrap()], rest].concat());
            script.world.send_bytes(client, &[0xC0, 0]);
            script.world.cut(client);
        }
    }
}

fn connects(script: &mut Script) {
    let old: &[&[u8]] = &[
        b"\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x01a",
        b"\x10\x00\x04MQTT\x04\x42\x00\x00\x00\x01a\x00\x01p",
        b"\x10\x00\x04MQTT\x04\x02\x00\x00",
        b"\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x01\xff",
        b"\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x01\x00",
        b"\x10\x00\x04MQTT\x04\x82\x00\x00\x00\x01a",
        b"\x10\x00\x04MQTT\x04\xc2\x00\x00\x00\x01a\x00\x01u",
        b"\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x01a!",
    ];
    play(script, V3, old, false);
    let properties: &[&[u8]] = &[
        &[0x7F, 1],
        &[0x23, 0, 1],
        b"\x26\x00\x01\xff\x00\x01a",
        &[0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1],
        &[0x21, 0, 1, 0x21, 0, 1],
        &[0x21, 0, 0],
        &[0x27, 0, 1, 0, 0, 0x27, 0, 1, 0, 0],
        &[0x27, 0, 0, 0, 0],
        &[0x22, 0, 1, 0x22, 0, 1],
        &[0x19, 1, 0x19, 1],
        &[0x19, 2],
        &[0x17, 1, 0x17, 1],
        &[0x17, 2],
        b"\x15\x00\x01m\x15\x00\x01m",
        b"\x16\x00\x01d",
        b"\x15\x00\x01m\x16\x00\x01d\x16\x00\x01d",
    ];
    for properties in properties {
        let length = u8::try_from(properties.len()).unwrap();
        let packet = [b"\x10\x00\x04MQTT\x05\x02\x00\x00", &[length][..], properties, b"\x00\x01a"].concat();
        play(script, V5, &[&packet], false);
    }
    play(
        script,
        V5,
        &[b"\x10\x00\x04MQTT\x05\x02\x00\x00\x09\x00\x01a", b"\x10\x00\x04MQTT\x05\x02\x00\x00"],
        false,
    );
}

fn wills(script: &mut Script) {
    let flags: &[&[u8]] = &[
        b"\x10\x00\x04MQTT\x04\x0a\x00\x00\x00\x01a",
        b"\x10\x00\x04MQTT\x04\x22\x00\x00\x00\x01a",
        b"\x10\x00\x04MQTT\x04\x1e\x00\x00\x00\x01a\x00\x01w\x00\x01p",
        b"\x10\x00\x04MQTT\x04\x06\x00\x00\x00\x01a\x00\x01w",
    ];
    play(script, V3, flags, false);
    let properties: &[&[u8]] = &[
        &[0x23, 0, 1],
        &[0x18, 0, 0, 0, 1, 0x18, 0, 0, 0, 1],
        &[0x01, 1, 0x01, 1],
        &[0x02, 0, 0, 0, 1, 0x02, 0, 0, 0, 1],
        b"\x03\x00\x01c\x03\x00\x01c",
        b"\x08\x00\x01r\x08\x00\x01r",
        b"\x09\x00\x01d\x09\x00\x01d",
    ];
    for properties in properties {
        let length = u8::try_from(properties.len()).unwrap();
        let head = b"\x10\x00\x04MQTT\x05\x06\x00\x00\x00\x00\x01a";
        let packet = [head, &[length][..], properties, b"\x00\x01w\x00\x01p"].concat();
        play(script, V5, &[&packet], false);
    }
}

fn packets(script: &mut Script) {
    let old: &[&[u8]] = &[
        &[0x00],
        &[0xD0],
        &[0xC1],
        &[0x60, 0, 1],
        b"\x80\x00\x01\x00\x01t\x00",
        b"\xa0\x00\x01\x00\x01t",
        &[0xE1],
        b"\x82\x00\x00\x00\x01t\x00",
        &[0x40, 0, 0],
        &[0x70, 0, 0],
        b"\x36\x00\x01t\x00\x01",
        b"\x38\x00\x01t",
        &[0x82, 0, 1],
        b"\x82\x00\x01\x00\x01t\x40",
        &[0xA2, 0, 1],
        &[0xC0, 1],
        &[0xE0, 1],
        &[0x40, 0],
        &[0x50, 0],
        &[0x62, 0],
        &[0x70, 0],
        b"\x30\x00\x05t",
        b"\x30\x00\x01\xff",
    ];
    play(script, V3, old, true);
    let new: &[&[u8]] = &[
        &[0xF1, 0x18, 0],
        b"\x30\x00\x00\x00",
        b"\x30\x00\x01t\x03\x11\x00\x01",
        b"\x30\x00\x01t\x03\x23\x00\x00",
        b"\x30\x00\x01t\x06\x23\x00\x01\x23\x00\x01",
        b"\x30\x00\x01t\x08\x08\x00\x01r\x08\x00\x01r",
        b"\x30\x00\x01t\x08\x09\x00\x01d\x09\x00\x01d",
        b"\x30\x00\x01t\x08\x03\x00\x01c\x03\x00\x01c",
        b"\x30\x00\x01t\x02\x0b\x01",
        b"\x30\x00\x01t",
        b"\x30\x00\x01t\x09",
        b"\x30\x00\x01t\x80\x00",
        &[0x40, 0, 1, 0, 3, 0x21, 0, 1],
        &[0x40, 0, 1, 0x01],
        &[0x50, 0, 1, 0, 3, 0x21, 0, 1],
        &[0x50, 0, 1, 0x01],
        &[0x62, 0, 1, 0, 3, 0x21, 0, 1],
        &[0x62, 0, 1, 0x01],
        &[0x70, 0, 1, 0, 3, 0x21, 0, 1],
        &[0x70, 0, 1, 0x01],
        b"\x82\x00\x01\x03\x21\x00\x01\x00\x01t\x00",
        b"\x82\x00\x01\x02\x0b\x00\x00\x01t\x00",
        b"\x82\x00\x01\x04\x0b\x01\x0b\x01\x00\x01t\x00",
        b"\x82\x00\x01\x00\x00\x01t\x03",
        b"\x82\x00\x01\x00\x00\x01t\x30",
        b"\xa2\x00\x01\x02\x0b\x01\x00\x01t",
        &[0xE0, 0, 3, 0x21, 0, 1],
        &[0xE0, 1],
        &[0xE0, 0, 10, 0x11, 0, 0, 0, 0, 0x11, 0, 0, 0, 0],
        &[0xF0, 0x01, 0],
        b"\xf0\x18\x07\x15\x00\x01m\x21\x00\x01",
        &[0xF0, 0x18, 0],
        b"\xf0\x18\x0c\x15\x00\x01m\x16\x00\x01d\x16\x00\x01d",
    ];
    play(script, V5, new, true);
    for version in [V3, V5] {
        let client = script.client(version, "f");
        script.world.send_bytes(client, &[0xC0, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]);
        script.world.send_bytes(client, &[0xC0, 0]);
    }
}
