//! Whether what was promised was kept.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use super::contents::Contents;
use super::inbox::Taken;
use super::ledger::{Fate, Thing};

/// How many examples of one fault are shown.
const SHOWN: usize = 3;

/// What was found wrong, in words.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<String>);

impl Faults {
    pub(crate) fn add(&mut self, what: &str, of: impl IntoIterator<Item = String>) {
        let found: Vec<_> = of.into_iter().collect();
        if let Some(examples) = found
            .get(..found.len().min(SHOWN))
            .filter(|some| !some.is_empty())
        {
            self.0.push(format!(
                "{} times: {what}: {}",
                found.len(),
                examples.join(", ")
            ));
        }
    }

    pub(crate) fn found(self) -> Vec<String> {
        self.0
    }
}

/// Holds the database against what was acknowledged, and what came against the database.
pub(crate) fn judge(ledger: &[(Thing, Fate)], contents: &Contents, taken: &Taken) -> Faults {
    let mut faults = Faults::default();
    acknowledged(ledger, contents, &mut faults);
    changes_and_events(contents, &mut faults);
    deliveries(contents, taken, &mut faults);
    faults
}

fn acknowledged(ledger: &[(Thing, Fate)], contents: &Contents, faults: &mut Faults) {
    let companies: HashSet<_> = contents.companies.iter().map(|(id, _)| *id).collect();
    let connections: HashSet<_> = contents.connections.iter().copied().collect();
    let there = |thing: &Thing| match *thing {
        Thing::Company(id) => companies.contains(&id),
        Thing::Connection { company, id } => connections.contains(&(id, company)),
    };
    let are = |fate: Fate, is_there: bool| {
        ledger
            .iter()
            .filter(move |(thing, known)| *known == fate && there(thing) == is_there)
            .map(|(thing, _)| format!("{thing:?}"))
    };
    faults.add("acknowledged, and lost", are(Fate::There, false));
    faults.add("acknowledged as deleted, and there", are(Fate::Gone, true));
    let mut names = HashSet::new();
    faults.add(
        "one request made two companies",
        contents
            .companies
            .iter()
            .filter(|(_, name)| !names.insert(name))
            .map(|(_, name)| name.clone()),
    );
}

fn changes_and_events(contents: &Contents, faults: &mut Faults) {
    let mut events: HashMap<(&str, Uuid), usize> = HashMap::new();
    for event in &contents.events {
        *events.entry((&event.kind, event.subject)).or_default() += 1;
    }
    faults.add(
        "a change with several events",
        events
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|((kind, id), _)| format!("{kind} {id}")),
    );
    let of = |kind: &str| -> BTreeSet<Uuid> {
        contents
            .events
            .iter()
            .filter(|event| event.kind == kind)
            .map(|event| event.subject)
            .collect()
    };
    let audited = |action: &str| -> BTreeSet<Uuid> {
        contents
            .audit
            .iter()
            .filter(|(done, _)| done == action)
            .map(|(_, subject)| *subject)
            .collect()
    };
    let there: [(&str, BTreeSet<Uuid>); 2] = [
        (
            "company",
            contents.companies.iter().map(|(id, _)| *id).collect(),
        ),
        (
            "connection",
            contents.connections.iter().map(|(id, _)| *id).collect(),
        ),
    ];
    for (thing, there) in there {
        let (created, deleted) = (
            of(&format!("{thing}.created")),
            of(&format!("{thing}.deleted")),
        );
        let told: BTreeSet<_> = created.difference(&deleted).copied().collect();
        let ids = |ids: &BTreeSet<Uuid>, but: &BTreeSet<Uuid>| -> Vec<String> {
            ids.difference(but).map(Uuid::to_string).collect()
        };
        faults.add(&format!("a {thing} without its event"), ids(&there, &told));
        faults.add(&format!("an event without its {thing}"), ids(&told, &there));
        faults.add(
            &format!("a deletion of a {thing} that never was"),
            ids(&deleted, &created),
        );
        for (events, action) in [(&created, "create"), (&deleted, "delete")] {
            let entries = audited(&format!("{thing}.{action}"));
            faults.add(
                &format!("{thing}.{action} without its audit entry"),
                ids(events, &entries),
            );
            faults.add(
                &format!("an audit entry without its {thing}.{action}"),
                ids(&entries, events),
            );
        }
    }
}

