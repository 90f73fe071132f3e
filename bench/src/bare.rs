//! The raw limit of the API's operations: a server that has routes doing one insert or one read and nothing else, with the product's own
//! database layer and HTTP library, and none of its front, keys, checks, events and audit.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use axum::extract::{Path as Part, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use handclasp_ambient::{SystemRandom, new_id};
use handclasp_domain::{ClientId, CompanyId};
use handclasp_store::{
    Database, Migration, Row, Store, StoreError, StoreOptions, statements, values,
};
use serde_json::{Value, json};

const MIGRATIONS: &[Migration] = &[Migration {
    version: "202611220000",
    name: "bare",
    sql: "CREATE TABLE bare (
        client_id {uuid} NOT NULL,
        id {uuid} NOT NULL,
        name {text} NOT NULL,
        description {text},
        tag {text} NOT NULL,
        created {int} NOT NULL,
        PRIMARY KEY (client_id, id)
    ) {keyed};
    CREATE INDEX bare_created ON bare (client_id, created, id);
    CREATE INDEX bare_tag ON bare (client_id, tag, created, id);",
}];

statements! {
    /// One row.
    INSERT = "INSERT INTO bare (client_id, id, name, description, tag, created) VALUES ($1, $2, $3, NULL, $4, $5)";
    /// One row.
    GET = "SELECT id, name, description, tag, created FROM bare WHERE client_id = $1 AND id = $2";
    /// A page.
    LIST = "SELECT id, name, description, tag, created FROM bare WHERE client_id = $1 ORDER BY created, id LIMIT 100";
    /// A page of those with a tag.
    BY_TAG = "SELECT id, name, description, tag, created FROM bare WHERE client_id = $1 AND tag = $2 ORDER BY created, id LIMIT 100";
}

#[derive(Clone)]
struct Bare {
    store: Store,
    client: ClientId,
}

type Answer = Result<Json<Value>, String>;

/// Serves until it is killed. `say` is told its address.
pub async fn serve(
    folder: &Path,
    postgres: Option<String>,
    say: impl FnOnce(SocketAddr),
) -> Result<()> {
    let database = match postgres {
        None => Database::Sqlite {
            path: folder.join("bare-route.db"),
        },
        Some(url) => Database::Postgres {
            url,
            pool_size: 20,
            prepared_statements: true,
        },
    };
    let mut options = StoreOptions::new(database);
    options.migrations = MIGRATIONS;
    let bare = Bare {
        store: Store::open(options).await?,
        client: new_id(&SystemRandom),
    };
    let router = Router::new()
        .route("/create", post(create))
        .route("/get/{id}", get(one))
        .route("/list", get(list))
        .route("/tag/{tag}", get(by_tag))
        .with_state(bare);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    say(listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn create(State(bare): State<Bare>, Json(new): Json<Value>) -> Answer {
    let name = new["name"].as_str().unwrap_or_default().to_owned();
    let tag = new["tags"]["group"].as_str().unwrap_or_default().to_owned();
    let id: CompanyId = new_id(&SystemRandom);
    let answer = json!({ "id": id.to_string(), "name": name, "description": null, "tag": tag, "created": 0 });
    let made: Result<(), StoreError> = bare
        .store
        .write(
            "bare",
            (bare.client, id, name, tag),
            |tx, (client, id, name, tag)| {
                Box::pin(async move {
                    tx.execute(&INSERT, values![client, id, name, tag, 0])
                        .await?;
                    Ok(())
                })
            },
        )
        .await;
    made.map_err(|error| error.to_string())?;
    Ok(Json(answer))
}

async fn one(State(bare): State<Bare>, Part(id): Part<String>) -> Answer {
    let id: CompanyId = id.parse().map_err(|_| "not an id".to_owned())?;
    let row = bare.store.query_opt(&GET, values![bare.client, id]).await;
    let row = row.map_err(|error| error.to_string())?;
    let row = row.ok_or_else(|| "not there".to_owned())?;
    Ok(Json(shown(&row).map_err(|error| error.to_string())?))
}

async fn list(State(bare): State<Bare>) -> Answer {
    page(bare.store.query(&LIST, values![bare.client]).await)
}

async fn by_tag(State(bare): State<Bare>, Part(tag): Part<String>) -> Answer {
    page(bare.store.query(&BY_TAG, values![bare.client, &tag]).await)
}

fn page(rows: Result<Vec<Row>, StoreError>) -> Answer {
    let rows = rows.map_err(|error| error.to_string())?;
    let shown: Result<Vec<Value>, StoreError> = rows.iter().map(shown).collect();
    Ok(Json(
        json!({ "results": shown.map_err(|error| error.to_string())? }),
    ))
}

fn shown(row: &Row) -> Result<Value, StoreError> {
    let id: CompanyId = row.get(0)?;
    Ok(json!({
        "id": id.to_string(),
        "name": row.get::<String>(1)?,
        "description": row.get::<Option<String>>(2)?,
        "tag": row.get::<String>(3)?,
        "created": row.get::<i64>(4)?,
    }))
}

/// The bare server as a process of its own, so that it has of the machine what the product has.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Process {
    /// Starts it.
    pub fn start(folder: &Path, postgres: Option<&str>) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").arg(folder);
        command.args(postgres);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().context("no output")?;
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line)?;
        ensure!(!line.is_empty(), "the bare server did not start");
        Ok(Self {
            child,
            address: line.trim().parse()?,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It holds nothing that anybody wants to keep.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
