//! What the constructs of the language come to.

use mqttspec_spec::{Version, v3, v5};
use mqttspec_wire::packet::PacketType;
use rstest::rstest;

use super::{load_steps, load_str};
use crate::{
    scenario::ast::{
        Action, EditSpec, Expr, Feature, FieldValue, Judgement, Matcher, Operator, OutcomeEvent,
        PacketPattern, PacketSpec, Scalar, Scenario, Segment, SendItem, StepKind,
    },
    verdict::Grade,
};

fn load(versions: &str, steps: &str) -> Scenario {
    load_steps(versions, steps).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// The action of the only step of `a` under MQTT 5.0.
fn action(action: &str) -> Action {
    let scenario = load("v5.0", &format!("  - a: {action}"));
    client_action(&scenario, 0).clone()
}

fn client_action(scenario: &Scenario, step: usize) -> &Action {
    let StepKind::Client { action, .. } = &scenario.steps[step].kind else { panic!("a client acts") };
    action
}

fn received(fields: &str) -> PacketPattern {
    let Action::Receive(expectation) = action(&format!("{{receive: {fields}}}")) else { panic!("receive") };
    expectation.pattern
}

fn sent(packet: &str) -> PacketSpec {
    let Action::Send { mut items, .. } = action(&format!("{{send: {packet}}}")) else { panic!("send") };
    let Some(SendItem::Packet(packet)) = items.pop() else { panic!("a packet") };
    packet
}

fn number(value: f64) -> Expr {
    Expr::Constant(Scalar::Number(value))
}

fn text(value: &str) -> Expr {
    Expr::Constant(Scalar::Text(value.to_owned()))
}

fn variable(name: &str) -> Expr {
    Expr::Variable(name.to_owned())
}

fn equal(value: Expr) -> Matcher {
    Matcher::Equal(value)
}

#[rstest]
#[case("old", text("old"))]
#[case("'$$topic'", text("$topic"))]
#[case("10", text("10"))]
#[case("true", text("true"))]
#[case("$topic", variable("topic"))]
#[case("\"${topic}\"", variable("topic"))]
#[case("$topic/a", Expr::Template(vec![Segment::Variable("topic".into()), Segment::Text("/a".into())]))]
#[case("$id.a.", Expr::Template(vec![Segment::Variable("id.a".into()), Segment::Text(".".into())]))]
#[case("\"a$$${id}b\"", Expr::Template(vec![
    Segment::Text("a$".into()), Segment::Variable("id".into()), Segment::Text("b".into())
]))]
#[case("{hex: \"c3 28\"}", Expr::Constant(Scalar::Bytes(vec![0xc3, 0x28])))]
#[case("{bytes: 253}", Expr::Constant(Scalar::Bytes((0..=250).chain(0..=1).collect())))]
fn texts(#[case] written: &str, #[case] expected: Expr) {
    let spec = sent(&format!("{{publish: {{topic: a, payload: {written}}}}}"));
    assert_eq!(spec.fields.last().unwrap().value, FieldValue::One(expected));
}

#[rstest]
#[case("200ms", number(0.2))]
#[case("1.5s", number(1.5))]
#[case(
    "$server_keep_alive.a * 1.5s + 200ms",
    Expr::Binary(
        Box::new(Expr::Binary(
            Box::new(variable("server_keep_alive.a")),
            Operator::Multiply,
            Box::new(number(1.5))
        )),
        Operator::Add,
        Box::new(number(0.2)),
    )
)]
#[case(
    "2s * (3 - 1)",
    Expr::Binary(
        Box::new(number(2.0)),
        Operator::Multiply,
        Box::new(Expr::Binary(Box::new(number(3.0)), Operator::Subtract, Box::new(number(1.0)))),
    )
)]
fn durations(#[case] written: &str, #[case] expected: Expr) {
    let scenario = load("v5.0", &format!("  - wait: {written}"));
    assert!(matches!(&scenario.steps[0].kind, StepKind::Wait(expr) if *expr == expected));
}

