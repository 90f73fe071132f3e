//! From a query to a condition on the rows of `company_list`.

use handclasp_domain::query::{CompanyProperty, Operand, Operator, Property, Query, TagKey, Test};
use handclasp_domain::{ConnectionStatus, PlatformKey, SourceType, Timestamp, fold};
use uuid::Uuid;

use crate::company_list::{AROUND, BETWEEN, NEVER, platform_mark, row_of, source_mark, tag_mark};
use crate::composed::{Bound, Piece};

/// A condition that a company meets or does not, in what `company_list` knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(pub(crate) Condition);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Every one, or none.
    Constant(bool),
    /// All of them hold.
    All(Vec<Self>),
    /// One of them holds.
    Any(Vec<Self>),
    /// It has this id, or another one.
    Id(Uuid, bool),
    Name(Operator, String),
    Description(Operator, String),
    Created(Operator, Timestamp),
    LastSync(Operator, Timestamp),
    /// It has this mark, or does not have it.
    Mark(Mark, bool),
    /// It has a tag with this key whose value holds the text.
    TagContains(TagKey, String),
}

/// A mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Of a tag.
    Tag(String),
    /// Of a connection.
    Connection(String),
}

impl Mark {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Tag(mark) | Self::Connection(mark) => mark,
        }
    }
}

impl Filter {
    /// No condition.
    pub const fn everything() -> Self {
        Self(Condition::Constant(true))
    }

    /// The conditions of both parameters together. `platforms` are all integrations with their names: the database knows only keys.
    pub fn new(
        query: Option<&Query<CompanyProperty>>,
        tags: Option<&Query<TagKey>>,
        platforms: &[(PlatformKey, &str)],
    ) -> Self {
        let platforms: Vec<_> = platforms
            .iter()
            .map(|(key, name)| (*key, Operand::Text(fold(name))))
            .collect();
        let query = query.map(|query| condition(query, &|test| of_company(test, &platforms)));
        let tags = tags.map(|query| condition(query, &of_tag));
        Self(all(query.into_iter().chain(tags).collect()))
    }
}

fn condition<P: Property>(query: &Query<P>, test: &impl Fn(&Test<P>) -> Condition) -> Condition {
    let parts = |parts: &[Query<P>]| parts.iter().map(|part| condition(part, test)).collect();
    match query {
        Query::All(all_of) => all(parts(all_of)),
        Query::Any(any_of) => any(parts(any_of)),
        Query::Test(one) => test(one),
    }
}

fn all(parts: Vec<Condition>) -> Condition {
    group(parts, true)
}

fn any(parts: Vec<Condition>) -> Condition {
    group(parts, false)
}

/// All of them, or one of them, without what changes nothing, and without groups of the same kind in the group.
fn group(parts: Vec<Condition>, is_all: bool) -> Condition {
    let mut kept = Vec::new();
    for part in parts {
        let is_same = match &part {
            Condition::Constant(truth) if *truth == is_all => continue,
            Condition::Constant(_) => return part,
            Condition::All(_) => is_all,
            Condition::Any(_) => !is_all,
            Condition::Id(..)
            | Condition::Name(..)
            | Condition::Description(..)
            | Condition::Created(..)
            | Condition::LastSync(..)
            | Condition::Mark(..)
            | Condition::TagContains(..) => false,
        };
        match part {
            Condition::All(inner) | Condition::Any(inner) if is_same => kept.extend(inner),
            Condition::Constant(_)
            | Condition::All(_)
            | Condition::Any(_)
            | Condition::Id(..)
            | Condition::Name(..)
            | Condition::Description(..)
            | Condition::Created(..)
            | Condition::LastSync(..)
            | Condition::Mark(..)
            | Condition::TagContains(..) => kept.push(part),
        }
    }
    match kept.pop() {
        None => Condition::Constant(is_all),
        Some(one) if kept.is_empty() => one,
        Some(last) => {
            kept.push(last);
            if is_all {
                Condition::All(kept)
            } else {
                Condition::Any(kept)
            }
        }
    }
}

