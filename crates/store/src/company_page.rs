//! Pages of companies, in an order and under a condition, with how many there are in all.
//!
//! How a page is found hangs on how many companies are in question, which is mostly known before any is looked at:
//!
//! - Without a condition, and under a single mark (a tag, a connection's status), the total is kept by slots, and the page lies in an
//!   index.
//! - A condition that few companies meet is answered by one pass that takes them all, and orders them.
//! - For one that many meet, one pass counts, and the page is found by going along the list's order from its nearer end.

use std::time::Instant;

use handclasp_domain::query::{CompanyOrder, Order};
use handclasp_domain::{ClientId, Id};
use uuid::Uuid;

use crate::company::CompanyWithConnections;
use crate::company_batch::{self, Place};
use crate::company_filter::{Condition, Filter, Mark, Way};
use crate::company_list::counter_kind;
use crate::composed::{Bound, Composed, Piece};
use crate::counter;
use crate::{ReadTx, Row, StoreError};

/// How many companies are taken to be few.
const FEW: usize = 20_000;

/// Which companies are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Those that meet this.
    pub filter: Filter,
    /// In this order; those that are equal in it by their creation and their ids.
    pub order: Order<CompanyOrder>,
    /// How many.
    pub limit: u32,
    /// After how many.
    pub offset: i64,
}

/// A page of companies, and how many there are in all, which is exact. What is not done at `deadline` is stopped:
/// [`StoreError::TooSlow`].
pub async fn page(
    tx: &mut ReadTx,
    client: ClientId,
    wanted: &Wanted,
    deadline: Instant,
) -> Result<(Vec<CompanyWithConnections>, i64), StoreError> {
    page_where_few(tx, client, wanted, deadline, FEW).await
}

/// The same, where another number of companies is few: so that tests go all ways.
#[doc(hidden)]
pub async fn page_where_few(
    tx: &mut ReadTx,
    client: ClientId,
    wanted: &Wanted,
    deadline: Instant,
    few: usize,
) -> Result<(Vec<CompanyWithConnections>, i64), StoreError> {
    let mut search = Search {
        tx,
        client: client.uuid(),
        deadline,
        most: few,
    };
    let (places, total) = search.places(wanted).await?;
    let companies = company_batch::find_all(tx, client, &places).await?;
    Ok((companies, total))
}

struct Search<'a> {
    tx: &'a mut ReadTx,
    client: Uuid,
    deadline: Instant,
    /// How many are few.
    most: usize,
}

/// A way along the rows, from its beginning.
struct Walk<'a> {
    condition: &'a Condition,
    /// The mark along whose rows it goes; otherwise along the whole list.
    along: Option<&'a Mark>,
    order: CompanyOrder,
    descending: bool,
}

