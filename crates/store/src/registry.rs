//! Every statement there is, for the test that prepares them all on both engines.

use crate::Statement;

/// The statements of each module. A new module's `STATEMENTS` is added here.
const MODULES: &[&[&Statement]] = &[crate::migrate::STATEMENTS, crate::store::STATEMENTS];

/// Every statement of the store.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    MODULES.iter().flat_map(|module| module.iter().copied())
}
