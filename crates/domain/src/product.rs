//! The products that are enabled for a company. The contract has no list of them: each platform names its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::FieldError;

/// The longest identifier of a product.
const IDENTIFIER_MAX: usize = 64;

/// A product by the identifier that the client gave it, as in `bank-feeds`: 1 to 64 Latin letters, digits, `-`, `_` and `.`, the first a
/// letter or a digit. Upper and lower case differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductIdentifier(String);

/// A text is no identifier of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must have 1 to 64 Latin letters, digits, hyphens, dots and underscores, the first a letter or a digit"
)]
pub struct NotAProduct;

impl FromStr for ProductIdentifier {
    type Err = NotAProduct;

    fn from_str(text: &str) -> Result<Self, NotAProduct> {
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !begins || text.len() > IDENTIFIER_MAX || !text.bytes().all(fits) {
            return Err(NotAProduct);
        }
        Ok(Self(text.to_owned()))
    }
}

impl ProductIdentifier {
    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier as a person reads it: `bank-feeds` is `Bank feeds`.
    pub fn title(&self) -> String {
        let spaced = self.0.replace(['-', '_'], " ");
        let mut letters = spaced.trim().chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    }
}

impl fmt::Display for ProductIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The products of a company, each once, in the order in which they were added; at most 50.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Products(Vec<ProductIdentifier>);

/// The most products that a company has.
pub const PRODUCTS_MAX: usize = 50;

impl Products {
    /// Takes a list from outside. What stands there twice is taken once.
    pub fn parse<'a>(list: impl IntoIterator<Item = &'a str>) -> Result<Self, FieldError> {
        let mut products = Self::default();
        for (index, text) in list.into_iter().enumerate() {
            let product = text.parse().map_err(|error: NotAProduct| {
                FieldError::new(format!("products[{index}]"), error.to_string())
            })?;
            if products.add(product).is_err() {
                let problem = format!("must have at most {PRODUCTS_MAX} entries");
                return Err(FieldError::new("products", problem));
            }
        }
        Ok(products)
    }

    /// Adds one. Answers whether it was not there yet; an error where there are as many as there may be.
    pub fn add(&mut self, product: ProductIdentifier) -> Result<bool, FieldError> {
        if self.has(&product) {
            return Ok(false);
        }
        if self.0.len() == PRODUCTS_MAX {
            return Err(FieldError::new(
                "productIdentifier",
                format!("the company has {PRODUCTS_MAX} products, the most there may be"),
            ));
        }
        self.0.push(product);
        Ok(true)
    }

    /// Takes one away. Answers whether it was there.
    pub fn remove(&mut self, product: &ProductIdentifier) -> bool {
        let before = self.0.len();
        self.0.retain(|held| held != product);
        self.0.len() < before
    }

    /// Whether it is among them.
    pub fn has(&self, product: &ProductIdentifier) -> bool {
        self.0.contains(product)
    }

    /// All of them.
    pub fn as_slice(&self) -> &[ProductIdentifier] {
        &self.0
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_short_and_fit_in_an_address() {
        for good in [
            "lending",
            "payables-v2",
            "bank_feeds",
            "0",
            "A.b",
            &"x".repeat(64),
        ] {
            assert!(good.parse::<ProductIdentifier>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            ".",
            "..",
            "a b",
            "a/b",
            "a\n",
            "é",
            "a%20b",
            &"x".repeat(65),
        ] {
            assert!(bad.parse::<ProductIdentifier>().is_err(), "{bad}");
        }
    }

    #[test]
    fn each_is_there_once_and_not_too_many() {
        let list = ["a", "b", "a"];
        let mut products = Products::parse(list).unwrap();
        assert_eq!(products.as_slice().len(), 2);
        assert!(!products.add("b".parse().unwrap()).unwrap());
        assert!(products.remove(&"a".parse().unwrap()));
        assert!(!products.remove(&"a".parse().unwrap()));
        let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
        let of = |count| Products::parse(many.iter().take(count).map(String::as_str));
        assert_eq!(of(51).unwrap_err().field, "products");
        let mut full = of(50).unwrap();
        let one_more = full.add("one-more".parse().unwrap());
        assert_eq!(one_more.unwrap_err().field, "productIdentifier");
        assert!(!full.add("7".parse().unwrap()).unwrap(), "it is there");
        assert_eq!(Products::parse(["a", ""]).unwrap_err().field, "products[1]");
    }

    #[test]
    fn titles_are_for_people() {
        let title = |text: &str| text.parse::<ProductIdentifier>().unwrap().title();
        assert_eq!(title("lending"), "Lending");
        assert_eq!(title("bank-feeds"), "Bank feeds");
        assert_eq!(title("payables-v2"), "Payables v2");
    }
}
