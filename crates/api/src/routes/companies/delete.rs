//! `DELETE /companies/{companyId}`

use axum::extract::State;
use handclasp_domain::CompanyId;
use handclasp_web::error::ApiPath;
use http::StatusCode;

use crate::auth::MayWrite;
use crate::doc::{Doc, Tag};
use crate::reply::{self, Answer, Part};
use crate::state::Api;

/// Deletes a company with all that the server holds of it.
pub(crate) async fn delete_company(
    MayWrite(caller): MayWrite,
    State(api): State<Api>,
    ApiPath(Part(id)): ApiPath<Part<CompanyId>>,
) -> Answer {
    api.delete_company(&caller, id).await?;
    reply::empty(StatusCode::NO_CONTENT)
}

/// Its documentation.
pub(crate) fn doc() -> Doc {
    Doc::new("delete-company", Tag::Companies, "Delete a company")
        .text("Its connections and all that the server holds of it go with it.")
        .sdk("companies.delete")
        .answers_nothing(204, "It is deleted.")
}

#[cfg(test)]
mod tests {
    use crate::tests::{Stage, refused};

    #[tokio::test]
    async fn a_company_goes_with_its_connections() {
        let stage = Stage::new().await;
        let company = stage.company().await;
        let connection = stage.connection(&company).await;
        stage.link(&connection).await;

        let answer = stage.api.delete(&company).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        for gone in [
            company.clone(),
            connection,
            format!("{company}/connections"),
        ] {
            refused(&stage.api.get(&gone).await, 404);
        }
        refused(&stage.api.delete(&company).await, 404);
        assert_eq!(
            stage.test.events(&stage.client).await,
            [
                "company.created",
                "company.deleted",
                "connection.created",
                "connection.deleted"
            ]
        );
    }
}
