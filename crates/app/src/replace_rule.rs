//! A rule said anew.

use handclasp_domain::{Rule, RuleId};
use handclasp_store::{audit, rule};

use crate::create_rule::has_company;
use crate::{App, AppError, Caller, NewRule};

impl App {
    /// Replaces all of a rule but its id and its place in the list.
    pub async fn replace_rule(
        &self,
        caller: &Caller,
        id: RuleId,
        new: NewRule,
    ) -> Result<Rule, AppError> {
        // Looked up first: of a rule that is not there nothing else is said.
        let found = self.rule(caller.client, id).await?;
        let rule = self.check_rule(caller, id, found.created, new)?;
        let replaced = rule.clone();
        let entry = self.about_rule(caller, id, "rule.update");
        let mark = (caller.client, entry.id);
        self.carry_out("replace_rule", mark, (rule, entry), |tx, (rule, entry)| {
            Box::pin(async move {
                has_company(tx, rule).await?;
                if !rule::update(tx, rule).await? {
                    return Err(AppError::NotFound("rule"));
                }
                audit::insert(tx, entry).await?;
                Ok(())
            })
        })
        .await?;
        Ok(replaced)
    }
}
