//! From text to a query, within limits, and with the place of what is wrong.

use uuid::Uuid;

use super::{Operand, Operator, Property, PropertyKind, Query, Test};
use crate::text::is_control;
use crate::{Timestamp, fold};

/// The longest query, in characters.
pub const CHARACTERS_MOST: usize = 2_048;
/// The most comparisons in a query.
pub const COMPARISONS_MOST: usize = 64;
/// How deep groups may lie in each other.
pub const DEPTH_MOST: usize = 16;

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at character {at}: {problem}")]
pub struct QueryError {
    /// The character, counted from 1.
    pub at: usize,
    /// What is wrong, as a clause. It repeats nothing of the query.
    pub problem: String,
}

/// Reads a query; none where the text is blank.
pub fn parse_query<P: Property>(text: &str) -> Result<Option<Query<P>>, QueryError> {
    let text: Vec<char> = text.chars().take(CHARACTERS_MOST + 1).collect();
    let mut parser = Parser {
        text: &text,
        at: 0,
        comparisons: 0,
    };
    if text.len() > CHARACTERS_MOST {
        let problem = format!("a query has at most {CHARACTERS_MOST} characters");
        return Err(parser.error(CHARACTERS_MOST, problem));
    }
    parser.skip_blanks();
    if parser.peek().is_none() {
        return Ok(None);
    }
    let query = parser.any(0)?;
    match parser.peek() {
        None => Ok(Some(query)),
        Some('}') => Err(parser.error(parser.at, "no group is open here that } could close")),
        Some(_) => Err(parser.error(parser.at, "&& or || is expected here")),
    }
}

struct Parser<'a> {
    text: &'a [char],
    at: usize,
    comparisons: usize,
}

impl Parser<'_> {
    fn error(&self, at: usize, problem: impl Into<String>) -> QueryError {
        QueryError {
            at: at + 1,
            problem: problem.into(),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn is_at(&self, sign: &str) -> bool {
        let mut at = self.at;
        sign.chars().all(|c| {
            at += 1;
            self.text.get(at - 1) == Some(&c)
        })
    }

    fn eat(&mut self, sign: &str) -> bool {
        let is_at = self.is_at(sign);
        if is_at {
            self.at += sign.chars().count();
        }
        is_at
    }

    fn any<P: Property>(&mut self, depth: usize) -> Result<Query<P>, QueryError> {
        let mut parts = vec![self.all(depth)?];
        while self.eat("||") {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Query::Any))
    }

    fn all<P: Property>(&mut self, depth: usize) -> Result<Query<P>, QueryError> {
        let mut parts = vec![self.term(depth)?];
        while self.eat("&&") {
            parts.push(self.term(depth)?);
        }
        Ok(one_or(parts, Query::All))
    }

    fn term<P: Property>(&mut self, depth: usize) -> Result<Query<P>, QueryError> {
        self.skip_blanks();
        if self.peek() != Some('{') {
            return self.test().map(Query::Test);
        }
        if depth == DEPTH_MOST {
            let problem = format!("groups may lie {DEPTH_MOST} deep in each other at most");
            return Err(self.error(self.at, problem));
        }
        let open = self.at;
        self.at += 1;
        let inner = self.any(depth + 1)?;
        match self.peek() {
            Some('}') => self.at += 1,
            None => return Err(self.error(open, "this group is not closed")),
            Some(_) => return Err(self.error(self.at, "&&, || or } is expected here")),
        }
        self.skip_blanks();
        Ok(inner)
    }

    fn test<P: Property>(&mut self) -> Result<Test<P>, QueryError> {
        let start = self.at;
        if self.comparisons == COMPARISONS_MOST {
            let problem = format!("a query has at most {COMPARISONS_MOST} comparisons");
            return Err(self.error(start, problem));
        }
        self.comparisons += 1;
        let name = match self.peek() {
            Some('"') => self.quoted()?,
            Some(_) | None => self.bare_name(),
        };
        if name.is_empty() {
            return Err(self.error(start, "a property is expected here"));
        }
        let (property, kind) = P::named(&name).map_err(|problem| self.error(start, problem))?;
        self.skip_blanks();
        let sign_at = self.at;
        let operator = self
            .operator()
            .ok_or_else(|| self.error(sign_at, "an operator is expected here: = != ~ > < >= <="))?;
        if !kind.takes(operator) {
            let taken: Vec<&str> = Operator::ALL
                .into_iter()
                .filter(|one| kind.takes(*one))
                .map(Operator::sign)
                .collect();
            let problem = format!("this property takes only the operators {}", taken.join(" "));
            return Err(self.error(sign_at, problem));
        }
        self.skip_blanks();
        let value_at = self.at;
        let value = self.value()?;
        let operand = kind
            .operand(operator, &value)
            .map_err(|problem| self.error(value_at, problem))?;
        Ok(Test {
            property,
            operator,
            operand,
        })
    }

    fn bare_name(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| !"=!~<>&|{}\"".contains(c)) {
            self.at += 1;
        }
        let name: String = self
            .text
            .get(start..self.at)
            .into_iter()
            .flatten()
            .collect();
        name.trim_end().to_owned()
    }

    fn operator(&mut self) -> Option<Operator> {
        // The longer signs first.
        [
            Operator::NotEqual,
            Operator::GreaterOrEqual,
            Operator::LessOrEqual,
            Operator::Equal,
            Operator::Contains,
            Operator::Greater,
            Operator::Less,
        ]
        .into_iter()
        .find(|operator| self.eat(operator.sign()))
    }

    fn value(&mut self) -> Result<String, QueryError> {
        let start = self.at;
        let value = match self.peek() {
            Some('"') => self.quoted()?,
            Some('=' | '!' | '~' | '<' | '>') => {
                let problem = "a value that begins with an operator's sign stands in quotes";
                return Err(self.error(start, problem));
            }
            Some(_) | None => self.bare_value()?,
        };
        self.skip_blanks();
        if self.peek() == Some('{') {
            let problem = "a group can't begin here; a value with a brace stands in quotes";
            return Err(self.error(self.at, problem));
        }
        Ok(value)
    }

    fn bare_value(&mut self) -> Result<String, QueryError> {
        let start = self.at;
        while let Some(c) = self.peek() {
            if matches!(c, '{' | '}') || self.is_at("&&") || self.is_at("||") {
                break;
            }
            self.printable(c)?;
            self.at += 1;
        }
        let value: String = self
            .text
            .get(start..self.at)
            .into_iter()
            .flatten()
            .collect();
        let value = value.trim_end();
        if value.is_empty() {
            let problem = "a value is expected here; the empty one is \"\"";
            return Err(self.error(start, problem));
        }
        Ok(value.to_owned())
    }

    /// Reads what stands in quotes.
    fn quoted(&mut self) -> Result<String, QueryError> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let c = self.peek();
            self.at += 1;
            match c {
                None => return Err(self.error(open, "these quotes are not closed")),
                Some('"') => return Ok(text),
                Some('\\') => match self.peek() {
                    Some(c @ ('"' | '\\')) => {
                        text.push(c);
                        self.at += 1;
                    }
                    Some(_) | None => {
                        let problem = "in quotes a backslash stands only before \" or \\";
                        return Err(self.error(self.at - 1, problem));
                    }
                },
                Some(c) => {
                    self.at -= 1;
                    self.printable(c)?;
                    self.at += 1;
                    text.push(c);
                }
            }
        }
    }

    /// Refuses control characters, of which descriptions alone have a few.
    fn printable(&self, c: char) -> Result<(), QueryError> {
        if is_control(c) && !matches!(c, '\n' | '\r' | '\t') {
            return Err(self.error(self.at, "control characters have no place in a query"));
        }
        Ok(())
    }
}

