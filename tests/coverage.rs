//! Every statement of both versions is judged, or the catalogue says why it cannot be.
#![expect(clippy::panic, reason = "the helpers of a test may fail it")]

use mqttspec::{
    coverage::{Class, Coverage},
    referee::judged,
    scenario,
};
use mqttspec_spec::{Binds, Version, v3, v5};
use mqttspec_wire::Sender;

fn coverage() -> Coverage {
    Coverage::of(&scenario::builtin().unwrap_or_else(|mistakes| panic!("{mistakes}")))
}

#[test]
fn every_statement_has_a_class_and_every_reason_is_true() {
    let gaps = coverage().gaps();
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
}

#[test]
fn what_nobody_can_judge_is_less_than_a_twentieth() {
    let coverage = coverage();
    let [unseen, all] = [coverage.all(Class::NotObservable.name()).len(), coverage.statements.len()];
    assert!(unseen * 20 < all, "{unseen} of {all}");
}

#[test]
fn a_statement_without_scenario_referee_or_reason_is_a_gap() {
    let none = Coverage::of(&[]);
    assert_eq!(none.class(v5!("3.3.1-5")), Class::Unknown);
    assert!(none.gaps().iter().any(|gap| gap.starts_with("v5.0:3.3.1-5 is judged by nobody")));
    assert!(!none.gaps().iter().any(|gap| gap.contains("3.2.2-4 ")), "that is the client's");
    assert_eq!(none.class(v5!("X-4.11-1")), Class::Permission);
}

#[test]
fn a_scenario_takes_a_statement_out_of_the_list_of_reasons() {
    let text = "title: t\ncovers: {v5.0: [3.3.4-8]}\nsteps: [{a: connect}, {a: expect-closed}]\n";
    let scenario = scenario::load_str("x", "x.yaml", text).expect("it has no mistakes");
    let gaps = Coverage::of([&scenario]).gaps();
    assert!(gaps.iter().any(|gap| gap.starts_with("v5.0:3.3.4-8 is judged: its entry")), "{gaps:?}");
}

#[test]
fn what_the_referee_judges_is_the_server_s_duty_and_what_captures_show_the_client_s() {
    let coverage = coverage();
    for id in coverage.all(Class::Referee.name()) {
        assert!(judged(Sender::Server).contains(&id) && id.statement().binds != Binds::Client, "{id}");
    }
    for id in coverage.all(Class::Captures.name()) {
        assert!(judged(Sender::Client).contains(&id) && id.statement().binds != Binds::Server, "{id}");
    }
    assert_eq!(coverage.class(v3!("4.6.0-2")), Class::Captures);
}

#[test]
fn reasons_are_sentences() {
    for id in Version::ALL.into_iter().flat_map(Version::statements) {
        let Some(reason) = id.statement().out_of_reach else { continue };
        assert!(reason.ends_with('.') && reason.split_whitespace().count() > 3, "{id}: {reason}");
    }
}
