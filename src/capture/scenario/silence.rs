//! Whether a client got all that it was owed, so that nothing more may come.
//!
//! This is said only where it leaves no doubt: a broker may deliver a message once or several times to overlapping
//! subscriptions, owes retained messages to some subscribers, and publishes wills. After any of that nothing is said.

use std::collections::BTreeMap;

use mqttspec_wire::{
    QoS, TopicFilter, TopicName, Utf8String,
    packet::{Connect, Publish, Subscribe, Unsubscribe},
};

/// What clients have subscribed to, and what has come of it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By the names of the clients.
    accounts: BTreeMap<String, Account>,
    /// There are wills or retained messages.
    is_unclear: bool,
}

#[derive(Debug, Default)]
struct Account {
    /// With whether the client's own messages are left out.
    filters: BTreeMap<Utf8String, (TopicFilter, bool)>,
    /// Messages that match a subscription and have not come.
    owed: i64,
    /// Messages above QoS 0 were among them.
    has_higher: bool,
    is_unclear: bool,
}

/// What it means if something more comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// A QoS 0 message was sent twice.
    Promised,
    /// It may be a message that is delivered again.
    Expected,
}

impl Ledger {
    /// A client comes, perhaps to a session that was there before.
    pub(super) fn connect(&mut self, name: &str, packet: &Connect) {
        self.is_unclear |= packet.will.is_some();
        let account = self.accounts.entry(name.to_owned()).or_default();
        if packet.clean_start {
            *account = Account::default();
        } else {
            account.is_unclear = true;
        }
    }

    pub(super) fn subscribe(&mut self, name: &str, packet: &Subscribe) {
        let account = self.accounts.entry(name.to_owned()).or_default();
        for wanted in &packet.filters {
            match TopicFilter::parse_v5(&wanted.filter) {
                Ok(filter) if filter.share_name().is_none() => {
                    account.filters.insert(wanted.filter.clone(), (filter, wanted.no_local));
                }
                Ok(_) | Err(_) => account.is_unclear = true,
            }
        }
    }

    pub(super) fn unsubscribe(&mut self, name: &str, packet: &Unsubscribe) {
        let account = self.accounts.entry(name.to_owned()).or_default();
        // What was on its way may still come.
        account.is_unclear = true;
        account.filters.retain(|filter, _| !packet.filters.contains(filter));
    }

    /// A client has published a message.
    pub(super) fn published(&mut self, by: &str, topic: &Utf8String, packet: &Publish) {
        self.is_unclear |= packet.retain;
        let Ok(topic) = TopicName::parse(topic) else {
            self.is_unclear = true;
            return;
        };
        for (name, account) in &mut self.accounts {
            let matching = account
                .filters
                .values()
                .filter(|(filter, no_local)| filter.matches(&topic) && !(*no_local && name == by));
            let count = matching.count();
            account.owed += i64::from(count > 0);
            account.is_unclear |= count > 1;
            account.has_higher |= count > 0 && packet.delivery.qos() != QoS::AtMostOnce;
        }
    }

    /// A client has got one of these messages.
    pub(super) fn received(&mut self, name: &str) {
        self.accounts.entry(name.to_owned()).or_default().owed -= 1;
    }

    /// A client has got something else.
    pub(super) fn surprised(&mut self, name: &str) {
        self.accounts.entry(name.to_owned()).or_default().is_unclear = true;
    }

    /// Whether nothing more may come for a client that has subscribed to something.
    pub(super) fn silence(&self, name: &str) -> Option<Silence> {
        let account = self.accounts.get(name)?;
        let is_settled = !self.is_unclear && !account.is_unclear && account.owed == 0;
        (is_settled && !account.filters.is_empty()).then_some(if account.has_higher {
            Silence::Expected
        } else {
            Silence::Promised
        })
    }
}
