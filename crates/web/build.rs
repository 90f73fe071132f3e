//! Lists the catalogues under `locales/`, so that a new language or a new file needs no line of code.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let locales = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../locales");
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
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&out).join("catalogues.rs"), list)?;
    Ok(())
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
