//! The limit on the requests of an address, in front of everything.

use std::net::IpAddr;

use axum::extract::Request;
use handclasp_app::App;
use handclasp_domain::{OverLimit, Standing};
use handclasp_web::front::Peer;
use handclasp_web::layers::Gate;
use http::Extensions;

/// Asks the use cases.
struct OfApp(App);

impl Gate for OfApp {
    fn enter(&self, request: &Request) -> Result<Standing, OverLimit> {
        self.0.take_request(address(request.extensions()))
    }
}

/// The limits for the layer around the API's router: [`handclasp_web::layers::Outer::with_gate`].
pub(crate) fn gate(app: App) -> impl Gate {
    OfApp(app)
}

/// The address that a request comes from: a proxy's that is trusted stands aside.
pub(crate) fn address(extensions: &Extensions) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>()?;
    peer.0.map(|peer| peer.ip())
}
