//! What is sent: packets with edits, and raw bytes.

use mqttspec_wire::packet::PacketType;

use super::{Keys, Lower, Mistake, keys};
use crate::scenario::{
    ast::{EditSpec, PacketSpec, SendItem},
    diagnostic::Code,
    node::{Entry, Node, Value},
    part, suggest, vocabulary,
};

/// The changes that can be made to a packet's layout.
pub const EDITS: [&str; 11] =
    ["first-byte", "flags", "drop", "repeat", "move", "replace", "insert", "length", "pad", "cut", "append"];
/// More bytes than any variable byte integer may have.
const MAX_PAD: u32 = 8;
/// The largest Remaining Length.
const MAX_LENGTH: u32 = 268_435_455;

impl Lower {
    /// What `send` sends: one thing, or several in one segment.
    pub(super) fn send_items(&mut self, node: &Node) -> Vec<SendItem> {
        match &node.value {
            Value::List(_) => {
                let items = self.filled_list(node, "a list of packets").unwrap_or_default();
                items.iter().filter_map(|item| self.send_item(item)).collect()
            }
            Value::Nothing { .. } | Value::Scalar(_) | Value::Map(_) => {
                self.send_item(node).into_iter().collect()
            }
        }
    }

    fn send_item(&mut self, node: &Node) -> Option<SendItem> {
        let names = || vocabulary::packets().iter().map(|words| words.name.as_str());
        if let Some(word) = node.word() {
            let Some(words) = vocabulary::packet(word) else {
                let message = format!("`{word}` is not a packet");
                return self.refuse(keys::unknown(&node.span, message, word, names()));
            };
            let empty = Node { span: node.span.clone(), value: Value::Map(Vec::new()) };
            return Some(SendItem::Packet(self.packet(words, &node.span, &empty)));
        }
        let mut keys = self.keys(node, "what is sent")?;
        if let Some(hex) = keys.take("hex") {
            keys.finish(self);
            return self.hex(hex).map(SendItem::Hex);
        }
        let edits = keys.take("edit");
        let (entry, words) = self.packet_entry(node, &keys, ("a packet", names().chain(["hex", "edit"])))?;
        let packet = self.packet(words, &entry.key_span, &entry.value);
        let edits = edits.map_or_else(Vec::new, |edits| self.edits(&packet, edits));
        Some(SendItem::Packet(PacketSpec { edits, ..packet }))
    }

    /// The one entry left that must name a packet; `known` is what could stand there.
    pub(super) fn packet_entry<'n>(
        &mut self,
        node: &Node,
        keys: &Keys<'n>,
        (what, known): (&str, impl Iterator<Item = &'static str>),
    ) -> Option<(&'n Entry, &'static vocabulary::PacketWords)> {
        let (entry, others) = match keys.left() {
            [] => return self.wrong_type(node, &format!("{what} with its fields")),
            [entry, others @ ..] => (*entry, others),
        };
        let Some(words) = vocabulary::packet(&entry.key) else {
            let message = format!("`{}` is not {what}", entry.key);
            return self.refuse(keys::unknown(&entry.key_span, message, &entry.key, known));
        };
        for other in others {
            let label = "one packet with its fields";
            self.add(if vocabulary::packet(&other.key).is_some() {
                Mistake::new(
                    Code::Duplicate,
                    &other.key_span,
                    "a second packet stands in this mapping",
                    label,
                )
            } else {
                keys::unknown_key("this mapping", other, ["edit"])
            });
        }
        Some((entry, words))
    }

    fn edits(&mut self, packet: &PacketSpec, node: &Node) -> Vec<EditSpec> {
        let items = self.filled_list(node, "a list of edits").unwrap_or_default();
        items.iter().filter_map(|item| self.edit(packet, item)).collect()
    }

    fn edit(&mut self, packet: &PacketSpec, node: &Node) -> Option<EditSpec> {
        let Some(entry) = node.only_entry() else {
            return self.wrong_type(node, "one edit such as `{flags: 0b0110}`");
        };
        let value = &entry.value;
        match entry.key.as_str() {
            "first-byte" => self.number(value, 0, 0xFF).map(EditSpec::FirstByte),
            "flags" => self.number(value, 0, 0xF).map(EditSpec::Flags),
            "drop" => self.part(packet, value).map(EditSpec::Drop),
            "repeat" => self.part(packet, value).map(EditSpec::Repeat),
            "cut" => self.number(value, 0, MAX_LENGTH).map(EditSpec::Cut),
            "append" => self.hex(value).map(EditSpec::Append),
            "move" | "replace" | "insert" | "length" | "pad" => self.edit_of_part(packet, &entry.key, value),
            _ => {
                let message = format!("there is no edit `{}`", entry.key);
                self.refuse(keys::unknown(&entry.key_span, message, &entry.key, EDITS))
            }
        }
    }