#[rstest]
#[case("topic: a", equal(text("a")))]
#[case("topic: 'absent'", equal(text("absent")))]
#[case("topic: {equal: absent}", equal(text("absent")))]
#[case("content-type: absent", Matcher::Absent)]
#[case("content-type: present", Matcher::Present)]
#[case("qos: [0, 1]", Matcher::AnyOf(vec![equal(number(0.0)), equal(number(1.0))]))]
#[case("qos: {any-of: [0, 1]}", Matcher::AnyOf(vec![equal(number(0.0)), equal(number(1.0))]))]
#[case("qos: {not: 0}", Matcher::Not(Box::new(equal(number(0.0)))))]
#[case("packet-id: {at-least: 0x80}", Matcher::Between(Some(number(128.0)), None))]
#[case("packet-id: {at-most: 3}", Matcher::Between(None, Some(number(3.0))))]
#[case("packet-id: {between: [1, 3]}", Matcher::Between(Some(number(1.0)), Some(number(3.0))))]
#[case("payload: {matches: '^a+'}", Matcher::Regex("^a+".to_owned()))]
#[case("retain: true", equal(Expr::Constant(Scalar::Bool(true))))]
#[case("subscription-identifier: 7", Matcher::List(vec![equal(number(7.0))]))]
#[case("subscription-identifier: [7, {at-least: 8}]", Matcher::List(vec![
    equal(number(7.0)), Matcher::Between(Some(number(8.0)), None)
]))]
#[case("subscription-identifier: {unordered: [7]}", Matcher::Unordered(vec![equal(number(7.0))]))]
#[case("user-property: [[a, {not: b}]]", Matcher::List(vec![Matcher::Pair(Box::new((
    equal(text("a")), Matcher::Not(Box::new(equal(text("b"))))
)))]))]
fn matchers(#[case] written: &str, #[case] expected: Matcher) {
    let pattern = received(&format!("{{{written}}}"));
    assert_eq!(pattern.packet, PacketType::Publish);
    assert_eq!(pattern.fields.last().unwrap().value, expected);
}

#[test]
fn a_saved_value_is_checked_and_kept() {
    let steps = "  - a: {receive: {packet-id: {save: x, at-least: 1}, payload: {save: y}}}\n  \
                 - a: {send: {puback: {packet-id: $x, reason-string: $y}}}";
    let scenario = load("v5.0", steps);
    let Action::Receive(expectation) = client_action(&scenario, 0) else { panic!("receive") };
    let saved: Vec<Matcher> = expectation.pattern.fields.iter().map(|field| field.value.clone()).collect();
    let at_least = Matcher::Between(Some(number(1.0)), None);
    assert_eq!(
        saved,
        [
            Matcher::Save("x".into(), Box::new(at_least)),
            Matcher::Save("y".into(), Box::new(Matcher::Present))
        ]
    );
}

#[rstest]
#[case("{first-byte: 0x36}", EditSpec::FirstByte(number(54.0)))]
#[case("{flags: 0b0110}", EditSpec::Flags(number(6.0)))]
#[case("{drop: topic-name}", EditSpec::Drop("topic-name".into()))]
#[case("{repeat: 'user-property[1].name'}", EditSpec::Repeat("user-property[1].name".into()))]
#[case("{move: {part: payload, before: topic-name}}", EditSpec::Move {
    part: "payload".into(), before: "topic-name".into()
})]
#[case("{replace: {part: topic-name, with: x}}", EditSpec::Replace { part: "topic-name".into(), with: text("x") })]
#[case("{insert: {before: payload, hex: '00'}}", EditSpec::Insert { before: "payload".into(), bytes: vec![0] })]
#[case("{length: {part: topic-name, is: 500}}", EditSpec::Length { part: "topic-name".into(), length: number(500.0) })]
#[case("{pad: {part: remaining-length, width: 2}}", EditSpec::Pad { part: "remaining-length".into(), width: 2 })]
#[case("{cut: 5}", EditSpec::Cut(number(5.0)))]
#[case("{append: '00 01'}", EditSpec::Append(vec![0, 1]))]
fn edits(#[case] written: &str, #[case] expected: EditSpec) {
    assert_eq!(
        sent(&format!("{{publish: {{topic: a, user-property: [[k, v], [k, w]]}}, edit: [{written}]}}")).edits,
        [expected]
    );
}

