//! A router behind a real socket.

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

/// A place on loopback. It is bound first, so that its address can go into settings, and serves a router once
/// that stands. It is closed when this is dropped.
pub struct TestServer {
    url: Url,
    listener: Option<TcpListener>,
    serving: Option<JoinHandle<()>>,
}

impl TestServer {
    /// Binds a free port on 127.0.0.1. Until [`TestServer::serve`], callers wait.
    pub async fn bind() -> Self {
        let bound = async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            Ok::<_, std::io::Error>((listener, address))
        };
        let (listener, address) = match bound.await {
            Ok(bound) => bound,
            Err(error) => panic!("no port for a test: {error}"),
        };
        let Ok(url) = Url::parse(&format!("http://{address}")) else {
            panic!("{address} is not in a URL");
        };
        Self {
            url,
            listener: Some(listener),
            serving: None,
        }
    }

    /// Its address, as `http://127.0.0.1:40000/`.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Serves a router from now on.
    pub fn serve(&mut self, router: Router) {
        let Some(listener) = self.listener.take() else {
            panic!("this test server serves already");
        };
        self.serving = Some(tokio::spawn(async move {
            // Ends only when it is aborted.
            let _ended = axum::serve(listener, router).await;
        }));
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}
