//! The house rules that no linter knows, enforced.
//!
//! [`source`] reads the tree, [`lexer`] and [`syntax`] understand just enough Rust to be right about comments,
//! literals, paths and attributes, and each module under [`rules`] is one family of rules. A finding says where,
//! which rule and what to do. What a rule has to tolerate stands in [`exceptions`] with its reason.

mod exceptions;
mod finding;
mod lexer;
mod rules;
mod source;
mod syntax;

use std::path::Path;

use crate::{exceptions::EXCEPTIONS, finding::listing, source::Tree};

#[test]
fn the_house_rules_hold() {
    let tree = Tree::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert!(tree.files.iter().any(|file| file.path == "tests/tidy/main.rs"), "the tree is not the project's");

    let findings = exceptions::settle(rules::check(&tree), EXCEPTIONS);
    assert!(findings.is_empty(), "{}", listing(&findings));
}