impl Search<'_> {
    async fn places(&mut self, wanted: &Wanted) -> Result<(Vec<Place>, i64), StoreError> {
        let condition = &wanted.filter.0;
        if let Some(along) = plain(condition, wanted.order.by)
            && wanted.offset == 0
            && wanted.limit > 0
        {
            return self.first(wanted, along).await;
        }
        let (along, known) = self.known(condition).await?;
        let total = match known {
            Some(known) => known,
            None => {
                let few = self.few(condition, along, wanted.order).await?;
                if few.len() <= self.most {
                    let total = i64::try_from(few.len()).unwrap_or(i64::MAX);
                    return Ok((cut(few, wanted), total));
                }
                self.count(condition, along).await?
            }
        };
        let most = i64::try_from(self.most).unwrap_or(i64::MAX);
        let in_index = plain(condition, wanted.order.by).is_some();
        if total <= most && !in_index {
            let few = self.few(condition, along, wanted.order).await?;
            return Ok((cut(few, wanted), total));
        }
        let along = along.filter(|_| wanted.order.by == CompanyOrder::Created);
        let places = self.walk(wanted, condition, along, total).await?;
        Ok((places, total))
    }

    /// The mark with the fewest companies among those that all must have, where going along it pays; and the total, where counters
    /// tell it.
    async fn known<'c>(
        &mut self,
        condition: &'c Condition,
    ) -> Result<(Option<&'c Mark>, Option<i64>), StoreError> {
        let parts = match condition {
            Condition::Constant(false) => return Ok((None, Some(0))),
            Condition::Constant(true) => return Ok((None, Some(self.all().await?))),
            Condition::Mark(mark, has) => {
                let having = self.total(&counter_kind(mark.as_str())).await?;
                return Ok(match has {
                    true => (Some(mark), Some(having)),
                    false => (None, Some(self.all().await? - having)),
                });
            }
            Condition::All(parts) => parts,
            Condition::Any(_)
            | Condition::Id(..)
            | Condition::Name(..)
            | Condition::Description(..)
            | Condition::Created(..)
            | Condition::LastSync(..)
            | Condition::TagContains(..) => return Ok((None, None)),
        };
        let mut fewest: Option<(&Mark, i64)> = None;
        for part in parts {
            if let Condition::Mark(mark, true) = part {
                let having = self.total(&counter_kind(mark.as_str())).await?;
                if fewest.is_none_or(|(_, least)| having < least) {
                    fewest = Some((mark, having));
                }
            }
        }
        Ok(match fewest {
            Some((_, 0)) => (None, Some(0)),
            // Each row of the mark's leads to one of the list's, which costs as much as ten (SQLite) or thirty (PostgreSQL) of the list's
            // rows in a row.
            Some((mark, having)) if having < self.all().await? / 32 => (Some(mark), None),
            Some(_) | None => (None, None),
        })
    }

    /// How many companies there are in all.
    async fn all(&mut self) -> Result<i64, StoreError> {
        self.total(counter::COMPANIES).await
    }

    async fn total(&mut self, kind: &str) -> Result<i64, StoreError> {
        let client = ClientId::from_uuid(self.client);
        counter::total(&mut *self.tx, client, kind).await
    }

    /// All that meet the condition, in order, as long as they are few; one more otherwise.
    async fn few(
        &mut self,
        condition: &Condition,
        along: Option<&Mark>,
        order: Order<CompanyOrder>,
    ) -> Result<Vec<Place>, StoreError> {
        use Piece::{Sql, Value};
        let mut pieces = vec![Sql(match order.by {
            CompanyOrder::Created => "WITH found AS MATERIALIZED (SELECT l.company_id, l.created",
            CompanyOrder::Name => {
                "WITH found AS MATERIALIZED (SELECT l.company_id, l.created, l.name"
            }
            CompanyOrder::LastSync => {
                "WITH found AS MATERIALIZED (SELECT l.company_id, l.created, l.last_sync"
            }
        })];
        self.from(along, &mut pieces);
        condition.sql(self.client, Way::Best, &mut pieces);
        let most = i64::try_from(self.most + 1).unwrap_or(i64::MAX);
        pieces.extend([
            Sql(" LIMIT "),
            Value(Bound::Int(most)),
            Sql(") SELECT company_id, created FROM found"),
            Sql(match (order.by, order.descending) {
                (CompanyOrder::Created, false) => " ORDER BY created, company_id",
                (CompanyOrder::Created, true) => " ORDER BY created DESC, company_id DESC",
                (CompanyOrder::Name, false) => " ORDER BY name, created, company_id",
                (CompanyOrder::Name, true) => " ORDER BY name DESC, created DESC, company_id DESC",
                (CompanyOrder::LastSync, false) => " ORDER BY last_sync, created, company_id",
                (CompanyOrder::LastSync, true) => {
                    " ORDER BY last_sync DESC, created DESC, company_id DESC"
                }
            }),
        ]);
        places_of(&self.run(Composed::join(pieces)).await?)
    }

    async fn count(
        &mut self,
        condition: &Condition,
        along: Option<&Mark>,
    ) -> Result<i64, StoreError> {
        let mut pieces = vec![Piece::Sql("SELECT COUNT(*)")];
        self.from(along, &mut pieces);
        condition.sql(self.client, Way::Best, &mut pieces);
        let rows = self.run(Composed::join(pieces)).await?;
        match rows.first() {
            Some(row) => row.get(0),
            None => Ok(0),
        }
    }

    /// The first page of a list that lies in an index, with its total: both are asked for at once.
    async fn first(
        &mut self,
        wanted: &Wanted,
        along: Option<&Mark>,
    ) -> Result<(Vec<Place>, i64), StoreError> {
        let walk = Walk {
            condition: &wanted.filter.0,
            along,
            order: wanted.order.by,
            descending: wanted.order.descending,
        };
        let kind = match along {
            None => counter::COMPANIES.to_owned(),
            Some(mark) => counter_kind(mark.as_str()),
        };
        let rows = self.along(&walk, wanted.limit.into(), 0, Some(kind));
        let rows = rows.await?;
        let total = rows.first().map_or(Ok(0), |row| row.get(2))?;
        Ok((places_of(&rows)?, total))
    }

    /// The page, out of a list whose length is known: from the end that it is nearer to.
    async fn walk(
        &mut self,
        wanted: &Wanted,
        condition: &Condition,
        along: Option<&Mark>,
        total: i64,
    ) -> Result<Vec<Place>, StoreError> {
        let length = i64::from(wanted.limit).min(total - wanted.offset);
        if length <= 0 {
            return Ok(Vec::new());
        }
        let after = total - wanted.offset - length;
        let backwards = after < wanted.offset;
        let walk = Walk {
            condition,
            along,
            order: wanted.order.by,
            descending: wanted.order.descending != backwards,
        };
        let skipped = if backwards { after } else { wanted.offset };
        let rows = self.along(&walk, length, skipped, None).await?;
        let mut places = places_of(&rows)?;
        if backwards {
            places.reverse();
        }
        Ok(places)
    }

    /// A part of the way: where the companies lie, each with the total of the counter that is named.
    async fn along(
        &mut self,
        walk: &Walk<'_>,
        length: i64,
        skipped: i64,
        counter: Option<String>,
    ) -> Result<Vec<Row>, StoreError> {
        use Piece::{Sql, Value};
        let plain = plain(walk.condition, walk.order).is_some();
        let mut pieces = vec![Sql(match (walk.along, plain) {
            (Some(_), true) => "SELECT m.company_id, m.created",
            (None, _) | (Some(_), false) => "SELECT l.company_id, l.created",
        })];
        if let Some(kind) = counter {
            pieces.extend([
                Sql(", (SELECT CAST(COALESCE(SUM(t.n), 0) AS BIGINT) FROM counter t WHERE t.client_id = "),
                Value(Bound::Uuid(self.client)),
                Sql(" AND t.kind = "),
                Value(Bound::Text(kind)),
                Sql(")"),
            ]);
        }
        // A mark says all there is to say where it is the whole condition, and its rows are in the order of creation.
        let in_marks = walk.along.is_some();
        match (walk.along, walk.condition) {
            (Some(mark), _) if plain => pieces.extend([
                Sql(" FROM company_mark m WHERE m.client_id = "),
                Value(Bound::Uuid(self.client)),
                Sql(" AND m.mark = "),
                Value(Bound::Text(mark.as_str().to_owned())),
            ]),
            (along, condition) => {
                self.from(along, &mut pieces);
                let way = match walk.order {
                    CompanyOrder::Name => Way::Best,
                    CompanyOrder::Created | CompanyOrder::LastSync => Way::InOrder,
                };
                condition.sql(self.client, way, &mut pieces);
            }
        }
        pieces.push(Sql(match (walk.order, walk.descending) {
            (CompanyOrder::Created, false) if in_marks => " ORDER BY m.created, m.company_id",
            (CompanyOrder::Created, true) if in_marks => {
                " ORDER BY m.created DESC, m.company_id DESC"
            }
            (CompanyOrder::Created, false) => " ORDER BY l.created, l.company_id",
            (CompanyOrder::Created, true) => " ORDER BY l.created DESC, l.company_id DESC",
            (CompanyOrder::Name, false) => " ORDER BY l.name, l.created, l.company_id",
            (CompanyOrder::Name, true) => {
                " ORDER BY l.name DESC, l.created DESC, l.company_id DESC"
            }
            (CompanyOrder::LastSync, false) => " ORDER BY l.last_sync, l.created, l.company_id",
            (CompanyOrder::LastSync, true) => {
                " ORDER BY l.last_sync DESC, l.created DESC, l.company_id DESC"
            }
        }));
        pieces.extend([
            Sql(" LIMIT "),
            Value(Bound::Int(length)),
            Sql(" OFFSET "),
            Value(Bound::Int(skipped)),
        ]);
        let composed = Composed::join(pieces);
        self.run(if plain { composed.kept() } else { composed })
            .await
    }

    /// From which rows: the client's, or those of a mark of its. A condition follows.
    fn from(&self, along: Option<&Mark>, pieces: &mut Vec<Piece>) {
        use Piece::{Sql, Value};
        let client = || Value(Bound::Uuid(self.client));
        match along {
            None => pieces.extend([
                Sql(" FROM company_list l WHERE l.client_id = "),
                client(),
                Sql(" AND "),
            ]),
            Some(mark) => pieces.extend([
                // SQLite takes the tables of a CROSS JOIN in this order.
                Sql(" FROM company_mark m CROSS JOIN company_list l WHERE m.client_id = "),
                client(),
                Sql(" AND m.mark = "),
                Value(Bound::Text(mark.as_str().to_owned())),
                Sql(" AND l.client_id = "),
                client(),
                Sql(" AND l.created = m.created AND l.company_id = m.company_id AND "),
            ]),
        }
    }

    async fn run(&mut self, composed: Composed) -> Result<Vec<Row>, StoreError> {
        self.tx.query_composed(&composed, self.deadline).await
    }
}

/// Where a condition is nothing but the rows of an index, in this order: the mark whose rows they are; none is the whole list's.
fn plain(condition: &Condition, order: CompanyOrder) -> Option<Option<&Mark>> {
    match condition {
        Condition::Constant(true) => Some(None),
        Condition::Mark(mark, true) if order == CompanyOrder::Created => Some(Some(mark)),
        Condition::Constant(false)
        | Condition::Mark(..)
        | Condition::All(_)
        | Condition::Any(_)
        | Condition::Id(..)
        | Condition::Name(..)
        | Condition::Description(..)
        | Condition::Created(..)
        | Condition::LastSync(..)
        | Condition::TagContains(..) => None,
    }
}

fn places_of(rows: &[Row]) -> Result<Vec<Place>, StoreError> {
    let place = |row: &Row| {
        Ok(Place {
            id: row.get(0)?,
            created: row.get(1)?,
        })
    };
    rows.iter().map(place).collect()
}

/// The page out of all of them.
fn cut(places: Vec<Place>, wanted: &Wanted) -> Vec<Place> {
    let skipped = usize::try_from(wanted.offset).unwrap_or(usize::MAX);
    let length = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    places.into_iter().skip(skipped).take(length).collect()
}
