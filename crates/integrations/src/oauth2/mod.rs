//! The OAuth 2 authorization code flow (RFC 6749, 4.1) as a client, driven by declarations, and what the client credentials flow (4.4)
//! has in common with it.
//!
//! [`crate::Client`] makes the address that the person is sent to, and the calls that follow. In between comes the person's way back,
//! which a [`crate::CallbackQuery`] reads. Which request a callback belongs to, and that it comes from the browser that began it, is
//! the caller's to check before; so is it that a code is exchanged once.
//!
//! What third parties get wrong is either tolerated, as the tests in this module list it, or ends in a
//! [`crate::provider::ProviderFailure`].

mod answer;
mod assertion;
mod authorize;
mod declaration;
mod pkce;
#[cfg(test)]
mod tests;
mod token;

pub use answer::GrantedScopes;
pub(crate) use answer::kept_values;
pub use declaration::{
    AnswerPlaces, CallbackSignature, CallbackValue, ClientAuthentication, ExpiresAt, InstantForm,
    Issuer, OAuth2Code, OpenId, Pkce, Quirk, RefreshTokens, ResponseMode, RevocationWay,
    RevokedToken, ScopeSeparator, SignedText, SigningAlgorithm, TokenBody, TokenEndpoint,
    TokenValue,
};
pub use pkce::Verifier;
