//! Turns `catalogue/*.yaml` into two constant tables, so that an identifier can be looked up at compile time.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

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

fn main() -> Result<(), Box<dyn Error>> {
    let mut code = String::new();
    table(&mut code, "V3_1_1", &["mqtt-3.1.1.yaml", "unnumbered-3.1.1.yaml"])?;
    table(&mut code, "V5_0", &["mqtt-5.0.yaml", "unnumbered-5.0.yaml"])?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("catalogue.rs"), code)?;
    Ok(())
}

fn table(code: &mut String, name: &str, files: &[&str]) -> Result<(), Box<dyn Error>> {
    writeln!(code, "pub(crate) static {name}: &[Statement] = &[")?;
    let mut seen = std::collections::BTreeSet::new();
    for file in files {
        let path = format!("catalogue/{file}");
        println!("cargo::rerun-if-changed={path}");
        let entries: Vec<Entry> = serde_yaml::from_str(&fs::read_to_string(&path)?)?;
        for entry in entries {
            let label = entry.id.strip_prefix("MQTT-").unwrap_or(&entry.id);
            if !seen.insert(label.to_owned()) {
                return Err(format!("{path}: {} stands twice", entry.id).into());
            }
            writeln!(
                code,
                "Statement {{ label: {label:?}, section: {:?}, title: {:?}, requires: {:?}, binds: Binds::{}, \
                 level: Level::{}, observable: Observable::{}, how: {:?}, capability: {:?} }},",
                entry.section,
                entry.title,
                entry.requires,
                variant(&entry.binds),
                variant(&entry.level.to_lowercase()),
                variant(&entry.observable),
                entry.how,
                entry.capability,
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