#[test]
fn a_segment_holds_packets_and_bytes_in_order() {
    let Action::Send { items, .. } = action("{send: [pingreq, {hex: 'c0 00'}, {disconnect: {}}]}") else {
        panic!("send")
    };
    let kinds: Vec<String> = items
        .iter()
        .map(|item| match item {
            SendItem::Packet(packet) => packet.packet.to_string(),
            SendItem::Hex(bytes) => format!("{bytes:?}"),
        })
        .collect();
    assert_eq!(kinds, ["PINGREQ", "[192, 0]", "DISCONNECT"]);
}

#[test]
fn names_of_reason_codes_are_numbers_of_each_version() {
    let scenario = load("both", "  - a: {expect: {connack: {reason: not-authorized}}}");
    let Action::Expect(expectation) = client_action(&scenario, 0) else { panic!("expect") };
    let codes: Vec<_> =
        expectation.pattern.fields.iter().map(|field| (field.only, field.value.clone())).collect();
    assert_eq!(
        codes,
        [(Some(Version::V3_1_1), equal(number(5.0))), (Some(Version::V5_0), equal(number(135.0)))]
    );
}

#[test]
fn steps_and_fields_under_a_version_count_only_there() {
    let steps = "  - v5.0:\n      - a: ping\n      - wait: 1s\n  - a: {subscribe: {filter: x, v5.0: {no-local: true}}}";
    let scenario = load("both", steps);
    let only: Vec<Option<Version>> = scenario.steps.iter().map(|step| step.only).collect();
    assert_eq!(only, [Some(Version::V5_0), Some(Version::V5_0), None, None]);
    let Action::Subscribe(exchange) = client_action(&scenario, 2) else { panic!("subscribe") };
    let FieldValue::Filters(filters) = &exchange.packet.fields[0].value else { panic!("filters") };
    let options: Vec<_> = filters[0].iter().map(|option| (option.name, option.only)).collect();
    assert_eq!(options, [("filter", None), ("no-local", Some(Version::V5_0))]);
}

#[rstest]
#[case("{subscribe: {filter: x, qos: 1, subscription-identifier: 7}}", 1)]
#[case("{subscribe: {filters: [{filter: x, qos: 1}, {filter: y}], subscription-identifier: 7}}", 2)]
fn one_filter_is_a_list_of_one(#[case] written: &str, #[case] count: usize) {
    let Action::Subscribe(exchange) = action(written) else { panic!("subscribe") };
    let [filters, identifier] = exchange.packet.fields.as_slice() else { panic!("two fields") };
    assert!(matches!(&filters.value, FieldValue::Filters(filters) if filters.len() == count));
    assert_eq!((filters.name, identifier.name), ("filters", "subscription-identifier"));
    assert_eq!(identifier.value, FieldValue::Many(vec![number(7.0)]));
}

#[rstest]
#[case("{unsubscribe: {filter: x}}", &["x"])]
#[case("{unsubscribe: {filters: [x, y]}}", &["x", "y"])]
fn filters_to_unsubscribe(#[case] written: &str, #[case] filters: &[&str]) {
    let Action::Unsubscribe(exchange) = action(written) else { panic!("unsubscribe") };
    let expected = filters.iter().map(|filter| text(filter)).collect();
    assert_eq!(exchange.packet.fields[0].value, FieldValue::Many(expected));
}

fn same(judged: &Judgement, grade: Grade, statements: &[mqttspec_spec::StatementId], says: Option<&str>) {
    let found = (judged.grade, judged.statements.as_slice(), judged.says.as_deref());
    assert_eq!(found, (grade, statements, says));
}

#[test]
fn verdicts_name_the_statements_of_each_version() {
    let steps = "  - a: {receive: {}, else: fail}\n  - a: {receive: {}, else: warn MQTT-3.3.1-6 3.3.1-5 it was slow}\n  \
                 - a: {receive: {}, else: {v3.1.1: inconclusive, v5.0: fail 3.3.1-6}}";
    let scenario = load("both", steps);
    let verdict = |step| {
        let Action::Receive(expectation) = client_action(&scenario, step) else { panic!("receive") };
        expectation.terms.otherwise.clone().unwrap()
    };
    same(&verdict(0).v3, Grade::Fail, &[v3!("3.3.1-5")], None);
    same(&verdict(0).v5, Grade::Fail, &[v5!("3.3.1-5")], None);
    same(&verdict(1).v3, Grade::Warn, &[v3!("3.3.1-6"), v3!("3.3.1-5")], Some("it was slow"));
    same(&verdict(2).v3, Grade::Inconclusive, &[v3!("3.3.1-5")], None);
    same(&verdict(2).v5, Grade::Fail, &[v5!("3.3.1-6")], None);
}

