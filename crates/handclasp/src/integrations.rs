//! The integrations of this server: those of the program, and the operator's own.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use handclasp_integrations::{Catalogue, Folder, Origins};

/// The longest file of an integration that is read, in bytes: a declaration has a few thousand.
const LONGEST: u64 = 256 * 1024;

/// A folder with an integration, read.
pub(crate) struct OwnFolder {
    path: String,
    declaration: String,
    logo: String,
}

impl OwnFolder {
    /// Reads a folder with `integration.toml` and `logo.svg`.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            path: path.display().to_string(),
            declaration: text(&path.join("integration.toml"))?,
            logo: text(&path.join("logo.svg"))?,
        })
    }

    fn folder(&self) -> Folder<'_> {
        Folder {
            path: &self.path,
            declaration: &self.declaration,
            logo: &self.logo,
        }
    }
}

/// The catalogue with the integrations of the configured folder; without one, the program's alone.
pub(crate) fn catalogue(folder: &str, origins: &Origins) -> anyhow::Result<Catalogue> {
    let own = match folder {
        "" => Vec::new(),
        folder => own(Path::new(folder)).context("integrations_dir")?,
    };
    with(&own, origins)
}

/// The program's integrations and these.
pub(crate) fn with(own: &[OwnFolder], origins: &Origins) -> anyhow::Result<Catalogue> {
    let folders: Vec<_> = own.iter().map(OwnFolder::folder).collect();
    Ok(Catalogue::with_own(&folders, origins)?)
}

/// These alone.
pub(crate) fn alone(own: &OwnFolder, origins: &Origins) -> anyhow::Result<Catalogue> {
    Ok(Catalogue::parse(&[own.folder()], origins)?)
}

/// Reads each folder in this one, in the order of their names. What begins with a dot is passed over.
fn own(root: &Path) -> anyhow::Result<Vec<OwnFolder>> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let entries = std::fs::read_dir(root).with_context(|| format!("{}", root.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("{}", root.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| OwnFolder::read(path)).collect()
}

fn text(path: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(path)
        .with_context(|| format!("{}", path.display()))?
        .len();
    if size > LONGEST {
        bail!("{}: is larger than 256 KiB", path.display());
    }
    std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))
}
