//! Random plans: a swarm of small fleets, none like the other, that together come by more than any plan that a person
//! writes.

use mqttspec_wire::{QoS, Version};

use crate::{
    plan::{
        Backoff, Client, Duty, Group, Limits, Link, Outage, Pace, Parting, Phase, PhaseEvent, Plan, Publish,
        Renewal, SECOND, Sizes, Subscribe, SubscriptionOptions, Template, Will,
    },
    random::{Random, Range},
};

/// The topics of a random plan: few, so that many meet on each.
const TOPICS: [&str; 4] = ["x/{n}", "x/{n%3}", "y/{n%2}/z", "y/shared"];

/// The filters of a random plan, of which no two match the same topic, so that each message comes once.
const FILTERS: [&str; 6] = ["x/+", "x/#", "y/#", "y/+/z", "#", "y/shared"];

/// The outages of links that have them.
const OUTAGE: Outage = Outage {
    every: Range { least: 5 * SECOND, most: 30 * SECOND },
    lasts: Range { least: SECOND, most: 4 * SECOND },
};

/// The plan of a seed.
pub fn random_plan(seed: u64) -> Plan {
    let random = &mut Random::new(seed, 0x5_7A_4D);
    let mut groups: Vec<Group> = (0..=random.below(3)).map(|at| publishers(random, at)).collect();
    groups.extend((0..=random.below(3)).map(|at| subscribers(random, at)));
    let mut phases = vec![phase("ramp", random.below(5) * SECOND, PhaseEvent::Ramp)];
    for _ in 0..=random.below(3) {
        let lasts = (10 + random.below(40)) * SECOND;
        phases.push(match random.below(4) {
            0 => phase("storm", lasts, PhaseEvent::Storm(Vec::new())),
            1 => phase("partition", lasts, PhaseEvent::Partition(vec![0])),
            _ => phase("steady", lasts, PhaseEvent::Steady),
        });
    }
    Plan { title: format!("A random fleet of seed {seed}"), groups, phases, limits: Limits::default() }
}

fn phase(name: &str, lasts: u64, event: PhaseEvent) -> Phase {
    Phase { name: name.to_owned(), lasts, event }
}

/// A group that neither publishes nor subscribes yet.
fn group(random: &mut Random, name: String) -> Group {
    let version = if random.below(2) == 0 { Version::V3_1_1 } else { Version::V5_0 };
    let expiry = [0, 5, 60, 3600, u32::MAX];
    let offline = Range { least: SECOND, most: (2 + random.below(30)) * SECOND };
    let parting = if random.below(2) == 0 { Parting::Vanishes } else { Parting::Disconnects(None) };
    let duty = Duty { online: Range { least: 3 * SECOND, most: 20 * SECOND }, offline, parting };
    Group {
        name,
        count: 1 + u32::try_from(random.below(12)).unwrap_or(0),
        version,
        clean_start: random.below(3) == 0,
        expiry: choose(random, &expiry),
        keep_alive: 5 + u16::try_from(random.below(20)).unwrap_or(0),
        credentials: None,
        receive_maximum: (version == Version::V5_0 && random.below(2) == 0)
            .then(|| Range { least: 1, most: choose(random, &[1, 2, 5]) }),
        will: None,
        subscribe: Vec::new(),
        publish: Vec::new(),
        clock_skew: choose(random, &[0, 0, 10_000]),
        client: Client::Own,
        acknowledge_after: Range { least: 0, most: choose(random, &[0, 0, 20_000, 200_000]) },
        duty: (random.below(2) == 0).then_some(duty),
        backoff: Backoff { first: SECOND / 2, most: 8 * SECOND },
        link: link(random),
    }
}

fn link(random: &mut Random) -> Link {
    let mut sometimes = |least: u64, most: u64| {
        (random.below(3) == 0).then_some(Range { least: least * SECOND, most: most * SECOND })
    };
    let (cut, roam, half_open) = (sometimes(2, 40), sometimes(4, 40), sometimes(8, 60));
    Link {
        latency: Range { least: 1000, most: 1000 + random.below(200_000) },
        bandwidth: 0,
        loss: choose(random, &[0, 1000, 30_000]),
        stall: Range { least: SECOND / 5, most: 2 * SECOND },
        cut,
        roam,
        half_open,
        nat_timeout: None,
        radio_sleep: (random.below(6) == 0).then_some(SECOND / 2),
        outage: (random.below(6) == 0).then_some(OUTAGE),
    }
}

fn publishers(random: &mut Random, at: u64) -> Group {
    let mut group = group(random, format!("publisher-{at}"));
    let topic = choose(random, &TOPICS);
    let every = Range { least: SECOND / 5, most: (1 + random.below(4)) * SECOND };
    let in_flight = u16::try_from(1 + random.below(4)).unwrap_or(1);
    let pace = if random.below(4) == 0 { Pace::InFlight(in_flight, every) } else { Pace::Every(every) };
    let qos = choose(random, &[[1, 1, 1], [0, 1, 0], [0, 0, 1], [0, 1, 1]]);
    let retain = random.below(3) == 0;
    group.publish = vec![Publish {
        topic: template(&format!("{at}/{topic}")),
        qos,
        pace,
        retain,
        clears: 0,
        size: Sizes::only(Range { least: 20, most: 20 + random.below(500) }),
        expiry: None,
    }];
    if random.below(2) == 0 {
        let delay = if group.version == Version::V5_0 { choose(random, &[0, 0, 3, 10]) } else { 0 };
        let qos = choose(random, &[QoS::AtLeastOnce, QoS::ExactlyOnce]);
        let chance = choose(random, &[1_000_000, 500_000]);
        group.will = Some(Will { topic: template("w/{n}"), qos, retain: false, delay, chance });
    }
    group
}

fn subscribers(random: &mut Random, at: u64) -> Group {
    let mut group = group(random, format!("subscriber-{at}"));
    let share = group.version == Version::V5_0 && random.below(4) == 0;
    let filter = choose(random, &FILTERS);
    let filter = match filter {
        "#" => "#".to_owned(),
        filter => format!("+/{filter}"),
    };
    let filter = if share { format!("$share/s{at}/{filter}") } else { filter };
    let qos = choose(random, &[QoS::AtLeastOnce, QoS::ExactlyOnce, QoS::ExactlyOnce]);
    let pause = (random.below(2) == 0).then_some(Range { least: SECOND, most: 9 * SECOND });
    let renewal = Renewal { lasts: Range { least: 4 * SECOND, most: 20 * SECOND }, pause };
    let renewal = (random.below(4) == 0 && !share).then_some(renewal);
    group.subscribe =
        vec![Subscribe { filter: template(&filter), qos, renewal, options: SubscriptionOptions::default() }];
    if random.below(2) == 0 && !share {
        let options = SubscriptionOptions::default();
        let filter = template("w/#");
        let wills = Subscribe { filter, qos: QoS::AtLeastOnce, renewal: None, options };
        group.subscribe.push(wills);
    }
    // With two filters that match the same topic, one more copy would be no finding.
    if filter == "#" {
        group.subscribe.truncate(1);
    }
    group
}

fn template(text: &str) -> Template {
    Template::parse(text).unwrap_or_else(|_| Template::plain(text))
}

fn choose<T: Copy + Default>(random: &mut Random, from: &[T]) -> T {
    let at = usize::try_from(random.below(u64::try_from(from.len()).unwrap_or(1))).unwrap_or(0);
    from.get(at).copied().unwrap_or_default()
}
