//! Sessions (§4.1): whether they are kept as long as they must be, and no longer.

use mqttspec_wire::{QoS, Version, packet::RetainHandling};

use super::{Oracle, Promise};
use crate::{
    layout::Layout,
    plan::{Micros, NEVER, SECOND},
};

/// A server counts its intervals in seconds; this much later is late.
const SLACK: Micros = 2 * SECOND;

/// A server that looks for silent clients now and then notices them so much later than after one and a half times their
/// keep alive. It is for scenarios to say whether that is too late.
pub(crate) const LOOKS: Micros = 8 * SECOND;

/// What is known about a client.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what its connection and its session are known for is independent"
)]
pub(super) struct Client {
    session: Session,
    /// Ordinal of the session, by which marks of an earlier one are recognised.
    pub(super) ordinal: u32,
    pub(super) online: bool,
    clean_start: bool,
    /// When the latest CONNECT was sent.
    pub(super) connect_sent: Micros,
    /// The latest time at which its connection was open for certain.
    pub(super) alive: Micros,
    /// When the connection that ended last was open for certain, and when the broker must have noticed its end.
    pub(super) ended: (Micros, Micros),
    pub(super) disconnecting: bool,
    /// The Session Expiry Interval that its last DISCONNECT brought, and whether the broker has read it for certain.
    told: Option<(u32, bool)>,
    /// Whether the session began with the present connection.
    pub(super) fresh: bool,
    subscriptions: Vec<Subscription>,
    /// When it last got a message.
    pub(super) heard: Micros,
    /// Messages owed that have not come.
    pub(super) backlog: u32,
    /// When the backlog last was as long as the broker's declared queue.
    pub(super) overflowed: Option<Micros>,
    /// The stream of its wills.
    pub(super) will: Option<u32>,
    /// The will that came while its connection seemed open.
    pub(super) early_will: Option<Micros>,
    pub(super) keep_alive: Micros,
}

/// Whether a client has a session at the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Session {
    /// There is none.
    None,
    /// There is one, unless it has ended since.
    Known,
    /// Nobody knows.
    Unknown,
}

/// A subscription of a client's session.
#[derive(Clone, Copy, Debug)]
struct Subscription {
    /// When SUBSCRIBE was sent first; `NEVER` if it was not.
    asked: Micros,
    /// Since when it is granted without a break; `NEVER` if it is not.
    granted: Micros,
    qos: QoS,
    /// When a SUBSCRIBE that may bring retained messages was sent last, and when its SUBACK came.
    renewed: (Micros, Micros),
    /// Whether the SUBSCRIBE that was sent last brings retained messages.
    brings: Brings,
    /// When it had ended for certain, and when SUBSCRIBE was sent after that; no time if it never ended.
    gap: (Micros, Micros),
}

/// Whether a SUBSCRIBE brings retained messages (MQTT 5.0 §3.8.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brings {
    No,
    /// If the subscription is a new one, which nobody knows.
    Perhaps,
    Yes,
}

const UNASKED: Subscription = Subscription {
    asked: NEVER,
    granted: NEVER,
    qos: QoS::AtMostOnce,
    renewed: (0, 0),
    brings: Brings::No,
    gap: (NEVER, NEVER),
};

impl Client {
    pub(super) fn new(layout: &Layout, device: usize) -> Self {
        let device = u32::try_from(device).unwrap_or(u32::MAX);
        let group = layout.group(device);
        let place = layout.devices.get(device as usize);
        let will = group
            .zip(place)
            .filter(|(group, _)| group.will.is_some())
            .map(|(group, place)| place.streams + 3 * u32::try_from(group.publish.len()).unwrap_or(0));
        Self {
            session: Session::None,
            ordinal: 1,
            online: false,
            clean_start: false,
            connect_sent: 0,
            alive: 0,
            ended: (0, 0),
            disconnecting: false,
            told: None,
            fresh: false,
            subscriptions: vec![UNASKED; group.map_or(0, |group| group.subscribe.len())],
            heard: 0,
            backlog: 0,
            overflowed: None,
            will,
            early_will: None,
            keep_alive: group.map_or(0, |group| u64::from(group.keep_alive) * SECOND),
        }
    }