    /// An edit that has more to say than one value.
    fn edit_of_part(&mut self, packet: &PacketSpec, edit: &str, node: &Node) -> Option<EditSpec> {
        let mut keys = self.keys(node, &format!("`{edit}`"))?;
        let found = match edit {
            "move" => {
                let (part, before) = (keys.need(self, "part"), keys.need(self, "before"));
                let (part, before) = (
                    part.and_then(|node| self.part(packet, node)),
                    before.and_then(|node| self.part(packet, node)),
                );
                part.zip(before).map(|(part, before)| EditSpec::Move { part, before })
            }
            "replace" => {
                let (part, with) = (keys.need(self, "part"), keys.need(self, "with"));
                let (part, with) =
                    (part.and_then(|node| self.part(packet, node)), with.and_then(|node| self.binary(node)));
                part.zip(with).map(|(part, with)| EditSpec::Replace { part, with })
            }
            "insert" => {
                let (before, hex) = (keys.need(self, "before"), keys.need(self, "hex"));
                let (before, hex) =
                    (before.and_then(|node| self.part(packet, node)), hex.and_then(|node| self.hex(node)));
                before.zip(hex).map(|(before, bytes)| EditSpec::Insert { before, bytes })
            }
            "length" => {
                let (part, is) = (keys.need(self, "part"), keys.need(self, "is"));
                let part = part.and_then(|node| self.part(packet, node));
                let is = is.and_then(|node| self.number(node, 0, MAX_LENGTH));
                part.zip(is).map(|(part, length)| EditSpec::Length { part, length })
            }
            _ => {
                let (part, width) = (keys.need(self, "part"), keys.need(self, "width"));
                let part = part.and_then(|node| self.part(packet, node));
                let width = width.and_then(|node| self.constant(node, 1, MAX_PAD));
                part.zip(width)
                    .and_then(|(part, width)| Some(EditSpec::Pad { part, width: u8::try_from(width).ok()? }))
            }
        };
        keys.finish(self);
        found
    }

    /// The name of a part that the packet has under each version that counts.
    fn part(&mut self, packet: &PacketSpec, node: &Node) -> Option<String> {
        let name = self.scalar(node, "the name of a part")?.text.as_str();
        let stem = part::without_index(name);
        for version in self.versions.iter() {
            let known = part::names(packet.packet, version);
            if !known.contains(&stem) {
                let message = format!("{} of MQTT {} has no part `{name}`", packet.packet, version.number());
                let guess = suggest::did_you_mean(name, known.iter().map(String::as_str));
                let whole: Vec<&str> =
                    known.iter().map(String::as_str).filter(|name| !name.contains('.')).collect();
                let (label, help) = suggest::guidance(name, &whole);
                let mistake = Mistake::new(Code::UnknownName, &node.span, message, label);
                return self.refuse(mistake.maybe_help(help).maybe_help(guess));
            }
        }
        let field = stem.split('.').next().and_then(|stem| optional_field(packet.packet, stem));
        if let Some(field) = field.filter(|field| packet.fields.iter().all(|given| given.name != *field)) {
            let message = format!("`{field}` is not given, so it cannot be edited");
            let label = format!("give this {} a `{field}`", packet.packet);
            return self.refuse(Mistake::new(Code::Missing, &node.span, message, label));
        }
        Some(name.to_owned())
    }
}

/// The field behind a part that is not in every packet of its type.
fn optional_field(packet: PacketType, part: &str) -> Option<&'static str> {
    let part_of = |name: &str| match name.strip_prefix("will.") {
        None | Some("will-delay-interval") => name.trim_start_matches("will.") == part,
        Some(field) => part.strip_prefix("will-") == Some(field),
    };
    let fields = &vocabulary::words_of(packet)?.fields;
    let optional =
        |name: &str, optional: bool| name.starts_with("will.") || (optional && name != "packet-id");
    let field = fields.iter().find(|field| optional(&field.name, field.optional) && part_of(&field.name))?;
    Some(&field.name)
}
