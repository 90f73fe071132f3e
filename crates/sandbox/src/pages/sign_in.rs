//! The sign-in page: who asks for what, for which company, and the outcome to choose.

use askama::Template;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use handclasp_ambient::random_bytes;
use handclasp_domain::Secret;
use handclasp_store::sandbox as grants;
use handclasp_web::error::{PageError, PageErrorKind};
use handclasp_web::form::{Fields, QueryFields};
use handclasp_web::i18n::{Languages, Localizer};
use handclasp_web::look::{PageContext, PageShell, render};
use http::HeaderMap;
use url::form_urlencoded::Serializer;

use super::{brand, browser, go_back, outcome, own_brand};
use crate::claims::{CODE_LIFE, Code, hash};
use crate::request::{AuthorizationRequest, Refusal};
use crate::scenario::{Chosen, Group};
use crate::scope::{Scope, Scopes};
use crate::world::{ORGANISATIONS, Organisation, PERSON, Person, Service};
use crate::{Sandbox, Shared};

/// How many grants of one browser work at a time: enough for any try, and too few to fill a disk with.
const GRANTS_OF_A_BROWSER: usize = 100;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    shell: &'a PageShell,
    /// What is asked for stands in its query, and is checked again.
    action: String,
    service: &'static str,
    /// Who asks for what.
    asks: String,
    /// Whether the client wants to keep its access.
    stays: bool,
    person: &'a Person,
    organisations: &'a [Organisation],
    /// What happens, where the request has fixed it.
    fixed: Option<Fixed>,
    groups: [Group; 4],
}

/// An outcome that the request has fixed.
struct Fixed {
    what: String,
    later: bool,
    seconds: Option<u32>,
}

