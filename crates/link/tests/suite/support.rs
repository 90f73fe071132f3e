//! A whole server for Link's tests, and a person who walks through it: a browser's cookies, links and forms, without a browser.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use handclasp_app::{App, AuthorizationRequest, Caller, NewCompany, ProfileChange};
use handclasp_domain::{Actor, CompanyId, CompanyName, Products, References, Tags};
use handclasp_sandbox::{Registered, Registrations, SandboxParts};
use handclasp_testkit::{Setup, TestApp, TestClient, TestServer};
use handclasp_web::cookies::CookiePolicy;
use handclasp_web::csrf::CsrfGate;
use handclasp_web::layers::{Origin, Outer, Surface};
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use scraper::{Html, Selector};
use tower::ServiceExt;
use url::Url;

/// Link, and the third party behind a real socket.
pub(crate) struct World {
    pub(crate) test: TestApp,
    pub(crate) client: TestClient,
    pub(crate) company: CompanyId,
    pub(crate) link: Router,
    pub(crate) sandbox: Router,
    _server: TestServer,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    /// A world with something otherwise.
    pub(crate) async fn with(setup: Setup) -> Self {
        let mut server = TestServer::bind().await;
        let test = TestApp::with(Setup {
            sandbox_url: server.url().clone(),
            ..setup
        })
        .await;
        let client = test.client().await;
        let link = link_router(&test.app);
        let sandbox = sandbox_router(&test.app, server.url());
        server.serve(sandbox.clone());
        let new = NewCompany {
            name: CompanyName::parse("internal-42").unwrap(),
            description: None,
            tags: Tags::default(),
            products: Products::default(),
            references: References::default(),
        };
        let company = test
            .app
            .create_company(&caller(&client), new)
            .await
            .unwrap()
            .company
            .id;
        Self {
            test,
            client,
            company,
            link,
            sandbox,
            _server: server,
        }
    }

    /// Starts the server anew over the same database, with something otherwise.
    pub(crate) async fn restart(&mut self, setup: Setup) {
        self.test.restart(setup).await;
        self.link = link_router(&self.test.app);
    }

    pub(crate) fn caller(&self) -> Caller {
        caller(&self.client)
    }

    /// Sets the redirect URL.
    pub(crate) async fn redirect_to(&self, url: &str) {
        let change = ProfileChange {
            name: "Lender Ltd".into(),
            redirect_url: url.into(),
            ..ProfileChange::default()
        };
        self.test
            .app
            .change_profile(&self.caller(), change)
            .await
            .unwrap();
    }

    /// Somebody with a browser of their own.
    pub(crate) fn person(&self) -> Person<'_> {
        Person {
            world: self,
            jars: BTreeMap::new(),
        }
    }

    /// The status of the company's connections, in the order of their making.
    pub(crate) async fn statuses(&self) -> Vec<&'static str> {
        let found = self
            .test
            .app
            .company(self.client.id(), self.company)
            .await
            .unwrap();
        found
            .connections
            .iter()
            .map(|held| held.connection.status().as_str())
            .collect()
    }

    /// An address of Link's.
    pub(crate) fn address(&self, path: &str) -> String {
        self.test.app.settings().link_url.join(path).unwrap().into()
    }

    /// The names of the connected companies at the third party, in the order of the connections.
    pub(crate) async fn parties(&self) -> Vec<String> {
        let app = &self.test.app;
        let found = app.company(self.client.id(), self.company).await.unwrap();
        let parties = found.connections.into_iter();
        parties
            .filter_map(|held| Some(held.connection.third_party?.name))
            .collect()
    }

    /// All attempts of the company, the newest last.
    pub(crate) async fn attempts(&self) -> Vec<AuthorizationRequest> {
        let (client, company) = (self.client.id(), self.company);
        handclasp_store::attempt::of_company(&mut self.test.app.store(), client, company)
            .await
            .unwrap()
    }

    /// How often an event of this kind was told.
    pub(crate) async fn told(&self, kind: &str) -> usize {
        let events = self.events().await;
        events.iter().filter(|told| **told == kind).count()
    }

    /// The kinds of all events so far, in their order.
    pub(crate) async fn events(&self) -> Vec<&'static str> {
        let pending = handclasp_store::event::pending(&mut self.test.app.store(), 1_000)
            .await
            .unwrap();
        pending.iter().map(|event| event.kind.as_str()).collect()
    }
}

