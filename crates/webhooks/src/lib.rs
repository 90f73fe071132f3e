//! Fan-out, signing and delivery of events
