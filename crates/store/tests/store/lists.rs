//! Lists of companies: what the database answers to random queries over random companies is what the reference says.

use std::time::{Duration, Instant};

use handclasp_domain::query::{
    CompanyOrder, CompanyProperty, Operand, Operator, Order, Property, PropertyKind, Query, TagKey,
    Test, parse_query,
};
use handclasp_domain::{
    ClientId, Company, CompanyId, CompanyName, Connection, ConnectionError, ConnectionErrorId,
    ConnectionId, ConnectionState, Id, PlatformKey, Products, SourceType, Tags, Timestamp, fold,
};
use handclasp_store::company_filter::Filter;
use handclasp_store::company_page::{self, Wanted};
use handclasp_store::{
    Database, Engine, MIGRATIONS, Store, StoreError, company, company_list, company_reference,
    connection, values,
};
use uuid::Uuid;

use crate::support::*;

/// Choices that are the same in every run.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn uuid(&mut self) -> Uuid {
        Uuid::from_u64_pair(
            self.next() << 11 ^ self.next(),
            self.next() << 11 ^ self.next(),
        )
    }

    fn text(&mut self) -> String {
        let letters = [
            "a", "B", "é", "É", "ß", "SS", "Σ", "ς", "株", " ", "%", "_", "\\", "'", "\"",
        ];
        (0..1 + self.below(3)).map(|_| self.one(&letters)).collect()
    }

    fn name(&mut self) -> String {
        CompanyName::parse(&self.text())
            .map_or_else(|_| "x".to_owned(), |name| name.as_str().to_owned())
    }

    fn at(&mut self) -> Timestamp {
        // Few, so that many are equal.
        Timestamp::from_seconds(1_700_000_000 + i64::try_from(self.below(12)).unwrap())
    }

    fn tags(&mut self) -> Tags {
        let keys = ["region", "Region", "a=b", "ключ"];
        let values = ["UK", "uk", "Ünited", "", "a#region\u{a0}b", "k"];
        let count = self.below(4);
        let pairs: std::collections::BTreeMap<_, _> = (0..count)
            .map(|_| (self.one(&keys).to_owned(), self.one(&values).to_owned()))
            .collect();
        Tags::parse(pairs).unwrap()
    }
}

const PLATFORMS: [(&str, &str, SourceType); 4] = [
    ("aaaa", "Ledger", SourceType::Accounting),
    ("bbbb", "LEDGER Plus", SourceType::Accounting),
    ("cccc", "Bänk", SourceType::Banking),
    ("dddd", "Shop", SourceType::Commerce),
];

fn platforms() -> Vec<(PlatformKey, &'static str)> {
    PLATFORMS
        .iter()
        .map(|(key, name, _)| (key.parse().unwrap(), *name))
        .collect()
}

struct Known {
    company: Company,
    connections: Vec<Connection>,
}

/// What a query finds in a company.
fn of_company(known: &Known, property: CompanyProperty) -> Vec<Operand> {
    let text = |text: &str| Operand::Text(fold(text));
    let connections = known.connections.iter();
    match property {
        CompanyProperty::Id => vec![Operand::Id(known.company.id.uuid())],
        CompanyProperty::Name => vec![text(known.company.name.as_str())],
        CompanyProperty::Description => known.company.description.iter().map(|d| text(d)).collect(),
        CompanyProperty::Created => vec![Operand::Instant(known.company.created)],
        CompanyProperty::LastSync => known
            .company
            .last_sync
            .into_iter()
            .map(Operand::Instant)
            .collect(),
        CompanyProperty::Status => connections.map(|one| text(one.status().as_str())).collect(),
        CompanyProperty::SourceType => connections
            .map(|one| text(one.source_type.as_str()))
            .collect(),
        CompanyProperty::PlatformName => connections
            .map(|one| {
                let key = one.platform_key.as_str();
                text(
                    PLATFORMS
                        .iter()
                        .find(|(known, ..)| *known == key)
                        .unwrap()
                        .1,
                )
            })
            .collect(),
    }
}