impl Fixed {
    fn of(chosen: Chosen, t: Localizer) -> Self {
        Self {
            what: t.text(chosen.text()),
            later: chosen.is_later(),
            seconds: chosen.told(),
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
    let service = Service::of(&request.scopes);
    Ok(render(&SignIn {
        shell: &context.shell(brand(service)),
        action: format!("/sandbox/sign-in?{}", uri.query().unwrap_or_default()),
        service: service.name(),
        asks: asks(&request.scopes, &request.app.name, context.t),
        stays: request.scopes.has(Scope::OfflineAccess),
        person: &PERSON,
        organisations: &ORGANISATIONS,
        fixed: request.fixed.map(|fixed| Fixed::of(fixed, context.t)),
        groups: Group::ALL,
    }))
}

/// What the app asks for, in words.
fn asks(scopes: &Scopes, app: &str, t: Localizer) -> String {
    let identity = [
        Scope::OpenId,
        Scope::Profile,
        Scope::Email,
        Scope::Address,
        Scope::Phone,
    ];
    let identity = !scopes.reach_companies() || identity.iter().any(|scope| scopes.has(*scope));
    let asked = |scope, key: &'static str| scopes.has(scope).then(|| t.say(key));
    let asks: Vec<String> = [
        asked(Scope::Accounting, "sandbox-asks-for-books"),
        asked(Scope::Banking, "sandbox-asks-for-accounts"),
        asked(Scope::Commerce, "sandbox-asks-for-sales"),
        identity.then(|| t.say("sandbox-asks-for-identity")),
    ]
    .into_iter()
    .flatten()
    .map(|text| text.with("app", app.to_owned()).to_string())
    .collect();
    asks.join(" ")
}

/// Takes the person's choice, and lays the way back to the client.
pub(crate) async fn decide(
    State(sandbox): State<Shared>,
    context: PageContext,
    headers: HeaderMap,
    QueryFields(fields): QueryFields,
    form: Fields,
) -> Result<Response, PageError> {
    let context = speaking(context, &fields);
    let request = match AuthorizationRequest::read(&sandbox, &fields).await {
        Ok(request) => request,
        Err(refusal) => return refuse(context.t, refusal),
    };
    let service = Service::of(&request.scopes);
    let chosen = outcome::read(&form, request.fixed).map_err(|why| {
        PageError::new(PageErrorKind::BadRequest)
            .saying(
                context.t.text("sandbox-bad-outcome-title"),
                context.t.text("sandbox-bad-outcome-what"),
                context.t.text("sandbox-bad-outcome-todo"),
            )
            .branded(brand(service))
            .in_language(context.t.lang())
            .because(why)
    })?;
    let to = match outcome::refused(chosen) {
        Some(error) => request.refused(&sandbox, error),
        None => {
            let browser = browser(&sandbox, &headers);
            has_room(&sandbox, browser, context.t).await?;
            let code = code(&sandbox, &request, chosen, organisation(&form)?, browser)?;
            request.allowed(&sandbox, code.expose())
        }
    };
    go_back::lead(&sandbox, to, request.app.name, service, context.t)
}

/// The company that the person chose.
fn organisation(form: &Fields) -> Result<&'static Organisation, PageError> {
    let bad = |why: &'static str| PageError::new(PageErrorKind::BadRequest).because(why);
    form.one("organisation")
        .map_err(|_| bad("a field of the form came twice"))?
        .and_then(Organisation::find)
        .ok_or_else(|| bad("no such company"))
}

fn code(
    sandbox: &Sandbox,
    request: &AuthorizationRequest,
    chosen: Chosen,
    organisation: &'static Organisation,
    browser: Option<[u8; 32]>,
) -> Result<Secret<String>, PageError> {
    let (organisations, scopes) = outcome::granted(chosen, organisation, &request.scopes);
    let ids: Vec<_> = organisations.iter().map(|one| one.id).collect();
    let now = sandbox.clock.now();
    let code = Code {
        id: uuid::Builder::from_random_bytes(random_bytes(&*sandbox.random)).into_uuid(),
        client: request.client_id.clone(),
        redirect: hash(request.redirect_uri.as_str()),
        challenge: request.challenge.clone(),
        scope: scopes.to_string(),
        organisations: ids.join(" "),
        scenario: chosen.to_string(),
        browser: browser.map(|hash| URL_SAFE_NO_PAD.encode(hash)),
        subject: PERSON.subject.to_owned(),
        authenticated: now,
        nonce: request.nonce.clone(),
        expires: now.plus(CODE_LIFE),
    };
    sandbox.signer.sign(&code).map_err(PageError::internal)
}

/// Refuses a browser that has made as many grants as anybody needs.
async fn has_room(
    sandbox: &Sandbox,
    browser: Option<[u8; 32]>,
    t: Localizer,
) -> Result<(), PageError> {
    let Some(browser) = browser else {
        return Ok(());
    };
    let most = u32::try_from(GRANTS_OF_A_BROWSER).unwrap_or(u32::MAX);
    let made = grants::of_browser(&mut &sandbox.store, browser, most).await;
    let made = made.map_err(PageError::internal)?;
    let now = sandbox.time.now();
    if made.iter().filter(|grant| grant.works(now)).count() < GRANTS_OF_A_BROWSER {
        return Ok(());
    }
    Err(PageError::new(PageErrorKind::TooMany)
        .saying(
            t.text("sandbox-full-title"),
            t.text("sandbox-full-what"),
            t.text("sandbox-full-todo"),
        )
        .with_action(t.text("sandbox-grants-link"), "/sandbox/grants")
        .branded(own_brand())
        .in_language(t.lang())
        .because("the browser has made too many grants"))
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
            .branded(own_brand())
            .in_language(t.lang())
            .because(why)),
        Refusal::NoSuchScenario => Err(PageError::new(PageErrorKind::BadRequest)
            .saying(
                t.text("sandbox-no-scenario-title"),
                t.text("sandbox-no-scenario-what"),
                t.text("sandbox-no-scenario-todo"),
            )
            .branded(own_brand())
            .in_language(t.lang())
            .because("no such scenario")),
        Refusal::Unavailable(error) => Err(PageError::new(PageErrorKind::Overloaded)
            .branded(own_brand())
            .in_language(t.lang())
            .because(error)),
    }
}
