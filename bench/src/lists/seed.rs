//! Many companies, made in the database itself, past the product: through it a million would take minutes.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use handclasp_domain::{ClientId, Id};
use handclasp_integrations::{Catalogue, Origins};
use rusqlite::Connection;
use url::Url;

use crate::database::connect;

/// How many companies a list has, and so how many of each sort.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) companies: u32,
}

impl Size {
    /// So many, to the full thousand.
    pub(super) const fn new(companies: u32) -> Self {
        Self {
            companies: companies / 1_000 * 1_000,
        }
    }

    pub(super) fn all(self) -> i64 {
        self.companies.into()
    }

    /// Those with the tag.
    pub(super) fn tagged(self) -> i64 {
        self.all() / 10
    }

    /// Those with a linked connection.
    pub(super) fn linked(self) -> i64 {
        self.all() / 2
    }

    /// Those with a connection whose access the third party ended; none of them has a linked one.
    pub(super) fn deauthorized(self) -> i64 {
        self.all() / 1_000
    }

    pub(super) fn linked_or_deauthorized(self) -> i64 {
        self.linked() + self.deauthorized()
    }

    /// A hundred have a name of their own, none of which is deauthorized.
    pub(super) fn zebra_or_deauthorized(self) -> i64 {
        self.deauthorized() + 100
    }

    pub(super) fn bakeries(self) -> i64 {
        self.all() / 100
    }

    pub(super) fn tagged_bakeries(self) -> i64 {
        self.all() / 100
    }

    pub(super) fn described(self) -> i64 {
        self.all() / 20
    }
}