    /// The subscriptions with these bits.
    fn chosen(&self, bits: u8) -> impl Iterator<Item = &Subscription> {
        self.subscriptions
            .iter()
            .enumerate()
            .filter(move |(at, _)| bits & (1 << at) != 0)
            .map(|(_, each)| each)
    }

    /// Since when one of these subscriptions is certain, and the highest QoS granted.
    pub(super) fn certain(&self, bits: u8) -> Option<(Micros, QoS)> {
        let granted = || self.chosen(bits).filter(|each| each.granted != NEVER);
        Some((granted().map(|each| each.granted).min()?, granted().map(|each| each.qos).max()?))
    }

    /// When one of these subscriptions was first asked for, in this session.
    pub(super) fn asked(&self, bits: u8) -> Option<Micros> {
        self.chosen(bits).map(|each| each.asked).filter(|asked| *asked != NEVER).min()
    }

    /// It has sent DISCONNECT.
    pub(super) const fn disconnects(&mut self, with_will: bool, expiry: Option<u32>) {
        self.disconnecting = !with_will;
        if let Some(expiry) = expiry {
            self.told = Some((expiry, false));
        }
    }

    /// The broker was down for this time, and notices when it is back that a connection has ended, unless it did before.
    pub(super) fn is_noticed_after(&mut self, ends: Micros, back: Micros) {
        if !self.online && self.ended.1 >= ends {
            self.ended.1 = self.ended.1.max(back.saturating_add(SLACK));
        }
    }

    /// When one of these subscriptions was last asked for so that it may bring retained messages.
    pub(super) fn asked_last(&self, bits: u8) -> Option<Micros> {
        self.chosen(bits).filter(|each| each.asked != NEVER).map(|each| each.renewed.0).max()
    }

    /// Whether such a SUBSCRIBE was sent for one of these subscriptions after this time, or is unanswered since an earlier one.
    pub(super) fn renews_after(&self, bits: u8, time: Micros) -> bool {
        self.chosen(bits)
            .any(|each| each.renewed.1.max(each.renewed.0) >= time || each.renewed.1 < each.renewed.0)
    }

    /// When all of these subscriptions had ended for certain, if that was before `sent`, and none was asked for again
    /// before `accepted`.
    pub(super) fn had_ended(&self, bits: u8, (sent, accepted): (Micros, Micros)) -> Option<Micros> {
        let is_over = |each: &Subscription| {
            each.asked == NEVER || each.gap.0 != NEVER && each.gap.0 < sent && accepted < each.gap.1
        };
        let ended = self.chosen(bits).map(|each| each.gap.0).filter(|ended| *ended != NEVER).max();
        ended.filter(|_| self.chosen(bits).all(is_over))
    }

    /// A session without anything begins, as far as is known.
    fn begin_session(&mut self, possibly_subscribed: bool) {
        self.ordinal += 1;
        self.backlog = 0;
        let asked = if possibly_subscribed { 0 } else { NEVER };
        for subscription in &mut self.subscriptions {
            *subscription = Subscription { asked, ..UNASKED };
        }
    }
}

