//! One customer's whole journey as a browser without JavaScript makes it: cookies kept, forms sent as they came, redirects and
//! the pages that go on by themselves followed.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};

use crate::client::{self, Client};
use crate::load::{Target, made_id, new_company};
use crate::server::Key;

/// Walks journeys, each as a browser that was never there before.
pub struct Walker {
    client: Client,
    key: Key,
    link: Site,
    /// The third party stands under another name, so its cookies are apart.
    sandbox: Site,
    port: u16,
}

struct Site {
    host: String,
    cookies: Vec<(String, String)>,
}

/// What a request was answered.
struct Page {
    location: Option<String>,
    body: String,
}

/// Which of the two hosts.
#[derive(Clone, Copy)]
enum At {
    Link,
    Sandbox,
}

impl Walker {
    /// A walker of its own.
    pub fn new(target: &Target) -> Self {
        let address: SocketAddr = target.address;
        let site = |host: String| Site {
            host,
            cookies: Vec::new(),
        };
        Self {
            client: Client::new(address),
            key: target.key.clone(),
            link: site(address.to_string()),
            sandbox: site(format!("localhost:{}", address.port())),
            port: address.port(),
        }
    }

    /// A new company, and its person from the Link URL to the page that says that it is connected. The company's id.
    pub async fn walk(&mut self) -> Result<String> {
        self.link.cookies.clear();
        self.sandbox.cookies.clear();
        let company = self.create_company().await?;
        let own = format!("/company/{company}");

        let overview = self.get(At::Link, &own).await?;
        let choose = overview.link_to(&format!("{own}/choose/"))?;
        let choose = self.get(At::Link, &choose).await?;
        let consent = choose.press("/choose\"", Some(("platformKey", "mqjo")))?;
        let consent = self.post(At::Link, &consent).await?.onward()?;
        let consent = self.get(At::Link, &consent).await?;
        let go = consent.press("/consent\"", None)?;
        let go = self.post(At::Link, &go).await?.onward()?;
        let go = self.get(At::Link, &go).await?;

        let authorize = self.on_sandbox(&go.refresh()?)?;
        let sign_in = self.get(At::Sandbox, &authorize).await?;
        let allow = sign_in.press("/sandbox/sign-in", Some(("outcome", "allow")))?;
        let mut back = self.post(At::Sandbox, &allow).await?;
        if let Some(location) = back.location.take() {
            back = self.get(At::Sandbox, &self.on_sandbox(&location)?).await?;
        }

        let callback = back.refresh()?;
        let callback = self.on_link(&callback)?;
        let mut result = self.get(At::Link, &callback).await?;
        while let Some(location) = result.location.take() {
            result = self.get(At::Link, &self.on_link(&location)?).await?;
        }
        ensure!(
            result.body.contains("Sandbox is connected")
                && result.body.contains(&format!("{own}/complete")),
            "the journey does not end on its result: {}",
            result.body
        );
        Ok(company)
    }

    async fn create_company(&mut self) -> Result<String> {
        let headers = format!("{}content-type: application/json\r\n", self.key.line());
        let request = client::request(
            "POST",
            "/api/companies",
            &self.link.host,
            &headers,
            &new_company(),
        );
        let answer = self.client.send(&request).await?;
        ensure!(
            answer.status == 200,
            "a creation was answered {}: {}",
            answer.status,
            answer.text()
        );
        made_id(answer.body)
    }

    async fn get(&mut self, at: At, target: &str) -> Result<Page> {
        self.send(at, "GET", target, "").await
    }

    async fn post(&mut self, at: At, form: &(String, String)) -> Result<Page> {
        self.send(at, "POST", &form.0, &form.1).await
    }

