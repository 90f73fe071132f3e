//! Lists the folders under `integrations/`, so that adding an integration takes no Rust.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../integrations")
        .canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());

    let mut folders = Vec::new();
    for entry in std::fs::read_dir(&root)? {
        let path = entry?.path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();

    let mut code = String::from("&[\n");
    for folder in &folders {
        let slug = folder
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or("a folder under integrations/ is not named in UTF-8")?;
        // A folder is watched besides its files: cargo notices a file that comes or goes only so.
        println!("cargo::rerun-if-changed={}", folder.display());
        let declaration = folder.join("integration.toml");
        let logo = folder.join("logo.svg");
        for file in [&declaration, &logo] {
            if !file.is_file() {
                return Err(format!("{} is missing", file.display()).into());
            }
        }
        let path = format!("integrations/{slug}");
        writeln!(
            code,
            "    Folder {{ path: {path:?}, declaration: include_str!({declaration:?}), logo: include_str!({logo:?}) }},"
        )?;
    }
    code.push(']');

    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    std::fs::write(out.join("folders.rs"), code)?;
    Ok(())
}
