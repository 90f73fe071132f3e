//! The hosted pages of Link
