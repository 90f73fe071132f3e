//! A new rule.

use handclasp_domain::{CompanyId, FieldError, Id, Rule, RuleId, RuleKind, Timestamp, check_email};
use handclasp_store::audit::{self, AuditEntry};
use handclasp_store::{Tx, company, rule};

use crate::{App, AppError, Caller, Refusal};

/// How many rules a client may have.
pub const RULES_MOST: i64 = 50;

/// What a rule is created or replaced with.
#[derive(Debug, Clone)]
pub struct NewRule {
    /// The company that it is about; none for all.
    pub company: Option<CompanyId>,
    /// What has to happen, in the wire's word.
    pub kind: String,
    /// Who is written to.
    pub emails: Vec<String>,
    /// The address that is told.
    pub webhook: Option<String>,
}

impl App {
    /// Creates a rule. It is kept and told; nothing is sent for it in this version.
    pub async fn create_rule(&self, caller: &Caller, new: NewRule) -> Result<Rule, AppError> {
        let rule = self.check_rule(caller, self.id(), self.now(), new)?;
        let mut entry = self.about_rule(caller, rule.id, "rule.create");
        entry.company = rule.company;
        let mark = caller.mark(&entry);
        self.carry_out_once("create_rule", mark, (rule, entry), |tx, (rule, entry)| {
            Box::pin(async move {
                has_company(tx, rule).await?;
                // Under SERIALIZABLE two that count at once do not both get in.
                if rule::count(tx, rule.client).await? >= RULES_MOST {
                    return Err(Refusal::TooManyRules.into());
                }
                rule::insert(tx, rule).await?;
                audit::insert(tx, entry).await?;
                Ok(rule.clone())
            })
        })
        .await
    }

    /// Checks what needs no database.
    pub(crate) fn check_rule(
        &self,
        caller: &Caller,
        id: RuleId,
        created: Timestamp,
        new: NewRule,
    ) -> Result<Rule, FieldError> {
        let kind = RuleKind::parse(&new.kind).ok_or_else(|| {
            let known = RuleKind::ALL.map(RuleKind::as_str).join(", ");
            FieldError::new("type", format!("must be one of: {known}"))
        })?;
        for (index, email) in new.emails.iter().enumerate() {
            check_email(email).map_err(|problem| {
                FieldError::new(format!("notifiers.emails[{index}]"), problem)
            })?;
        }
        if !new.emails.is_empty() {
            return Err(FieldError::new(
                "notifiers.emails",
                "must be empty: this server has no SMTP server set up to send e-mail by",
            ));
        }
        let Some(webhook) = new.webhook else {
            return Err(FieldError::new(
                "notifiers.webhook",
                "is required: without it nobody would be told",
            ));
        };
        let webhook = self.parse_customer_url("notifiers.webhook", &webhook)?;
        Ok(Rule {
            client: caller.client,
            id,
            company: new.company,
            kind,
            webhook: webhook.into(),
            created,
        })
    }

    pub(crate) fn about_rule(
        &self,
        caller: &Caller,
        id: RuleId,
        action: &'static str,
    ) -> AuditEntry {
        AuditEntry {
            subject: Some(id.uuid()),
            ..self.entry(caller, action, self.now())
        }
    }
}

/// Whether a rule's company is there. Another client's is answered like one that is not.
pub(crate) async fn has_company(tx: &mut Tx, rule: &Rule) -> Result<(), AppError> {
    let Some(id) = rule.company else {
        return Ok(());
    };
    match company::find(tx, rule.client, id).await? {
        Some(_) => Ok(()),
        None => Err(FieldError::new("companyId", "there is no such company").into()),
    }
}
