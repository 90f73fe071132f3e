//! `[auth.delivery]`, read and checked.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::DeclarationError;
use super::check::{Check, RawTexts};
use super::token::{RawTokenValue, kept, scopes};
use crate::delivery::Delivery;
use crate::template::Names;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDelivery {
    address: Spanned<String>,
    #[serde(default)]
    scopes: Vec<Spanned<String>>,
    state: Spanned<String>,
    scope: Option<Spanned<String>>,
    keep: BTreeMap<Spanned<String>, RawTokenValue>,
    answer: Spanned<u16>,
    state_parameter: Spanned<String>,
    #[serde(default)]
    declined: RawTexts,
}

impl RawDelivery {
    /// Afterwards the names of what is delivered are known.
    pub(super) fn check(
        self,
        check: &Check<'_>,
        names: &mut Names,
    ) -> Result<Delivery, DeclarationError> {
        let given = names.and(&["scopes", "state", "return_url", "delivery_url"]);
        let address = check.endpoint("address", &self.address, &given)?;
        for needed in ["{state}", "{return_url}", "{delivery_url}"] {
            if !self.address.get_ref().contains(needed) {
                let problem = format!("has no {needed}, without which nothing comes back");
                return Err(check.error(&self.address, "address", problem));
            }
        }
        if !(200..300).contains(self.answer.get_ref()) {
            return Err(check.error(&self.answer, "answer", "must be a status of success"));
        }
        if let Some(name) = self.keep.keys().find(|name| name.get_ref() == "scope") {
            return Err(check.error(name, "keep", "must not name `scope`, which has a field"));
        }
        if !self.keep.values().any(RawTokenValue::is_required) {
            let problem = "requires nothing, so that there is nothing to authorize with";
            return Err(check.error(&self.state, "keep", problem));
        }
        check.parameter("state_parameter", &self.state_parameter)?;
        let mut declined = BTreeMap::new();
        for (name, value) in self.declined {
            check.parameter("declined", &name)?;
            declined.insert(name.into_inner(), value.into_inner());
        }
        Ok(Delivery {
            address,
            scopes: scopes(check, "scopes", self.scopes, ' ')?,
            state: check.pointer("state", &self.state, false)?,
            scope: match &self.scope {
                None => None,
                Some(scope) => Some(check.pointer("scope", scope, false)?),
            },
            keep: kept(check, "delivery", self.keep, names)?,
            answer: self.answer.into_inner(),
            state_parameter: self.state_parameter.into_inner(),
            declined,
        })
    }
}
