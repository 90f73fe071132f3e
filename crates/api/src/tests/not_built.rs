//! What is not built says so: operations, and fields of those that are.

use super::rights::{Ids, address, call};
use super::{NOBODY, Stage, error, refused};
use crate::not_built::NOT_BUILT;

#[tokio::test]
async fn operations() {
    let stage = Stage::new().await;
    for one in NOT_BUILT {
        let route = one.route();
        let path = address(&route, Ids::all(NOBODY));
        let text = refused(&call(&stage.api, &route, &path).await, 501);
        assert_eq!(text, one.why.text(), "{path}");
    }
    let path = format!("/api/companies/{NOBODY}/dataStatus");
    insta::assert_snapshot!(error(&stage.api.get(&path).await), @r#"
    {
      "statusCode": 501,
      "service": "PublicApi",
      "error": "This is outside of what the product is for: it has no such operation.",
      "correlationId": "…",
      "validation": null,
      "canBeRetried": "False",
      "detailedErrorCode": 0
    }
    "#);
}
