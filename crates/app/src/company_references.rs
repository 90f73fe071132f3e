//! Which company belongs to which: checked and saved in the transaction of the company's own change, so that two changes that would
//! close a ring together can't both be made.

use handclasp_domain::{
    ANCESTORS_MAX, ClientId, CompanyId, Edit, FieldError, PARENT_FIELD, References,
    SUBSIDIARIES_FIELD, SUBSIDIARIES_MAX,
};
use handclasp_store::Tx;
use handclasp_store::company_reference::{self, Parent};

use crate::AppError;

/// More than a company can have, so that none is overlooked.
const ALL: u32 = 1_000;

/// What is to be saved after the company's own row.
pub(crate) struct Relations {
    client: ClientId,
    company: CompanyId,
    /// The company's parent after the change.
    pub(crate) parent: Option<CompanyId>,
    /// Those that become subsidiaries, with the parent that they have.
    added: Vec<(CompanyId, Option<CompanyId>)>,
    removed: Vec<CompanyId>,
}

/// Checks what a company is to refer to, in this transaction. `had` is its present parent. Nothing is written.
pub(crate) async fn check(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
    had: Option<CompanyId>,
    references: &References,
) -> Result<Relations, AppError> {
    let mut relations = Relations {
        client,
        company,
        parent: had,
        added: Vec::new(),
        removed: Vec::new(),
    };
    references.parent.apply(&mut relations.parent);
    let parent_changes = relations.parent != had;
    if parent_changes && let Some(parent) = relations.parent {
        check_parent(tx, client, company, parent).await?;
    }
    if let Edit::Set(list) = &references.subsidiaries {
        let present = company_reference::subsidiaries(tx, client, company, ALL).await?;
        for (index, id) in list.iter().enumerate() {
            if present.contains(id) {
                continue;
            }
            if *id == company {
                return Err(at(index, ITSELF).into());
            }
            match company_reference::parent(tx, client, *id).await? {
                Parent::NoCompany => return Err(at(index, UNKNOWN).into()),
                Parent::Is(parent) => relations.added.push((*id, parent)),
            }
        }
        relations.removed = present;
        relations.removed.retain(|id| !list.contains(id));
    }
    if parent_changes || !relations.added.is_empty() {
        let top = climb(tx, &relations, references, relations.parent).await?;
        if top == Top::TooFar {
            let field = if parent_changes {
                format!("{PARENT_FIELD}.id")
            } else {
                SUBSIDIARIES_FIELD.to_owned()
            };
            let problem = format!("more than {ANCESTORS_MAX} companies would stand above one");
            return Err(FieldError::new(field, problem).into());
        }
    }
    if references.unnamed.parent {
        climb(tx, &relations, references, had).await?;
    }
    Ok(relations)
}

const ITSELF: &str = "must not be the company itself";
const UNKNOWN: &str = "must be the id of a company that there is";

fn of_parent(problem: impl Into<String>) -> FieldError {
    FieldError::new(format!("{PARENT_FIELD}.id"), problem)
}

fn at(index: usize, problem: &str) -> FieldError {
    FieldError::new(format!("{SUBSIDIARIES_FIELD}[{index}].id"), problem)
}

async fn check_parent(
    tx: &mut Tx,
    client: ClientId,
    company: CompanyId,
    parent: CompanyId,
) -> Result<(), AppError> {
    if parent == company {
        return Err(of_parent(ITSELF).into());
    }
    if company_reference::parent(tx, client, parent).await? == Parent::NoCompany {
        return Err(of_parent(UNKNOWN).into());
    }
    let others = company_reference::subsidiaries(tx, client, parent, ALL).await?;
    if others.len() >= SUBSIDIARIES_MAX {
        let problem = format!(
            "must be a company with fewer than {SUBSIDIARIES_MAX} subsidiaries, the most there may be"
        );
        return Err(of_parent(problem).into());
    }
    Ok(())
}

/// What stands at the end of a walk up.
#[derive(PartialEq, Eq)]
enum Top {
    Reached,
    TooFar,
}

/// Walks up from a company above, as things will stand, and looks whether that comes back.
async fn climb(
    tx: &mut Tx,
    relations: &Relations,
    references: &References,
    from: Option<CompanyId>,
) -> Result<Top, AppError> {
    let mut next = from;
    for _ in 0..ANCESTORS_MAX {
        let Some(above) = next else {
            return Ok(Top::Reached);
        };
        if above == relations.company {
            return Err(of_parent("must not stand below the company").into());
        }
        if relations.added.iter().any(|(id, _)| *id == above) {
            let listed = references.subsidiaries.as_set();
            let index = listed.and_then(|list| list.iter().position(|id| *id == above));
            return Err(at(
                index.unwrap_or_default(),
                "must not stand above the company",
            )
            .into());
        }
        if relations.removed.contains(&above) && !references.unnamed.subsidiaries {
            // It stands below the company, and will stand below nothing.
            return Ok(Top::Reached);
        }
        next = match company_reference::parent(tx, relations.client, above).await? {
            Parent::Is(parent) => parent,
            Parent::NoCompany => None,
        };
    }
    Ok(if next.is_none() {
        Top::Reached
    } else {
        Top::TooFar
    })
}

impl Relations {
    /// Saves the company's own parent, where that is another than it had.
    pub(crate) async fn save_parent(
        &self,
        tx: &mut Tx,
        had: Option<CompanyId>,
    ) -> Result<(), AppError> {
        if self.parent != had {
            let (client, company) = (self.client, self.company);
            company_reference::set_parent(tx, client, company, had, self.parent).await?;
        }
        Ok(())
    }

    /// Saves who its subsidiaries are.
    pub(crate) async fn save_subsidiaries(&self, tx: &mut Tx) -> Result<(), AppError> {
        let (client, company) = (self.client, self.company);
        for id in &self.removed {
            company_reference::set_parent(tx, client, *id, Some(company), None).await?;
        }
        for (id, had) in &self.added {
            company_reference::set_parent(tx, client, *id, *had, Some(company)).await?;
        }
        Ok(())
    }
}
