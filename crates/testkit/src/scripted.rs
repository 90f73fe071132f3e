//! A third party that does as it is told, on a real port: what a real one says, and what a careless one does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::{Url, form_urlencoded};

/// What it was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The request's target: path and query as they came.
    pub target: String,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, chunks put together.
    pub body: Vec<u8>,
}

impl Asked {
    /// The path, as it came.
    pub fn path(&self) -> &str {
        let path = self.target.split('?').next();
        path.unwrap_or_default()
    }

    /// A header's only value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => value,
            (None, _) => "",
            (Some(_), Some(_)) => panic!("{name} came twice"),
        }
    }

    /// A field of a form; empty where there is none.
    pub fn field(&self, name: &str) -> String {
        form_urlencoded::parse(&self.body)
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    }
}

/// How it answers.
#[derive(Debug, Clone)]
pub enum Told {
    /// In full: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The same after a while.
    Late(Duration, Box<Told>),
    /// With a body that never ends; where it is announced, of 100 MiB.
    Endless {
        /// Whether its length stands in the head.
        announced: bool,
    },
    /// With one byte a second.
    Drip,
    /// With nothing.
    Silence,
    /// By breaking the connection off.
    Reset,
    /// By breaking it off in the middle of the body.
    ResetInBody,
}

impl Told {
    /// JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json", body.to_string())
    }

    /// A body of this type.
    pub fn of(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let kind = ("content-type", kind.to_owned());
        Self::Answer(status, vec![kind], body.into())
    }

    /// The same after a while.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self::Late(time, Box::new(self))
    }
}

/// The third party. It ends when this is dropped.
pub struct ScriptedThirdParty {
    url: Url,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl ScriptedThirdParty {
    /// One that answers so.
    pub async fn start(answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Self {
        let bound = TcpListener::bind("127.0.0.1:0").await;
        let (listener, address) = match bound.and_then(|it| it.local_addr().map(|at| (it, at))) {
            Ok(bound) => bound,
            Err(error) => panic!("no port for a test: {error}"),
        };
        let Ok(url) = Url::parse(&format!("http://{address}")) else {
            panic!("{address} is not in a URL");
        };
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else {
                        return;
                    };
                    let told = answer(&request);
                    log.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(request);
                    // The other side may hang up at any time: that is what some tests are about.
                    let _ended = tell(&mut stream, told).await;
                });
            }
        });
        Self { url, asked, task }
    }

    /// Where it stands, as `http://127.0.0.1:40000/`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What it was asked so far, in the order in which the questions were whole.
    pub fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}

impl Drop for ScriptedThirdParty {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(bytes.get(..head)?).into_owned();
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut rest = bytes.split_off(head + 4);
    let value = |name: &str| {
        let found = headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let body = if value("transfer-encoding").is_some_and(|kind| kind == "chunked") {
        chunks(stream, rest).await?
    } else {
        let length = value("content-length").map_or(0, |text| text.parse().unwrap_or(0));
        while rest.len() < length {
            if stream.read_buf(&mut rest).await.ok()? == 0 {
                return None;
            }
        }
        rest
    };
    Some(Asked {
        method,
        target,
        headers,
        body,
    })
}

async fn chunks(stream: &mut TcpStream, mut rest: Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = loop {
            if let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            if stream.read_buf(&mut rest).await.ok()? == 0 {
                return None;
            }
        };
        let size = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        while rest.len() < line + 2 + size + 2 {
            if stream.read_buf(&mut rest).await.ok()? == 0 {
                return None;
            }
        }
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(line + 2..line + 2 + size)?);
        rest.drain(..line + 2 + size + 2);
    }
}

async fn tell(stream: &mut TcpStream, told: Told) -> std::io::Result<()> {
    match told {
        Told::Late(time, told) => {
            tokio::time::sleep(time).await;
            Box::pin(tell(stream, *told)).await
        }
        Told::Answer(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} So\r\nconnection: close\r\n");
            if ![204, 304].contains(&status) {
                head.push_str(&format!("content-length: {}\r\n", body.len()));
            }
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(b"\r\n").await?;
            stream.write_all(&body).await?;
            stream.shutdown().await
        }
        Told::Endless { announced } => {
            let length = match announced {
                true => "content-length: 104857600\r\n",
                false => "",
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\n{length}content-type: application/json\r\n\r\n{{\"access_token\":\""
            );
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(&[b'a'; 65_536]).await?;
            }
        }
        Told::Drip => {
            let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
            stream.write_all(head).await?;
            loop {
                stream.write_all(b" ").await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Told::Silence => std::future::pending().await,
        Told::Reset => stream.set_zero_linger(),
        Told::ResetInBody => {
            let part = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"access_token\":";
            stream.write_all(part).await?;
            stream.flush().await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            stream.set_zero_linger()
        }
    }
}
