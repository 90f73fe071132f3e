//! Serves the styleguide alone: `cargo run -p handclasp-web --example styleguide`.

use std::sync::Arc;

use handclasp_ambient::{SystemClock, SystemRandom};
use handclasp_web::front::{self, Door, FrontLimits};
use handclasp_web::layers::{Outer, Sites, Surface};
use handclasp_web::{look, styleguide};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let origin = "http://127.0.0.1:8123".parse()?;
    let outer = Outer::new(
        Surface::Pages,
        Arc::new(SystemClock::default()),
        Arc::new(SystemRandom),
    );
    let pages = outer.wrap(styleguide::router().merge(look::assets::router()));
    let sites = Sites::new(outer).mount(&origin, "/", pages);
    let door = Door::Tcp(tokio::net::TcpListener::bind(origin.authority()).await?);
    front::serve(
        "styleguide",
        vec![door],
        sites,
        FrontLimits::default(),
        CancellationToken::new(),
    )
    .await;
    Ok(())
}
