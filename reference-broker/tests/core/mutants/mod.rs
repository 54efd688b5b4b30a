//! Every mutant shows: in some tour its broker does something else than the broker that keeps all rules.

mod connecting;
mod faults;
mod lasting;
mod publishing;
mod retaining;
mod script;
mod subscribing;

use std::{collections::BTreeSet, time::Duration};

use reference_broker::{Config, Output, Rule, Rules};

use crate::world::World;
use script::Script;

/// A way of using a broker, with what it is set up with. It goes on whatever the broker does.
#[derive(Clone, Copy)]
pub(crate) struct Tour {
    name: &'static str,
    config: fn() -> Config,
    steps: fn(&mut Script),
}

impl Tour {
    const fn new(name: &'static str, steps: fn(&mut Script)) -> Self {
        Self { name, config: Config::default, steps }
    }

    const fn with(name: &'static str, config: fn() -> Config, steps: fn(&mut Script)) -> Self {
        Self { name, config, steps }
    }

    fn transcript(&self, rules: Rules) -> Vec<(Duration, Output)> {
        let mut script = Script::new(World::kept_mutant((self.config)(), rules), rules);
        (self.steps)(&mut script);
        script.world.transcript
    }
}

#[test]
fn every_mutant_shows() {
    let tours = [
        connecting::TOURS,
        faults::TOURS,
        lasting::TOURS,
        publishing::TOURS,
        retaining::TOURS,
        subscribing::TOURS,
    ]
    .concat();
    let mut hidden: BTreeSet<_> = Rule::ALL.iter().copied().collect();
    for tour in tours {
        let kept = tour.transcript(Rules::all());
        assert!(!kept.is_empty(), "{}", tour.name);
        assert_eq!(kept, tour.transcript(Rules::all()), "{} differs from time to time", tour.name);
        hidden.retain(|rule| tour.transcript(Rules::all().without(*rule)) == kept);
    }
    let hidden: Vec<_> = hidden.iter().map(|rule| rule.name()).collect();
    assert!(hidden.is_empty(), "these mutants behave like the broker itself: {hidden:#?}");
}
