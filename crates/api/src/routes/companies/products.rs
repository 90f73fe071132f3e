//! `PUT` and `DELETE /companies/{companyId}/products/{productIdentifier}`

use axum::extract::State;
use handclasp_domain::{CompanyId, FieldError, NotAProduct, ProductIdentifier};
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::failure::Failure;
use crate::reply::{self, Answer, Part};
use crate::state::Api;

/// The address of a company's product. Any text is taken, so that a wrong one is told what is wrong with it.
type ProductPath = ApiPath<(Part<CompanyId>, String)>;

/// Enables a product for a company.
pub(crate) async fn add_product(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath((Part(company), product)): ProductPath,
) -> Answer {
    api.add_product(&caller, company, parse(&product)?).await?;
    reply::empty(StatusCode::NO_CONTENT)
}

/// Disables a product for a company.
pub(crate) async fn remove_product(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath((Part(company), product)): ProductPath,
) -> Answer {
    api.remove_product(&caller, company, parse(&product)?)
        .await?;
    reply::empty(StatusCode::NO_CONTENT)
}

fn parse(product: &str) -> Result<ProductIdentifier, Failure> {
    let parsed = product.parse();
    Ok(parsed.map_err(|error: NotAProduct| {
        FieldError::new("productIdentifier", error.to_string())
    })?)
}
