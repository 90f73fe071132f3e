//! The OAuth 2 authorization code flow (RFC 6749, 4.1) as a client, driven by declarations.
//!
//! A [`Client`] is a declaration with the registration that belongs to it. It makes the address that the person is sent
//! to ([`Client::authorization_url`]), and the calls that follow: [`Client::exchange`], [`Client::identify`],
//! [`Client::refresh`], [`Client::revoke`]. In between comes the person's way back, which a [`CallbackQuery`] reads.
//! Which request a callback belongs to, and that it comes from the browser that began it, is the caller's to check
//! before; so is it that a code is exchanged once.
//!
//! Everything but the calls is pure. The calls go through [`handclasp_outbound::Outbound`], follow no redirect, and
//! end by a [`Deadline`]. What third parties get wrong is either tolerated, as the tests in this module list it, or
//! ends in a [`ProviderFailure`].

mod answer;
mod authorize;
mod body;
mod callback;
mod calls;
mod declaration;
mod failure;
mod judge;
mod pkce;
mod registration;
#[cfg(test)]
mod tests;
mod text;

pub use answer::{GrantedScopes, RefreshToken, TokenAnswer, TokenType};
pub use authorize::AuthorizationUrl;
pub use body::Unintelligible;
pub use callback::{CallbackQuery, CodeAnswer, MalformedCallback, RefusedCallback};
pub use calls::{CodeExchange, Deadline, RefreshFailure, Revocation, TokenKind};
pub use declaration::{
    ClientAuthentication, Identity, Issuer, OAuth2Code, Pkce, RefreshTokens, ScopeSeparator,
};
pub(crate) use declaration::{RawOAuth2Code, is_scope};
pub use failure::ProviderFailure;
pub use pkce::Verifier;
pub use registration::{
    BadRegistration, ChangedEndpoints, Client, Fingerprint, NotAFingerprint, Registration,
};
pub use text::{ProviderError, ProviderText};
