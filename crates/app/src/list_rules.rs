//! Looking at rules.

use handclasp_domain::{ClientId, Rule, RuleId};
use handclasp_store::rule;

use crate::{App, AppError};

impl App {
    /// A client's rules, the oldest first. There are 50 at most.
    pub async fn list_rules(&self, client: ClientId) -> Result<Vec<Rule>, AppError> {
        Ok(rule::list(&mut self.store(), client).await?)
    }

    /// A rule.
    pub async fn rule(&self, client: ClientId, id: RuleId) -> Result<Rule, AppError> {
        let found = rule::find(&mut self.store(), client, id).await?;
        found.ok_or(AppError::NotFound("rule"))
    }
}
