//! The loader against files that are right, files that are wrong, and noise.

mod hostile;
mod meaning;
mod words;

use super::{ast::Scenario, diagnostic::Diagnostics, load_str};

/// Loads a scenario of which only the steps matter. It covers a statement of each of the `versions`, and the clients
/// `a` and `b` are connected.
fn load_steps(versions: &str, steps: &str) -> Result<Scenario, Diagnostics> {
    let covers = match versions {
        "v3.1.1" => "{v3.1.1: [3.3.1-5, 3.3.1-6]}",
        "v5.0" => "{v5.0: [3.3.1-5, 3.3.1-6]}",
        _ => "{v3.1.1: [3.3.1-5, 3.3.1-6], v5.0: [3.3.1-5, 3.3.1-6]}",
    };
    let text = format!(
        "title: t\ncovers: {covers}\nprepare: [{{a: connect}}, {{b: connect}}]\nsteps:\n{steps}\n  - b: {{expect-closed: {{}}, else: fail 3.3.1-5 3.3.1-6}}\n"
    );
    load_str("test", "test.yaml", &text)
}