#[test]
fn outcomes_pass_unless_they_say_otherwise() {
    let Action::ExpectOneOf { outcomes, .. } =
        action("{expect-one-of: [{pingresp: {}}, {closed: {}, warn: 3.3.1-6 rude}, {nothing: {}, fail: }]}")
    else {
        panic!("expect-one-of")
    };
    let [answer, closed, nothing] = outcomes.as_slice() else { panic!("three outcomes") };
    assert!(matches!(&answer.event, OutcomeEvent::Packet(packet) if packet.packet == PacketType::Pingresp));
    assert!(matches!((&closed.event, &nothing.event), (OutcomeEvent::Closed, OutcomeEvent::Nothing)));
    assert_eq!(answer.otherwise.v5.grade, Grade::Pass);
    same(&closed.otherwise.v5, Grade::Warn, &[v5!("3.3.1-6")], Some("rude"));
    same(&nothing.otherwise.v5, Grade::Fail, &[v5!("3.3.1-5")], None);
}

#[test]
fn messages_in_any_order_are_acknowledged() {
    let received = action("{receive-any-order: [{payload: a}, {payload: b}], within: 5s}");
    let Action::ExpectAnyOrder { patterns, acknowledge, terms } = received else { panic!("any order") };
    assert_eq!((patterns.len(), acknowledge, terms.within), (2, true, Some(number(5.0))));
    let expected = action("{expect-any-order: [pingresp]}");
    assert!(matches!(expected, Action::ExpectAnyOrder { acknowledge: false, .. }));
}

#[test]
fn closing_has_grades_of_its_own() {
    let steps = "  - a: {expect-closed: {reason: [protocol-error, 0x81], bare: pass, other-reason: warn, \
                 left-open: fail, return-code: identifier-rejected}}";
    let scenario = load("both", steps);
    let Action::ExpectClosed(close) = client_action(&scenario, 0) else { panic!("expect-closed") };
    assert_eq!(close.reasons, [0x82, 0x81]);
    let grades = (close.bare, close.other_reason, close.left_open);
    assert_eq!(grades, (Some(Grade::Pass), Some(Grade::Warn), Some(Grade::Fail)));
    assert_eq!(close.return_code, Some(2));
}

#[test]
fn a_will_is_part_of_connect() {
    let spec = sent("{connect: {will: {topic: w, qos: 1, will-delay-interval: 5, content-type: c}}}");
    let names: Vec<&str> = spec.fields.iter().map(|field| field.name).collect();
    assert_eq!(names, ["will.topic", "will.qos", "will.will-delay-interval", "will.content-type"]);
}

#[test]
fn fences_are_published_by_another_client() {
    let Action::ExpectNothingMore { fence: Some(fence), .. } =
        action("{expect-nothing-more: {fence: {b: {topic: $topic, qos: 2}}}}")
    else {
        panic!("fence")
    };
    assert_eq!((fence.client.as_str(), fence.topic, fence.qos), ("b", variable("topic"), Some(number(2.0))));
}

#[rstest]
#[case(0.0, &[Feature::Session])]
#[case(1.0, &[Feature::QoS1, Feature::Session])]
#[case(2.0, &[Feature::QoS2, Feature::Session])]
fn what_is_needed_may_vary(#[case] qos: f64, #[case] needed: &[Feature]) {
    let text = "title: t\ncovers: {v5.0: [3.3.1-5]}\nneeds: [qos$qos, session]\nvary: {qos: [0, 1, 2]}\n\
                prepare: [{a: connect}]\nsteps: [{a: {publish: {topic: t, qos: $qos}, else: fail}}]\n";
    let scenario = load_str("t", "t.yaml", text).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
    assert_eq!(scenario.needs_with(&[("qos".to_owned(), Scalar::Number(qos))]), needed);
}
