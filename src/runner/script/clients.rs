//! The clients of a scenario: their names, their client identifiers, their current network connections.

use std::collections::BTreeMap;

use mqttspec_wire::PacketId;

use crate::{
    scenario::ast::{Action, Fence, Step, StepKind},
    stage::LinkId,
};

/// The longest client identifier that every server must accept (MQTT 3.1.1 §3.1.3.1, MQTT 5.0 §3.1.3.1).
const LONGEST_CLIENT_ID: usize = 23;

/// One client.
#[derive(Debug)]
pub(super) struct Client {
    /// The Client Identifier that it uses unless a step says otherwise.
    pub(super) id: String,
    /// Its latest network connection.
    pub(super) link: Option<LinkId>,
    /// Whether that was opened and nothing was sent on it.
    pub(super) untouched: bool,
    next_packet_id: PacketId,
}

/// All clients of a scenario.
#[derive(Debug)]
pub(super) struct Clients(BTreeMap<String, Client>);

impl Clients {
    /// The clients that act in these steps.
    pub(super) fn of<'a>(steps: impl Iterator<Item = &'a Step>, unique: &str) -> Self {
        let mut names = Vec::new();
        steps.for_each(|step| collect(step, &mut names));
        let mut clients = BTreeMap::new();
        for name in names {
            let number = clients.len();
            clients.entry(name.to_owned()).or_insert_with(|| {
                let letters = name.chars().filter(char::is_ascii_alphanumeric);
                let id: String =
                    format!("{unique}{number}").chars().chain(letters).take(LONGEST_CLIENT_ID).collect();
                Client { id, link: None, untouched: false, next_packet_id: PacketId::MIN }
            });
        }
        Self(clients)
    }

    /// Names and client identifiers.
    pub(super) fn ids(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, client)| (name.as_str(), client.id.as_str()))
    }

    /// The client with this name.
    pub(super) fn get(&mut self, name: &str) -> Option<&mut Client> {
        self.0.get_mut(name)
    }

    /// Every client's latest network connection.
    pub(super) fn links(&self) -> impl Iterator<Item = LinkId> {
        self.0.values().filter_map(|client| client.link)
    }
}

impl Client {
    /// A packet identifier that it did not use lately.
    pub(super) fn take_packet_id(&mut self) -> PacketId {
        let id = self.next_packet_id;
        self.next_packet_id = id.next();
        id
    }
}

fn collect<'a>(step: &'a Step, names: &mut Vec<&'a str>) {
    match &step.kind {
        StepKind::Wait(_) => {}
        StepKind::Repeat { steps, .. } => steps.iter().for_each(|step| collect(step, names)),
        StepKind::Client { name, action } => {
            names.push(name);
            if let Action::ExpectNothingMore { fence: Some(Fence { client, .. }), .. } = action {
                names.push(client);
            }
        }
    }
}
