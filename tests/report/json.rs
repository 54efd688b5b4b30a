//! The canonical JSON: its shape, and that it reads back as what was written.

use mqttspec::{
    report::{FORMAT, ReadError, Report, json, merged, read},
    verdict::{Grade, RunReport},
};
use rstest::rstest;
use serde_json::Value;

use crate::{expect, sample};

#[rstest]
#[case(sample::every_grade())]
#[case(sample::hostile())]
#[case(sample::unreachable())]
fn what_is_written_reads_back(#[case] run: RunReport) {
    let report = sample::report(run);
    let text = json(&report).unwrap();
    let [read]: [Report; 1] = read(&text).unwrap().try_into().unwrap();
    assert_eq!(json(&read).unwrap(), text);
    assert_eq!(read.run.results, report.run.results);
    assert_eq!(read.provenance, report.provenance);
}

#[test]
fn several_reports_read_back_in_their_order() {
    let reports = [sample::report(sample::conforming()), sample::report(sample::stopped())];
    assert_eq!(read(&merged(&reports).unwrap()).unwrap(), reports);
}

#[test]
fn json_has_this_shape() {
    let mut run = sample::every_grade();
    run.results.truncate(8);
    let text = json(&sample::report(run)).unwrap();
    // The catalogue follows, which grows without this format changing.
    let (results, _) = text.split_once("\n \"statements\"").unwrap();
    expect("every-grade.json", &format!("{results}\n"));
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["verdict"], "not-conforming");
    let broken =
        document["statements"].as_array().unwrap().iter().find(|row| row["id"] == "v5.0:3.3.1-5").unwrap();
    assert_eq!(broken["standing"], "broken");
    assert_eq!(broken["url"].as_str().unwrap().split_once('#').unwrap().1, ":~:text=%5BMQTT%2D3.3.1%2D5%5D");
}

#[rstest]
#[case("/results/0/grade", "good", "results[0].grade: unknown variant `good`")]
#[case("/results/0/statements", serde_json::json!(["v5.0:99.9.9-9"]), "results[0].statements: `v5.0:99.9.9-9` names no")]
#[case("/results/0/statements", serde_json::json!(["v3.1.1:3.3.1-5"]), "results[0]: v3.1.1:3.3.1-5 is no statement of MQTT 5.0")]
#[case("/results/0/version", "4", "results[0].version: `4` is no version of MQTT")]
#[case("/results/0/seconds", -1, "results[0].seconds: -1 is no duration in seconds")]
#[case("/results/0/findings/0/packets", serde_json::json!([99]), "results[0]: a finding points to packet 99, and there are 8")]
#[case("/results/0/evidence/1/hex", "1", "results[0].evidence[1]: bytes are pairs")]
#[case("/provenance/date", "today", "provenance.date: `today` is no point in time")]
#[case("/results", "none", "results: invalid type: string")]
fn a_wrong_value_is_named_with_its_place(
    #[case] pointer: &str,
    #[case] value: impl Into<Value>,
    #[case] expected: &str,
) {
    let text = json(&sample::report(sample::only(Grade::Fail))).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    *document.pointer_mut(pointer).unwrap() = value.into();
    let complaint = read(&document.to_string()).unwrap_err().to_string();
    assert!(complaint.starts_with(expected), "{complaint}");
}

#[rstest]
#[case("", "this is no report of mqttspec")]
#[case("{}", "this is no report of mqttspec: it says no `format`")]
#[case("{\"format\": 1", "this is no report of mqttspec")]
fn other_files_are_no_reports(#[case] text: &str, #[case] expected: &str) {
    let error = read(text).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_report_of_a_later_format_says_so() {
    let later = u64::from(FORMAT) + 1;
    assert_eq!(read(&format!("{{\"format\": {later}}}")).unwrap_err(), ReadError::OtherFormat(later));
}
