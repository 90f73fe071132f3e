//! The protocol against a scripted third party.
