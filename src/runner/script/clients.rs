//! The clients of a scenario: their names, their client identifiers, their current network connections.

use std::collections::{BTreeMap, BTreeSet};

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
pub(super) struct Clients {
    named: BTreeMap<String, Client>,
    /// Names that the scenario gives to clients by what became of them.
    roles: BTreeMap<String, String>,
}

impl Clients {
    /// The clients that act in these steps.
    pub(super) fn of<'a>(steps: impl Iterator<Item = &'a Step>, unique: &str) -> Self {
        let (mut names, mut roles) = (Vec::new(), BTreeSet::new());
        steps.for_each(|step| collect(step, &mut names, &mut roles));
        let mut clients = BTreeMap::new();
        for name in names.into_iter().filter(|name| !roles.contains(name)) {
            let number = clients.len();
            clients.entry(name.to_owned()).or_insert_with(|| {
                let letters = name.chars().filter(char::is_ascii_alphanumeric);
                let id: String =
                    format!("{unique}{number}").chars().chain(letters).take(LONGEST_CLIENT_ID).collect();
                Client { id, link: None, untouched: false, next_packet_id: PacketId::MIN }
            });
        }
        Self { named: clients, roles: BTreeMap::new() }
    }

    /// Names and client identifiers.
    pub(super) fn ids(&self) -> impl Iterator<Item = (&str, &str)> {
        self.named.iter().map(|(name, client)| (name.as_str(), client.id.as_str()))
    }

    /// The client with this name, or in this role.
    pub(super) fn get(&mut self, name: &str) -> Option<&mut Client> {
        let name = self.roles.get(name).map_or(name, String::as_str);
        self.named.get_mut(name)
    }

    /// The name of the client in this role; of one with this name, that itself.
    pub(super) fn own_name(&self, name: &str) -> String {
        self.roles.get(name).map_or(name, String::as_str).to_owned()
    }

    /// Gives a client a role.
    pub(super) fn cast(&mut self, role: &str, name: &str) {
        self.roles.insert(role.to_owned(), name.to_owned());
    }

    /// Takes note that no network connection is of use any more.
    pub(super) fn lose_links(&mut self) {
        for client in self.named.values_mut() {
            (client.link, client.untouched) = (None, false);
        }
    }

    /// Every client's latest network connection.
    pub(super) fn links(&self) -> impl Iterator<Item = LinkId> {
        self.named.values().filter_map(|client| client.link)
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

fn collect<'a>(step: &'a Step, names: &mut Vec<&'a str>, roles: &mut BTreeSet<&'a str>) {
    match &step.kind {
        StepKind::Wait(_) | StepKind::Restart(_) => {}
        StepKind::Repeat { steps, .. } => steps.iter().for_each(|step| collect(step, names, roles)),
        StepKind::Whichever(whichever) => {
            names.extend(whichever.of.iter().map(String::as_str));
            roles.extend(whichever.roles.iter().map(String::as_str));
        }
        StepKind::Client { name, action } => {
            names.push(name);
            if let Action::ExpectNothingMore { fence: Some(Fence { client, .. }), .. } = action {
                names.push(client);
            }
        }
    }
}
