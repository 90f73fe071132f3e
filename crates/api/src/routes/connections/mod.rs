//! Connections.

pub(crate) mod authorize;
pub(crate) mod create;
pub(crate) mod credentials;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod proxy;
pub(crate) mod unlink;

pub(crate) use authorize::update_authorization;
pub(crate) use create::create_connection;
pub(crate) use credentials::get_credentials;
pub(crate) use delete::delete_connection;
pub(crate) use get::get_connection;
pub(crate) use list::list_connections;
pub(crate) use proxy::proxy_call;
pub(crate) use unlink::unlink_connection;

use handclasp_domain::{CompanyId, ConnectionId};
use handclasp_web::error::ApiPath;

use crate::reply::Part;

/// The address of one connection.
type OnePath = ApiPath<(Part<CompanyId>, Part<ConnectionId>)>;