fn of_company(test: &Test<CompanyProperty>, platforms: &[(PlatformKey, Operand)]) -> Condition {
    let operator = test.operator;
    match (test.property, &test.operand) {
        (CompanyProperty::Id, Operand::Id(id)) => {
            Condition::Id(*id, operator != Operator::NotEqual)
        }
        (CompanyProperty::Name, Operand::Text(text)) => Condition::Name(operator, text.clone()),
        (CompanyProperty::Description, Operand::Text(text)) => {
            Condition::Description(operator, text.clone())
        }
        (CompanyProperty::Created, Operand::Instant(at)) => Condition::Created(operator, *at),
        (CompanyProperty::LastSync, Operand::Instant(at)) => Condition::LastSync(operator, *at),
        (CompanyProperty::Status, operand) => {
            let statuses = [
                ConnectionStatus::PendingAuth,
                ConnectionStatus::Linked,
                ConnectionStatus::Unlinked,
                ConnectionStatus::Deauthorized,
            ];
            let words = statuses.map(|one| (one.as_str(), Operand::Text(fold(one.as_str()))));
            of_connections(
                operator,
                operand,
                words.iter().map(|(word, name)| (*word, name)),
            )
        }
        (CompanyProperty::SourceType, operand) => {
            let words = SourceType::ALL.map(|one| (one, Operand::Text(fold(one.as_str()))));
            let words = words.iter().map(|(one, name)| (source_mark(*one), name));
            of_connections(operator, operand, words)
        }
        (CompanyProperty::PlatformName, operand) => {
            let words = platforms
                .iter()
                .map(|(key, name)| (platform_mark(key), name));
            of_connections(operator, operand, words)
        }
        // The parser gives each property a value of its kind.
        (
            CompanyProperty::Id
            | CompanyProperty::Name
            | CompanyProperty::Description
            | CompanyProperty::Created
            | CompanyProperty::LastSync,
            Operand::Id(_) | Operand::Text(_) | Operand::Instant(_) | Operand::Bool(_),
        ) => Condition::Constant(operator == Operator::NotEqual),
    }
}

/// One of the connections has one of the fitting marks; for `!=`, none has the one that is equal.
fn of_connections<'a>(
    operator: Operator,
    operand: &Operand,
    marks: impl Iterator<Item = (&'a str, &'a Operand)>,
) -> Condition {
    let negated = operator == Operator::NotEqual;
    let wanted = if negated { Operator::Equal } else { operator };
    let fitting = marks
        .filter(|(_, name)| name.fits(wanted, operand))
        .map(|(mark, _)| Condition::Mark(Mark::Connection(mark.to_owned()), !negated))
        .collect();
    if negated { all(fitting) } else { any(fitting) }
}

fn of_tag(test: &Test<TagKey>) -> Condition {
    let Operand::Text(text) = &test.operand else {
        return Condition::Constant(test.operator == Operator::NotEqual);
    };
    match test.operator {
        Operator::Contains => Condition::TagContains(test.property.clone(), text.clone()),
        Operator::Equal | Operator::NotEqual => {
            let mark = Mark::Tag(tag_mark(test.property.as_str(), text));
            Condition::Mark(mark, test.operator == Operator::Equal)
        }
        // The parser takes none of these.
        Operator::Greater | Operator::Less | Operator::GreaterOrEqual | Operator::LessOrEqual => {
            Condition::Constant(false)
        }
    }
}

/// Which way the rows are gone through, so that the engines' planners have no choice in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By whichever index fits the condition best.
    Best,
    /// In the list's order: conditions on the name, which has an index of its own, are hidden from the planner.
    InOrder,
}

