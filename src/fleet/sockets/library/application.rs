//! The application around a client of the library: it does what the plan says of its device.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use mqttspec_fleet::{
    follower::Deed,
    identity::Identity,
    plan::{Group, Micros, NEVER, Pace, SECOND, Will},
    random::Random,
};
use mqttspec_wire::QoS;
use tokio::{select, time::sleep};

use super::{
    Told,
    client::{Hand, Heard, client},
};

/// How often one looks whether nothing new is to be published any more.
const LOOK: Micros = SECOND / 4;

/// The longest time to the next attempt when everybody is to come back.
const SOON: Micros = SECOND;

/// What an application is to do.
pub(super) struct Assignment {
    pub(super) device: u32,
    /// The port of this machine at which the path to the broker begins.
    pub(super) port: u16,
    pub(super) client_id: String,
    pub(super) credentials: Option<(String, String)>,
    pub(super) group: Group,
    /// The number of the device in its group.
    pub(super) number: u32,
    /// The first of its streams.
    pub(super) streams: u32,
    pub(super) run: u32,
    pub(super) random: Random,
    pub(super) surroundings: Surroundings,
}

/// What all applications share.
#[derive(Clone)]
pub(super) struct Surroundings {
    /// When the run began.
    pub(super) began: Instant,
    /// Whether nothing new is to be published.
    pub(super) calm: Arc<AtomicBool>,
    /// Where they tell what happens.
    pub(super) tell: mpsc::Sender<(u32, Told)>,
}

impl Surroundings {
    fn now(&self) -> Micros {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(Micros::MAX)
    }

    fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }
}

impl Assignment {
    /// The will, with its topic and its payload. Which connection it is of is written into it on its way.
    pub(super) fn will(&self) -> Option<(&Will, String, Vec<u8>)> {
        let will = self.group.will.as_ref()?;
        let stream = self.streams + 3 * u32::try_from(self.group.publish.len()).unwrap_or(0);
        let message = Identity { stream, sequence: 0, due: 0 };
        Some((will, will.topic.fill(self.number), message.payload(self.run, 0).to_vec()))
    }
}

/// What an application has done so far.
struct Application {
    own: Assignment,
    hand: Hand,
    /// When each publication is due.
    due: Vec<Micros>,
    /// How many messages of each stream it has made.
    made: Vec<u32>,
    /// Whether the session has its subscriptions.
    subscribed: bool,
    attempts: u32,
}

/// Lives for as long as somebody waits for it.
pub(super) async fn live(own: Assignment) {
    let (hand, mut work) = client(&own);
    let mut application = Application::new(own, hand);
    loop {
        let mut heard = pin!(work.go_on());
        let heard = loop {
            let pause = application.publish();
            select! {
                heard = &mut heard => break heard,
                () = sleep(Duration::from_micros(pause)) => {}
            }
        };
        match heard {
            Ok(heard) => application.hears(heard),
            Err(why) => {
                let wait = application.fails(why);
                sleep(Duration::from_micros(wait)).await;
            }
        }
    }
}

impl Application {
    fn new(mut own: Assignment, hand: Hand) -> Self {
        let now = own.surroundings.now();
        let due = own.group.publish.iter().map(|each| match each.pace {
            Pace::Every(every) => now + own.random.below(every.most.max(1)),
            Pace::InFlight(..) => NEVER,
        });
        let due = due.collect();
        let made = vec![0; own.group.publish.len() * 3];
        let subscribed = own.group.subscribe.is_empty();
        Self { own, hand, due, made, subscribed, attempts: 0 }
    }

    /// Publishes what is due; how long it is to the next message.
    fn publish(&mut self) -> Micros {
        if self.own.surroundings.is_calm() {
            return LOOK;
        }
        let now = self.own.surroundings.now();
        let own = &mut self.own;
        let made = self.made.chunks_mut(3);
        let streams = (own.streams..).step_by(3);
        for (((plan, due), made), first) in own.group.publish.iter().zip(&mut self.due).zip(made).zip(streams)
        {
            while *due <= now {
                let Pace::Every(every) = plan.pace else { break };
                let qos = draw(&mut own.random, plan.qos);
                let Some(sequence) = made.get_mut(usize::from(qos.level())) else { break };
                *sequence += 1;
                let stream = first + u32::from(qos.level());
                let message = Identity { stream, sequence: *sequence, due: *due };
                let size = plan.size.draw(&mut Random::new(message.number(), 0));
                let payload = message.payload(own.run, usize::try_from(size).unwrap_or(0));
                self.hand.publish(plan, plan.topic.fill(own.number), qos, payload);
                *due += own.random.within(every).max(1);
            }
        }
        self.due.iter().copied().min().unwrap_or(NEVER).saturating_sub(now).clamp(1, LOOK)
    }

    fn hears(&mut self, heard: Heard) {
        match heard {
            Heard::Accepted(session_present) => {
                self.attempts = 0;
                self.subscribed &= session_present || self.own.group.subscribe.is_empty();
                if !self.subscribed {
                    self.hand.subscribe(&self.own.group, self.own.number);
                }
            }
            Heard::Subscribed => self.subscribed = true,
            Heard::Message(payload) => {
                if let Some(message) = Identity::of_payload(self.own.run, &payload) {
                    self.tell(Told::Did(Deed::Hands(message)));
                }
            }
            Heard::Other => {}
        }
    }

    /// The connection has failed; how long it is to the next attempt.
    fn fails(&mut self, why: String) -> Micros {
        self.tell(Told::Failed(why));
        let backoff = self.own.group.backoff;
        let doubled = backoff.first.saturating_mul(1 << self.attempts.min(20)).min(backoff.most);
        self.attempts += 1;
        let whole = if self.own.surroundings.is_calm() { doubled.min(SOON) } else { doubled };
        whole / 2 + self.own.random.below(whole / 2 + 1)
    }

    fn tell(&self, told: Told) {
        // Whoever listens no more ends the application, too.
        self.own.surroundings.tell.send((self.own.device, told)).ok();
    }
}

fn draw(random: &mut Random, weights: [u32; 3]) -> QoS {
    let total: u64 = weights.iter().copied().map(u64::from).sum();
    let mut drawn = random.below(total.max(1));
    for (qos, weight) in QoS::ALL.into_iter().zip(weights) {
        if drawn < u64::from(weight) {
            return qos;
        }
        drawn -= u64::from(weight);
    }
    QoS::AtLeastOnce
}
