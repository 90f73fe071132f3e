//! Test servers, databases, clocks and third parties