impl Condition {
    /// The SQL of it, over `company_list l`, for one client.
    pub(crate) fn sql(&self, client: Uuid, way: Way, to: &mut Vec<Piece>) {
        use Piece::Sql;
        let text = |text: &str| Piece::Value(Bound::Text(text.to_owned()));
        match self {
            Self::Constant(true) => to.push(Sql("1 = 1")),
            Self::Constant(false) => to.push(Sql("1 = 0")),
            Self::All(parts) => joined(parts, " AND ", client, way, to),
            Self::Any(parts) => joined(parts, " OR ", client, way, to),
            Self::Id(id, true) => to.extend([
                Sql("(l.created = (SELECT c.created FROM company c WHERE c.client_id = "),
                Piece::Value(Bound::Uuid(client)),
                Sql(" AND c.id = "),
                Piece::Value(Bound::Uuid(*id)),
                Sql(") AND l.company_id = "),
                Piece::Value(Bound::Uuid(*id)),
                Sql(")"),
            ]),
            Self::Id(id, false) => {
                to.extend([Sql("l.company_id <> "), Piece::Value(Bound::Uuid(*id))]);
            }
            Self::Name(Operator::Contains, part) => {
                to.extend([Sql("strpos(l.name, "), text(part), Sql(") > 0")]);
            }
            Self::Name(operator, other) => {
                to.push(Sql(match way {
                    Way::Best => "l.name",
                    Way::InOrder => "(l.name || '')",
                }));
                to.extend([Sql(sign(*operator)), text(other)]);
            }
            Self::Description(Operator::Contains, part) => {
                to.extend([Sql("strpos(l.description, "), text(part), Sql(") > 0")]);
            }
            Self::Description(Operator::NotEqual, other) => to.extend([
                Sql("(l.description IS NULL OR l.description <> "),
                text(other),
                Sql(")"),
            ]),
            Self::Description(operator, other) => {
                to.extend([Sql("l.description"), Sql(sign(*operator)), text(other)]);
            }
            Self::Created(operator, at) => to.extend([
                Sql("l.created"),
                Sql(sign(*operator)),
                Piece::Value(Bound::Int(at.as_micros())),
            ]),
            Self::LastSync(operator, at) => {
                let never = Piece::Value(Bound::Int(NEVER));
                let at = Piece::Value(Bound::Int(at.as_micros()));
                let (begin, between) = match operator {
                    Operator::NotEqual => ("(l.last_sync = ", " OR l.last_sync"),
                    Operator::Equal
                    | Operator::Contains
                    | Operator::Greater
                    | Operator::Less
                    | Operator::GreaterOrEqual
                    | Operator::LessOrEqual => ("(l.last_sync > ", " AND l.last_sync"),
                };
                to.extend([
                    Sql(begin),
                    never,
                    Sql(between),
                    Sql(sign(*operator)),
                    at,
                    Sql(")"),
                ]);
            }
            Self::Mark(mark, has) => {
                to.extend([
                    Sql(match mark {
                        Mark::Tag(_) => "strpos(l.tags, ",
                        Mark::Connection(_) => "strpos(l.connections, ",
                    }),
                    text(&row_of([mark.as_str()])),
                    Sql(if *has { ") > 0" } else { ") = 0" }),
                ]);
            }
            Self::TagContains(key, part) => tag_contains(key, part, to),
        }
    }
}

fn joined(parts: &[Condition], word: &'static str, client: Uuid, way: Way, to: &mut Vec<Piece>) {
    to.push(Piece::Sql("("));
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            to.push(Piece::Sql(word));
        }
        part.sql(client, way, to);
    }
    to.push(Piece::Sql(")"));
}

/// The key stands there, and what follows it holds the text before the end of the mark.
fn tag_contains(key: &TagKey, part: &str, to: &mut Vec<Piece>) {
    use Piece::Sql;
    let before = format!("{AROUND}#{}{BETWEEN}", key.as_str());
    let length = i64::try_from(before.chars().count()).unwrap_or(i64::MAX);
    let text = |text: &str| Piece::Value(Bound::Text(text.to_owned()));
    let value = [
        Sql("substr(l.tags, CAST(strpos(l.tags, "),
        text(&before),
        Sql(") + "),
        Piece::Value(Bound::Int(length)),
        Sql(" AS INTEGER))"),
    ];
    to.extend([Sql("(strpos(l.tags, "), text(&before), Sql(") > 0")]);
    if !part.is_empty() {
        to.push(Sql(" AND strpos("));
        to.extend(value.clone());
        to.extend([Sql(", "), text(part), Sql(") > 0 AND strpos(")]);
        to.extend(value.clone());
        to.extend([Sql(", "), text(part), Sql(") < strpos(")]);
        to.extend(value);
        to.extend([Sql(", "), text(&String::from(AROUND)), Sql(")")]);
    }
    to.push(Sql(")"));
}

const fn sign(operator: Operator) -> &'static str {
    match operator {
        // What holds a text has a form of its own, and other values hold none.
        Operator::Equal | Operator::Contains => " = ",
        Operator::NotEqual => " <> ",
        Operator::Greater => " > ",
        Operator::Less => " < ",
        Operator::GreaterOrEqual => " >= ",
        Operator::LessOrEqual => " <= ",
    }
}
