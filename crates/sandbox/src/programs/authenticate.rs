//! Which client it is that asks (RFC 6749, 2.3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use handclasp_domain::Secret;
use handclasp_web::form::Fields;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use subtle::ConstantTimeEq as _;

use super::error::OAuthError;
use super::value;
use crate::registrations::Registrations;

/// The id of the client that a request's credentials prove: in the header (`client_secret_basic`) or in the form
/// (`client_secret_post`), not in both.
pub(super) fn authenticate(
    headers: &HeaderMap,
    form: &Fields,
    registrations: &Registrations,
) -> Result<String, OAuthError> {
    let form_id = value(form, "client_id")?;
    let form_secret = value(form, "client_secret")?;
    let (id, secret) = match authorization(headers)? {
        Some(header) => {
            if form_secret.is_some() {
                let why = "the client authenticates in two ways at once";
                return Err(OAuthError::InvalidRequest(why));
            }
            let (id, secret) = basic(header).ok_or(OAuthError::InvalidClient)?;
            if form_id.is_some_and(|other| other != id) {
                return Err(OAuthError::InvalidRequest("the client id is another one"));
            }
            (id, secret)
        }
        None => match (form_id, form_secret) {
            (Some(id), Some(secret)) => (id.to_owned(), Secret::new(secret.to_owned())),
            (None, _) | (_, None) => return Err(OAuthError::InvalidClient),
        },
    };
    let registered = registrations
        .secret_of(&id)
        .ok_or(OAuthError::InvalidClient)?;
    let right = registered
        .expose()
        .as_bytes()
        .ct_eq(secret.expose().as_bytes());
    if bool::from(right) {
        Ok(id)
    } else {
        Err(OAuthError::InvalidClient)
    }
}

/// The `Authorization` header, of which there may be one.
pub(super) fn authorization(headers: &HeaderMap) -> Result<Option<&str>, OAuthError> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let first = all.next();
    if all.next().is_some() {
        let why = "there is more than one Authorization header";
        return Err(OAuthError::InvalidRequest(why));
    }
    // One that is not of ASCII is of no scheme.
    Ok(first.map(|header| header.to_str().unwrap_or("")))
}

/// What follows a scheme's name in an `Authorization` header (RFC 9110, 11.4).
pub(super) fn of_scheme<'h>(header: &'h str, scheme: &str) -> Option<&'h str> {
    let (name, rest) = header.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme)
        .then(|| rest.trim_start_matches(' '))
}

fn basic(header: &str) -> Option<(String, Secret<String>)> {
    let joined = STANDARD.decode(of_scheme(header, "Basic")?).ok()?;
    let joined = Secret::new(String::from_utf8(joined).ok()?);
    let (id, secret) = joined.expose().split_once(':')?;
    Some((form_decoded(id), Secret::new(form_decoded(secret))))
}

/// Each part is encoded as in a form before they are joined.
fn form_decoded(text: &str) -> String {
    // What separates the fields of a form stands for itself where somebody left it as it is.
    let one = text.replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(one.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(plain: &str) -> Option<(String, String)> {
        let header = format!("bASIC  {}", STANDARD.encode(plain));
        basic(&header).map(|(id, secret)| (id, secret.expose().clone()))
    }

    #[test]
    fn basic_credentials_are_form_encoded() {
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(read("id:secret"), pair("id", "secret"));
        assert_eq!(read("i%3Ad:s%25+%2B%C3%A9"), pair("i:d", "s% +é"));
        assert_eq!(read("id:a=b&c:d"), pair("id", "a=b&c:d"));
        assert_eq!(read(":"), pair("", ""));
        assert_eq!(read("nothing"), None);
        for bad in [
            "Basic",
            "Basic ",
            "Basic !",
            "Bearer aTpz",
            "aTpz",
            "Basic /w==",
        ] {
            assert!(basic(bad).is_none(), "{bad}");
        }
    }
}
