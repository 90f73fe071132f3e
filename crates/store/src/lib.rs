//! The database: SQL once, for SQLite and PostgreSQL
