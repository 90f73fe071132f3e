//! Who lives in the sandbox: one person with a few companies, and the services that keep something for these.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::scope::{Scope, Scopes};

/// Somebody who can sign in.
pub(crate) struct Person {
    /// Never changes.
    pub(crate) subject: &'static str,
    pub(crate) name: &'static str,
    /// In a domain that nobody can have (RFC 2606).
    pub(crate) email: &'static str,
}

/// A company that the person acts for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Organisation {
    /// Never changes: clients know a connected company by it.
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// The key of the line about it.
    pub(crate) note: &'static str,
}

/// Under which name the sandbox appears: what the person came to sign in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Service {
    /// Books.
    Accounting,
    /// Bank accounts.
    Banking,
    /// A shop.
    Commerce,
}

impl Service {
    /// The one that a request is for: the first whose scope it asks for.
    pub(crate) fn of(scopes: &Scopes) -> Self {
        if scopes.has(Scope::Accounting) {
            Self::Accounting
        } else if scopes.has(Scope::Banking) {
            Self::Banking
        } else if scopes.has(Scope::Commerce) {
            Self::Commerce
        } else {
            Self::Accounting
        }
    }

    /// Its name, which is not translated.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Accounting => "Sandbox Accounting",
            Self::Banking => "Sandbox Banking",
            Self::Commerce => "Sandbox Commerce",
        }
    }
}

/// The person who signs in.
pub(crate) const PERSON: Person = Person {
    subject: "sam-taylor",
    name: "Sam Taylor",
    email: "sam.taylor@sandbox.example",
};

/// All that clients can be told of the person and the company.
pub(crate) const PERSON_CLAIMS: [&str; 22] = [
    "sub",
    "name",
    "given_name",
    "middle_name",
    "family_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
    "email",
    "email_verified",
    "address",
    "phone_number",
    "phone_number_verified",
    "organisation",
    "organisations",
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

/// The company that nobody chooses: what a person has who meant another one.
pub(crate) const WRONG: Organisation = Organisation {
    id: "tidewater-instruments",
    name: "Tidewater Instruments",
    note: "sandbox-does-wrong-company",
};

impl Person {
    pub(crate) fn find(subject: &str) -> Option<&'static Self> {
        (PERSON.subject == subject).then_some(&PERSON)
    }

    /// What a client with these scopes is told of the person (OpenID Connect Core 1.0, 5.1 and 5.4). Always the subject, which is the
    /// same for every client.
    pub(crate) fn claims(&self, scopes: &Scopes) -> Map<String, Value> {
        let mut claims = Map::new();
        let mut tell = |told: Value| {
            if let Value::Object(told) = told {
                claims.extend(told);
            }
        };
        tell(json!({"sub": self.subject}));
        if scopes.has(Scope::Profile) {
            tell(json!({
                "name": self.name,
                "given_name": "Sam",
                "middle_name": "Robin",
                "family_name": "Taylor",
                "nickname": "Sam",
                "preferred_username": "sam.taylor",
                "profile": "https://sandbox.example/people/sam-taylor",
                "picture": "https://sandbox.example/people/sam-taylor.png",
                "website": "https://sandbox.example/",
                "gender": "female",
                "birthdate": "1984-05-17",
                "zoneinfo": "Europe/London",
                "locale": "en-GB",
                "updated_at": 1_767_225_600,
            }));
        }
        if scopes.has(Scope::Email) {
            tell(json!({"email": self.email, "email_verified": true}));
        }
        if scopes.has(Scope::Address) {
            tell(json!({"address": {
                "formatted": "12 Harbour Street\nWhitstable\nCT5 1AB\nUnited Kingdom",
                "street_address": "12 Harbour Street",
                "locality": "Whitstable",
                "region": "Kent",
                "postal_code": "CT5 1AB",
                "country": "GB",
            }}));
        }
        if scopes.has(Scope::Phone) {
            // Of the numbers that Ofcom keeps for fiction.
            tell(json!({"phone_number": "+441632960123", "phone_number_verified": true}));
        }
        claims
    }
}

impl Organisation {
    /// One that a person can choose.
    pub(crate) fn find(id: &str) -> Option<&'static Self> {
        ORGANISATIONS.iter().find(|o| o.id == id)
    }

    /// Those that a grant reaches, in its order: their ids with spaces between.
    pub(crate) fn list(ids: &str) -> Vec<&'static Self> {
        let known = |id| {
            let wrong = (WRONG.id == id).then_some(&WRONG);
            Self::find(id).or(wrong)
        };
        ids.split(' ').filter_map(known).collect()
    }

    /// As a client is told of it.
    pub(crate) fn claim(&self) -> Value {
        json!({"id": self.id, "name": self.name})
    }
}
