//! The use cases
