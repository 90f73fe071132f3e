//! The list of companies.

use std::time::{Duration, Instant};

use handclasp_domain::query::{CompanyOrder, CompanyProperty, Order, Query, TagKey};
use handclasp_domain::{ClientId, FieldError, PlatformKey};
use handclasp_store::StoreError;
use handclasp_store::company_filter::Filter;
use handclasp_store::company_page::{self, Wanted};

use crate::{App, AppError, CompanyWithConnections};

/// How long a query may take that somebody wrote.
pub const QUERY_LIMIT: Duration = Duration::from_secs(2);

/// Which companies are wanted.
#[derive(Debug, Clone)]
pub struct CompanyList {
    /// From 1.
    pub page: u32,
    /// How many a page has.
    pub page_size: u32,
    /// In which order.
    pub order: Order<CompanyOrder>,
    /// What they are to meet.
    pub query: Option<Query<CompanyProperty>>,
    /// What their tags are to meet.
    pub tags: Option<Query<TagKey>>,
}

impl App {
    /// A page of companies, and how many there are in all that are wanted. Both are of one moment.
    pub async fn companies(
        &self,
        client: ClientId,
        list: CompanyList,
    ) -> Result<(Vec<CompanyWithConnections>, i64), AppError> {
        let platforms: Vec<(PlatformKey, &str)> = self
            .catalogue()
            .iter()
            .map(|one| (one.key, one.name.as_str()))
            .collect();
        let wanted = Wanted {
            filter: Filter::new(list.query.as_ref(), list.tags.as_ref(), &platforms),
            order: list.order,
            limit: list.page_size,
            offset: i64::from(list.page.saturating_sub(1)) * i64::from(list.page_size),
        };
        let filtered_by = match list.query {
            Some(_) => "query",
            None => "tags",
        };
        self.store()
            .read(
                "list_companies",
                (client, wanted),
                |tx, (client, wanted)| {
                    Box::pin(async move {
                        let deadline = Instant::now() + QUERY_LIMIT;
                        company_page::page(tx, *client, wanted, deadline).await
                    })
                },
            )
            .await
            .map_err(|error| {
                if matches!(error, StoreError::TooSlow) {
                    return AppError::Invalid(too_slow(filtered_by));
                }
                AppError::Store(error)
            })
    }
}

fn too_slow(parameter: &str) -> FieldError {
    FieldError::new(
        parameter,
        "takes more than 2 seconds on this many companies: narrow it with `&&`, as by a tag, a connection's status or the beginning of \
         the name, or ask for an earlier page",
    )
}
