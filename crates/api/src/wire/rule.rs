//! Rules on the wire.

use handclasp_app::NewRule;
use handclasp_domain::{CompanyId, FieldError, RuleId, RuleKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::doc::shape::{id, list, object, or_null, text, url, with, word};
use crate::doc::{Schemas, Shape};

/// A rule.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule<'a> {
    id: RuleId,
    #[serde(rename = "type")]
    kind: &'static str,
    /// Left out where the rule is for all companies.
    #[serde(skip_serializing_if = "Option::is_none")]
    company_id: Option<CompanyId>,
    notifiers: Notifiers<'a>,
}

#[derive(Serialize)]
struct Notifiers<'a> {
    emails: [&'a str; 0],
    webhook: &'a str,
}

impl<'a> From<&'a handclasp_domain::Rule> for Rule<'a> {
    fn from(rule: &'a handclasp_domain::Rule) -> Self {
        Self {
            id: rule.id,
            kind: rule.kind.as_str(),
            company_id: rule.company,
            notifiers: Notifiers {
                emails: [],
                webhook: &rule.webhook,
            },
        }
    }
}

/// What a rule is created or replaced with.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetRule {
    id: Option<String>,
    company_id: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    notifiers: Option<SetNotifiers>,
}

/// Whom a rule tells. A JSON object: what is derived alone would take an array too.
#[derive(Deserialize)]
#[serde(from = "crate::reply::Object<Members>")]
struct SetNotifiers(Members);

#[derive(Deserialize)]
struct Members {
    emails: Option<Vec<String>>,
    webhook: Option<String>,
}

impl From<crate::reply::Object<Members>> for SetNotifiers {
    fn from(crate::reply::Object(members): crate::reply::Object<Members>) -> Self {
        Self(members)
    }
}

impl SetRule {
    /// Checks that what is required is there; the rest is the use case's to check. `address` is the id in the address, if any: who
    /// sends a rule back as it was got sends its id too.
    pub(crate) fn parse(self, address: Option<RuleId>) -> Result<NewRule, FieldError> {
        if let (Some(address), Some(id)) = (address, &self.id)
            && id.parse() != Ok(address)
        {
            return Err(FieldError::new("id", "must be the id in the address"));
        }
        let company = self.company_id.filter(|id| !id.is_empty());
        let company = company
            .map(|id| id.parse())
            .transpose()
            .map_err(|_| FieldError::new("companyId", "must be the id of a company"))?;
        let kind = self.kind.ok_or_else(|| super::missing("type"))?;
        let SetNotifiers(notifiers) = self.notifiers.ok_or_else(|| super::missing("notifiers"))?;
        Ok(NewRule {
            company,
            kind,
            emails: notifiers.emails.unwrap_or_default(),
            webhook: notifiers.webhook.filter(|url| !url.is_empty()),
        })
    }
}

impl Shape for Rule<'_> {
    const NAME: &'static str = "Rule";

    fn schema(_: &mut Schemas) -> Value {
        let notifiers = object("Whom it tells.")
            .must("emails", emails())
            .must("webhook", webhook())
            .schema();
        object("A rule: whom to tell of a kind of happening.")
            .must("id", id("The rule's id."))
            .must("type", kind())
            .may(
                "companyId",
                id("The company that it is for; absent where it is for all."),
            )
            .must("notifiers", notifiers)
            .schema()
    }
}

impl Shape for SetRule {
    const NAME: &'static str = "SetRule";

    fn schema(_: &mut Schemas) -> Value {
        let notifiers = object("Whom it tells.")
            .may("emails", or_null(emails()))
            .must("webhook", webhook())
            .schema();
        object("What a rule is created or replaced with.")
            .may(
                "id",
                or_null(text(
                    "The id in the address, where a rule is replaced. Otherwise it says nothing.",
                )),
            )
            .must("type", kind())
            .may(
                "companyId",
                or_null(with(
                    text("The company that it is for; for all where it is left out or empty."),
                    json!({ "example": "0b5c7a5e-3f0d-4c1e-9a57-6d2f8b1c4e01", "pattern": "^$|^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$" }),
                )),
            )
            .must("notifiers", notifiers)
            .schema()
    }
}

fn kind() -> Value {
    word(
        "What has to happen.",
        RuleKind::ALL.iter().map(|kind| kind.as_str()),
    )
}

fn emails() -> Value {
    let none = json!({ "maxItems": 0 });
    with(
        list(
            "Empty, as there is no mail server to send by.",
            json!({ "type": "string" }),
        ),
        none,
    )
}

fn webhook() -> Value {
    url(
        "The address that is told.",
        "https://app.example.com/alerts",
    )
}
