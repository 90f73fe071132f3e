//! Companies as other companies refer to them.

use std::borrow::Cow;
use std::fmt;

use handclasp_domain::{CompanyId, CompanyReference, FieldError, Tags};
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::company_body::{description, own_name, tags};
use crate::doc::shape::{id, object};
use crate::doc::{Schemas, Shape};

/// A company as its parent and its subsidiaries show it. `links.portal` is left out: there is no Portal to lead to yet.
#[derive(Serialize)]
pub(crate) struct Reference<'a> {
    id: CompanyId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    tags: &'a Tags,
}

impl<'a> From<&'a CompanyReference> for Reference<'a> {
    fn from(other: &'a CompanyReference) -> Self {
        Self {
            id: other.id,
            name: other.name.as_str(),
            description: other.description.as_deref(),
            tags: &other.tags,
        }
    }
}

/// A company that a body refers to: by its `id`. What else stands there is what an answer has, and changes nothing.
pub(super) struct Referred {
    id: Option<String>,
    is_empty: bool,
}

impl Referred {
    /// The id.
    pub(super) fn parse(&self, field: &str) -> Result<CompanyId, FieldError> {
        let field = format!("{field}.id");
        let id = self.id.as_deref().ok_or_else(|| super::missing(&field))?;
        id.parse()
            .map_err(|_| FieldError::new(field, "must be the id of a company"))
    }

    /// The id; none for the empty object, which is how to say that there is to be none: null says nothing.
    pub(super) fn parse_or_none(&self, field: &str) -> Result<Option<CompanyId>, FieldError> {
        if self.is_empty {
            return Ok(None);
        }
        self.parse(field).map(Some)
    }
}

impl<'de> Deserialize<'de> for Referred {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Referred;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Referred, A::Error> {
                let mut id: Option<Option<String>> = None;
                let mut is_empty = true;
                while let Some(key) = members.next_key::<Cow<'_, str>>()? {
                    is_empty = false;
                    if key != "id" {
                        members.next_value::<IgnoredAny>()?;
                    } else if id.is_some() {
                        return Err(A::Error::duplicate_field("id"));
                    } else {
                        id = Some(members.next_value()?);
                    }
                }
                let id = id.flatten();
                Ok(Referred { id, is_empty })
            }
        }

        deserializer.deserialize_map(Members)
    }
}

impl Shape for Reference<'_> {
    const NAME: &'static str = "CompanyReference";

    fn schema(_: &mut Schemas) -> Value {
        object("Another company.")
            .must("id", id("The company's id."))
            .must("name", own_name())
            .may("description", description())
            .must("tags", tags())
            .schema()
    }
}