fn caller(client: &TestClient) -> Caller {
    Caller {
        client: client.id(),
        actor: Actor::Operator,
        name: None,
        address: None,
        correlation: None,
        once: None,
    }
}

fn link_router(app: &App) -> Router {
    let origin: Origin = app
        .settings()
        .link_url
        .as_str()
        .trim_end_matches('/')
        .parse()
        .unwrap();
    let cookies = CookiePolicy::of(&origin).unwrap();
    let forms = app.secrets().forms.clone();
    let gate = CsrfGate::new(
        move |parts: &[&[u8]]| forms.mac(parts),
        &origin,
        cookies,
        app.random().clone(),
    );
    Outer::new(Surface::Pages, app.clock().clone(), app.random().clone())
        .wrap(handclasp_link::router(app.clone(), cookies, &gate))
}

fn sandbox_router(app: &App, url: &Url) -> Router {
    let (secrets, apps) = (app.clone(), app.clone());
    handclasp_sandbox::router(SandboxParts {
        origin: url.as_str().trim_end_matches('/').parse().unwrap(),
        registrations: Registrations::new(
            move |id: &str| Some(secrets.sandbox_secret(id.parse().ok()?)),
            move |id: String| {
                let app = apps.clone();
                async move {
                    let client = id.parse().unwrap();
                    Ok(Some(Registered {
                        name: app.client(client).await.unwrap().name,
                        redirect_uris: app
                            .catalogue()
                            .iter()
                            .map(|one| app.redirect_uri(client, one.key).unwrap())
                            .collect(),
                    }))
                }
            },
        ),
        store: app.store().clone(),
        tokens: app.secrets().sandbox_tokens.clone(),
        signing: app.secrets().sandbox_signing.clone(),
        forms: app.secrets().forms.clone(),
        clock: app.clock().clone(),
        movable_clock: true,
        random: app.random().clone(),
    })
    .unwrap()
}

/// Cookies by their names, by the origins that they belong to.
pub(crate) type Cookies = BTreeMap<String, BTreeMap<String, String>>;

/// Somebody with a browser.
pub(crate) struct Person<'w> {
    world: &'w World,
    jars: Cookies,
}

/// A page, where the browser stands now.
pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) html: String,
}

