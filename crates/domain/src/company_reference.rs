//! Which company belongs to which: a company has at most one parent.

use crate::{CompanyId, CompanyName, Edit, FieldError, Tags, Timestamp};

/// What a company shows of its parent, and of each of its subsidiaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyReference {
    /// The other company.
    pub id: CompanyId,
    /// Its name.
    pub name: CompanyName,
    /// Its description.
    pub description: Option<String>,
    /// Its labels.
    pub tags: Tags,
    /// When it was created: the oldest stand first.
    pub created: Timestamp,
}

/// The most subsidiaries that a company has.
pub const SUBSIDIARIES_MAX: usize = 100;

/// The most companies that may stand above one when it gets a parent.
pub const ANCESTORS_MAX: usize = 16;

/// The field that names a company's parent.
pub const PARENT_FIELD: &str = "referenceParentCompany";

/// The field that names a company's subsidiaries.
pub const SUBSIDIARIES_FIELD: &str = "referenceSubsidiaryCompanies";

/// What is to become of a company's parent and its subsidiaries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// The parent; none takes it away.
    pub parent: Edit<Option<CompanyId>>,
    /// The subsidiaries, all of them. A company that has another parent gets this one instead.
    pub subsidiaries: Edit<Vec<CompanyId>>,
    /// What is cleared because a replacement does not name it.
    pub unnamed: Unnamed,
}

/// What a replacement clears without naming it. Such a thing is cleared where that is all there is to it, and is in the way where another
/// field would close a ring with it: two companies are turned round only by who says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unnamed {
    /// The parent.
    pub parent: bool,
    /// The subsidiaries.
    pub subsidiaries: bool,
}

impl References {
    /// Checks a list of subsidiaries from outside, and takes once what stands there twice.
    pub fn subsidiaries(list: Vec<CompanyId>) -> Result<Vec<CompanyId>, FieldError> {
        if list.len() > SUBSIDIARIES_MAX {
            let problem = format!("must have at most {SUBSIDIARIES_MAX} entries");
            return Err(FieldError::new(SUBSIDIARIES_FIELD, problem));
        }
        let mut each = Vec::with_capacity(list.len());
        for id in list {
            if !each.contains(&id) {
                each.push(id);
            }
        }
        Ok(each)
    }

    /// Whether they name any company.
    pub fn name_some(&self) -> bool {
        self.parent.as_set().is_some_and(Option::is_some)
            || self
                .subsidiaries
                .as_set()
                .is_some_and(|list| !list.is_empty())
    }
}