impl Oracle<'_> {
    pub(super) fn connecting(&mut self, now: Micros, device: u32, clean_start: bool, will: bool) {
        if let Some(client) = self.clients.get_mut(device as usize) {
            client.connect_sent = now;
            client.clean_start = clean_start;
            client.disconnecting = false;
        }
        self.will_set(device, will);
    }

    pub(super) fn connected(&mut self, now: Micros, device: u32, present: bool) {
        self.judge_session(now, device, present);
        self.will_meets_return(now, device);
        let Some(client) = self.clients.get_mut(device as usize) else { return };
        let was_known = client.session == Session::Known;
        client.online = true;
        client.alive = client.connect_sent;
        client.fresh = !present;
        client.session = Session::Known;
        client.told = None;
        if !(present && was_known) {
            client.begin_session(present);
            self.forget_reader(device);
        }
    }

    /// How long the session of a client lasts without a connection, at the least and at the most; `NEVER` is for ever.
    fn lifetime(&self, device: u32) -> (Micros, Micros) {
        let Some(group) = self.layout.group(device) else { return (0, 0) };
        let granted = self.layout.plan.limits.session_expiry.unwrap_or(u32::MAX);
        let expiry = match (group.version, group.clean_start) {
            (Version::V3_1_1, true) => 0,
            (Version::V3_1_1, false) => u32::MAX,
            (Version::V5_0, _) => group.expiry.min(granted),
        };
        let time = |expiry: u32| if expiry == u32::MAX { NEVER } else { u64::from(expiry) * SECOND };
        match self.clients.get(device as usize).and_then(|client| client.told) {
            None => (time(expiry), time(expiry)),
            Some((told, true)) => (time(told.min(granted)), time(told.min(granted))),
            Some((told, false)) => (time(expiry.min(told).min(granted)), time(expiry.max(told.min(granted)))),
        }
    }

    /// Whether the session of a client goes on for certain.
    pub(super) fn has_session(&self, now: Micros, device: u32) -> bool {
        self.clients.get(device as usize).is_some_and(|client| {
            client.online || now < client.ended.0.saturating_add(self.lifetime(device).0)
        })
    }

    /// Whether a client has no subscription of these for certain: its session has ended, or it never subscribed.
    pub(super) fn has_none(&self, now: Micros, device: u32, bits: u8) -> bool {
        let Some(client) = self.clients.get(device as usize) else { return true };
        let over = !client.online && self.over(device, client) < now;
        client.asked(bits).is_none() && client.session != Session::Unknown || over
    }

    /// When the session of a client that is away is over for certain.
    fn over(&self, device: u32, client: &Client) -> Micros {
        let (open, noticed) = client.ended;
        // The standard lets clocks stand still while a server does not run, and one that begins anew is not far from that.
        let begun = if open < self.down.1 { noticed.max(self.down.1) } else { noticed };
        begun.saturating_add(self.lifetime(device).1).saturating_add(SLACK)
    }

    /// Whether Session Present is what it has to be (§3.2.2.2 of MQTT 3.1.1, §3.2.2.1.1 of MQTT 5.0).
    fn judge_session(&mut self, now: Micros, device: u32, present: bool) {
        let Some(client) = self.clients.get(device as usize) else { return };
        let (least, _) = self.lifetime(device);
        let restarted = self.restarted.is_some_and(|at| at >= client.alive);
        let (open, _) = client.ended;
        let expired = client.connect_sent > self.over(device, client);
        let kept = now <= open.saturating_add(least) || least == NEVER;
        let promise = match (client.session, present) {
            (_, true) if client.clean_start => Promise::SessionDiscarded,
            (Session::None, true) => Promise::SessionNew,
            (Session::Known, true) if expired && !restarted => Promise::SessionExpired,
            (Session::Known, false) if kept && !client.clean_start && !restarted => Promise::SessionKept,
            (Session::None | Session::Known | Session::Unknown, _) => return,
        };
        let mut because = Vec::new();
        if client.session == Session::Known {
            because.push((open, "its connection was last seen open".to_owned()));
        }
        because.push((client.connect_sent, "it sent CONNECT".to_owned()));
        because.push((now, format!("CONNACK came with Session Present {}", u8::from(present))));
        let mut finding = self.finding(promise, now, vec![device]);
        finding.because = because;
        self.report(finding);
    }

    pub(super) fn is_alive(&mut self, now: Micros, device: u32, since: Micros) {
        let tolerance = self.tolerance;
        let Some(client) = self.clients.get_mut(device as usize) else { return };
        client.alive = client.alive.max(since);
        let early = client.early_will.filter(|came| came.saturating_add(tolerance) < since);
        if let Some(came) = early {
            client.early_will = None;
            self.will_came_early(now, device, came, since);
        }
    }

    pub(super) fn ended(&mut self, now: Micros, device: u32, by_broker: bool) {
        let patience = self.layout.patience;
        let keep_alive = self.clients.get(device as usize).map_or(0, |client| client.keep_alive);
        let noticed = match keep_alive {
            _ if by_broker => now,
            // The broker has ended itself, and knows when it is back.
            _ if self.down.0 <= now && now <= self.down.1 => self.down.1 + SLACK,
            0 => NEVER,
            keep_alive => self.awake(now + keep_alive + keep_alive / 2 + LOOKS + patience),
        };
        let Some(client) = self.clients.get_mut(device as usize) else { return };
        let was_online = std::mem::replace(&mut client.online, false);
        // A broker that has waited for long may have closed before it read the DISCONNECT.
        let in_time = client.keep_alive == 0 || now < client.alive.saturating_add(client.keep_alive);
        client.told = client.told.map(|(told, _)| (told, was_online && by_broker && in_time));
        if was_online {
            client.ended = (client.alive, noticed);
        } else {
            // Whether the CONNECT was accepted is not known, so neither is the session.
            client.session = if client.clean_start || client.session != Session::Known {
                Session::Unknown
            } else {
                client.session
            };
            client.ended.1 = client.ended.1.max(noticed);
        }
        self.will_of_ended(now, device, was_online, by_broker);
    }

    pub(super) fn subscribing(&mut self, now: Micros, device: u32, entry: u8) {
        self.share_may_begin(now, device, entry);
        let options = self.layout.group(device).and_then(|group| group.subscribe.get(usize::from(entry)));
        let handling = options.map_or(RetainHandling::Send, |own| own.options.retain_handling);
        if let Some(client) = self.clients.get_mut(device as usize)
            && let Some(subscription) = client.subscriptions.get_mut(usize::from(entry))
        {
            let existed = subscription.granted != NEVER;
            let is_new =
                subscription.asked == NEVER || subscription.gap.0 != NEVER && subscription.gap.1 == NEVER;
            subscription.brings = match handling {
                RetainHandling::Send => Brings::Yes,
                RetainHandling::SendIfNew if is_new => Brings::Yes,
                RetainHandling::SendIfNew if !existed => Brings::Perhaps,
                RetainHandling::SendIfNew | RetainHandling::DoNotSend => Brings::No,
            };
            // Asked again, it may have been made by the first SUBSCRIBE or by this one.
            if subscription.asked == NEVER {
                subscription.asked = now;
            }
            if subscription.brings != Brings::No {
                subscription.renewed.0 = now;
            }
            if subscription.gap.1 == NEVER {
                subscription.gap.1 = now;
            }
        }
    }

    pub(super) fn subscribed(&mut self, now: Micros, device: u32, entry: u8, granted: Option<QoS>) {
        let tolerance = self.tolerance;
        if let Some(client) = self.clients.get_mut(device as usize)
            && let Some(subscription) = client.subscriptions.get_mut(usize::from(entry))
            && let Some(qos) = granted
        {
            (subscription.granted, subscription.qos) = (subscription.granted.min(now + tolerance), qos);
            if subscription.brings != Brings::No {
                subscription.renewed.1 = now;
            }
            if subscription.brings == Brings::Yes {
                self.reads(now, device, entry);
            }
        }
    }

    /// From now on nothing is certain to be owed.
    pub(super) fn unsubscribing(&mut self, device: u32, entry: u8) {
        if let Some(client) = self.clients.get_mut(device as usize)
            && let Some(subscription) = client.subscriptions.get_mut(usize::from(entry))
        {
            subscription.granted = NEVER;
        }
    }

    pub(super) fn unsubscribed(&mut self, now: Micros, device: u32, entry: u8) {
        if let Some(client) = self.clients.get_mut(device as usize)
            && let Some(subscription) = client.subscriptions.get_mut(usize::from(entry))
        {
            subscription.gap = (now, NEVER);
        }
    }
}
