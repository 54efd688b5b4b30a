//! What a part of the code may not even name: clocks, files, sockets, runtimes, parsers, the terminal.

use crate::{
    finding::Finding,
    lexer::{Token, tokens},
    source::{File, Tree},
    syntax::{Path, paths},
};

/// Names that do not occur in some folders.
struct Ban {
    folders: &'static [&'static str],
    /// Files and folders inside those, where they may.
    but: &'static [&'static str],
    names: &'static [&'static str],
    instead: &'static str,
}

/// The cores, which only compute.
const PURE: &[&str] = &[
    "crates/fleet/src",
    "crates/segments/src",
    "crates/spec/src",
    "crates/wire/src",
    "reference-broker/src/core",
    "src/scenario",
    "src/referee",
    "src/verdict",
];

const BANS: &[Ban] = &[
    Ban {
        folders: PURE,
        but: &[],
        names: &["Instant", "SystemTime"],
        instead: "take the time as an argument, `now: Duration`",
    },
    Ban {
        folders: PURE,
        but: &[],
        names: &["tokio", "std::net", "std::thread"],
        instead: "take bytes in and give bytes out; sockets and tasks belong to the shells",
    },
    Ban {
        folders: PURE,
        but: &["src/scenario/load"],
        names: &["std::fs"],
        instead: "take the text as an argument; only the loader of scenarios reads files",
    },
    Ban {
        folders: PURE,
        but: &[],
        names: &["thread_rng", "rand::rng", "rand::random", "getrandom"],
        instead: "take the random numbers, or a seeded generator, as an argument",
    },
    Ban {
        folders: &["reference-broker/src/core"],
        but: &[],
        names: &["HashMap", "HashSet"],
        instead: "use a BTreeMap or an index map: the core's order of iteration is visible in its output",
    },
    Ban {
        folders: &["reference-broker/src/core"],
        but: &[],
        names: &["crate::net", "crate::store"],
        instead: "let the shell carry out what the core puts out",
    },
    Ban {
        folders: &["src/referee"],
        but: &[],
        names: &["reference_broker"],
        instead: "read the standard again: the referee and the broker must not be able to share a mistake",
    },
    Ban {
        folders: &["crates/fleet/src/device", "crates/fleet/src/history"],
        but: &[],
        names: &["reference_broker", "crate::world"],
        instead: "judge what a device sees: device and oracle are readings of the standard of their own",
    },
    Ban {
        folders: &["crates/fleet/src"],
        but: &[],
        names: &["HashMap", "HashSet"],
        instead: "use a BTreeMap or an index: a seed means the same run everywhere",
    },
    Ban {
        folders: &["src/runner"],
        but: &[],
        names: &["serde_yaml", "saphyr", "saphyr_parser"],
        instead: "let `scenario` parse; the runner plays what was checked",
    },
    Ban {
        folders: &["src/report"],
        but: &[],
        names: &["tokio", "std::net", "tungstenite", "tokio_tungstenite"],
        instead: "render the report's model; it holds all there is to say",
    },
];

/// Where something may be printed. A build script speaks to cargo.
const CONSOLES: [&str; 3] =
    ["src/main.rs", "reference-broker/src/main.rs", "tests/interop/rust_rumqttc/src/main.rs"];
const PRINTERS: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let tokens = tokens(&file.text);
        let paths = paths(&tokens);
        let bans = BANS.iter().filter(|ban| within(file, ban.folders) && !within(file, ban.but));
        for ban in bans {
            findings.extend(banned(file, ban, &paths));
        }
        findings.extend(printing(file, &tokens, &paths));
    }
    findings
}

fn within(file: &File, folders: &[&str]) -> bool {
    folders.iter().any(|folder| file.belongs_to(folder))
}

