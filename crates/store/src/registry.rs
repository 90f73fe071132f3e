//! Every statement there is, for the test that prepares them all on both engines.

use crate::Statement;

/// The statements of each module. A new module's `STATEMENTS` is added here.
const MODULES: &[&[&Statement]] = &[
    crate::attempt::STATEMENTS,
    crate::audit::STATEMENTS,
    crate::client::STATEMENTS,
    crate::company::STATEMENTS,
    crate::company_batch::STATEMENTS,
    crate::company_list::STATEMENTS,
    crate::company_reference::STATEMENTS,
    crate::connection::STATEMENTS,
    crate::consent::STATEMENTS,
    crate::consumer::STATEMENTS,
    crate::counter::STATEMENTS,
    crate::cors::STATEMENTS,
    crate::credential::STATEMENTS,
    crate::delivery::STATEMENTS,
    crate::event::STATEMENTS,
    crate::fan_out::STATEMENTS,
    crate::integration_setting::STATEMENTS,
    crate::journey::STATEMENTS,
    crate::kept_answer::STATEMENTS,
    crate::lane::STATEMENTS,
    crate::migrate::STATEMENTS,
    crate::quota::STATEMENTS,
    crate::refresh::STATEMENTS,
    crate::replica::STATEMENTS,
    crate::rule::STATEMENTS,
    crate::sandbox::STATEMENTS,
    crate::sealed::STATEMENTS,
    crate::server_secret::STATEMENTS,
    crate::store::STATEMENTS,
];

/// Every statement of the store.
pub fn statements() -> impl Iterator<Item = &'static Statement> {
    MODULES.iter().flat_map(|module| module.iter().copied())
}
