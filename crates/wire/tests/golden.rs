//! The packets in `fixtures/wire`, written by hand from the standards, decode as described and encode to themselves.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a mistake in a fixture stops the test")]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use mqttspec_wire::{Layout, Packet, Sender, Version, decode, packet::PacketType};
use support::hex;

/// A packet of a file.
struct Golden {
    file: PathBuf,
    title: String,
    sender: Sender,
    version: Version,
    bytes: Bytes,
    /// What it is encoded to.
    shortest: Bytes,
    description: String,
}

fn goldens(version: Version) -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/wire").join(version.to_string());
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|file| read(file, version)).collect()
}

fn read(file: &Path, version: Version) -> Vec<Golden> {
    let text = fs::read_to_string(file).unwrap();
    text.split("\n\n").skip(1).map(|block| parse(file, version, block)).collect()
}

/// Title, bytes, `=` description, `>` shortest form.
fn parse(file: &Path, version: Version, block: &str) -> Golden {
    let (title, rest) = block.split_once('\n').unwrap();
    let (bytes, rest) = rest.split_once("\n= ").unwrap_or_else(|| panic!("{title}: no description"));
    let (description, shortest) =
        rest.split_once("\n> ").map_or((rest, bytes), |(text, bytes)| (text, bytes));
    let sender = match title.split_once(": ").unwrap().0 {
        "client" => Sender::Client,
        "server" => Sender::Server,
        other => panic!("{other} is not a sender"),
    };
    let (bytes, shortest) = (hex(bytes), hex(shortest));
    Golden {
        file: file.to_owned(),
        title: title.to_owned(),
        sender,
        version,
        bytes,
        shortest,
        description: squeezed(description),
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<String>().replace(",]", "]")
}

impl Golden {
    fn decoded(&self) -> Packet {
        let place = format!("{}: {}", self.file.display(), self.title);
        decode(self.sender, Some(self.version), &self.bytes)
            .unwrap_or_else(|fault| panic!("{place}: {fault}"))
    }
}

#[test]
fn they_decode_as_described() {
    for golden in Version::ALL.into_iter().flat_map(goldens) {
        let found = format!("{:?}", golden.decoded());
        assert_eq!(squeezed(&found), golden.description, "{}: {}", golden.file.display(), golden.title);
    }
}

#[test]
fn they_encode_to_themselves() {
    for golden in Version::ALL.into_iter().flat_map(goldens) {
        let packet = golden.decoded();
        let place = format!("{}: {}", golden.file.display(), golden.title);
        assert_eq!(packet.to_bytes(golden.version), golden.shortest, "{place}");
        assert_eq!(Layout::of(&packet, golden.version).bytes(), golden.shortest, "{place}");
    }
}

#[test]
fn they_are_every_packet_with_every_property() {
    let mut missing = Vec::new();
    for version in Version::ALL {
        let all = goldens(version);
        let types: BTreeSet<_> = all.iter().map(|golden| golden.decoded().packet_type()).collect();
        missing.extend(
            PacketType::ALL
                .into_iter()
                .filter(|packet| !types.contains(packet))
                .map(|packet| format!("{version} {packet}")),
        );
        if version == Version::V5_0 {
            let found: BTreeSet<_> = all.iter().flat_map(|golden| carried(&golden.decoded())).collect();
            missing.extend(support::allowed_properties().difference(&found).map(|pair| format!("{pair:?}")));
        }
    }
    assert_eq!(missing, ["v3.1.1 AUTH"], "MQTT 3.1.1 has no AUTH");
}

/// The packet's properties with the name under which the table of the standard lists the packet.
fn carried(packet: &Packet) -> Vec<(String, u8)> {
    let will = if let Packet::Connect(connect) = packet { connect.will.as_ref() } else { None };
    let lists = [
        packet.properties().map(|list| (packet.packet_type().name(), list)),
        will.map(|will| ("WILL", &will.properties)),
    ];
    lists
        .into_iter()
        .flatten()
        .flat_map(|(name, list)| list.iter().map(move |property| (name.to_owned(), property.id().number())))
        .collect()
}
