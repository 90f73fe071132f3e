//! The origins whose pages may call the API with a company's access token.

use handclasp_domain::{ClientId, CorsOrigin, FieldError};
use handclasp_store::audit::{self};
use handclasp_store::{client, cors};

use crate::{App, AppError, Caller};

/// How many origins a client may allow.
pub const CORS_ORIGINS_MOST: usize = 100;

impl App {
    /// The origins that a client allows, in its own order.
    pub async fn cors_origins(&self, client: ClientId) -> Result<Vec<String>, AppError> {
        Ok(cors::list(&mut self.store(), client).await?)
    }

    /// Replaces the origins that a client allows; twice the same counts once. Answers what is kept.
    pub async fn change_cors_origins(
        &self,
        caller: &Caller,
        origins: &[String],
    ) -> Result<Vec<String>, AppError> {
        let origins = parse(origins)?;
        let entry = self.entry(caller, "cors.update", self.now());
        let mark = caller.mark(&entry);
        self.carry_out_once(
            "change_cors_origins",
            mark,
            (origins, entry),
            |tx, (origins, entry)| {
                Box::pin(async move {
                    if client::find(tx, entry.client).await?.is_none() {
                        return Err(AppError::NotFound("client"));
                    }
                    cors::replace(tx, entry.client, origins).await?;
                    audit::insert(tx, entry).await?;
                    Ok(origins.iter().map(ToString::to_string).collect())
                })
            },
        )
        .await
    }

    /// Whether a client allows an origin, as a browser sends it.
    pub async fn allows_origin(&self, client: ClientId, origin: &str) -> Result<bool, AppError> {
        Ok(cors::is_allowed(&mut self.store(), client, origin).await?)
    }

    /// Whether any client allows an origin. All that a preflight can be asked: it carries no token.
    pub async fn knows_origin(&self, origin: &str) -> Result<bool, AppError> {
        Ok(cors::is_known(&mut self.store(), origin).await?)
    }
}

fn parse(given: &[String]) -> Result<Vec<CorsOrigin>, FieldError> {
    const FIELD: &str = "allowedOrigins";
    if given.len() > CORS_ORIGINS_MOST {
        let problem = format!("must have at most {CORS_ORIGINS_MOST} entries");
        return Err(FieldError::new(FIELD, problem));
    }
    let mut origins = Vec::with_capacity(given.len());
    for (index, text) in given.iter().enumerate() {
        let origin = CorsOrigin::parse(text)
            .map_err(|problem| FieldError::new(format!("{FIELD}[{index}]"), problem))?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    Ok(origins)
}
