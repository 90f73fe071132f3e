//! What is checked alike in many places of a declaration.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, header};
use toml::Spanned;

use super::{DeclarationError, Source};
use crate::endpoint::Endpoint;
use crate::pattern::Pattern;
use crate::template::{Names, Template};

/// Checks the fields of a declaration's tables, and knows what errors in them are called.
pub(super) struct Check<'a> {
    source: &'a Source<'a>,
    /// The tables that the fields stand in, as `auth.oauth2_code.`.
    table: String,
}

/// Texts of a table, each with its place.
pub(super) type RawTexts = BTreeMap<Spanned<String>, Spanned<String>>;

impl<'a> Check<'a> {
    pub(super) fn new(source: &'a Source<'a>) -> Self {
        Self {
            source,
            table: String::new(),
        }
    }

    /// The same within a table of this one.
    pub(super) fn within(&self, table: &str) -> Self {
        Self {
            source: self.source,
            table: format!("{}{table}.", self.table),
        }
    }

    pub(super) fn error<T>(
        &self,
        at: &Spanned<T>,
        field: &str,
        problem: impl Into<String>,
    ) -> DeclarationError {
        self.source
            .error(at.span(), format!("{}{field}", self.table), problem)
    }

    pub(super) fn endpoint(
        &self,
        field: &str,
        template: &Spanned<String>,
        names: &Names,
    ) -> Result<Endpoint, DeclarationError> {
        Endpoint::parse(template.get_ref(), names)
            .map_err(|problem| self.error(template, field, problem))
    }

    pub(super) fn template(
        &self,
        field: &str,
        template: &Spanned<String>,
        names: &Names,
    ) -> Result<Template, DeclarationError> {
        Template::parse(template.get_ref(), names)
            .map_err(|problem| self.error(template, field, problem))
    }

    /// Parameters of a query, a form or a JSON body.
    pub(super) fn parameters(
        &self,
        field: &str,
        parameters: &RawTexts,
        names: &Names,
    ) -> Result<BTreeMap<String, Template>, DeclarationError> {
        let mut checked = BTreeMap::new();
        for (name, value) in parameters {
            self.parameter(field, name)?;
            let value = self.template(&format!("{field}.{}", name.get_ref()), value, names)?;
            checked.insert(name.get_ref().clone(), value);
        }
        Ok(checked)
    }

    pub(super) fn headers(
        &self,
        headers: &RawTexts,
        names: &Names,
    ) -> Result<BTreeMap<String, Template>, DeclarationError> {
        let mut checked = BTreeMap::new();
        for (name, value) in headers {
            let field = format!("headers.{}", name.get_ref());
            let header = self.header(&field, name)?;
            checked.insert(header, self.template(&field, value, names)?);
        }
        Ok(checked)
    }

    /// The name of a header that a declaration may set.
    pub(super) fn header(
        &self,
        field: &str,
        name: &Spanned<String>,
    ) -> Result<String, DeclarationError> {
        let parsed = HeaderName::try_from(name.get_ref().as_str())
            .map_err(|_| self.error(name, field, "is no name of a header"))?;
        if [
            header::HOST,
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::CONNECTION,
            header::TRANSFER_ENCODING,
            header::COOKIE,
        ]
        .contains(&parsed)
        {
            return Err(self.error(
                name,
                field,
                "is a header that is not a declaration's to set",
            ));
        }
        Ok(parsed.as_str().to_owned())
    }

    pub(super) fn parameter(
        &self,
        field: &str,
        name: &Spanned<String>,
    ) -> Result<(), DeclarationError> {
        let text = name.get_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.[]:".contains(c);
        if text.is_empty() || text.len() > 60 || !text.chars().all(plain) {
            return Err(self.error(name, field, "has what is no parameter name"));
        }
        Ok(())
    }

    pub(super) fn pattern(
        &self,
        field: &str,
        pattern: Option<&Spanned<String>>,
    ) -> Result<Option<Pattern>, DeclarationError> {
        pattern
            .map(|text| self.one_pattern(field, text))
            .transpose()
    }

    pub(super) fn one_pattern(
        &self,
        field: &str,
        pattern: &Spanned<String>,
    ) -> Result<Pattern, DeclarationError> {
        Pattern::parse(pattern.get_ref()).map_err(|problem| self.error(pattern, field, problem))
    }

    /// A place in an answer (RFC 6901). The empty one is the whole answer, where that may be meant.
    pub(super) fn pointer(
        &self,
        field: &str,
        pointer: &Spanned<String>,
        may_be_whole: bool,
    ) -> Result<String, DeclarationError> {
        let text = pointer.get_ref();
        let tildes_escape = text
            .split('~')
            .skip(1)
            .all(|rest| rest.starts_with(['0', '1']));
        let is_whole = text.is_empty() && may_be_whole;
        if !(is_whole || text.starts_with('/') && tildes_escape) {
            let problem = "must be a JSON pointer (RFC 6901), as in /organisation/id";
            return Err(self.error(pointer, field, problem));
        }
        Ok(text.clone())
    }

    /// A time, as in `30m`: a whole number of seconds, minutes, hours or days.
    pub(super) fn duration(
        &self,
        field: &str,
        text: Option<&Spanned<String>>,
    ) -> Result<Option<Duration>, DeclarationError> {
        let Some(text) = text else { return Ok(None) };
        let read = || {
            let (number, unit) = text
                .get_ref()
                .split_at_checked(text.get_ref().len().checked_sub(1)?)?;
            let seconds: u64 = match unit {
                "s" => 1,
                "m" => 60,
                "h" => 3_600,
                "d" => 86_400,
                _ => return None,
            };
            let number: u64 = number.parse().ok()?;
            let total = seconds.checked_mul(number)?;
            (1..=20 * 366 * 86_400)
                .contains(&total)
                .then(|| Duration::from_secs(total))
        };
        let problem = "must be a time, as in 45s, 30m, 12h or 60d";
        read()
            .map(Some)
            .ok_or_else(|| self.error(text, field, problem))
    }
}