fn of_tags(known: &Known, key: &TagKey) -> Vec<Operand> {
    let value = known.company.tags.as_map().get(key.as_str());
    value
        .map(|value| Operand::Text(fold(value)))
        .into_iter()
        .collect()
}

/// By what companies are ordered.
fn place(known: &Known, by: CompanyOrder) -> (Option<Timestamp>, String, Timestamp, CompanyId) {
    let company = &known.company;
    let (synced, name) = match by {
        CompanyOrder::Created => (None, String::new()),
        CompanyOrder::Name => (None, fold(company.name.as_str())),
        CompanyOrder::LastSync => (company.last_sync, String::new()),
    };
    (synced, name, company.created, company.id)
}

fn query_of<P: Property>(
    draw: &mut Draw,
    depth: usize,
    test: &mut impl FnMut(&mut Draw) -> Test<P>,
) -> Query<P> {
    match draw.below(if depth == 0 { 1 } else { 4 }) {
        0 | 1 => Query::Test(test(draw)),
        group => {
            let parts = (0..2 + draw.below(2))
                .map(|_| query_of(draw, depth - 1, test))
                .collect();
            if group == 2 {
                Query::All(parts)
            } else {
                Query::Any(parts)
            }
        }
    }
}

fn test_of_company(draw: &mut Draw, ids: &[CompanyId]) -> Test<CompanyProperty> {
    let property = draw.one(CompanyProperty::ALL);
    let kind = property.kind();
    let taken: Vec<Operator> = Operator::ALL
        .into_iter()
        .filter(|one| kind.takes(*one))
        .collect();
    let operator = draw.one(&taken);
    let operand = match (kind, property) {
        (PropertyKind::Id, _) if draw.below(4) == 0 => Operand::Id(draw.uuid()),
        (PropertyKind::Id, _) => Operand::Id(draw.one(ids).uuid()),
        (PropertyKind::Text, CompanyProperty::PlatformName) => {
            Operand::Text(fold(draw.one(&["ledger", "e", "BÄNK", "Shop", "zz"])))
        }
        (PropertyKind::Text | PropertyKind::Tag, _) if draw.below(9) == 0 => {
            Operand::Text(String::new())
        }
        (PropertyKind::Text | PropertyKind::Tag, _) => Operand::Text(fold(&draw.text())),
        (PropertyKind::Word(words), _) => Operand::Text(fold(draw.one(words))),
        (PropertyKind::Instant, _) => Operand::Instant(draw.at()),
        (PropertyKind::Bool, _) => Operand::Bool(true),
    };
    Test {
        property,
        operator,
        operand,
    }
}

fn test_of_tag(draw: &mut Draw) -> Test<TagKey> {
    let key = draw.one(&["region", "Region", "a=b", "ключ", "none"]);
    Test {
        property: TagKey::named(key).unwrap().0,
        operator: draw.one(&[Operator::Equal, Operator::NotEqual, Operator::Contains]),
        operand: Operand::Text(fold(
            draw.one(&["uk", "U", "", "region", "k", "ünited", "#"]),
        )),
    }
}

/// The product's own schema, empty.
pub(crate) async fn product(db: &Fresh) -> Store {
    let mut options = db.options.clone();
    options.migrations = MIGRATIONS;
    match db.engine() {
        Engine::Sqlite => {
            options.database = Database::Sqlite {
                path: db.path("product.db"),
            }
        }
        Engine::Postgres => {
            let drop = "DROP TABLE part, thing, schema_migration, schema_lock";
            connect(db.url()).await.batch_execute(drop).await.unwrap();
        }
    }
    Store::open(options).await.unwrap()
}

fn state(draw: &mut Draw) -> ConnectionState {
    let since = Timestamp::from_seconds(1);
    draw.one(&[
        ConnectionState::PendingAuth,
        ConnectionState::AwaitingConfirmation { since },
        ConnectionState::Linked { since },
        ConnectionState::Unlinked { since },
        ConnectionState::Deauthorized { since },
    ])
}

