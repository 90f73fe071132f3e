//! The tests' own settings.

/// A setting of the environment; none where it is absent or empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests' own settings are read here and nowhere else"
)]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