    async fn send(&mut self, at: At, method: &str, target: &str, form: &str) -> Result<Page> {
        let site = match at {
            At::Link => &mut self.link,
            At::Sandbox => &mut self.sandbox,
        };
        let mut headers = String::with_capacity(256);
        if method == "POST" {
            headers.push_str("content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin\r\n");
        }
        for (n, (name, value)) in site.cookies.iter().enumerate() {
            headers.push_str(if n == 0 { "cookie: " } else { "; " });
            headers.push_str(name);
            headers.push('=');
            headers.push_str(value);
        }
        if !site.cookies.is_empty() {
            headers.push_str("\r\n");
        }
        let request = client::request(method, target, &site.host, &headers, form);
        let answer = self
            .client
            .send(&request)
            .await
            .with_context(|| format!("{method} {target}"))?;
        ensure!(
            matches!(answer.status, 200 | 302 | 303),
            "{method} {target} was answered {}: {}",
            answer.status,
            answer.text()
        );
        for cookie in answer.header("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                site.cookies.retain(|(known, _)| known != name);
                site.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(Page {
            location: answer.header("location").pop(),
            body: answer.text(),
        })
    }

    fn on_sandbox(&self, url: &str) -> Result<String> {
        path_of(url, &format!("http://localhost:{}", self.port))
    }

    fn on_link(&self, url: &str) -> Result<String> {
        path_of(url, &format!("http://127.0.0.1:{}", self.port))
    }
}

fn path_of(url: &str, origin: &str) -> Result<String> {
    let path = url.strip_prefix(origin).unwrap_or(url);
    ensure!(path.starts_with('/'), "{url} does not lead to {origin}");
    Ok(path.to_owned())
}

impl Page {
    fn onward(self) -> Result<String> {
        self.location
            .context("a form was not answered with a redirect")
    }

    /// The address of the first link that begins so.
    fn link_to(&self, start: &str) -> Result<String> {
        let (_, from) = self
            .body
            .split_once(&format!("href=\"{start}"))
            .with_context(|| format!("no link to {start}"))?;
        let rest = from.split('"').next().unwrap_or_default();
        Ok(format!("{start}{rest}"))
    }

    /// Where the page goes on by itself.
    fn refresh(&self) -> Result<String> {
        let (_, from) = self
            .body
            .split_once("http-equiv=\"refresh\"")
            .context("the page does not go on by itself")?;
        let (_, from) = from
            .split_once("url=")
            .context("a refresh without its address")?;
        Ok(unescape(from.split('"').next().unwrap_or_default()))
    }

    /// What the form whose address has `action` in it sends, and where, when `button` is pressed.
    fn press(&self, action: &str, button: Option<(&str, &str)>) -> Result<(String, String)> {
        let form = self
            .body
            .split("<form ")
            .skip(1)
            .map(|form| form.split("</form>").next().unwrap_or(form))
            .find(|form| {
                form.split('>')
                    .next()
                    .is_some_and(|tag| tag.contains(action))
            })
            .with_context(|| format!("no form {action}"))?;
        let target = attribute(form.split('>').next().unwrap_or_default(), "action")
            .context("a form without its address")?;
        let mut fields = String::new();
        let mut add = |name: &str, value: &str| {
            if !fields.is_empty() {
                fields.push('&');
            }
            fields.push_str(name);
            fields.push('=');
            // The names and values of these forms are letters, digits, dashes and underscores.
            fields.push_str(value);
        };
        for input in form.split("<input ").skip(1) {
            let tag = input.split('>').next().unwrap_or_default();
            let skipped = tag.contains("type=\"radio\"") && !tag.contains(" checked");
            if let (false, Some(name), Some(value)) =
                (skipped, attribute(tag, "name"), attribute(tag, "value"))
            {
                add(&name, &value);
            }
        }
        if let Some((name, value)) = button {
            ensure!(
                form.contains(&format!("name=\"{name}\" value=\"{value}\"")),
                "no button {name}={value}"
            );
            add(name, value);
        }
        Ok((target, fields))
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, from) = tag.split_once(&format!("{name}=\""))?;
    Some(unescape(from.split('"').next()?))
}

fn unescape(text: &str) -> String {
    text.replace("&#38;", "&").replace("&amp;", "&")
}
