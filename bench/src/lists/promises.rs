//! What is asked of the lists, and what is promised of it.

use super::seed::Size;

/// What is promised of a page with its exact total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// It takes as long among many companies as among few.
    Flat,
    /// So many milliseconds among many companies.
    Within(u32),
    /// It is done within two seconds, or refused by then.
    Stopped,
}

/// Which page.
#[derive(Debug, Clone, Copy)]
pub(super) enum Page {
    First,
    Middle,
    Last,
}

impl Page {
    pub(super) const fn number(self, companies: u32) -> u32 {
        match self {
            Self::First => 1,
            Self::Middle => companies / 200,
            Self::Last => companies / 100,
        }
    }
}

/// One question.
pub(super) struct Ask {
    pub(super) name: &'static str,
    pub(super) order: &'static str,
    pub(super) query: String,
    pub(super) tags: &'static str,
    pub(super) page: Page,
    pub(super) promise: Promise,
    /// How many companies there are in all that are asked for.
    pub(super) total: fn(Size) -> i64,
}

fn ask(
    name: &'static str,
    (order, query, tags): (&'static str, &str, &'static str),
    page: Page,
    promise: Promise,
    total: fn(Size) -> i64,
) -> Ask {
    let query = query.to_owned();
    Ask {
        name,
        order,
        query,
        tags,
        page,
        promise,
        total,
    }
}

/// All of them.
pub(super) fn asks() -> Vec<Ask> {
    use Page::{First, Last, Middle};
    use Promise::{Flat, Stopped, Within};
    const SCAN: Promise = Within(300);
    const DEEP: Promise = Within(60);
    let slow: Vec<String> = (0..64).map(|n| format!("name~unicorn {n}")).collect();
    let slow = slow.join("||");
    vec![
        ask("all", ("", "", ""), First, Flat, Size::all),
        ask(
            "all, the newest first",
            ("-created", "", ""),
            First,
            Flat,
            Size::all,
        ),
        ask("all, by name", ("name", "", ""), First, Flat, Size::all),
        ask(
            "all, by name, backwards",
            ("-name", "", ""),
            First,
            Flat,
            Size::all,
        ),
        ask(
            "all, by last sync",
            ("lastSync", "", ""),
            First,
            Flat,
            Size::all,
        ),
        ask(
            "all, by last sync, backwards",
            ("-lastSync", "", ""),
            First,
            Flat,
            Size::all,
        ),
        ask("a tag", ("", "", "region=uk"), First, Flat, Size::tagged),
        ask(
            "a tag, the newest first",
            ("-created", "", "region=uk"),
            First,
            Flat,
            Size::tagged,
        ),
        ask(
            "a status",
            ("", "dataConnections.status=Linked", ""),
            First,
            Flat,
            Size::linked,
        ),
        ask(
            "a status, the newest first",
            ("-created", "dataConnections.status=Linked", ""),
            First,
            Flat,
            Size::linked,
        ),
        ask(
            "a name's beginning, as many companies in each",
            ("", "name>=zebra&&name<zebrb", ""),
            First,
            Flat,
            |_| 100,
        ),
        ask(
            "a name's beginning, by name",
            ("name", "name>=zebra&&name<zebrb", ""),
            First,
            Flat,
            |_| 100,
        ),
        ask(
            "an id that is not there",
            ("", "id=3fa85f64-5717-4562-b3fc-2c963f66afa6", ""),
            First,
            Within(10),
            |_| 0,
        ),
        ask(
            "the page in the middle",
            ("", "", ""),
            Middle,
            DEEP,
            Size::all,
        ),
        ask("the last page", ("", "", ""), Last, DEEP, Size::all),
        ask(
            "the page in the middle, by name",
            ("name", "", ""),
            Middle,
            DEEP,
            Size::all,
        ),
        ask(
            "the last page, by last sync",
            ("lastSync", "", ""),
            Last,
            DEEP,
            Size::all,
        ),
        ask(
            "name~, one in a hundred",
            ("", "name~bakery", ""),
            First,
            SCAN,
            Size::bakeries,
        ),
        ask(
            "name~, one in a hundred, by name",
            ("name", "name~bakery", ""),
            First,
            SCAN,
            Size::bakeries,
        ),
        ask(
            "name~, a hundred in all",
            ("", "name~zebra", ""),
            First,
            SCAN,
            |_| 100,
        ),
        ask("name~, none", ("", "name~unicorn", ""), First, SCAN, |_| 0),
        ask(
            "description~, one in twenty",
            ("", "description~paid", ""),
            First,
            SCAN,
            Size::described,
        ),
        ask(
            "tags~, one in ten",
            ("", "", "region~K"),
            First,
            SCAN,
            Size::tagged,
        ),
        ask("name!=", ("", "name!=nobody", ""), First, SCAN, Size::all),
        ask("a tag !=", ("", "", "region!=uk"), First, SCAN, |size| {
            size.all() - size.tagged()
        }),
        ask(
            "a status !=",
            ("", "dataConnections.status!=Linked", ""),
            First,
            SCAN,
            |size| size.all() - size.linked(),
        ),
        ask(
            "a status ||  another",
            (
                "",
                "dataConnections.status=Linked||dataConnections.status=Deauthorized",
                "",
            ),
            First,
            SCAN,
            Size::linked_or_deauthorized,
        ),
        ask(
            "a name || a name's part || a status",
            (
                "",
                "name=nobody||name~zebra||dataConnections.status=Deauthorized",
                "",
            ),
            First,
            SCAN,
            Size::zebra_or_deauthorized,
        ),
        ask(
            "a tag && a name's part",
            ("", "name~bakery", "region=uk"),
            First,
            SCAN,
            Size::tagged_bakeries,
        ),
        ask(
            "a rare status, by name",
            ("name", "dataConnections.status=Deauthorized", ""),
            First,
            SCAN,
            Size::deauthorized,
        ),
        ask("64 parts of names", ("", &slow, ""), First, Stopped, |_| 0),
    ]
}
