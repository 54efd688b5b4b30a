//! What the referee says, and where it is silent.

mod build;
mod correct;
mod decoded;
mod honest;
mod random;
mod silence;
mod violations;

use std::collections::BTreeSet;

use mqttspec_spec::{Binds, StatementId};
use mqttspec_wire::Sender;
use rstest::rstest;

use self::{
    build::{Case, watch},
    violations::{content, delivering, identifiers, opening, sizes, subscribing},
};
use super::judged::duties;

/// The last packet breaks the named statements and nothing else does.
#[rstest]
#[case::opening(opening::cases())]
#[case::identifiers(identifiers::cases())]
#[case::content(content::cases())]
#[case::subscribing(subscribing::cases())]
#[case::delivering(delivering::cases())]
#[case::sizes(sizes::cases())]
fn the_last_packet_breaks_the_statement(#[case] cases: Vec<Case>) {
    for case in cases {
        let said = watch(case.knowledge, &case.events);
        let last = case.events.len() - 1;
        let is_provocation = |place, party| case.provoked && place < last && party != case.party;
        let (provocations, found): (Vec<_>, Vec<_>) = said
            .iter()
            .map(|(place, said)| (*place, said.party, said.statement))
            .partition(|(place, party, _)| is_provocation(*place, *party));
        assert_eq!(provocations.is_empty(), !case.provoked, "{:#?}", case.events);
        let expected: Vec<_> =
            case.statements.iter().map(|statement| (last, case.party, *statement)).collect();
        assert_eq!(found, expected, "{:#?}\n{said:#?}", case.events);
        for (_, violation) in said {
            assert_eq!(violation.level, violation.statement.statement().level);
            assert!(!violation.what.ends_with('.') && violation.what.len() > 20, "{}", violation.what);
        }
    }
}

fn all_cases() -> impl Iterator<Item = Case> {
    [
        opening::cases(),
        identifiers::cases(),
        content::cases(),
        subscribing::cases(),
        delivering::cases(),
        sizes::cases(),
    ]
    .into_iter()
    .flatten()
}

#[rstest]
#[case(Sender::Client)]
#[case(Sender::Server)]
fn every_duty_has_a_case_and_every_case_is_listed(#[case] party: Sender) {
    let cases = all_cases().filter(|case| case.party == party);
    let shown: BTreeSet<StatementId> = cases.flat_map(|case| case.statements).collect();
    let listed = duties(party);
    let missing: Vec<_> = listed.difference(&shown).collect();
    let unlisted: Vec<_> = shown.difference(&listed).collect();
    assert!(
        missing.is_empty() && unlisted.is_empty(),
        "without a case: {missing:?}, not listed: {unlisted:?}"
    );
}

/// Errors that the standard names only as what the server has to answer.
const NAMED_AT_THE_RECEIVER: [&str; 5] =
    ["3.1.0-2", "X-3.2.2.3.11-2", "X-3.2.2.3.12-2", "X-3.2.2.3.13-2", "X-3.3.4-4"];

#[test]
fn a_statement_binds_whom_it_is_held_against() {
    for case in all_cases() {
        for statement in case.statements {
            let fits = match statement.statement().binds {
                Binds::Both => true,
                Binds::Client => case.party == Sender::Client,
                Binds::Server => case.party == Sender::Server,
            };
            let label = statement.statement().label;
            assert!(fits || NAMED_AT_THE_RECEIVER.contains(&label), "{statement} against the {}", case.party);
        }
    }
}