/// Makes companies in the ways in which they come and change.
async fn make(store: &Store, draw: &mut Draw, client: ClientId, count: usize) -> Vec<Known> {
    let mut made = Vec::new();
    for _ in 0..count {
        let mut known = Known {
            company: Company {
                client,
                id: CompanyId::from_uuid(draw.uuid()),
                name: CompanyName::from_stored(draw.name()),
                description: (draw.below(3) > 0).then(|| draw.text()),
                tags: draw.tags(),
                products: Products::default(),
                parent: None,
                created: draw.at(),
                created_by: None,
                last_sync: None,
            },
            connections: Vec::new(),
        };
        let first = known.company.clone();
        store
            .write("insert", first, |tx, new| {
                Box::pin(company::insert(tx, new))
            })
            .await
            .unwrap();
        for _ in 0..draw.below(4) {
            connect_one(store, draw, &mut known).await;
        }
        change(store, draw, &mut known).await;
        if draw.below(8) == 0 {
            remove(store, known).await;
        } else {
            made.push(known);
        }
    }
    made
}

async fn connect_one(store: &Store, draw: &mut Draw, known: &mut Known) {
    let (key, _, source_type) = draw.one(&PLATFORMS);
    let new = Connection {
        client: known.company.client,
        company: known.company.id,
        id: ConnectionId::from_uuid(draw.uuid()),
        platform_key: key.parse().unwrap(),
        source_type,
        state: ConnectionState::PendingAuth,
        third_party: None,
        created: draw.at(),
        last_sync: None,
        version: 1,
    };
    let added = new.clone();
    store
        .write("connect", added, |tx, new| {
            Box::pin(connection::insert(tx, new))
        })
        .await
        .unwrap();
    let mut now = new.clone();
    (now.state, now.version) = (state(draw), 2);
    let moved = store.write("move", (new, now.clone()), |tx, (was, now)| {
        Box::pin(connection::update(tx, now, was))
    });
    assert!(moved.await.unwrap());
    if draw.below(5) > 0 {
        known.connections.push(now);
        return;
    }
    let gone = store.write("disconnect", now, |tx, gone| {
        Box::pin(connection::delete(tx, gone))
    });
    assert!(gone.await.unwrap());
}

async fn change(store: &Store, draw: &mut Draw, known: &mut Known) {
    if draw.below(3) == 0 {
        let was = known.company.clone();
        known.company.name = CompanyName::from_stored(draw.name());
        known.company.tags = draw.tags();
        known.company.description = (draw.below(2) > 0).then(|| draw.text());
        let both = (was, known.company.clone());
        store
            .write("update", both, |tx, (was, now)| {
                Box::pin(company_list::update(tx, was, now))
            })
            .await
            .unwrap();
    }
    if draw.below(3) == 0 {
        let at = draw.at();
        known.company.last_sync = Some(at);
        let input = (known.company.client, known.company.id, at);
        store
            .write("synced", input, |tx, (client, id, at)| {
                Box::pin(company_list::synced(tx, *client, *id, *at))
            })
            .await
            .unwrap();
    }
}

async fn remove(store: &Store, known: Known) {
    store
        .write("remove", known, |tx, known| {
            Box::pin(async move {
                for one in &known.connections {
                    assert!(connection::delete(tx, one).await?);
                }
                let company = &known.company;
                // Its own row has the tags that it was created with: what is in the lists goes by what is in the row.
                let held = company::find(tx, company.client, company.id)
                    .await?
                    .unwrap();
                company_list::update(tx, company, &held).await?;
                company::delete(tx, company.client, company.id, Timestamp::from_seconds(1)).await
            })
        })
        .await
        .unwrap();
}

async fn ask(store: &Store, client: ClientId, wanted: Wanted, few: usize) -> (Vec<CompanyId>, i64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let (companies, total) = store
        .read("page", (client, wanted), move |tx, (client, wanted)| {
            Box::pin(company_page::page_where_few(
                tx, *client, wanted, deadline, few,
            ))
        })
        .await
        .unwrap();
    (
        companies.into_iter().map(|one| one.company.id).collect(),
        total,
    )
}

