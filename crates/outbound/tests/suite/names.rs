//! Names that nobody answers for keep nobody else waiting.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use handclasp_outbound::{Outbound, OutboundError, Request, Resolver, Resolving};
use url::Url;

use crate::support::{Server, allowing, get};

/// Names that begin with `dead` are looked up for ever; all others are this machine.
#[derive(Default)]
struct Dead(AtomicUsize);

impl Resolver for Dead {
    fn resolve(&self, host: String) -> Resolving {
        if host.starts_with("dead") {
            self.0.fetch_add(1, Ordering::SeqCst);
            return Box::pin(std::future::pending());
        }
        Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) })
    }
}

fn request(server: &Server, name: &str) -> Request {
    let url = format!("http://{name}.example:{}/", server.port());
    Request {
        deadline: Duration::from_millis(300),
        ..get(Url::parse(&url).unwrap())
    }
}

#[tokio::test]
async fn dead_names_of_customers_delay_neither_each_other_nor_the_providers() {
    let (server, _) = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let dead = Arc::new(Dead::default());
    let providers =
        Outbound::with_resolver(allowing(&["127.0.0.1/32"]), Arc::clone(&dead) as _).unwrap();
    let customers = providers.without_pins();

    // Many requests for few names: each name is looked up once, and the others go on.
    let few = (0..400).map(|n| customers.send(request(&server, &format!("dead-{}", n % 10))));
    for answer in join_all(few).await {
        let error = answer.unwrap_err();
        assert!(
            matches!(error, OutboundError::Timeout { sent: false }),
            "{error:?}"
        );
    }
    assert_eq!(dead.0.load(Ordering::SeqCst), 10);
    customers.send(request(&server, "alive")).await.unwrap();

    // So many names that there is no place left: the other client has places of its own.
    let many = (10..400).map(|n| customers.send(request(&server, &format!("dead-{n}"))));
    join_all(many).await;
    assert!(dead.0.load(Ordering::SeqCst) < 400);
    customers
        .send(request(&server, "another"))
        .await
        .unwrap_err();
    let began = Instant::now();
    providers.send(request(&server, "provider")).await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(200));
}
