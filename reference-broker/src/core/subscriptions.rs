//! Who has subscribed to what.

use std::{borrow::Cow, collections::BTreeMap};

use mqttspec_wire::{QoS, TopicFilter, Utf8String, packet};

use super::{
    Rule, Rules,
    session::SessionKey,
    tree::{Matching, Tree, Walk},
};

/// The subscriptions of all sessions, by filter.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    tree: Tree<Subscribers>,
    walk: Walk,
}

/// The subscriptions with one filter.
#[derive(Debug, Default)]
struct Subscribers {
    /// Non-shared Subscriptions by session.
    plain: Vec<Subscriber>,
    /// Shared Subscriptions by ShareName.
    shared: BTreeMap<Box<str>, Group>,
}

/// The sessions of one Shared Subscription (MQTT 5.0 §4.8.2).
#[derive(Debug)]
struct Group {
    filter: Utf8String,
    members: Vec<Subscriber>,
    /// Whose turn it is.
    next: usize,
}

/// One session's subscription.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subscriber {
    pub(crate) session: SessionKey,
    pub(crate) options: Options,
}

/// What a client asked for with a filter (MQTT 5.0 §3.8.3.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// The granted maximum QoS.
    pub(crate) qos: QoS,
    pub(crate) no_local: bool,
    pub(crate) retain_as_published: bool,
    pub(crate) identifier: Option<u32>,
}

/// A subscription that a message is to be delivered for.
#[derive(Clone, Debug)]
pub(crate) struct Match {
    pub(crate) session: SessionKey,
    pub(crate) options: Options,
    /// The filter of the Shared Subscription, whose copy does not merge with others.
    pub(crate) shared: Option<Utf8String>,
}

impl Options {
    pub(crate) const fn new(subscription: &packet::Subscription, identifier: Option<u32>) -> Self {
        Self {
            qos: subscription.qos,
            no_local: subscription.no_local,
            retain_as_published: subscription.retain_as_published,
            identifier,
        }
    }
}

impl Subscriptions {
    pub(crate) fn new() -> Self {
        Self { tree: Tree::new(), walk: Walk::default() }
    }

    /// How many topic levels they take.
    pub(crate) fn levels(&self) -> usize {
        self.tree.len()
    }

    /// Makes a subscription, in place of the session's earlier one with this filter.
    pub(crate) fn insert(&mut self, rules: Rules, filter: &TopicFilter, subscriber: Subscriber) {
        let path = canonical(rules, filter.filter());
        let Some(subscribers) = self.tree.get_or_insert_with(&path, Subscribers::default) else { return };
        let members = match filter.share_name() {
            None => &mut subscribers.plain,
            Some(name) => {
                let group = || Group { filter: filter.as_utf8().clone(), members: Vec::new(), next: 0 };
                &mut subscribers.shared.entry(name.into()).or_insert_with(group).members
            }
        };
        let again = filter.share_name().is_some() && !rules.obeys(Rule::ShareMemberOnce);
        match members.binary_search_by_key(&subscriber.session, |member| member.session) {
            Ok(index) if again => members.insert(index, subscriber),
            Ok(index) => {
                if let Some(old) = members.get_mut(index) {
                    *old = subscriber;
                }
            }
            Err(index) => members.insert(index, subscriber),
        }
    }

    /// Ends a session's subscription.
    pub(crate) fn remove(&mut self, rules: Rules, filter: &TopicFilter, session: SessionKey) {
        let path = canonical(rules, filter.filter());
        let Some(subscribers) = self.tree.get_mut(&path) else { return };
        match filter.share_name() {
            None => take(&mut subscribers.plain, session),
            Some(name) => {
                if let Some(group) = subscribers.shared.get_mut(name) {
                    take(&mut group.members, session);
                    if group.members.is_empty() || !rules.obeys(Rule::ShareOutlivesMembers) {
                        subscribers.shared.remove(name);
                    }
                }
            }
        }
        if subscribers.plain.is_empty() && subscribers.shared.is_empty() {
            self.tree.remove(&path);
        }
    }

