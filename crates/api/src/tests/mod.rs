//! Tests over all routes.
