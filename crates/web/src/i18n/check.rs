//! What the tests of each crate ask of the catalogues: that every key which its templates and sources use
//! exists, and that every language says the same with the same variables.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::catalogue::{ENGLISH, Languages, SOURCES};

/// The calls that draw a text, as they stand in templates and sources.
const CALLS: [&str; 3] = ["text(", "text_with(", "say("];

/// Every key that the files under `dirs` (`.html` and `.rs`) use as a literal: `t.text("web-back")`. Keys put
/// together at run time are not seen; write them out where you can.
///
/// # Errors
/// Where a folder or a file cannot be read.
pub fn keys_used(dirs: &[&Path]) -> io::Result<BTreeSet<String>> {
    let mut keys = BTreeSet::new();
    for dir in dirs {
        collect(dir, &mut keys)?;
    }
    Ok(keys)
}

/// The keys that the files under `dirs` use and English lacks. A crate's test asserts that there are none:
/// `assert_eq!(i18n::check::missing_keys(&[templates, src])?, Vec::<String>::new())`.
///
/// # Errors
/// Where a folder or a file cannot be read.
pub fn missing_keys(dirs: &[&Path]) -> io::Result<Vec<String>> {
    let english = Languages::embedded().english();
    Ok(keys_used(dirs)?
        .into_iter()
        .filter(|key| !english.has(key))
        .collect())
}

/// The keys of `file` (`link.ftl`) that nothing under `dirs` mentions in quotes, except those that begin with
/// one of `built`, which are put together at run time.
///
/// # Errors
/// Where a folder or a file cannot be read.
pub fn unused_keys(file: &str, dirs: &[&Path], built: &[&str]) -> io::Result<Vec<String>> {
    let mut texts = String::new();
    for dir in dirs {
        read_all(dir, &mut texts)?;
    }
    let keys = sources(ENGLISH)
        .filter(|(name, _)| *name == file)
        .flat_map(|(_, source)| messages(source).into_keys())
        .filter(|key| !built.iter().any(|b| key.starts_with(b)))
        .filter(|key| !texts.contains(&format!("\"{key}\"")))
        .collect();
    Ok(keys)
}

/// Where the languages differ from English: a key too few, a key too many, other variables, a fault of form.
/// Empty when all is well.
pub fn differences() -> Vec<String> {
    let mut found: Vec<String> = Languages::embedded()
        .all
        .iter()
        .flat_map(|c| c.faults.iter().cloned())
        .collect();
    let all = |tag| -> BTreeMap<String, BTreeSet<String>> {
        sources(tag)
            .flat_map(|(_, source)| messages(source))
            .collect()
    };
    let english = all(ENGLISH);
    for (tag, files) in SOURCES {
        let theirs = all(tag);
        for (key, variables) in &english {
            match theirs.get(key) {
                None => found.push(format!("{tag} lacks {key}")),
                Some(v) if v != variables => {
                    found.push(format!("{tag}: {key} has {v:?}, English has {variables:?}"));
                }
                Some(_) => {}
            }
        }
        for key in theirs.keys().filter(|k| !english.contains_key(*k)) {
            found.push(format!("{tag} has {key}, English has not"));
        }
        for (file, source) in *files {
            let prefix = file.trim_end_matches("ftl").replace('.', "-");
            for key in messages(source).keys().filter(|k| !k.starts_with(&prefix)) {
                found.push(format!("{tag}/{file}: {key} does not begin with {prefix}"));
            }
        }
    }
    found
}

fn sources(tag: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    SOURCES
        .iter()
        .filter(move |(t, _)| *t == tag)
        .flat_map(|(_, files)| files.iter().copied())
}

/// The messages of a source, each with the variables it mentions.
fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::<String, BTreeSet<String>>::new();
    let mut current = None;
    for line in source.lines().filter(|l| !l.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_alphabetic())
            && let Some((key, _)) = line.split_once('=')
        {
            current = Some(key.trim().to_owned());
            all.entry(key.trim().to_owned()).or_default();
        }
        if let Some(variables) = current.as_ref().and_then(|key| all.get_mut(key)) {
            variables.extend(line.split('$').skip(1).map(|rest| {
                rest.chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
                    .collect()
            }));
        }
    }
    all
}

fn collect(path: &Path, keys: &mut BTreeSet<String>) -> io::Result<()> {
    let mut text = String::new();
    read_all(path, &mut text)?;
    for call in CALLS {
        for (at, _) in text.match_indices(call) {
            let rest = text[at + call.len()..].trim_start();
            if let Some((key, _)) = rest.strip_prefix('"').and_then(|r| r.split_once('"'))
                && !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            {
                keys.insert(key.to_owned());
            }
        }
    }
    Ok(())
}

fn read_all(path: &Path, text: &mut String) -> io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            read_all(&entry?.path(), text)?;
        }
    } else if path.extension().is_some_and(|e| e == "html" || e == "rs") {
        text.push_str(&std::fs::read_to_string(path)?);
        text.push('\n');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_the_same() {
        assert_eq!(differences(), Vec::<String>::new());
    }

    #[test]
    fn our_own_pages_find_their_texts() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let missing = missing_keys(&[&root.join("templates"), &root.join("src/look")]).unwrap();
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn variables_are_seen_over_several_lines() {
        let source = "# a = { $no }\na-b =\n    { $count ->\n        [one] One of { $total }\n       *[other] { $count }\n    }\nc = plain\n";
        let found = messages(source);
        assert_eq!(
            found["a-b"],
            BTreeSet::from(["count".into(), "total".into()])
        );
        assert!(found["c"].is_empty());
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_key_that_is_used_and_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("a.html"),
            r#"{{ t.text("web-back") }}{{ t.say("web-nowhere").with("a", b) }}{{ t.text(key) }}"#,
        )
        .unwrap();
        assert_eq!(missing_keys(&[dir.path()]).unwrap(), ["web-nowhere"]);
    }
}
