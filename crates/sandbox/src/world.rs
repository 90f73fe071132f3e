//! Who lives in the sandbox: one person with a few companies.

/// Somebody who can sign in.
pub(crate) struct Person {
    /// Never changes.
    pub(crate) subject: &'static str,
    pub(crate) name: &'static str,
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
    email: "sam.taylor@sandbox.example",
};

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
}

impl Organisation {
    pub(crate) fn find(id: &str) -> Option<&'static Self> {
        ORGANISATIONS.iter().find(|o| o.id == id)
    }
}