impl Person<'_> {
    /// Opens an address, and follows redirects and the pages that go on by themselves, until there is something to do or the
    /// address is neither Link's nor the third party's.
    pub(crate) async fn open(&mut self, url: &str) -> Page {
        let mut page = self
            .request(Method::GET, Url::parse(url).unwrap(), None)
            .await;
        for _ in 0..10 {
            let Some(next) = page.refresh() else {
                return page;
            };
            page = self.request(Method::GET, next, None).await;
        }
        panic!("goes on for ever: {}", page.url);
    }

    /// Opens a page, and does not go on by itself.
    pub(crate) async fn look(&mut self, url: &str) -> Page {
        self.request(Method::GET, Url::parse(url).unwrap(), None)
            .await
    }

    /// Clicks the link with these words.
    pub(crate) async fn click(&mut self, page: &Page, words: &str) -> Page {
        let href = page.link(words);
        self.open(href.as_str()).await
    }

    /// Presses the button with these words.
    pub(crate) async fn press(&mut self, page: &Page, words: &str) -> Page {
        let (action, fields) = page.form(words);
        let answer = self.request(Method::POST, action, Some(fields)).await;
        match answer.refresh() {
            Some(next) => self.open(next.as_str()).await,
            None => answer,
        }
    }

    /// Allows access at the third party, and does not go back yet: the address of the way back.
    pub(crate) async fn allow_and_wait(&mut self, sign_in: &Page) -> Url {
        let (action, fields) = sign_in.form("Allow access");
        let answer = self.request(Method::POST, action, Some(fields)).await;
        answer.refresh().expect("the third party's page goes on")
    }

    /// Allows access at the third party, to another company than the first.
    pub(crate) async fn allow_for_another(&mut self, sign_in: &Page) -> Page {
        let (action, mut fields) = sign_in.form("Allow access");
        let another = sign_in.other_choice("organisation");
        for (name, value) in &mut fields {
            if name == "organisation" {
                value.clone_from(&another);
            }
        }
        let answer = self.request(Method::POST, action, Some(fields)).await;
        match answer.refresh() {
            Some(next) => self.open(next.as_str()).await,
            None => answer,
        }
    }

    /// Chooses in the list of outcomes on the third party's page.
    pub(crate) async fn go_on_with(&mut self, sign_in: &Page, scenario: &str) -> Page {
        let (action, mut fields) = sign_in.form("Go on with this outcome");
        fields.push(("scenario".to_owned(), scenario.to_owned()));
        let answer = self.request(Method::POST, action, Some(fields)).await;
        match answer.refresh() {
            Some(next) => self.open(next.as_str()).await,
            None => answer,
        }
    }

    /// Says which of several companies is meant, by the name at its button.
    pub(crate) async fn choose_company(&mut self, page: &Page, name: &str) -> Page {
        let (action, mut fields) = page.form("Connect it to");
        fields.push(("entity".to_owned(), page.choice(name)));
        let answer = self.request(Method::POST, action, Some(fields)).await;
        match answer.refresh() {
            Some(next) => self.open(next.as_str()).await,
            None => answer,
        }
    }

    /// One request, and the redirects after it.
    pub(crate) async fn request(
        &mut self,
        method: Method,
        mut url: Url,
        mut form: Option<Vec<(String, String)>>,
    ) -> Page {
        let mut method = method;
        // Time goes by, so that what happens later is later.
        self.world.test.clock.advance(Duration::from_millis(1));
        for _ in 0..10 {
            let origin = url.origin().ascii_serialization();
            let router = if url
                .as_str()
                .starts_with(self.world.test.app.settings().link_url.as_str())
            {
                &self.world.link
            } else if url.path().starts_with("/sandbox") {
                &self.world.sandbox
            } else {
                // The platform's own page.
                return Page {
                    url,
                    status: StatusCode::OK,
                    html: String::new(),
                };
            };
            let target = match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            };
            let jar = self.jars.entry(origin.clone()).or_default();
            let cookies: Vec<_> = jar
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let mut request = Request::builder()
                .method(method.clone())
                .uri(target)
                .header(
                    "sec-fetch-site",
                    if method == Method::POST {
                        "same-origin"
                    } else {
                        "cross-site"
                    },
                );
            if !cookies.is_empty() {
                request = request.header(COOKIE, cookies.join("; "));
            }
            let body = match form.take() {
                None => Body::empty(),
                Some(fields) => {
                    request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                    Body::from(
                        url::form_urlencoded::Serializer::new(String::new())
                            .extend_pairs(fields)
                            .finish(),
                    )
                }
            };
            let response = router
                .clone()
                .oneshot(request.body(body).unwrap())
                .await
                .unwrap();
            for cookie in response.headers().get_all(SET_COOKIE) {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                self.jars
                    .get_mut(&origin)
                    .unwrap()
                    .insert(name.to_owned(), value.to_owned());
            }
            let status = response.status();
            if status.is_redirection() {
                let location = response.headers()[LOCATION].to_str().unwrap();
                url = url.join(location).unwrap();
                method = Method::GET;
                continue;
            }
            let html = response.into_body().collect().await.unwrap().to_bytes();
            return Page {
                url,
                status,
                html: String::from_utf8(html.to_vec()).unwrap(),
            };
        }
        panic!("redirected for ever: {url}");
    }

    /// The browser's cookies, to be had by it again once the server has started anew.
    pub(crate) fn cookies(&self) -> Cookies {
        self.jars.clone()
    }

    /// Has these cookies.
    pub(crate) fn take_cookies(&mut self, cookies: Cookies) {
        self.jars = cookies;
    }

    /// Takes over another's cookies, as a second tab has them.
    pub(crate) fn clone_cookies(&mut self, other: &Self) {
        self.jars.clone_from(&other.jars);
    }
}

impl Page {
    fn dom(&self) -> Html {
        Html::parse_document(&self.html)
    }

    /// Where the page goes on by itself.
    pub(crate) fn refresh(&self) -> Option<Url> {
        let dom = self.dom();
        let meta = Selector::parse("meta[http-equiv=refresh]").unwrap();
        let content = dom.select(&meta).next()?.attr("content")?;
        let (_, url) = content.split_once("url=")?;
        Some(self.url.join(url).unwrap())
    }

