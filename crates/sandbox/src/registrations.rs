//! The clients that are registered with the sandbox.

use std::future::Future;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use handclasp_domain::Secret;
use url::Url;

type SecretOf = dyn Fn(&str) -> Option<Secret<String>> + Send + Sync;
type AppOf = dyn Fn(String) -> BoxFuture<'static, Result<Option<Registered>, RegistrationsUnavailable>>
    + Send
    + Sync;

/// A client as it registered: what the sign-in page goes by.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The name of the app that asks, as the person knows it.
    pub name: String,
    /// The addresses to which people are sent back: one for each integration that is the sandbox's. Compared as plain strings.
    pub redirect_uris: Vec<Url>,
}

/// The registrations could not be looked at just now.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the registrations cannot be looked at: {0}")]
pub struct RegistrationsUnavailable(
    /// The cause, for the log.
    pub String,
);

/// The clients that are registered with the sandbox. Whoever runs it fills this in; a real third party
/// would have a table.
#[derive(Clone)]
pub struct Registrations {
    secret_of: Arc<SecretOf>,
    app_of: Arc<AppOf>,
}

impl Registrations {
    /// Registrations that `secret_of` and `app_of` look up by client id, which is anything that a stranger wrote.
    /// `secret_of` may know a secret for ids that nobody registered, as codes are given only to those of whom `app_of`
    /// knows.
    pub fn new<S, A, F>(secret_of: S, app_of: A) -> Self
    where
        S: Fn(&str) -> Option<Secret<String>> + Send + Sync + 'static,
        A: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Option<Registered>, RegistrationsUnavailable>> + Send + 'static,
    {
        Self {
            secret_of: Arc::new(secret_of),
            app_of: Arc::new(move |client_id| app_of(client_id).boxed()),
        }
    }

    pub(crate) fn secret_of(&self, client_id: &str) -> Option<Secret<String>> {
        (self.secret_of)(client_id)
    }

    pub(crate) async fn app_of(
        &self,
        client_id: &str,
    ) -> Result<Option<Registered>, RegistrationsUnavailable> {
        (self.app_of)(client_id.to_owned()).await
    }
}

impl std::fmt::Debug for Registrations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registrations(…)")
    }
}