handclasp_store::statements! {
    /// The counts of one client's marks that are not 0.
    COUNTS = "SELECT kind, CAST(SUM(n) AS BIGINT) FROM counter WHERE client_id = $1 GROUP BY kind";
    /// The marks of one client.
    MARKS = "SELECT mark, COUNT(*) FROM company_mark WHERE client_id = $1 GROUP BY mark";
    /// How long a statement may take on PostgreSQL, in milliseconds.
    LIMIT = "SELECT CAST(extract(epoch FROM CAST(current_setting('statement_timeout') AS interval)) * 1000 AS BIGINT)";
    /// The rows of one client.
    ROWS = "SELECT COUNT(*) FROM company_list WHERE client_id = $1";
}

both_engines! {
    async fn random_queries_are_answered_as_the_reference_answers_them(db: &Fresh) {
        let store = product(db).await;
        let mut draw = Draw(0x9e37_79b9_7f4a_7c15);
        let clients = [ClientId::from_uuid(draw.uuid()), ClientId::from_uuid(draw.uuid())];
        let mut lists = Vec::new();
        for (client, count) in clients.into_iter().zip([90, 30]) {
            lists.push((client, make(&store, &mut draw, client, count).await));
        }
        let orders = [CompanyOrder::Created, CompanyOrder::Name, CompanyOrder::LastSync];
        for round in 0..400 {
            let (client, known) = &lists[usize::from(round % 5 == 0)];
            let ids: Vec<CompanyId> = known.iter().map(|one| one.company.id).collect();
            let query = (draw.below(8) > 0)
                .then(|| query_of(&mut draw, 3, &mut |draw| test_of_company(draw, &ids)));
            let tags = (draw.below(3) == 0).then(|| query_of(&mut draw, 2, &mut test_of_tag));
            let order = Order { by: draw.one(&orders), descending: draw.below(2) == 0 };

            let mut expected: Vec<&Known> = known
                .iter()
                .filter(|one| {
                    query.as_ref().is_none_or(|query| query.holds(&|property| of_company(one, *property)))
                        && tags.as_ref().is_none_or(|query| query.holds(&|key| of_tags(one, key)))
                })
                .collect();
            expected.sort_by_key(|one| place(one, order.by));
            if order.descending { expected.reverse(); }

            let offset = if draw.below(3) == 0 { 0 } else { draw.below(100) };
            let limit = 1 + draw.below(40);
            let page: Vec<CompanyId> =
                expected.iter().skip(offset).take(limit).map(|one| one.company.id).collect();
            let wanted = Wanted {
                filter: Filter::new(query.as_ref(), tags.as_ref(), &platforms()),
                order,
                limit: u32::try_from(limit).unwrap(),
                offset: i64::try_from(offset).unwrap(),
            };
            let total = i64::try_from(expected.len()).unwrap();
            for few in [0, 7, 2_000] {
                let found = ask(&store, *client, wanted.clone(), few).await;
                let said = format!(
                    "round {round}, {few}: {:?} {:?} {order:?}",
                    query.as_ref().map(ToString::to_string), tags.as_ref().map(ToString::to_string),
                );
                assert_eq!(found.1, total, "{said}");
                assert_eq!(found.0, page, "{said}");
            }
        }
    }

    async fn a_company_on_a_page_is_what_it_is_alone(db: &Fresh) {
        let store = product(db).await;
        let mut draw = Draw(31);
        let client = ClientId::from_uuid(draw.uuid());
        // More than are looked up at a time.
        let made = make(&store, &mut draw, client, 260).await;
        for pair in made.chunks(3).filter(|pair| pair.len() == 3) {
            let parent = pair[0].company.id;
            for child in &pair[1..] {
                let input = (client, child.company.id, parent);
                store.write("belong", input, |tx, (client, child, parent)| Box::pin(
                    company_reference::set_parent(tx, *client, *child, None, Some(*parent))
                )).await.unwrap();
            }
            for known in pair {
                for one in &known.connections {
                    for _ in 0..draw.below(3) {
                        let id = ConnectionErrorId::from_uuid(draw.uuid());
                        let error = ConnectionError {
                            status_code: "500".to_owned(),
                            status_text: draw.text(),
                            error_message: draw.text(),
                            errored_at: draw.at(),
                            resolved_at: (draw.below(2) == 0).then(|| draw.at()),
                        };
                        store.write("error", (client, one.id, id, error), |tx, (client, one, id, error)| Box::pin(
                            connection::insert_error(tx, *client, *one, *id, error)
                        )).await.unwrap();
                    }
                }
            }
        }
        let wanted = Wanted {
            filter: Filter::new(None, None, &[]),
            order: Order { by: CompanyOrder::Name, descending: true },
            limit: 1_000,
            offset: 0,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        let (page, _) = store.read("page", wanted, move |tx, wanted| {
            Box::pin(company_page::page(tx, client, wanted, deadline))
        }).await.unwrap();
        assert_eq!(page.len(), made.len());
        assert!(page.iter().any(|one| one.parent.is_some()));
        assert!(page.iter().any(|one| one.subsidiaries.len() > 1));
        assert!(page.iter().any(|one| one.connections.iter().any(|one| one.errors.len() > 1)));
        for one in page {
            let alone = company::find_whole(&mut &store, client, one.company.id).await.unwrap();
            assert_eq!(Some(one), alone);
        }
    }

    async fn counts_follow_and_nothing_is_left_of_what_is_gone(db: &Fresh) {
        let store = product(db).await;
        let mut draw = Draw(77);
        let client = ClientId::from_uuid(draw.uuid());
        let made = make(&store, &mut draw, client, 40).await;
        let count = i64::try_from(made.len()).unwrap();
        let rows = store.query(&ROWS, values![client]).await.unwrap();
        assert_eq!(rows[0].get::<i64>(0).unwrap(), count);
        let mut marks = std::collections::BTreeMap::new();
        for row in store.query(&MARKS, values![client]).await.unwrap() {
            marks.insert(format!("mark:{}", row.get::<String>(0).unwrap()), row.get::<i64>(1).unwrap());
        }
        for row in store.query(&COUNTS, values![client]).await.unwrap() {
            let (kind, n) = (row.get::<String>(0).unwrap(), row.get::<i64>(1).unwrap());
            let expected = if kind == "companies" { count } else { marks.remove(&kind).unwrap_or(0) };
            assert_eq!(n, expected, "{kind}");
        }
        assert!(marks.is_empty(), "{marks:?}");

        for known in made {
            remove(&store, known).await;
        }
        assert_eq!(store.query(&ROWS, values![client]).await.unwrap()[0].get::<i64>(0).unwrap(), 0);
        assert!(store.query(&MARKS, values![client]).await.unwrap().is_empty());
        for row in store.query(&COUNTS, values![client]).await.unwrap() {
            let kind = row.get::<String>(0).unwrap();
            // What a tag said is not to be read from the counts either.
            assert!(!kind.starts_with("mark:#"), "{kind}");
            assert_eq!(row.get::<i64>(1).unwrap(), 0);
        }
    }

    async fn what_is_not_done_in_time_is_stopped(db: &Fresh) {
        let store = product(db).await;
        let mut draw = Draw(5);
        let client = ClientId::from_uuid(draw.uuid());
        make(&store, &mut draw, client, 60).await;
        // Each of them is looked for in each of the others' rows, on and on.
        let query = parse_query(&vec!["description~zzz"; 64].join("||")).unwrap();
        let wanted = Wanted {
            filter: Filter::new(query.as_ref(), None, &[]),
            order: Order { by: CompanyOrder::Name, descending: false },
            limit: 100,
            offset: 0,
        };
        let late = Instant::now();
        let stopped = store.read("page", (client, wanted.clone()), move |tx, (client, wanted)| {
            Box::pin(company_page::page(tx, *client, wanted, late))
        }).await;
        assert!(matches!(stopped, Err(StoreError::TooSlow)), "{stopped:?}");
        // And all goes on, on every connection.
        for _ in 0..20 {
            assert_eq!(ask(&store, client, wanted.clone(), 10).await, (Vec::new(), 0));
        }
    }
}

/// As many companies, with a connection each, as an operator's import would bring before the server was ever analyzed.
async fn import(url: &str, client: ClientId, companies: u32) {
    let sql = format!(
        "INSERT INTO company (client_id, id, name, tags, products, created)
            SELECT '{client}', gen_random_uuid(), 'Name ' || i, '{{}}', '[]', i FROM generate_series(1, {companies}) i;
        INSERT INTO company_list (client_id, created, company_id, name, last_sync, tags, connections)
            SELECT client_id, created, id, lower(name), 0, '', '' FROM company;
        INSERT INTO connection (client_id, id, company_created, company_id, platform_key, source_type, state, created, version)
            SELECT client_id, gen_random_uuid(), created, id, 'aaaa', 'Accounting', 'PendingAuth', created, 1 FROM company;
        INSERT INTO counter (client_id, kind, slot, n) VALUES ('{client}', 'companies', 7, {companies})",
        client = client.uuid(),
    );
    connect(url).await.batch_execute(&sql).await.unwrap();
}

#[test]
fn before_its_first_analysis_postgres_reads_a_page_and_not_a_clients_rows() {
    on_postgres(async |db| {
        let store = product(db).await;
        let direct = connect(db.url()).await;
        for table in ["company", "company_list", "connection"] {
            let off = format!("ALTER TABLE {table} SET (autovacuum_enabled = off)");
            direct.batch_execute(&off).await.unwrap();
        }
        let client = ClientId::from_uuid(Uuid::from_u128(1));
        let wanted = |by, descending| Wanted {
            filter: Filter::everything(),
            order: Order { by, descending },
            limit: 100,
            offset: 0,
        };
        let by = [
            CompanyOrder::Created,
            CompanyOrder::Name,
            CompanyOrder::LastSync,
        ];
        // The plans are made while there is nothing, and kept.
        for by in by {
            assert_eq!(ask(&store, client, wanted(by, false), 100).await.1, 0);
        }
        import(db.url(), client, 3_000).await;
        let mut pages = 0;
        for by in by {
            for descending in [false, true] {
                let (page, total) = ask(&store, client, wanted(by, descending), 100).await;
                assert_eq!((page.len(), total), (100, 3_000));
                pages += 1;
            }
        }
        // What a session read is told when it ends.
        store.close().await;
        let read = "SELECT relname::text, CAST(seq_tup_read + COALESCE(idx_tup_fetch, 0) AS BIGINT) FROM pg_stat_user_tables
            WHERE relname IN ('company', 'company_list', 'connection')";
        let mut seen = Vec::new();
        for _ in 0..100 {
            let rows = direct.query(read, &[]).await.unwrap();
            seen = rows
                .iter()
                .map(|row| (row.get(0), row.get(1)))
                .collect::<Vec<(String, i64)>>();
            if seen.iter().all(|(_, read)| *read >= pages * 100) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // Importing reads each row of `company` once or twice.
        let most = |table: &str| pages * 100 + if table == "company" { 6_000 } else { 0 };
        for (table, read) in &seen {
            assert!(*read >= pages * 100 && *read <= most(table), "{seen:?}");
        }
    });
}

#[test]
fn what_is_read_after_a_query_has_its_own_time() {
    on_postgres(async |db| {
        let store = product(db).await;
        let client = ClientId::from_uuid(Uuid::from_u128(1));
        let filters = [None, Some("name~a")];
        for query in filters {
            let query = query.map(|text| parse_query(text).unwrap().unwrap());
            let wanted = Wanted {
                filter: Filter::new(query.as_ref(), None, &[]),
                order: Order {
                    by: CompanyOrder::Name,
                    descending: false,
                },
                limit: 100,
                offset: 0,
            };
            let limit = store.read("page", (client, wanted), |tx, (client, wanted)| {
                Box::pin(async move {
                    let deadline = Instant::now() + Duration::from_millis(700);
                    company_page::page(tx, *client, wanted, deadline).await?;
                    tx.query_one(&LIMIT, &[]).await?.get::<i64>(0)
                })
            });
            let usual = i64::try_from(db.options.time_limit.as_millis()).unwrap();
            assert_eq!(limit.await.unwrap(), usual);
        }
    });
}