    /// The page's heading.
    pub(crate) fn heading(&self) -> String {
        let dom = self.dom();
        let h1 = dom.select(&Selector::parse("h1").unwrap()).next();
        h1.map(|h1| h1.text().collect()).unwrap_or_default()
    }

    /// All that can be read on the page.
    pub(crate) fn words(&self) -> String {
        let dom = self.dom();
        let body = dom
            .select(&Selector::parse("body").unwrap())
            .next()
            .unwrap();
        body.text().collect::<Vec<_>>().join(" ")
    }

    /// The address of the link with these words.
    pub(crate) fn link(&self, words: &str) -> Url {
        let dom = self.dom();
        let found = dom
            .select(&Selector::parse("a").unwrap())
            .find(|link| link.text().collect::<String>().contains(words));
        let found =
            found.unwrap_or_else(|| panic!("no link {words:?} on {}: {}", self.url, self.words()));
        self.url.join(found.attr("href").unwrap()).unwrap()
    }

    /// A choice of these that is not made.
    pub(crate) fn other_choice(&self, name: &str) -> String {
        let dom = self.dom();
        let radio = Selector::parse(&format!("input[type=radio][name={name}]")).unwrap();
        let other = dom
            .select(&radio)
            .find(|choice| choice.attr("checked").is_none());
        other
            .and_then(|choice| choice.attr("value"))
            .unwrap()
            .to_owned()
    }

    /// The value of the choice with this text.
    pub(crate) fn choice(&self, words: &str) -> String {
        let dom = self.dom();
        let label = Selector::parse("label").unwrap();
        let radio = Selector::parse("input[type=radio]").unwrap();
        let found = dom
            .select(&label)
            .find(|label| label.text().collect::<String>() == words);
        let found = found.and_then(|label| label.select(&radio).next()?.attr("value"));
        found
            .unwrap_or_else(|| panic!("no choice {words:?} on {}: {}", self.url, self.words()))
            .to_owned()
    }

    /// What the form of the button with these words sends, and where.
    pub(crate) fn form(&self, words: &str) -> (Url, Vec<(String, String)>) {
        let dom = self.dom();
        let (forms, buttons) = (
            Selector::parse("form").unwrap(),
            Selector::parse("button").unwrap(),
        );
        let inputs = Selector::parse("input").unwrap();
        for form in dom.select(&forms) {
            let pressed = form
                .select(&buttons)
                .find(|button| button.text().collect::<String>().contains(words));
            let Some(pressed) = pressed else { continue };
            let mut fields: Vec<(String, String)> = form
                .select(&inputs)
                .filter(|input| {
                    let kind = input.attr("type").unwrap_or("text");
                    !matches!(kind, "radio" | "checkbox") || input.attr("checked").is_some()
                })
                .filter_map(|input| {
                    Some((
                        input.attr("name")?.to_owned(),
                        input.attr("value").unwrap_or_default().to_owned(),
                    ))
                })
                .collect();
            if let Some(name) = pressed.attr("name") {
                fields.push((
                    name.to_owned(),
                    pressed.attr("value").unwrap_or_default().to_owned(),
                ));
            }
            return (
                self.url
                    .join(form.attr("action").unwrap_or_default())
                    .unwrap(),
                fields,
            );
        }
        panic!("no button {words:?} on {}: {}", self.url, self.words());
    }
}

/// From the Link URL to the third party's sign-in page.
pub(crate) async fn to_sign_in(person: &mut Person<'_>, url: &str) -> Page {
    let overview = person.open(url).await;
    let choose = person.click(&overview, "Accounting").await;
    let consent = person.press(&choose, "Sandbox").await;
    assert_eq!(consent.heading(), "Connect Sandbox to Lender Ltd?");
    let sign_in = person.press(&consent, "Continue to Sandbox").await;
    assert_eq!(
        sign_in.url.path(),
        "/sandbox/authorize",
        "{}",
        sign_in.words()
    );
    sign_in
}

/// The company's Link URL.
pub(crate) fn link_url(world: &World) -> String {
    world.test.app.link_url(world.company)
}
