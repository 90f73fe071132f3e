use std::time::Instant;
use handclasp_testkit::{TestApp};
use handclasp_web::layers::{Outer, Surface};
use serde_json::json;
use tower::ServiceExt;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn perf() {
    let test = TestApp::start().await;
    let client = test.client().await;
    let app = test.app.clone();
    let outer = Outer::new(Surface::Api, app.clock().clone(), app.random().clone());
    let router = outer.wrap(handclasp_api::router(app, &"http://127.0.0.1:4000".parse().unwrap()));
    let api = client.api(router.clone());
    let made = api.post("/api/companies", json!({"name":"x","tags":{"a":"b"}})).await;
    let path = format!("/api/companies/{}", made.at("/id"));
    let conn = api.post(&format!("{path}/connections"), json!({"platformKey":"mqjo"})).await;
    assert_eq!(conn.status, 200);
    let auth = format!("Bearer {}", client.key.expose());
    for round in 0..4 {
        let tasks: Vec<_> = (0..64).map(|_| { let (router, path, auth) = (router.clone(), path.clone(), auth.clone()); tokio::spawn(async move {
            for _ in 0..1000 {
                let r = http::Request::get(&path).header("authorization", &auth).body(axum::body::Body::empty()).unwrap();
                let a = router.clone().oneshot(r).await.unwrap();
                assert_eq!(a.status(), 200);
            }
        })}).collect();
        let t = Instant::now();
        for x in tasks { x.await.unwrap(); }
        println!("round {round}: {:.0}/s", 64000.0 / t.elapsed().as_secs_f64());
        let t = Instant::now();
        for _ in 0..64000 { test.app.company(client.id(), made.at("/id").parse().unwrap()).await.unwrap(); }
        println!("   use case alone, one caller: {:.0}/s", 64000.0 / t.elapsed().as_secs_f64());
        // not found path: auth etc. without the database
        let t = Instant::now();
        for _ in 0..64000 {
            let r = http::Request::get("/api/integrations/mqjo").header("authorization", &auth).body(axum::body::Body::empty()).unwrap();
            router.clone().oneshot(r).await.unwrap();
        }
        println!("   integration, one caller: {:.0}/s", 64000.0 / t.elapsed().as_secs_f64());
    }
}
