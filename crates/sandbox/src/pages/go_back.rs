//! The page between the form and the client.
//!
//! `form-action 'self'` lets no form lead to another site, not even by a redirect. So the form leads to this
//! page, and this page leads on.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use handclasp_web::error::{PageError, PageErrorKind};
use handclasp_web::form::QueryFields;
use handclasp_web::i18n::Localizer;
use handclasp_web::look::{PageContext, PageShell, render};
use url::Url;

use super::{brand, own_brand};
use crate::claims::{CODE_LIFE, Refused, Return};
use crate::world::Service;
use crate::{Sandbox, Shared};

#[derive(Template)]
#[template(path = "go_back.html")]
struct GoBack<'a> {
    shell: &'a PageShell,
    app: String,
    to: &'a str,
}

/// Answers the form: the page's address, good for as long as the code in it.
pub(super) fn lead(
    sandbox: &Sandbox,
    to: Url,
    app: String,
    service: Service,
    t: Localizer,
) -> Result<Response, PageError> {
    let way = Return {
        to: to.into(),
        app,
        service,
        language: t.lang().to_owned(),
        expires: sandbox.clock.now().plus(CODE_LIFE),
    };
    let way = sandbox.signer.sign(&way).map_err(PageError::internal)?;
    // The alphabet of a signed text needs no encoding.
    let address = format!("/sandbox/return?to={}", way.expose());
    Ok(Redirect::to(&address).into_response())
}

/// Shows the page. It leads only where [`lead`] says.
pub(crate) async fn show(
    State(sandbox): State<Shared>,
    context: PageContext,
    QueryFields(fields): QueryFields,
) -> Result<Response, PageError> {
    let text = fields.one("to").ok().flatten().unwrap_or_default();
    let t = context.t;
    let way = match sandbox.signer.open::<Return>(text, sandbox.clock.now()) {
        Ok(way) => way,
        Err(Refused::Forged) => {
            return Err(PageError::new(PageErrorKind::BadRequest)
                .branded(own_brand())
                .because("this way back was not laid by us"));
        }
        Err(Refused::Expired) => {
            return Err(PageError::new(PageErrorKind::Gone)
                .saying(
                    t.text("sandbox-too-late-title"),
                    t.text("sandbox-too-late-what"),
                    t.text("sandbox-too-late-todo"),
                )
                .branded(own_brand())
                .because("the code in it has run out"));
        }
    };
    let context = context.speaking(Some(&way.language));
    Ok(render(&GoBack {
        shell: &context.shell(brand(way.service)),
        app: way.app,
        to: &way.to,
    }))
}
