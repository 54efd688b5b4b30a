//! Turns `catalogue/*.yaml` into two constant tables, so that an identifier can be looked up at compile time.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::Path,
};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    section: String,
    title: String,
    requires: String,
    binds: String,
    level: String,
    observable: String,
    how: String,
    capability: String,
}

/// Why a statement cannot be judged.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutOfReach {
    id: String,
    reason: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut code = String::new();
    let mut reasons = out_of_reach("out-of-reach.yaml")?;
    table(&mut code, ("V3_1_1", "v3.1.1"), &["mqtt-3.1.1.yaml", "unnumbered-3.1.1.yaml"], &mut reasons)?;
    table(&mut code, ("V5_0", "v5.0"), &["mqtt-5.0.yaml", "unnumbered-5.0.yaml"], &mut reasons)?;
    if let Some(unknown) = reasons.keys().next() {
        return Err(format!("out-of-reach.yaml: there is no statement {unknown}").into());
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("catalogue.rs"), code)?;
    Ok(())
}

/// The text of a file of the catalogue.
fn read(file: &str) -> Result<String, Box<dyn Error>> {
    let path = format!("catalogue/{file}");
    println!("cargo::rerun-if-changed={path}");
    Ok(fs::read_to_string(path)?)
}

/// The constants of the reasons, by statement.
fn out_of_reach(file: &str) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let mut found = BTreeMap::new();
    for OutOfReach { id, reason } in serde_yaml::from_str::<Vec<_>>(&read(file)?)? {
        if found.insert(id.clone(), format!("Some({reason:?})")).is_some() {
            return Err(format!("{file}: {id} stands twice").into());
        }
    }
    Ok(found)
}

fn table(
    code: &mut String,
    (name, version): (&str, &str),
    files: &[&str],
    reasons: &mut BTreeMap<String, String>,
) -> Result<(), Box<dyn Error>> {
    writeln!(code, "pub(crate) static {name}: &[Statement] = &[")?;
    let mut seen = BTreeSet::new();
    for file in files {
        let entries: Vec<Entry> = serde_yaml::from_str(&read(file)?)?;
        for entry in entries {
            let label = entry.id.strip_prefix("MQTT-").unwrap_or(&entry.id);
            if !seen.insert(label.to_owned()) {
                return Err(format!("{file}: {} stands twice", entry.id).into());
            }
            let out_of_reach = reasons.remove(&format!("{version}:{label}"));
            writeln!(
                code,
                "Statement {{ label: {label:?}, section: {:?}, title: {:?}, requires: {:?}, binds: Binds::{}, \
                 level: Level::{}, observable: Observable::{}, how: {:?}, capability: {:?}, out_of_reach: {} }},",
                entry.section,
                entry.title,
                entry.requires,
                variant(&entry.binds),
                variant(&entry.level.to_lowercase()),
                variant(&entry.observable),
                entry.how,
                entry.capability,
                out_of_reach.as_deref().unwrap_or("None"),
            )?;
        }
    }
    writeln!(code, "];")?;
    Ok(())
}

/// `must not` -> `MustNot`.
fn variant(words: &str) -> String {
    words
        .split(' ')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        })
        .collect()
}
