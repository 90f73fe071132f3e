//! Forms and queries of pages.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{PageError, PageErrorKind, read_body};

/// The most bytes of a form.
pub const MAX_FORM: usize = 256 * 1024;
/// The most fields of a form or a query.
const MOST: usize = 1_000;

/// The fields of a form or a query, in their order. For forms with repeated fields (a list of checkboxes) and
/// for where it matters that a field came once, as in an authorization answer.
#[derive(Clone, Default)]
pub struct Fields(Vec<(String, String)>);

/// A field came more than once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a field came more than once")]
pub struct Repeated;

impl std::fmt::Debug for Fields {
    /// Names only: values can be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(k, _)| k))
            .finish()
    }
}

impl Fields {
    /// Reads `a=b&c=d`.
    pub fn parse(encoded: &[u8]) -> Self {
        Self(
            url::form_urlencoded::parse(encoded)
                .take(MOST + 1)
                .map(|(k, v)| (k.into_owned(), v.into_owned()))
                .collect(),
        )
    }

    /// The value of a field that may come once.
    ///
    /// # Errors
    /// Where it came more than once.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut all = self
            .0
            .iter()
            .filter(|(k, _)| k == name)
            .map(|(_, v)| v.as_str());
        let first = all.next();
        if all.next().is_some() {
            return Err(Repeated);
        }
        Ok(first)
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(k, _)| k == name)
            .map(|(_, v)| v.as_str())
    }

    /// All fields, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Whether any field came more than once.
    pub fn has_repeated(&self) -> bool {
        let mut names: Vec<_> = self.0.iter().map(|(k, _)| k).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    fn too_many(&self) -> bool {
        self.0.len() > MOST
    }

    fn typed<T: DeserializeOwned>(&self) -> Result<T, PageError> {
        if self.has_repeated() {
            return Err(PageError::new(PageErrorKind::BadRequest).because(Repeated));
        }
        let pairs = self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let fields = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(
            pairs.map(|(k, v)| (k, Text(v))),
        );
        // The message of the error can quote a value, so only the field's name is noted.
        serde_path_to_error::deserialize(fields).map_err(|error| {
            PageError::new(PageErrorKind::BadRequest)
                .because(format!("the field {} does not fit", error.path()))
        })
    }
}

/// A text that reads as whatever type is wanted, as HTML forms know no types.
struct Text<'a>(&'a str);

impl<'de> serde::de::IntoDeserializer<'de, serde::de::value::Error> for Text<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident => $visit:ident),* $(,)?) => {$(
        fn $method<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            match self.0.trim().parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(serde::de::Error::custom("not of the type that is wanted")),
            }
        }
    )*};
}

impl<'de> serde::Deserializer<'de> for Text<'de> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        // A field left empty is sent all the same.
        if self.0.is_empty() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_bool<V: serde::de::Visitor<'de>>(
        self,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.0 {
            "true" | "on" | "1" => visitor.visit_bool(true),
            "false" | "off" | "0" | "" => visitor.visit_bool(false),
            _ => Err(serde::de::Error::custom("not a yes or no")),
        }
    }

    fn deserialize_newtype_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(serde::de::value::BorrowedStrDeserializer::new(self.0))
    }

    parsed! {
        deserialize_u8 => visit_u8, deserialize_u16 => visit_u16, deserialize_u32 => visit_u32,
        deserialize_u64 => visit_u64, deserialize_i8 => visit_i8, deserialize_i16 => visit_i16,
        deserialize_i32 => visit_i32, deserialize_i64 => visit_i64,
    }

    serde::forward_to_deserialize_any! {
        f32 f64 i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// Whether the body is an urlencoded form.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(';').next())
        .is_some_and(|v| {
            v.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

/// A form's fields as a struct: each at most once, unknown ones ignored, an empty one is none. Refusals are
/// pages. A form with repeated fields is taken as [`Fields`].
#[derive(Debug, Clone, Copy)]
pub struct Form<T>(pub T);

/// A page's query as a struct, by the rules of [`Form`].
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

/// A page's query as [`Fields`].
#[derive(Debug, Clone)]
pub struct QueryFields(pub Fields);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = PageError;

    async fn from_request(request: Request, _: &S) -> Result<Self, PageError> {
        if !is_form(request.headers()) {
            return Err(PageError::new(PageErrorKind::BadRequest).because("not a form"));
        }
        let bytes = read_body(request.into_body(), MAX_FORM).await?;
        let fields = Self::parse(&bytes);
        if fields.too_many() {
            return Err(PageError::new(PageErrorKind::TooLarge));
        }
        Ok(fields)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        Fields::from_request(request, state)
            .await?
            .typed()
            .map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for QueryFields {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        let fields = Fields::parse(parts.uri.query().unwrap_or_default().as_bytes());
        if fields.too_many() {
            return Err(PageError::new(PageErrorKind::TooLarge));
        }
        Ok(Self(fields))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let QueryFields(fields) = QueryFields::from_request_parts(parts, state).await?;
        fields.typed().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        One,
        Two,
    }

    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Sample {
        name: String,
        count: Option<u16>,
        #[serde(default)]
        agreed: bool,
        kind: Option<Kind>,
        id: Option<handclasp_domain::CompanyId>,
    }

    fn read(text: &str) -> Result<Sample, PageErrorKind> {
        Fields::parse(text.as_bytes())
            .typed()
            .map_err(|e: PageError| e.kind())
    }

    #[test]
    fn texts_become_the_types_that_are_wanted() {
        let sample = read("name=a+%C3%BC&count=7&agreed=on&kind=two&id=67e55044-10b1-426f-9247-bb680e5fe0c8&_csrf=x").unwrap();
        assert_eq!(sample.name, "a ü");
        assert_eq!(
            (sample.count, sample.agreed, sample.kind),
            (Some(7), true, Some(Kind::Two))
        );
        assert!(sample.id.is_some());
        let empty = read("name=&count=&kind=").unwrap();
        assert_eq!(
            (empty.name.as_str(), empty.count, empty.kind),
            ("", None, None)
        );
        assert!(!empty.agreed);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in [
            "",
            "count=1",
            "name=a&count=x",
            "name=a&count=-1",
            "name=a&count=99999",
            "name=a&kind=three",
            "name=a&agreed=maybe",
            "name=a&id=no",
            "name=a&name=b",
            "name=a&x=1&x=1",
        ] {
            assert_eq!(read(text), Err(PageErrorKind::BadRequest), "{text}");
        }
    }

    #[test]
    fn repeated_fields_are_seen_and_values_never_shown() {
        let fields = Fields::parse(b"code=secret&state=1&code=2&e=");
        assert_eq!(fields.one("code"), Err(Repeated));
        assert_eq!(fields.one("state"), Ok(Some("1")));
        assert_eq!(fields.one("e"), Ok(Some("")));
        assert_eq!(fields.one("none"), Ok(None));
        assert_eq!(fields.all("code").collect::<Vec<_>>(), ["secret", "2"]);
        assert!(fields.has_repeated());
        assert!(!format!("{fields:?}").contains("secret"));
    }
}