/// Which database, and how it is reached.
pub(super) enum Seed {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Seed {
    /// Fills it: as many companies for the client as are wanted, a thousand for the other.
    pub(super) async fn fill(&self, size: Size, client: ClientId, other: ClientId) -> Result<()> {
        let parts = [(client, size.companies), (other, 1_000)];
        match self {
            Self::Sqlite(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || {
                    let connection = Connection::open(path)?;
                    connection.execute_batch(
                        "PRAGMA synchronous = OFF; PRAGMA cache_size = -800000; PRAGMA temp_store = MEMORY",
                    )?;
                    for (client, companies) in parts {
                        connection.execute_batch(&sqlite(client, companies)?)?;
                    }
                    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
                    anyhow::Ok(())
                })
                .await?
            }
            Self::Postgres(url) => {
                let database = connect(url).await?;
                for (client, companies) in parts {
                    database
                        .batch_execute(&postgres(client, companies)?)
                        .await?;
                }
                // What autovacuum does in time. While something else has a snapshot that is older than the rows, as an analysis of its
                // own, it leaves them as they are, and deep pages take forty times as long.
                for _ in 0..60 {
                    database.batch_execute("VACUUM ANALYZE").await?;
                    let seen = "SELECT relallvisible * 10 > relpages * 9 FROM pg_class WHERE relname = 'company_list'";
                    if database.query_one(seen, &[]).await?.get(0) {
                        return Ok(());
                    }
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                bail!("VACUUM finds that others may not see the companies yet")
            }
        }
    }
}

/// Two integrations that there are, with what kinds they are of.
fn integrations() -> Result<[(String, &'static str); 2]> {
    let url = Url::parse("http://127.0.0.1:1")?;
    let catalogue = Catalogue::embedded(&Origins::new(&url)?)?;
    let mut all = catalogue
        .iter()
        .map(|one| (one.key.to_string(), one.source_type.as_str()));
    let first = all.next().context("no integration")?;
    let second = all.next().unwrap_or_else(|| first.clone());
    Ok([first, second])
}

fn sqlite(client: ClientId, companies: u32) -> Result<String> {
    let words = Words {
        client: format!("x'{}'", client.uuid().simple()),
        numbers: format!(
            "WITH RECURSIVE numbers (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < {} - 1)",
            companies
        ),
        from: "numbers",
        random: "randomblob(16)",
        blob: "BLOB",
        // Not of its own id: companies with names next to each other would lie next to each other.
        digits: "lower(hex(substr(first, 1, 4)))",
    };
    words.script(companies)
}

fn postgres(client: ClientId, companies: u32) -> Result<String> {
    let words = Words {
        client: format!("CAST('{}' AS uuid)", client.uuid()),
        numbers: String::new(),
        from: "",
        random: "gen_random_uuid()",
        blob: "UUID",
        digits: "substr(CAST(first AS TEXT), 1, 8)",
    };
    let script = words.script(companies)?;
    Ok(script.replace(
        " FROM  ",
        &format!(" FROM (SELECT CAST(generate_series AS BIGINT) AS i FROM generate_series(0, {companies} - 1)) numbers "),
    ))
}

/// What the engines call differently.
struct Words {
    client: String,
    numbers: String,
    from: &'static str,
    random: &'static str,
    blob: &'static str,
    digits: &'static str,
}

impl Words {
    /// One in two has a linked connection, one in ten a tag, one in a hundred is a bakery (and has the tag), one in a thousand is
    /// deauthorized, and a hundred are named after the zebra, however many there are. Rows are written in the order of creation, as the
    /// product writes them.
    fn script(&self, companies: u32) -> Result<String> {
        let Self {
            client,
            numbers,
            from,
            random,
            blob,
            digits,
        } = self;
        let [(first, first_kind), (second, second_kind)] = integrations()?;
        let each_zebra = companies / 100;
        let status = "CASE WHEN i % 1000 = 1 THEN 'Deauthorized' WHEN i % 2 = 0 THEN 'Linked' ELSE 'PendingAuth' END";
        let around = "\u{1e}";
        let tag = "#region\u{1f}uk";
        let kinds = if first_kind == second_kind {
            format!("{first_kind}{around}")
        } else {
            format!("{first_kind}{around}{second_kind}{around}")
        };
        let platforms = if first == second {
            format!("{first}{around}")
        } else {
            format!("{first}{around}{second}{around}")
        };
        let statuses = format!(
            "CASE WHEN i % 1000 = 1 THEN 'Deauthorized{around}PendingAuth' WHEN i % 2 = 0 THEN 'Linked{around}PendingAuth' ELSE 'PendingAuth' END"
        );
        let tagged = "i % 10 = 0";
        let mark = |mark: &str, n: &str, condition: &str| {
            format!(
                "INSERT INTO company_mark (client_id, mark, created, company_id, n)
                SELECT {client}, {mark}, at, id, {n} FROM seeding WHERE {condition} ORDER BY at;\n"
            )
        };
        let mut marks = String::new();
        marks += &mark(&format!("'{tag}'"), "1", tagged);
        marks += &mark("'Linked'", "1", "i % 2 = 0");
        marks += &mark("'Deauthorized'", "1", "i % 1000 = 1");
        marks += &mark(
            "'PendingAuth'",
            "CASE WHEN i % 2 = 1 AND i % 1000 <> 1 THEN 2 ELSE 1 END",
            "1 = 1",
        );
        let same_kind = if first_kind == second_kind { "2" } else { "1" };
        marks += &mark(&format!("'{first_kind}'"), same_kind, "1 = 1");
        if first_kind != second_kind {
            marks += &mark(&format!("'{second_kind}'"), "1", "1 = 1");
        }
        let same = if first == second { "2" } else { "1" };
        marks += &mark(&format!("'{first}'"), same, "1 = 1");
        if first != second {
            marks += &mark(&format!("'{second}'"), "1", "1 = 1");
        }
        Ok(format!(
            "BEGIN;
            CREATE TEMPORARY TABLE seeding (i BIGINT, id {blob}, first {blob}, second {blob}, at BIGINT, name TEXT, description TEXT);
            INSERT INTO seeding (i, id, first, second, at)
                {numbers} SELECT i, {random}, {random}, {random}, 1700000000000000 + i * 1000000 FROM {from} ;
            UPDATE seeding SET
                name = CASE WHEN i % {each_zebra} = 4 THEN 'Zebra ' WHEN i % 100 = 50 THEN 'The Bakery ' ELSE 'Customer ' END || {digits},
                description = CASE WHEN i % 20 = 3 THEN 'Has paid so far.' WHEN i % 4 = 0 THEN 'Nothing to be said.' END;
            INSERT INTO company (client_id, id, name, description, tags, products, created, created_by, last_sync)
                SELECT {client}, id, name, description, CASE WHEN {tagged} THEN '{{\"region\":\"UK\"}}' ELSE '{{}}' END, '[]', at, NULL,
                    CASE WHEN i % 3 = 0 THEN at + 7 END FROM seeding ORDER BY i;
            INSERT INTO company_list (client_id, created, company_id, name, last_sync, tags, connections, description)
                SELECT {client}, at, id, lower(name), CASE WHEN i % 3 = 0 THEN at + 7 ELSE 0 END,
                    CASE WHEN {tagged} THEN '{around}{tag}{around}' ELSE '{around}' END,
                    '{around}' || {statuses} || '{around}{kinds}{platforms}', lower(description) FROM seeding ORDER BY at;
            INSERT INTO connection (client_id, id, company_created, company_id, platform_key, source_type, state, state_since, third_party_id,
                third_party_name, created, last_sync, version)
                SELECT {client}, first, at, id, '{first}', '{first_kind}', {status}, at, NULL, NULL, at + 1, NULL, 1 FROM seeding ORDER BY i;
            INSERT INTO connection (client_id, id, company_created, company_id, platform_key, source_type, state, state_since, third_party_id,
                third_party_name, created, last_sync, version)
                SELECT {client}, second, at, id, '{second}', '{second_kind}', 'PendingAuth', NULL, NULL, NULL, at + 2, NULL, 1
                FROM seeding ORDER BY i;
            {marks}
            INSERT INTO counter (client_id, kind, slot, n)
                SELECT {client}, 'mark:' || mark, 7, COUNT(*) FROM company_mark WHERE client_id = {client} GROUP BY mark;
            INSERT INTO counter (client_id, kind, slot, n) SELECT {client}, 'companies', 7, COUNT(*) FROM seeding;
            DROP TABLE seeding;
            COMMIT;"
        ))
    }
}
