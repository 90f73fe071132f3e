//! A company's access token: what a platform hands to its own page, so that the page can work on that one company.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_domain::{ClientId, CompanyId, Id, Secret, Timestamp};
use handclasp_store::company;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{App, AppError};

/// What every token begins with, so that scanners of code and logs recognise one, and nobody takes it for an API key.
const PREFIX: &str = "hct_";

/// How long a token is good for.
pub const COMPANY_TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The client's id, the company's id and the end in microseconds.
const FACTS: usize = 16 + 16 + 8;
/// The facts and the MAC over them.
const WHOLE: usize = FACTS + 32;

/// What an authentic token says. It may have expired, and its company may be gone: see [`App::is_good`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompanyToken {
    /// The tenant.
    pub client: ClientId,
    /// The one company.
    pub company: CompanyId,
    /// From when on it is good for nothing.
    pub expires: Timestamp,
}

impl App {
    /// Makes a token for a company. Nothing is stored: it is good for a day, and no longer than the company is there.
    pub async fn issue_company_token(
        &self,
        client: ClientId,
        company: CompanyId,
    ) -> Result<Secret<String>, AppError> {
        let found = company::find(&mut self.store(), client, company).await?;
        found.ok_or(AppError::NotFound("company"))?;
        let token = CompanyToken {
            client,
            company,
            expires: self.now().plus(COMPANY_TOKEN_LIFETIME),
        };
        let facts = token.facts();
        let mut bytes = Zeroizing::new(Vec::with_capacity(WHOLE));
        bytes.extend_from_slice(&facts);
        bytes.extend_from_slice(&self.secrets().company_tokens.mac(&[&facts]));
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 2 * WHOLE));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Ok(Secret::new(std::mem::take(&mut *text)))
    }

    /// Reads a token; none where this server did not make it.
    pub fn read_company_token(&self, text: &str) -> Option<CompanyToken> {
        let mut bytes = [0; WHOLE];
        let length = URL_SAFE_NO_PAD
            .decode_slice(text.strip_prefix(PREFIX)?, &mut bytes)
            .ok()?;
        if length != WHOLE {
            return None;
        }
        let (facts, mac) = bytes.split_first_chunk::<FACTS>()?;
        if !self.secrets().company_tokens.verify(&[facts], mac) {
            return None;
        }
        let (client, rest) = facts.split_first_chunk::<16>()?;
        let (company, expires) = rest.split_first_chunk::<16>()?;
        Some(CompanyToken {
            client: ClientId::from_uuid(Uuid::from_bytes(*client)),
            company: CompanyId::from_uuid(Uuid::from_bytes(*company)),
            expires: Timestamp::from_micros(i64::from_be_bytes(expires.try_into().ok()?)),
        })
    }

    /// Whether a token is good at this moment: it has not expired, and its company is there.
    pub async fn is_good(&self, token: &CompanyToken) -> Result<bool, AppError> {
        if token.expires <= self.now() {
            return Ok(false);
        }
        let found = company::find(&mut self.store(), token.client, token.company).await?;
        Ok(found.is_some())
    }
}

impl CompanyToken {
    /// Every part has its one length, so that no two tokens spell the same bytes.
    fn facts(&self) -> [u8; FACTS] {
        let mut facts = [0; FACTS];
        let parts = self
            .client
            .uuid()
            .into_bytes()
            .into_iter()
            .chain(self.company.uuid().into_bytes())
            .chain(self.expires.as_micros().to_be_bytes());
        facts
            .iter_mut()
            .zip(parts)
            .for_each(|(to, from)| *to = from);
        facts
    }
}
