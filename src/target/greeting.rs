//! Whether a broker that was started takes clients in.

use std::time::Duration;

use mqttspec_spec::Version;
use mqttspec_wire::{
    Packet, Properties, ReasonCode, Utf8String,
    packet::{Connect, Disconnect},
};

use super::Credentials;
use crate::stage::{LinkState, Stage};

/// How long it may take to open a network connection, and to answer CONNECT. Who gets no answer asks again.
const PATIENCE: Duration = Duration::from_secs(1);
/// The client identifier with which one asks.
const CLIENT: &str = "mqttspecgreeting";

/// Whether the broker accepts a client of this version; the script of a play.
pub(super) async fn is_accepted(stage: Stage, version: Version, credentials: Option<Credentials>) -> bool {
    let link = stage.open("greeting", version);
    let opened = |state: &LinkState| (*state != LinkState::Opening).then(|| *state == LinkState::Open);
    let is_open = stage.until(stage.now() + PATIENCE, |world| opened(&world.link(link).state)).await;
    if is_open != Some(true) {
        return false;
    }
    let connect = Connect {
        version,
        clean_start: true,
        keep_alive: 10,
        properties: Properties::new(),
        client_id: Utf8String::try_from(CLIENT).unwrap_or_default(),
        will: None,
        username: credentials.as_ref().map(|credentials| credentials.username.clone()),
        password: credentials.and_then(|credentials| credentials.password),
    };
    stage.send(link, Packet::Connect(Box::new(connect)).to_bytes(version));
    let answered = stage.until(stage.now() + PATIENCE, |world| {
        let link = world.link(link);
        (link.accepted || !link.is_usable()).then_some(link.accepted)
    });
    let is_accepted = answered.await.unwrap_or(false);
    let bye = Packet::Disconnect(Disconnect { reason: ReasonCode::SUCCESS, properties: Properties::new() });
    stage.send(link, bye.to_bytes(version));
    stage.close(link);
    is_accepted
}
