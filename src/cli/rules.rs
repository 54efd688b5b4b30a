//! `mqttspec broker rules`: what the reference broker does about the standard.

use mqttspec_spec::{Binds, Version};
use reference_broker::Rule;

use crate::report::{Page, Tone};

/// All rules with their statements.
pub(super) fn rules(mut page: Page) -> String {
    for rule in Rule::ALL {
        let statements: Vec<String> = rule.statements().iter().map(ToString::to_string).collect();
        page.line(0, &[(Tone::Strong, rule.name())]);
        page.line(4, &[(Tone::Plain, rule.describe())]);
        page.line(4, &[(Tone::Faint, &statements.join(" "))]);
    }
    page.finish()
}

/// The statements about servers, each with its rules or with the reason why it has none.
pub(super) fn statements(mut page: Page) -> String {
    let all = Version::ALL.into_iter().flat_map(Version::statements);
    for id in all.filter(|id| id.statement().binds != Binds::Client) {
        let title = id.statement().title;
        page.line(0, &[(Tone::Strong, &id.to_string()), (Tone::Plain, "  "), (Tone::Plain, title)]);
        for rule in Rule::carrying_out(id) {
            page.line(4, &[(Tone::Plain, rule.name()), (Tone::Faint, ": "), (Tone::Faint, rule.describe())]);
        }
        if let Some(why) = Rule::why_none(id) {
            page.line(4, &[(Tone::Plain, "no rule: "), (Tone::Plain, why)]);
        }
    }
    page.finish()
}
