//! Who lives in the sandbox: one person with a few companies.

use serde_json::{Map, Value, json};

use crate::scope::{Scope, Scopes};

/// Somebody who can sign in.
pub(crate) struct Person {
    /// Never changes.
    pub(crate) subject: &'static str,
    pub(crate) name: &'static str,
    pub(crate) given_name: &'static str,
    pub(crate) family_name: &'static str,
    /// In a domain that nobody can have (RFC 2606).
    pub(crate) email: &'static str,
}

/// A company whose books the person keeps.
pub(crate) struct Organisation {
    /// Never changes: clients know a connected company by it.
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// The key of the line about it.
    pub(crate) note: &'static str,
}

/// The person who signs in.
pub(crate) const PERSON: Person = Person {
    subject: "sam-taylor",
    name: "Sam Taylor",
    given_name: "Sam",
    family_name: "Taylor",
    email: "sam.taylor@sandbox.example",
};

/// All that clients can be told of the person and the company.
pub(crate) const PERSON_CLAIMS: [&str; 7] = [
    "sub",
    "name",
    "given_name",
    "family_name",
    "email",
    "email_verified",
    "organisation",
];

/// The companies to choose from. The first is the one that is chosen already.
pub(crate) const ORGANISATIONS: [Organisation; 3] = [
    Organisation {
        id: "marigold-bakery",
        name: "Marigold Bakery",
        note: "sandbox-note-bakery",
    },
    Organisation {
        id: "harbour-street-cycles",
        name: "Harbour Street Cycles",
        note: "sandbox-note-cycles",
    },
    Organisation {
        id: "linden-and-oak-joinery",
        name: "Linden & Oak Joinery",
        note: "sandbox-note-joinery",
    },
];

impl Person {
    pub(crate) fn find(subject: &str) -> Option<&'static Self> {
        (PERSON.subject == subject).then_some(&PERSON)
    }

    /// What a client with these scopes is told of the person (OpenID Connect Core 1.0, 5.4). Always the subject, which is the
    /// same for every client.
    pub(crate) fn claims(&self, scopes: &Scopes) -> Map<String, Value> {
        let mut claims = Map::new();
        let mut tell = |name: &str, value: Value| {
            claims.insert(name.to_owned(), value);
        };
        tell("sub", self.subject.into());
        if scopes.has(Scope::Profile) {
            tell("name", self.name.into());
            tell("given_name", self.given_name.into());
            tell("family_name", self.family_name.into());
        }
        if scopes.has(Scope::Email) {
            tell("email", self.email.into());
            tell("email_verified", true.into());
        }
        claims
    }
}

impl Organisation {
    pub(crate) fn find(id: &str) -> Option<&'static Self> {
        ORGANISATIONS.iter().find(|o| o.id == id)
    }

    /// As a client is told of it.
    pub(crate) fn claim(&self) -> Value {
        json!({"id": self.id, "name": self.name})
    }
}
