//! Words for what declarations say.

use std::time::Duration;

use handclasp_integrations::oauth2::{ClientAuthentication, RefreshTokens};
use handclasp_integrations::{Auth, Choice, FieldKind, Integration};

/// How it is authorized, in a few words.
pub(crate) const fn kind(integration: &Integration) -> &'static str {
    match &integration.auth {
        Auth::OAuth2Code(_) => "OAuth 2 code",
        Auth::ClientCredentials(_) => "OAuth 2 client credentials",
        Auth::OAuth1(_) => "OAuth 1.0a",
        Auth::Credentials => "key or password",
        Auth::TokenLink(_) => "token link",
        Auth::Delivery(_) => "delivered keys",
        Auth::FileUpload => "file upload",
    }
}

/// The fragment that GitHub gives a heading.
pub(crate) fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c if c.is_alphanumeric() => Some(c),
            _ => None,
        })
        .collect()
}

/// A time: days from two days on, otherwise in the largest whole unit.
pub(crate) fn time(duration: Duration) -> String {
    const DAY: u64 = 86_400;
    let seconds = duration.as_secs();
    if seconds > 2 * DAY && !seconds.is_multiple_of(DAY) {
        return format!("about {} days", seconds / DAY);
    }
    let (number, unit) = [(DAY, "day"), (3_600, "hour"), (60, "minute")]
        .into_iter()
        .find(|(size, _)| seconds.is_multiple_of(*size))
        .map_or((seconds, "second"), |(size, unit)| (seconds / size, unit));
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{s}")
}

pub(crate) const fn authentication(way: ClientAuthentication) -> &'static str {
    match way {
        ClientAuthentication::Basic => "HTTP Basic",
        ClientAuthentication::BasicUnencoded => "HTTP Basic, not encoded first",
        ClientAuthentication::Post => "the id and secret in the request",
        ClientAuthentication::BasicAndPost => "HTTP Basic, and the id and secret in the request",
        ClientAuthentication::IdOnly => "the id alone",
        ClientAuthentication::PrivateKeyJwt => "an assertion that a private key signs",
        ClientAuthentication::None => "nothing",
    }
}

pub(crate) const fn refresh(kind: RefreshTokens) -> &'static str {
    match kind {
        RefreshTokens::Rotate => "each refresh gives a new refresh token and ends the old one",
        RefreshTokens::Stay => "the refresh token is used again and again",
        RefreshTokens::None => "there is no refresh token",
    }
}

/// What a person is asked for.
pub(crate) const fn field(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Shop => "the name of the shop",
        FieldKind::Site => "the name of the site",
        FieldKind::Address => "the address of the server",
        FieldKind::Account => "the number or name of the account",
        FieldKind::Company => "the number or name of the company",
        FieldKind::Region => "the region",
        FieldKind::Country => "the country",
        FieldKind::Bank => "the bank",
        FieldKind::Database => "the name of the database",
        FieldKind::Store => "the code of the store",
        FieldKind::Edition => "the environment or edition",
        FieldKind::User => "the user's name",
        FieldKind::Password => "the password",
        FieldKind::Key => "an API key",
        FieldKind::Token => "an access token",
        FieldKind::ClientId => "the id of an application of their own",
        FieldKind::ClientSecret => "the secret of an application of their own",
    }
}

pub(crate) fn choices(options: &[Choice]) -> String {
    let options = options
        .iter()
        .map(|choice| format!("`{}` ({})", choice.value, choice.label));
    options.collect::<Vec<_>>().join(", ")
}
