//! An HTTP/1.1 client that costs little: one connection, one request at a time, nothing allocated per request once its buffer has
//! grown.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest answer that is read.
const LARGEST: usize = 4 << 20;
const HEADERS: usize = 48;

/// A connection that is opened when it is needed, and again when it was lost.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// An answer. It borrows the connection's buffer.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    head: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The values of a header, by its name in small letters.
    pub fn header(&self, name: &str) -> Vec<String> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        if response.parse(self.head).is_err() {
            return Vec::new();
        }
        response
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| String::from_utf8_lossy(header.value).into_owned())
            .collect()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }
}

/// Where an answer lies in the buffer.
struct Layout {
    status: u16,
    head: usize,
    whole: usize,
    closes: bool,
}

impl Client {
    /// A client of a server at this address. Nothing is opened yet.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            buffer: Vec::new(),
        }
    }

    /// Sends a request, made by [`request`], and waits for its answer. After an error the next request goes over a new connection;
    /// whether the server acted on this one is then not known.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        let exchanged = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        let layout = match exchanged {
            Ok(Ok(layout)) => layout,
            Ok(Err(error)) => {
                self.stream = None;
                return Err(error);
            }
            Err(_) => {
                self.stream = None;
                return Err(io::ErrorKind::TimedOut.into());
            }
        };
        if layout.closes {
            self.stream = None;
        }
        let (head, body) = self.buffer[..layout.whole].split_at(layout.head);
        Ok(Answer {
            status: layout.status,
            head,
            body,
        })
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Layout> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            empty => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                empty.insert(stream)
            }
        };
        stream.write_all(request).await?;
        self.buffer.clear();
        let mut layout = None;
        loop {
            self.buffer.reserve(4096);
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if layout.is_none() {
                layout = parse(&self.buffer)?;
            }
            if let Some(found) = layout.take_if(|found| self.buffer.len() >= found.whole) {
                return Ok(found);
            }
            if self.buffer.len() > LARGEST {
                return Err(io::Error::other("the answer is too large"));
            }
        }
    }
}

fn parse(read: &[u8]) -> io::Result<Option<Layout>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(read).map_err(io::Error::other)? {
        httparse::Status::Complete(head) => head,
        httparse::Status::Partial => return Ok(None),
    };
    let status = response.code.unwrap_or(0);
    let mut length = (status == 204 || status == 304).then_some(0);
    let mut closes = false;
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            length = std::str::from_utf8(header.value)
                .ok()
                .and_then(|text| text.parse().ok());
        } else if header.name.eq_ignore_ascii_case("connection") {
            closes = header.value.eq_ignore_ascii_case(b"close");
        }
    }
    match length {
        Some(length) => Ok(Some(Layout {
            status,
            head,
            whole: head + length,
            closes,
        })),
        None => Err(io::Error::other("the answer does not say how long it is")),
    }
}

/// The bytes of a request. `headers` are whole lines with their ends.
pub fn request(method: &str, target: &str, host: &str, headers: &str, body: &str) -> Vec<u8> {
    if body.is_empty() && method == "GET" {
        return format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n").into_bytes();
    }
    let length = body.len();
    format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}
