//! The catalogue of integrations and the protocols that connect them
