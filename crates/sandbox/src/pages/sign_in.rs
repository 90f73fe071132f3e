//! The sign-in page: who asks for what, for which company, and the outcome to choose.

use askama::Template;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Redirect, Response};
use handclasp_ambient::random_bytes;
use handclasp_domain::Secret;
use handclasp_web::error::{PageError, PageErrorKind};
use handclasp_web::form::{Fields, QueryFields};
use handclasp_web::i18n::{Languages, Localizer};
use handclasp_web::look::{PageContext, PageShell, render};
use url::form_urlencoded::Serializer;

use super::{brand, go_back};
use crate::claims::{CODE_LIFE, Code, hash};
use crate::request::{AnswerError, AuthorizationRequest, Refusal};
use crate::scope::Scope;
use crate::world::{ORGANISATIONS, Organisation, PERSON, Person};
use crate::{Sandbox, Shared};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    shell: &'a PageShell,
    /// What is asked for stands in its query, and is checked again.
    action: String,
    /// Who asks for what.
    asks: String,
    /// Whether the client wants to keep its access.
    stays: bool,
    person: &'a Person,
    organisations: &'a [Organisation],
}

/// What the person chose. Only these exist: a page offers nothing that does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Allow,
    Decline,
    ServerError,
}

impl Outcome {
    fn read(text: &str) -> Option<Self> {
        match text {
            "allow" => Some(Self::Allow),
            "decline" => Some(Self::Decline),
            "server-error" => Some(Self::ServerError),
            _ => None,
        }
    }
}

/// Goes on with a request that came as a form (OpenID Connect Core 1.0, 3.1.2.1), as any other site may send one, to the page, which
/// has it in its address.
pub(crate) async fn turn(form: Fields) -> Redirect {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(form.iter());
    Redirect::to(&format!("/sandbox/authorize?{}", query.finish()))
}

/// Shows the page. Nothing comes of looking.
pub(crate) async fn show(
    State(sandbox): State<Shared>,
    context: PageContext,
    OriginalUri(uri): OriginalUri,
    QueryFields(fields): QueryFields,
) -> Result<Response, PageError> {
    let context = speaking(context, &fields);
    let request = match AuthorizationRequest::read(&sandbox, &fields).await {
        Ok(request) => request,
        Err(refusal) => return refuse(context.t, refusal),
    };
    let books = request.scopes.has(Scope::Accounting);
    let identity = [Scope::OpenId, Scope::Profile, Scope::Email];
    let identity = !books || identity.iter().any(|scope| request.scopes.has(*scope));
    let asks: Vec<String> = [
        books.then(|| context.t.say("sandbox-asks-for-books")),
        identity.then(|| context.t.say("sandbox-asks-for-identity")),
    ]
    .into_iter()
    .flatten()
    .map(|text| text.with("app", request.app.name.clone()).to_string())
    .collect();
    Ok(render(&SignIn {
        shell: &context.shell(brand()),
        action: format!("/sandbox/sign-in?{}", uri.query().unwrap_or_default()),
        asks: asks.join(" "),
        stays: request.scopes.has(Scope::OfflineAccess),
        person: &PERSON,
        organisations: &ORGANISATIONS,
    }))
}

/// Takes the person's choice, and lays the way back to the client.
pub(crate) async fn decide(
    State(sandbox): State<Shared>,
    context: PageContext,
    QueryFields(fields): QueryFields,
    form: Fields,
) -> Result<Response, PageError> {
    let context = speaking(context, &fields);
    let request = match AuthorizationRequest::read(&sandbox, &fields).await {
        Ok(request) => request,
        Err(refusal) => return refuse(context.t, refusal),
    };
    let bad = |why: &'static str| PageError::new(PageErrorKind::BadRequest).because(why);
    let one = |name| {
        form.one(name)
            .map_err(|_| bad("a field of the form came twice"))
    };
    let outcome = one("outcome")?
        .and_then(Outcome::read)
        .ok_or_else(|| bad("no such outcome"))?;
    let to = match outcome {
        Outcome::Allow => {
            let organisation = one("organisation")?
                .and_then(Organisation::find)
                .ok_or_else(|| bad("no such company"))?;
            let code = code(&sandbox, &request, organisation)?;
            request.allowed(&sandbox, code.expose())
        }
        Outcome::Decline => request.refused(&sandbox, AnswerError::AccessDenied),
        Outcome::ServerError => request.refused(&sandbox, AnswerError::ServerError),
    };
    go_back::lead(&sandbox, to, request.app.name, context.t)
}

fn code(
    sandbox: &Sandbox,
    request: &AuthorizationRequest,
    organisation: &Organisation,
) -> Result<Secret<String>, PageError> {
    let now = sandbox.clock.now();
    let code = Code {
        id: uuid::Builder::from_random_bytes(random_bytes(&*sandbox.random)).into_uuid(),
        client: request.client_id.clone(),
        redirect: hash(request.app.redirect_uri.as_str()),
        challenge: request.challenge.clone(),
        scope: request.scopes.to_string(),
        organisation: organisation.id.to_owned(),
        subject: PERSON.subject.to_owned(),
        authenticated: now,
        nonce: request.nonce.clone(),
        expires: now.plus(CODE_LIFE),
    };
    sandbox.signer.sign(&code).map_err(PageError::internal)
}

/// In the first language of `ui_locales` that we speak (as OpenID Connect Core, 3.1.2.1, has it), else the browser's.
fn speaking(context: PageContext, fields: &Fields) -> PageContext {
    let wanted = fields.one("ui_locales").ok().flatten().unwrap_or_default();
    let languages = Languages::embedded();
    let spoken = wanted
        .split(' ')
        .find(|tag| languages.exactly(tag).is_some());
    context.speaking(spoken)
}

fn refuse(t: Localizer, refusal: Refusal) -> Result<Response, PageError> {
    match refusal {
        Refusal::Answer(url) => Ok(Redirect::to(url.as_str()).into_response()),
        Refusal::NobodyToAnswer(why) => Err(PageError::new(PageErrorKind::BadRequest)
            .saying(
                t.text("sandbox-unknown-app-title"),
                t.text("sandbox-unknown-app-what"),
                t.text("sandbox-unknown-app-todo"),
            )
            .branded(brand())
            .in_language(t.lang())
            .because(why)),
        Refusal::Unavailable(error) => Err(PageError::new(PageErrorKind::Overloaded)
            .branded(brand())
            .in_language(t.lang())
            .because(error)),
    }
}
