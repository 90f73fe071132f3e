//! All integrations that the server knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use handclasp_domain::PlatformKey;

use crate::declaration::{self, DeclarationError};
use crate::endpoint::Origins;
use crate::integration::Integration;

/// The folders under `integrations/`, as they were when the program was built.
pub const EMBEDDED: &[Folder<'static>] = include!(concat!(env!("OUT_DIR"), "/folders.rs"));

/// A logo is shown on every page of Link: larger ones would make the page heavy.
const LOGO_MAX: usize = 32 * 1024;

/// One integration's folder, read.
#[derive(Debug, Clone, Copy)]
pub struct Folder<'a> {
    /// The folder's path, as messages have it: `integrations/xero`.
    pub path: &'a str,
    /// The text of its `integration.toml`.
    pub declaration: &'a str,
    /// The text of its `logo.svg`.
    pub logo: &'a str,
}

/// Why there is no catalogue. The text is for the operator or whoever wrote the declaration, and names the
/// place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// A declaration is wrong.
    #[error(transparent)]
    Declaration(#[from] DeclarationError),
    /// A logo cannot be used.
    #[error("{file}: {problem}")]
    Logo {
        /// Which file.
        file: String,
        /// What is wrong with it, as a clause.
        problem: &'static str,
    },
    /// Two folders declare one key.
    #[error("{second}/integration.toml: key: `{key}` is declared by {first} too")]
    Twice {
        /// The key.
        key: PlatformKey,
        /// The folder that came first.
        first: String,
        /// The folder that came second.
        second: String,
    },
}

/// All integrations, checked. Made once at the start.
#[derive(Debug, Clone)]
pub struct Catalogue {
    by_key: BTreeMap<PlatformKey, Arc<Integration>>,
    in_order: Vec<Arc<Integration>>,
}

impl Catalogue {
    /// The integrations that the program was built with.
    ///
    /// # Errors
    /// [`CatalogueError`] where a declaration is wrong; a test keeps that from being released.
    pub fn embedded(origins: &Origins) -> Result<Self, CatalogueError> {
        Self::parse(EMBEDDED, origins)
    }

    /// The integrations of these folders.
    ///
    /// # Errors
    /// [`CatalogueError`] for the first thing that is wrong.
    pub fn parse(folders: &[Folder<'_>], origins: &Origins) -> Result<Self, CatalogueError> {
        let mut by_key = BTreeMap::<PlatformKey, Arc<Integration>>::new();
        let mut names = BTreeMap::<PlatformKey, &str>::new();
        for folder in folders {
            check_logo(folder)?;
            let file = format!("{}/integration.toml", folder.path);
            let integration = declaration::parse(&file, folder.declaration, folder.logo, origins)?;
            let key = integration.key;
            if let Some(first) = names.insert(key, folder.path) {
                return Err(CatalogueError::Twice {
                    key,
                    first: first.to_owned(),
                    second: folder.path.to_owned(),
                });
            }
            by_key.insert(key, Arc::new(integration));
        }
        Ok(Self::of(by_key))
    }

    /// The integrations that the program was built with, and an operator's own. One with a key of the program's takes that one's
    /// place; what was registered there for other addresses has to be entered anew, as [`crate::Client::new`] sees to.
    ///
    /// # Errors
    /// [`CatalogueError`] for the first thing that is wrong.
    pub fn with_own(own: &[Folder<'_>], origins: &Origins) -> Result<Self, CatalogueError> {
        let own = Self::parse(own, origins)?;
        let mut all = Self::embedded(origins)?.by_key;
        all.extend(own.by_key);
        Ok(Self::of(all))
    }

    fn of(by_key: BTreeMap<PlatformKey, Arc<Integration>>) -> Self {
        let mut in_order: Vec<_> = by_key.values().cloned().collect();
        in_order.sort_by(|a, b| a.place().cmp(&b.place()));
        Self { by_key, in_order }
    }

    /// The integration with this key.
    pub fn get(&self, key: PlatformKey) -> Option<&Arc<Integration>> {
        self.by_key.get(&key)
    }

    /// All of them in the order in which they are shown: by source type, then by the declared order, then by
    /// name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Integration>> {
        self.in_order.iter()
    }
}

/// A logo is served as a file of its own under a sandboxing policy; this only keeps mistakes out.
fn check_logo(folder: &Folder<'_>) -> Result<(), CatalogueError> {
    let problem = if folder.logo.len() > LOGO_MAX {
        "is larger than 32 KiB"
    } else if !folder.logo.starts_with("<svg ") {
        "must start with <svg"
    } else if !folder.logo.contains("viewBox=") {
        "has no viewBox, so that it cannot be scaled"
    } else if has_a_size(folder.logo) {
        "has a width or a height of its own, so that it does not fill its place"
    } else {
        return Ok(());
    };
    Err(CatalogueError::Logo {
        file: format!("{}/logo.svg", folder.path),
        problem,
    })
}

/// Whether the outermost element says how large it is.
fn has_a_size(logo: &str) -> bool {
    let tag = logo.split('>').next().unwrap_or_default();
    tag.split_ascii_whitespace()
        .any(|part| part.starts_with("width") || part.starts_with("height"))
}

#[cfg(test)]
mod tests;
