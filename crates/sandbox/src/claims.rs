//! Codes and tokens: what they say, signed and with an end.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::{Secret, Timestamp};
use handclasp_vault::MacKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::world::Service;

/// How long a code works (RFC 6749, 4.1.2, has ten minutes as the most).
pub(crate) const CODE_LIFE: Duration = Duration::from_secs(60);
/// How long an access token works.
pub(crate) const ACCESS_LIFE: Duration = Duration::from_secs(3_600);
/// How long a refresh token works, from the last renewal on.
pub(crate) const REFRESH_LIFE: Duration = Duration::from_secs(60 * 24 * 3_600);

/// What is signed. What one kind says is never taken for another kind's.
pub(crate) trait Claims: Serialize + DeserializeOwned {
    /// Part of what is signed.
    const KIND: &'static str;
    /// From when on it is worth nothing.
    fn expires(&self) -> Timestamp;
}

macro_rules! claims {
    ($($(#[$doc:meta])* $kind:literal $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $short:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Serialize, Deserialize)]
        pub(crate) struct $name {
            $($(#[$field_doc])* #[serde(rename = $short)] pub(crate) $field: $type,)*
            #[serde(rename = "e")]
            pub(crate) expires: Timestamp,
        }
        impl Claims for $name {
            const KIND: &'static str = $kind;
            fn expires(&self) -> Timestamp { self.expires }
        }
    )*};
}

claims! {
    /// An authorization code: that the person agreed, to what, and to whom.
    "code" Code {
        /// The grant that it will be.
        id: Uuid = "i",
        /// Who may exchange it.
        client: String = "c",
        /// The hash of the redirect URI of the request.
        redirect: String = "r",
        /// The proof key's challenge of the request.
        challenge: String = "p",
        scope: String = "s",
        /// With spaces between.
        organisations: String = "o",
        /// How it is to go on.
        scenario: String = "y",
        /// The hash of the browser's cookie, where it had one, in base64url.
        browser: Option<String> = "b",
        subject: String = "u",
        /// When the person agreed.
        authenticated: Timestamp = "t",
        /// What the client wants to find again in the ID token.
        nonce: Option<String> = "n",
    }
    /// An access token.
    "access" Access {
        grant: Uuid = "g",
        client: String = "c",
        /// How often the grant was renewed before, so that a renewal always gives another token.
        generation: i64 = "n",
        scope: String = "s",
    }
    /// A refresh token.
    "refresh" Refresh {
        grant: Uuid = "g",
        client: String = "c",
        /// It works while this is the grant's.
        generation: i64 = "n",
        /// When the person agreed: a renewal is no sign-in.
        authenticated: Timestamp = "t",
    }
    /// The way back to the client after the form, which only this server may lay.
    "return" Return {
        /// The authorization answer.
        to: String = "t",
        /// The app that it leads to.
        app: String = "a",
        /// The service that the person signed in to.
        service: Service = "s",
        /// The page's language.
        language: String = "l",
    }
}

/// Why a signed text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// We did not sign it, or not as this.
    Forged,
    /// Its time is over.
    Expired,
}

/// Something that should not happen happened while signing.
#[derive(Debug, thiserror::Error)]
#[error("cannot be signed")]
pub(crate) struct CannotSign;

/// Signs and checks.
pub(crate) struct Signer(MacKey);

impl Signer {
    pub(crate) fn new(key: MacKey) -> Self {
        Self(key)
    }

    pub(crate) fn sign<C: Claims>(&self, claims: &C) -> Result<Secret<String>, CannotSign> {
        let json = serde_json::to_vec(claims).map_err(|_| CannotSign)?;
        let mut text = URL_SAFE_NO_PAD.encode(json);
        let mac = self.0.mac(&[C::KIND.as_bytes(), text.as_bytes()]);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(mac, &mut text);
        Ok(Secret::new(text))
    }

    /// Reads anything that somebody sent.
    pub(crate) fn open<C: Claims>(&self, text: &str, now: Timestamp) -> Result<C, Refused> {
        let claims = self.read::<C>(text).ok_or(Refused::Forged)?;
        if now < claims.expires() {
            Ok(claims)
        } else {
            Err(Refused::Expired)
        }
    }

    fn read<C: Claims>(&self, text: &str) -> Option<C> {
        let (payload, mac) = text.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        if !self
            .0
            .verify(&[C::KIND.as_bytes(), payload.as_bytes()], &mac)
        {
            return None;
        }
        let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
        serde_json::from_slice(&json).ok()
    }
}

/// SHA-256 in base64url, as `S256` of RFC 7636, 4.2, has it.
pub(crate) fn hash(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(secret: u8) -> Signer {
        Signer::new(MacKey::derive(&Secret::new(vec![secret; 32]), "test"))
    }

    fn refresh() -> Refresh {
        Refresh {
            grant: Uuid::from_u128(7),
            client: "c".into(),
            generation: 3,
            authenticated: Timestamp::from_seconds(40),
            expires: Timestamp::from_seconds(100),
        }
    }

    #[test]
    fn a_token_is_read_until_its_end_and_only_as_what_it_is() {
        let text = signer(1).sign(&refresh()).unwrap();
        let open = |at| signer(1).open::<Refresh>(text.expose(), Timestamp::from_seconds(at));
        assert_eq!(open(99).ok().map(|r| r.generation), Some(3));
        assert_eq!(open(100).err(), Some(Refused::Expired));
        let now = Timestamp::from_seconds(0);
        let as_access = signer(1).open::<Access>(text.expose(), now).err();
        assert_eq!(as_access, Some(Refused::Forged));
        let elsewhere = signer(2).open::<Refresh>(text.expose(), now).err();
        assert_eq!(elsewhere, Some(Refused::Forged));
    }

    #[test]
    fn no_other_text_is_taken() {
        let now = Timestamp::from_seconds(0);
        let text = signer(1).sign(&refresh()).unwrap();
        let text = text.expose();
        for at in 0..text.len() {
            for other in [b'A', b'z', b'.', b'='] {
                let mut bytes = text.clone().into_bytes();
                if bytes[at] == other {
                    continue;
                }
                bytes[at] = other;
                let changed = String::from_utf8(bytes).unwrap();
                let read = signer(1).open::<Refresh>(&changed, now).err();
                assert_eq!(read, Some(Refused::Forged), "{at} {changed}");
            }
        }
        for bad in [
            "",
            ".",
            "a",
            "a.b",
            "ä.ö",
            &format!("{text}A"),
            &text[..text.len() - 1],
        ] {
            let read = signer(1).open::<Refresh>(bad, now).err();
            assert_eq!(read, Some(Refused::Forged), "{bad}");
        }
    }

    #[test]
    fn the_hash_is_the_challenge_of_rfc_7636() {
        assert_eq!(
            hash("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