fn banned(file: &File, ban: &Ban, paths: &[Path<'_>]) -> Vec<Finding> {
    let hits =
        paths.iter().filter_map(|path| Some((path, ban.names.iter().find(|name| path.contains(name))?)));
    hits.map(|(path, name)| file.finding("purity", path.at, format!("names `{name}`: {}", ban.instead)))
        .collect()
}

fn printing(file: &File, tokens: &[Token<'_>], paths: &[Path<'_>]) -> Vec<Finding> {
    let may_print = CONSOLES.contains(&file.path.as_str())
        || file.belongs_to("src/cli")
        // Tests with somebody else's programs say so where such a program is missing.
        || file.path.starts_with("reference-broker/tests/interop/")
        // A benchmark says what it measured.
        || file.path.split('/').any(|part| part == "benches")
        || file.path.ends_with("build.rs");
    let prints = |path: &&Path<'_>| {
        let is_macro = tokens.get(path.end).is_some_and(|next| next.is_sign("!"));
        let stream = path.contains("io::stdout") || path.contains("io::stderr");
        stream || is_macro && path.segments.last().is_some_and(|name| PRINTERS.contains(name))
    };
    let message = "prints: give the text back and let src/cli print it";
    let hits = paths.iter().filter(|_| !may_print).filter(prints);
    hits.map(|path| file.finding("printing", path.at, message)).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::rules::broken;

    #[rstest]
    #[case("src/referee/mod.rs", "use std::time::{Duration, Instant};")]
    #[case("src/verdict.rs", "fn f() { std::time::SystemTime::now() }")]
    #[case("src/scenario/ast.rs", "use std::{fmt, fs};")]
    #[case("src/referee/history.rs", "use std::net::TcpStream;")]
    #[case("crates/wire/src/lib.rs", "async fn f() { ::tokio::time::sleep(d).await }")]
    #[case("crates/spec/src/lib.rs", "fn f() { std::thread::spawn(g) }")]
    #[case("reference-broker/src/core/mod.rs", "fn f() -> u8 { rand::random() }")]
    #[case("reference-broker/src/core/trie.rs", "struct T(std::collections::HashMap<u8, u8>);")]
    #[case("reference-broker/src/core.rs", "use crate::net::Listener;")]
    #[case("src/referee/mod.rs", "use reference_broker::core::Session;")]
    #[case("src/runner/plan.rs", "let x = serde_yaml::from_str(y);")]
    #[case("src/report/html.rs", "use std::net::TcpListener;")]
    fn a_banned_name_is_found(#[case] path: &str, #[case] source: &str) {
        assert_eq!(broken(check, path, source), [("purity", 1)]);
    }

    #[rstest]
    #[case("src/scenario/load.rs", "use std::fs;")]
    #[case("src/referee/mod.rs", "use std::time::Duration; // not Instant\nconst S: &str = \"std::fs\";")]
    #[case(
        "reference-broker/src/net/tcp.rs",
        "use std::{collections::HashMap, net::SocketAddr, time::Instant};"
    )]
    #[case("src/target/tcp.rs", "use tokio::net::TcpStream;")]
    #[case("src/referees.rs", "use std::fs;")]
    fn other_names_and_other_places_are_free(#[case] path: &str, #[case] source: &str) {
        assert_eq!(broken(check, path, source), []);
    }

    #[rstest]
    #[case("src/runner/mod.rs", "fn f() {\n println!(\"x\") }", &[("printing", 2)])]
    #[case("src/report/terminal.rs", "fn f() { std::eprint!(\"x\") }", &[("printing", 1)])]
    #[case("tests/suite.rs", "fn f() { dbg!(x) }", &[("printing", 1)])]
    #[case("src/report/mod.rs", "use std::io::{Write, stdout};", &[("printing", 1)])]
    #[case("src/runner/mod.rs", "fn print(x: u8) { self.print() } // println!()", &[])]
    #[case("src/cli/run.rs", "fn f() { println!(\"x\") }", &[])]
    #[case("src/main.rs", "fn f() { eprintln!(\"x\") }", &[])]
    #[case("crates/spec/build.rs", "fn f() { println!(\"cargo::x\") }", &[])]
    fn printing_is_for_the_consoles(
        #[case] path: &str,
        #[case] source: &str,
        #[case] expected: &[(&str, usize)],
    ) {
        assert_eq!(broken(check, path, source), expected);
    }
}