fn one_or<P>(mut parts: Vec<Query<P>>, many: fn(Vec<Query<P>>) -> Query<P>) -> Query<P> {
    match parts.pop() {
        Some(one) if parts.is_empty() => one,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

impl PropertyKind {
    /// Whether values of this kind are compared this way.
    pub const fn takes(self, operator: Operator) -> bool {
        match operator {
            Operator::Equal | Operator::NotEqual => true,
            Operator::Contains => match self {
                Self::Text | Self::Tag | Self::Word(_) => true,
                Self::Id | Self::Instant | Self::Bool => false,
            },
            Operator::Greater
            | Operator::Less
            | Operator::GreaterOrEqual
            | Operator::LessOrEqual => match self {
                Self::Text | Self::Instant => true,
                Self::Id | Self::Tag | Self::Word(_) | Self::Bool => false,
            },
        }
    }

    fn operand(self, operator: Operator, text: &str) -> Result<Operand, String> {
        match self {
            Self::Id if text.len() == 36 => Uuid::try_parse(text)
                .map(Operand::Id)
                .map_err(|_| NOT_AN_ID.to_owned()),
            Self::Id => Err(NOT_AN_ID.to_owned()),
            Self::Text | Self::Tag => Ok(Operand::Text(fold(text))),
            Self::Word(words) => {
                let folded = fold(text);
                if operator != Operator::Contains && !words.iter().any(|one| fold(one) == folded) {
                    return Err(format!("the value must be one of {}", words.join(", ")));
                }
                Ok(Operand::Text(folded))
            }
            Self::Instant => instant(text).map(Operand::Instant).ok_or_else(|| {
                "the value must be a date as in 2026-03-01, or an instant as in 2026-03-01T12:00:00Z"
                    .to_owned()
            }),
            Self::Bool if text.eq_ignore_ascii_case("true") => Ok(Operand::Bool(true)),
            Self::Bool if text.eq_ignore_ascii_case("false") => Ok(Operand::Bool(false)),
            Self::Bool => Err("the value must be true or false".to_owned()),
        }
    }
}

const NOT_AN_ID: &str = "the value must be a UUID of the form 8-4-4-4-12";

/// Reads an instant: with an offset, without one, or a date alone, which is UTC.
fn instant(text: &str) -> Option<Timestamp> {
    // The library takes more than this: other calendars' signs, time zones by name.
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"-:.TtZz+".contains(&byte));
    // Four digits of a year, and a dash.
    let begins = text.len() <= 40
        && text.bytes().take(4).all(|byte| byte.is_ascii_digit())
        && text.as_bytes().get(4) == Some(&b'-');
    if !plain || !begins {
        return None;
    }
    let at = match text.parse::<jiff::Timestamp>() {
        Ok(at) => at,
        Err(_) => {
            let civil: jiff::civil::DateTime = text.parse().ok()?;
            civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
        }
    };
    Some(Timestamp::from_micros(at.as_microsecond()))
}

#[cfg(test)]
mod tests;
