//! Proof key for code exchange (RFC 7636).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_ambient::{Random, random_bytes};
use handclasp_domain::Secret;

/// The secret of one authorization request: its hash goes along with the person, and it itself with the code, so that
/// a code is of use to nobody else. To be sealed where it is stored.
#[derive(Debug, Clone)]
pub struct Verifier(Secret<String>);

impl Verifier {
    /// Draws one: 256 bits, as 43 characters.
    pub fn draw(random: &dyn Random) -> Self {
        Self(Secret::new(
            URL_SAFE_NO_PAD.encode(random_bytes::<32>(random)),
        ))
    }

    /// As it was stored.
    pub fn from_stored(verifier: Secret<String>) -> Self {
        Self(verifier)
    }

    /// To be sealed and stored, or sent.
    pub fn secret(&self) -> &Secret<String> {
        &self.0
    }

    /// The challenge by the method `S256`.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.0.expose().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use handclasp_ambient::SeededRandom;

    #[test]
    fn the_vector_of_rfc_7636_appendix_b() {
        let verifier = Verifier::from_stored(Secret::new(
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
        ));
        assert_eq!(
            verifier.challenge(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn a_verifier_has_43_unreserved_characters_and_shows_none_of_them() {
        let verifier = Verifier::draw(&SeededRandom::new(5));
        let text = verifier.secret().expose();
        assert_eq!(text.len(), 43);
        assert!(
            text.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert!(!format!("{verifier:?}").contains(text.as_str()));
    }

    #[test]
    fn the_oauth2_crate_has_the_same_challenge() {
        let random = SeededRandom::new(6);
        for _ in 0..50 {
            let verifier = Verifier::draw(&random);
            let oracle = oauth2::PkceCodeChallenge::from_code_verifier_sha256(
                &oauth2::PkceCodeVerifier::new(verifier.secret().expose().clone()),
            );
            assert_eq!(verifier.challenge(), oracle.as_str());
        }
    }
}
