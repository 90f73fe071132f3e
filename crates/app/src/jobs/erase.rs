//! The events of deleted companies are emptied, once none of them can be on its way any more.

use handclasp_store::company;

use crate::{App, AppError};

impl App {
    pub(super) async fn erase_due(&self) -> Result<(), AppError> {
        for (client, id) in company::due_erasures(&mut self.store(), self.now(), 100).await? {
            loop {
                let done = self
                    .store()
                    .queue("erase", (client, id), |tx, (client, id)| {
                        Box::pin(async move {
                            Ok::<_, AppError>(company::erase_some(tx, *client, *id).await?)
                        })
                    })
                    .await?;
                if done {
                    break;
                }
            }
        }
        Ok(())
    }
}
