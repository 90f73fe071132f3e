//! Lists come in pages.

use handclasp_domain::FieldError;
use handclasp_web::error::ApiError;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The default size of a page.
pub(crate) const SIZE: u32 = 100;
/// The largest size of a page.
pub(crate) const SIZE_MAX: u32 = 5_000;

/// The query of a list, as it comes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageQuery {
    page: Option<String>,
    page_size: Option<String>,
    order_by: Option<String>,
    query: Option<String>,
    tags: Option<String>,
}

/// Which page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// From 1.
    pub(crate) number: u32,
    /// From 1 to 5,000.
    pub(crate) size: u32,
}

impl PageQuery {
    /// Checks the query. What the list does not do yet is refused, so that nobody takes a list for ordered or filtered that is not.
    pub(crate) fn page(&self) -> Result<Page, Failure> {
        let page = Page {
            number: number("page", self.page.as_deref(), 1, u32::MAX)?,
            size: number("pageSize", self.page_size.as_deref(), SIZE, SIZE_MAX)?,
        };
        for (name, given) in [
            ("orderBy", &self.order_by),
            ("query", &self.query),
            ("tags", &self.tags),
        ] {
            if given.as_deref().is_some_and(|value| !value.is_empty()) {
                return Err(ApiError::not_implemented(format!(
                    "The parameter `{name}` is not built yet in this version: lists can only be paged."
                ))
                .into());
            }
        }
        Ok(page)
    }
}

fn number(name: &str, given: Option<&str>, default: u32, max: u32) -> Result<u32, FieldError> {
    let Some(given) = given else {
        return Ok(default);
    };
    // Parsing alone takes a sign too.
    Some(given)
        .filter(|given| given.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|given| given.parse().ok())
        .filter(|number| (1..=max).contains(number))
        .ok_or_else(|| FieldError::new(name, format!("must be a whole number from 1 to {max}")))
}

/// One page of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Paged<T> {
    results: T,
    page_number: u32,
    page_size: u32,
    total_results: i64,
    #[serde(rename = "_links")]
    links: Links,
}

/// Where the other pages are. The addresses begin after the server's address that SDKs are given, as the contract's paths do.
#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    whole: Href,
    current: Href,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Href>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Href>,
}

#[derive(Serialize)]
struct Href {
    href: String,
}

impl Page {
    /// How many entries come before the page.
    fn before(self) -> i64 {
        i64::from(self.number - 1) * i64::from(self.size)
    }

    /// The page's entries out of all of them.
    pub(crate) fn of<T>(self, all: &[T]) -> &[T] {
        let from = usize::try_from(self.before()).unwrap_or(usize::MAX);
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let rest = all.get(from..).unwrap_or_default();
        rest.get(..size).unwrap_or(rest)
    }

    /// The page's body. `path` is the list's, under the server's address.
    pub(crate) fn body<T>(self, path: &str, total: i64, results: T) -> Paged<T> {
        let at = |number: u32| Href {
            href: format!("{path}?page={number}&pageSize={}", self.size),
        };
        let is_last = self.before() + i64::from(self.size) >= total;
        Paged {
            results,
            page_number: self.number,
            page_size: self.size,
            total_results: total,
            links: Links {
                whole: Href {
                    href: path.to_owned(),
                },
                current: at(self.number),
                next: (!is_last).then(|| at(self.number.saturating_add(1))),
                previous: (self.number > 1).then(|| at(self.number - 1)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut_out_of_lists() {
        let all = [1, 2, 3, 4, 5];
        let page = |number, size| Page { number, size };
        assert_eq!(page(1, 2).of(&all), [1, 2]);
        assert_eq!(page(3, 2).of(&all), [5]);
        assert_eq!(page(4, 2).of(&all), [0; 0]);
        assert_eq!(page(u32::MAX, 5_000).of(&all), [0; 0]);
    }

    #[test]
    fn links_lead_to_the_neighbours_that_there_are() {
        let links = |number, total| {
            let page = Page { number, size: 2 };
            let links = page.body("/companies", total, ()).links;
            (
                links.previous.map(|at| at.href),
                links.next.map(|at| at.href),
            )
        };
        let at = |number| Some(format!("/companies?page={number}&pageSize=2"));
        assert_eq!(links(1, 0), (None, None));
        assert_eq!(links(1, 2), (None, None));
        assert_eq!(links(1, 3), (None, at(2)));
        assert_eq!(links(2, 3), (at(1), None));
        // Where there is nothing any more, one page back still leads towards the list.
        assert_eq!(links(9, 3), (at(8), None));
        assert!(links(u32::MAX, i64::MAX).1.is_some());
    }
}