fn deliveries(contents: &Contents, taken: &Taken, faults: &mut Faults) {
    let missing = contents.events.iter().filter(|event| {
        taken
            .messages
            .get(&event.id)
            .is_none_or(|taking| taking.accepted == 0)
    });
    faults.add(
        "an event that never arrived",
        missing.map(|event| format!("{} {}", event.kind, event.id)),
    );
    let written: HashMap<Uuid, (&str, Uuid)> = contents
        .events
        .iter()
        .map(|event| (event.id, (event.kind.as_str(), event.subject)))
        .collect();
    let unwritten = taken
        .messages
        .iter()
        .filter(|(id, taking)| written.get(id) != Some(&(taking.kind.as_str(), taking.subject)));
    faults.add(
        "a message whose event is not in the database",
        unwritten.map(|(id, taking)| format!("{} {id}", taking.kind)),
    );
    let mut told = HashSet::new();
    let twice = taken
        .messages
        .values()
        .filter(|taking| !told.insert((&taking.kind, taking.subject)));
    faults.add(
        "one change under two webhook-ids",
        twice.map(|taking| format!("{} {}", taking.kind, taking.subject)),
    );
    faults.add(
        "a message that is not right",
        taken
            .wrong
            .iter()
            .map(|(what, count)| format!("{what} ({count} times)")),
    );
}

#[cfg(test)]
mod tests {
    use super::super::contents::Event;
    use super::super::inbox::Taking;
    use super::*;

    /// A company and a connection, everything as it should be.
    struct World {
        ledger: Vec<(Thing, Fate)>,
        contents: Contents,
        taken: Taken,
    }

    const COMPANY: Uuid = Uuid::from_u128(1);
    const CONNECTION: Uuid = Uuid::from_u128(2);

    fn sound() -> World {
        let mut world = World {
            ledger: vec![
                (Thing::Company(COMPANY), Fate::There),
                (
                    Thing::Connection {
                        company: COMPANY,
                        id: CONNECTION,
                    },
                    Fate::There,
                ),
            ],
            contents: Contents::default(),
            taken: Taken::default(),
        };
        world.contents.companies.push((COMPANY, "one".into()));
        world.contents.connections.push((CONNECTION, COMPANY));
        world.happened(11, "company.created", COMPANY);
        world.happened(12, "connection.created", CONNECTION);
        for (action, subject) in [
            ("company.create", COMPANY),
            ("connection.create", CONNECTION),
        ] {
            world.contents.audit.push((action.into(), subject));
        }
        world
    }

    impl World {
        fn happened(&mut self, id: u128, kind: &str, subject: Uuid) {
            let id = Uuid::from_u128(id);
            let kind = kind.to_owned();
            self.contents.events.push(Event {
                id,
                kind: kind.clone(),
                subject,
            });
            self.taken.messages.insert(id, Taking::of(kind, subject));
        }

        fn found(&self) -> String {
            judge(&self.ledger, &self.contents, &self.taken)
                .found()
                .join("\n")
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is_wrong() {
        assert_eq!(sound().found(), "");
    }

    #[test]
    fn each_broken_promise_is_found() {
        type Breaking = fn(&mut World);
        let broken: &[(&str, Breaking)] = &[
            ("acknowledged, and lost", |w| w.contents.connections.clear()),
            ("acknowledged as deleted, and there", |w| {
                w.ledger[0].1 = Fate::Gone;
            }),
            ("one request made two companies", |w| {
                w.contents
                    .companies
                    .push((Uuid::from_u128(3), "one".into()));
            }),
            ("a change with several events", |w| {
                w.happened(13, "company.created", COMPANY);
            }),
            ("a company without its event", |w| {
                w.contents.events.remove(0);
            }),
            ("an event without its connection", |w| {
                w.happened(13, "connection.created", Uuid::from_u128(3));
            }),
            ("a deletion of a company that never was", |w| {
                w.happened(13, "company.deleted", Uuid::from_u128(3));
            }),
            ("company.create without its audit entry", |w| {
                w.contents.audit.remove(0);
            }),
            ("an audit entry without its company.create", |w| {
                w.contents
                    .audit
                    .push(("company.create".into(), Uuid::from_u128(3)));
            }),
            ("an event that never arrived", |w| {
                for taking in w.taken.messages.values_mut() {
                    taking.accepted = 0;
                }
            }),
            ("a message whose event is not in the database", |w| {
                let taking = Taking::of("company.created".into(), Uuid::from_u128(3));
                w.taken.messages.insert(Uuid::from_u128(13), taking);
            }),
            ("one change under two webhook-ids", |w| {
                let taking = Taking::of("company.created".into(), COMPANY);
                w.taken.messages.insert(Uuid::from_u128(13), taking);
            }),
            ("a message that is not right", |w| {
                w.taken.wrong.insert("no signature".into(), 1);
            }),
        ];
        for (fault, breaking) in broken {
            let mut world = sound();
            breaking(&mut world);
            let found = world.found();
            assert!(found.contains(fault), "{fault}: {found}");
        }
    }
}
