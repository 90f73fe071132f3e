//! Webhook consumers.

mod create;
mod delete;
mod list;
mod secret;

pub(crate) use create::create_webhook;
pub(crate) use delete::delete_webhook;
pub(crate) use list::list_webhooks;
pub(crate) use secret::get_secret;
