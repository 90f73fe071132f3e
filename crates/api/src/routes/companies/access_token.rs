//! `GET /companies/{companyId}/accessToken`, and `GET /companies/{companyId}/connectionManagement/accessToken`, its older form

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;
use crate::wire::{AccessToken, OldAccessToken};

/// Makes an access token for a company. Like every answer of the API it is not to be stored.
pub(crate) async fn get_access_token(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(company)): ApiPath<Part<CompanyId>>,
) -> Answer {
    let token = api.issue_company_token(caller.client, company).await?;
    reply::json(StatusCode::OK, &AccessToken::of(token.expose()))
}

/// The same token in the older form, which does not say how long it is good for.
pub(crate) async fn get_old_access_token(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(company)): ApiPath<Part<CompanyId>>,
) -> Answer {
    let token = api.issue_company_token(caller.client, company).await?;
    reply::json(StatusCode::OK, &OldAccessToken::of(token.expose()))
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new(
        "get-company-access-token",
        Tag::Companies,
        "Get an access token of a company",
    )
    .text(
        "For a page of yours: it reaches this company and its connections alone, and only pages of the origins in the CORS settings \
         can use it.",
    )
    .sdk("companies.getAccessToken")
    .answers::<AccessToken<'_>>(200, "The token.")
}

/// The older form's documentation.
pub(crate) fn old_doc() -> Doc {
    Doc::new(
        "get-connection-management-access-token",
        Tag::ConnectionManagement,
        "Get an access token of a company (older)",
    )
    .text("The same token, at its older address.")
    .sdk("connectionManagement.get")
    .answers::<OldAccessToken<'_>>(200, "The token.")
}
