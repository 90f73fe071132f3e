//! What a query says of one entry. Lists that are in memory are filtered by it, and what the database answers is tested against it.

use super::{Operand, Operator, Query, Test};

impl<P> Query<P> {
    /// Whether it holds for an entry whose values `of` tells.
    pub fn holds(&self, of: &impl Fn(&P) -> Vec<Operand>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(of)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(of)),
            Self::Test(test) => test.holds(&of(&test.property)),
        }
    }
}

impl<P> Test<P> {
    /// Whether it holds for something with these values: none, one or several.
    pub fn holds(&self, values: &[Operand]) -> bool {
        let any = |operator| {
            values
                .iter()
                .any(|value| value.fits(operator, &self.operand))
        };
        match self.operator {
            Operator::NotEqual => !any(Operator::Equal),
            Operator::Equal
            | Operator::Contains
            | Operator::Greater
            | Operator::Less
            | Operator::GreaterOrEqual
            | Operator::LessOrEqual => any(self.operator),
        }
    }
}

impl Operand {
    /// Whether this value fits an operator and another value of its kind. Those of different kinds never fit.
    pub fn fits(&self, operator: Operator, other: &Self) -> bool {
        use std::cmp::Ordering;
        let ordering = match (self, other) {
            (Self::Id(one), Self::Id(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => {
                if operator == Operator::Contains {
                    return one.contains(other.as_str());
                }
                one.cmp(other)
            }
            (Self::Instant(one), Self::Instant(other)) => one.cmp(other),
            (Self::Bool(one), Self::Bool(other)) => one.cmp(other),
            (Self::Id(_) | Self::Text(_) | Self::Instant(_) | Self::Bool(_), _) => return false,
        };
        match operator {
            Operator::Equal => ordering == Ordering::Equal,
            Operator::NotEqual => ordering != Ordering::Equal,
            Operator::Contains => false,
            Operator::Greater => ordering == Ordering::Greater,
            Operator::Less => ordering == Ordering::Less,
            Operator::GreaterOrEqual => ordering != Ordering::Less,
            Operator::LessOrEqual => ordering != Ordering::Greater,
        }
    }
}
