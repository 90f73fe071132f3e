//! The testkit holds what it says.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use handclasp_domain::Scopes;
use handclasp_testkit::{Http, START, TestApp, TestServer};

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    let client = one.client().await;
    client.key_with(Scopes::default()).await;
    assert_eq!(one.app.list_clients().await.unwrap().len(), 1);
    assert_eq!(other.app.list_clients().await.unwrap().len(), 0);
}

#[tokio::test]
async fn time_stands_still_until_it_is_moved_and_ids_repeat() {
    let (one, other) = (TestApp::start().await, TestApp::start().await);
    assert_eq!(one.client().await.id(), other.client().await.id());
    assert_eq!(one.app.now(), START);
    one.clock.advance(Duration::from_secs(60));
    assert_eq!(one.app.now(), START.plus(Duration::from_secs(60)));
}

#[tokio::test]
async fn what_was_written_is_there_when_the_database_is_opened_again() {
    let mut test = TestApp::start().await;
    let id = test.client().await.id();
    test.database.reopen().await;
    let found = handclasp_store::client::find(&mut test.database.store(), id).await;
    assert_eq!(found.unwrap().unwrap().id, id);
}

#[tokio::test]
async fn routers_answer_without_a_socket_and_with_one() {
    let router = Router::new().route("/", get(|| async { "here" }));
    let answer = Http::new(router.clone()).get("/").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "here"));

    let mut server = TestServer::bind().await;
    server.serve(router);
    let address = server.url().socket_addrs(|| None).unwrap()[0];
    let reached = tokio::net::TcpStream::connect(address).await;
    assert!(reached.is_ok());
}
