//! The platform API
