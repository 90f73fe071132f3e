//! What is read of the environment, all of it here.
#![expect(
    clippy::disallowed_methods,
    reason = "developers' programs are told by the environment where PostgreSQL is"
)]

/// Where databases can be made on PostgreSQL, if anywhere: `HANDCLASP_TEST_POSTGRES`, as `cargo xtask with-postgres` sets it.
pub fn postgres() -> Option<String> {
    read("HANDCLASP_TEST_POSTGRES")
}

/// Whether what is missing fails a test instead of being skipped: `HANDCLASP_TEST_REQUIRE_ALL=1`.
pub fn require_all() -> bool {
    read("HANDCLASP_TEST_REQUIRE_ALL").as_deref() == Some("1")
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> String {
    read("CARGO").unwrap_or_else(|| "cargo".to_owned())
}

fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
