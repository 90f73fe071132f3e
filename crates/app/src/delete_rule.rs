//! The end of a rule.

use handclasp_domain::RuleId;
use handclasp_store::{audit, rule};

use crate::{App, AppError, Caller};

impl App {
    /// Deletes a rule.
    pub async fn delete_rule(&self, caller: &Caller, id: RuleId) -> Result<(), AppError> {
        let entry = self.about_rule(caller, id, "rule.delete");
        let mark = (caller.client, entry.id);
        self.carry_out("delete_rule", mark, (id, entry), |tx, (id, entry)| {
            Box::pin(async move {
                if !rule::delete(tx, entry.client, *id).await? {
                    return Err(AppError::NotFound("rule"));
                }
                audit::insert(tx, entry).await?;
                Ok(())
            })
        })
        .await
    }
}
