//! Lists come in pages.

use handclasp_domain::query::{Order, Ordered, Property, Query, TagKey, parse_order, parse_query};
use handclasp_domain::{FieldError, percent_encode};
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
    /// Checks the query of a list that is only paged. An order or a filter is refused, so that nobody takes a list for ordered or
    /// filtered that is not.
    pub(crate) fn page(&self) -> Result<Page, Failure> {
        for (name, given) in self.choices() {
            if given.is_some() {
                let problem = "is not taken here: this list has one order and no filter";
                return Err(FieldError::new(name, problem).into());
            }
        }
        Ok(self.numbers()?)
    }

    /// Which page is wanted of a list that can be ordered and filtered. The addresses of its other pages have the same order and
    /// filter.
    pub(crate) fn chosen_page(&self) -> Result<ChosenPage, Failure> {
        let mut carried = String::new();
        for (name, given) in self.choices() {
            if let Some(given) = given {
                carried.extend(["&", name, "="]);
                percent_encode(given, &mut carried);
            }
        }
        Ok(ChosenPage {
            page: self.numbers()?,
            carried,
        })
    }

    /// The order that is asked for.
    pub(crate) fn order<P: Ordered>(&self) -> Result<Option<Order<P>>, FieldError> {
        given(&self.order_by).map(parse_order).transpose()
    }

    /// What the list's entries are to meet.
    pub(crate) fn query<P: Property>(&self) -> Result<Option<Query<P>>, FieldError> {
        parsed("query", &self.query)
    }

    /// What their tags are to meet.
    pub(crate) fn tags(&self) -> Result<Option<Query<TagKey>>, FieldError> {
        parsed("tags", &self.tags)
    }

    /// Refuses a filter by tags, where the entries have none.
    pub(crate) fn without_tags(&self) -> Result<(), FieldError> {
        match given(&self.tags) {
            None => Ok(()),
            Some(_) => Err(FieldError::new(
                "tags",
                "is not taken here: only companies have tags",
            )),
        }
    }

    fn choices(&self) -> [(&'static str, Option<&str>); 3] {
        [
            ("orderBy", given(&self.order_by)),
            ("query", given(&self.query)),
            ("tags", given(&self.tags)),
        ]
    }

    fn numbers(&self) -> Result<Page, FieldError> {
        Ok(Page {
            number: number("page", self.page.as_deref(), 1, u32::MAX)?,
            size: number("pageSize", self.page_size.as_deref(), SIZE, SIZE_MAX)?,
        })
    }
}

/// What a parameter says. A blank one asks for nothing.
fn given(parameter: &Option<String>) -> Option<&str> {
    parameter
        .as_deref()
        .filter(|value| !value.trim().is_empty())
}

fn parsed<P: Property>(
    name: &str,
    parameter: &Option<String>,
) -> Result<Option<Query<P>>, FieldError> {
    match given(parameter) {
        None => Ok(None),
        Some(text) => parse_query(text).map_err(|error| FieldError::new(name, error.to_string())),
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
        self.body_with(path, "", total, results)
    }

    fn body_with<T>(self, path: &str, carried: &str, total: i64, results: T) -> Paged<T> {
        let at = |number: u32| Href {
            href: format!("{path}?page={number}&pageSize={}{carried}", self.size),
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

/// Which page is wanted, of a list with this order and filter.
#[derive(Debug)]
pub(crate) struct ChosenPage {
    pub(crate) page: Page,
    /// The order and the filter, as the addresses of the list's pages have them.
    carried: String,
}

impl ChosenPage {
    /// The page's body. `path` is the list's, under the server's address.
    pub(crate) fn body<T>(&self, path: &str, total: i64, results: T) -> Paged<T> {
        self.page.body_with(path, &self.carried, total, results)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_goes_on_in_the_links() {
        let query = PageQuery {
            page: Some("2".to_owned()),
            page_size: Some("2".to_owned()),
            order_by: Some("-name".to_owned()),
            query: Some("name~Müller & Söhne&&created>2026-01-01".to_owned()),
            tags: Some(" ".to_owned()),
        };
        let links = query.chosen_page().unwrap().body("/companies", 9, ()).links;
        let next = "/companies?page=3&pageSize=2&orderBy=-name\
                    &query=name~M%C3%BCller%20%26%20S%C3%B6hne%26%26created%3E2026-01-01";
        assert_eq!(links.next.unwrap().href, next);
        assert_eq!(
            links.previous.unwrap().href,
            next.replace("page=3", "page=1")
        );
        assert_eq!(links.current.href, next.replace("page=3", "page=2"));
        assert_eq!(links.whole.href, "/companies");
        assert!(query.page().is_err());
    }

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
