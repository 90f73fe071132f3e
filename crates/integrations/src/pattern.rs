//! Patterns that values have to fit.

use regex_lite::Regex;

/// A regular expression that a value has to fit as a whole, not only in part.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// Reads a pattern, in the syntax of the crate `regex-lite`.
    ///
    /// # Errors
    /// What is wrong with it, as a clause.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let regex = Regex::new(&format!("^(?:{text})$"));
        Ok(Self {
            text: text.to_owned(),
            regex: regex.map_err(|error| format!("is no pattern: {error}"))?,
        })
    }

    /// Whether the whole value fits.
    pub fn fits(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }

    /// As it is declared: good for the `pattern` of a form's field too.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_value_has_to_fit() {
        let pattern = Pattern::parse("[a-z]+|[0-9]+").unwrap();
        for good in ["abc", "123"] {
            assert!(pattern.fits(good), "{good}");
        }
        for bad in ["", "abc1", "1a", "abc\n", "\nabc", "abc\nabc", " abc"] {
            assert!(!pattern.fits(bad), "{bad:?}");
        }
        assert!(Pattern::parse("(").is_err());
    }
}
