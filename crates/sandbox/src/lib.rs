//! The built-in third party: an OAuth 2 and OpenID provider of its own
