//! The one guarded HTTP client for outgoing requests
