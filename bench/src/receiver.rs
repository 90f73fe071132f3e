//! A server that takes webhooks: as cheap as it can be, so that what is measured is the sender.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const HEADERS: usize = 32;

/// A message as it came.
#[derive(Debug)]
pub struct Message<'a> {
    /// Which address it was sent to, as `/one`.
    pub path: &'a str,
    headers: &'a [httparse::Header<'a>],
    /// The body.
    pub body: &'a [u8],
}

impl Message<'_> {
    /// A header's value, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .and_then(|header| std::str::from_utf8(header.value).ok())
    }
}

/// Serves until dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Listens on a free port of this machine. `take` says with which status each message is answered.
    pub async fn start(
        take: impl Fn(&Message<'_>) -> u16 + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let take = Arc::new(take);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let take = Arc::clone(&take);
                // A sender that goes away in the middle is what the kill test makes happen.
                tokio::spawn(async move { serve(stream, &*take).await });
            }
        });
        Ok(Self { address, serving })
    }

    /// Where it listens, as `http://127.0.0.1:40000`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    take: &(impl Fn(&Message<'_>) -> u16 + Sync),
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    loop {
        while let Some((whole, status)) = one(&buffer, take)? {
            buffer.drain(..whole);
            let answer = match status {
                200 => "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(),
                status => format!("HTTP/1.1 {status} Other\r\ncontent-length: 0\r\n\r\n"),
            };
            stream.write_all(answer.as_bytes()).await?;
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}

/// Takes the first message of the buffer, once it is whole: its length, and the status of its answer.
fn one(buffer: &[u8], take: &impl Fn(&Message<'_>) -> u16) -> io::Result<Option<(usize, u16)>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(buffer).map_err(io::Error::other)? {
        httparse::Status::Complete(head) => head,
        httparse::Status::Partial => return Ok(None),
    };
    let mut message = Message {
        path: request.path.unwrap_or_default(),
        headers: request.headers,
        body: &[],
    };
    let length: usize = message
        .header("content-length")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| io::Error::other("a message does not say how long it is"))?;
    let Some(body) = buffer.get(head..head + length) else {
        return Ok(None);
    };
    message.body = body;
    Ok(Some((head + length, take(&message))))
}
