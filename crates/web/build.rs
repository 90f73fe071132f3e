//! Lists the catalogues under `locales/`, so that a new language or a new file needs no line of code, and takes
//! comments and spaces out of the stylesheet.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=assets/handclasp.css");
    let css = std::fs::read_to_string(root.join("assets/handclasp.css"))?;
    std::fs::write(out.join("handclasp.css"), small(&css))?;

    let locales = root.join("../../locales");
    println!("cargo:rerun-if-changed={}", locales.display());
    let mut list = String::from("&[\n");
    for language in sorted(&locales)? {
        if !language.is_dir() {
            continue;
        }
        println!("cargo:rerun-if-changed={}", language.display());
        let tag = name(&language)?;
        writeln!(list, "    ({tag:?}, &[")?;
        for file in sorted(&language)? {
            if file.extension().is_some_and(|e| e == "ftl") {
                let path = file.canonicalize()?;
                writeln!(
                    list,
                    "        ({:?}, include_str!({:?})),",
                    name(&file)?,
                    path
                )?;
            }
        }
        list.push_str("    ]),\n");
    }
    list.push_str("]\n");
    std::fs::write(out.join("catalogues.rs"), list)?;
    Ok(())
}

/// The stylesheet without comments and without the spaces that mean nothing. Ours has no text in quotes with
/// spaces or braces in it, except a font's name, which keeps its single space.
fn small(css: &str) -> String {
    let mut text = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        text.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let mut small = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let tight = |c: char| matches!(c, '{' | '}' | ';' | ',' | '>' | '/');
        let glued = small.is_empty()
            || small.ends_with(tight)
            || small.ends_with(':')
            || word.starts_with(tight)
            || word.starts_with('!');
        if !glued {
            small.push(' ');
        }
        small.push_str(word);
    }
    small.replace(";}", "}")
}

fn sorted(dir: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths = std::fs::read_dir(dir)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> Result<String, Box<dyn Error>> {
    Ok(path
        .file_name()
        .and_then(|n| n.to_str())
        .ok_or("a name under locales/ is not UTF-8")?
        .to_owned())
}