    /// Collects the subscriptions that a message to `topic` is delivered for, ordered by session. Of each Shared
    /// Subscription one member is chosen: the next that is online, or else the next. `reach` says whether a session may
    /// have the message, and if so, whether it is online. Says how many steps that took, and what comes of it takes.
    pub(crate) fn matching(
        &mut self,
        rules: Rules,
        topic: &str,
        reach: impl Fn(SessionKey) -> Option<bool>,
        matches: &mut Vec<Match>,
    ) -> usize {
        self.tree.filters_matching(&canonical(rules, topic), matching(rules), &mut self.walk);
        if !rules.obeys(Rule::SharePrefixNotMatched) {
            self.also_literal_shares(topic);
        }
        let mut names = Vec::new();
        for &id in &self.walk.found {
            let Some(subscribers) = self.tree.value_mut(id) else { continue };
            let plain = |&Subscriber { session, options }| Match { session, options, shared: None };
            matches.extend(subscribers.plain.iter().map(plain));
            for (name, group) in &mut subscribers.shared {
                if !rules.obeys(Rule::SharesSeparate) {
                    if names.contains(name) {
                        continue;
                    }
                    names.push(name.clone());
                }
                if rules.obeys(Rule::ShareDeliversOnce) {
                    matches.extend(group.choose(&reach));
                } else {
                    matches.extend(group.members.iter().map(|member| group.delivered_to(*member)));
                }
            }
        }
        if self.walk.found.len() > 1 || matches.iter().any(|found| found.shared.is_some()) {
            matches.sort_by_key(|found| found.session);
        }
        self.walk.steps + matches.len()
    }

    /// Another member of the Shared Subscription, for a message that its first receiver can no longer get.
    pub(crate) fn another_member(
        &mut self,
        rules: Rules,
        filter: &TopicFilter,
        reach: impl Fn(SessionKey) -> Option<bool>,
    ) -> Option<Match> {
        let subscribers = self.tree.get_mut(&canonical(rules, filter.filter()))?;
        subscribers.shared.get_mut(filter.share_name()?)?.choose(&reach)
    }

    /// Finds what a message published to a topic name that begins with `$share/NAME/` does not match.
    fn also_literal_shares(&mut self, topic: &str) {
        if let Some((_, rest)) = topic.strip_prefix("$share/").and_then(|rest| rest.split_once('/')) {
            let all = Matching { hides_dollar: true, parent_level: true, single_level: true };
            let mut walk = Walk::default();
            self.tree.filters_matching(rest, all, &mut walk);
            self.walk.found.append(&mut walk.found);
        }
    }
}

impl Group {
    fn choose(&mut self, reach: &impl Fn(SessionKey) -> Option<bool>) -> Option<Match> {
        let count = self.members.len();
        let turns = (0..count).map(|step| (self.next + step) % count);
        let reach = |index: &usize| self.members.get(*index).and_then(|member| reach(member.session));
        let is_online = |index: &usize| reach(index) == Some(true);
        let chosen =
            turns.clone().find(is_online).or_else(|| turns.clone().find(|index| reach(index).is_some()))?;
        self.next = chosen + 1;
        self.members.get(chosen).map(|member| self.delivered_to(*member))
    }

    fn delivered_to(&self, member: Subscriber) -> Match {
        Match { session: member.session, options: member.options, shared: Some(self.filter.clone()) }
    }
}

fn take(members: &mut Vec<Subscriber>, session: SessionKey) {
    if let Ok(index) = members.binary_search_by_key(&session, |member| member.session) {
        members.remove(index);
    }
}

/// How topic names and filters match (§4.7).
pub(crate) fn matching(rules: Rules) -> Matching {
    Matching {
        hides_dollar: rules.obeys(Rule::DollarHiddenFromWildcards),
        parent_level: rules.obeys(Rule::HashMatchesParent),
        single_level: rules.obeys(Rule::PlusMatchesOneLevel),
    }
}

/// The text under which a topic name or filter is looked up: itself.
pub(crate) fn canonical(rules: Rules, text: &str) -> Cow<'_, str> {
    if !rules.obeys(Rule::TopicsNotNormalised) {
        return Cow::Owned(text.to_lowercase().replace("e\u{301}", "\u{e9}"));
    }
    if !rules.obeys(Rule::SlashesDistinguish) {
        return Cow::Owned(text.trim_matches('/').to_owned());
    }
    Cow::Borrowed(text)
}
