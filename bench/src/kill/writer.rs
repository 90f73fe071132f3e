//! A writer: one request after the other, each answer noted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use uuid::Uuid;

use super::ledger::{Ledger, Thing};
use crate::client::{self, Client};
use crate::draw::Draw;
use crate::server::{Key, text_at};

/// How long to wait after a request that had no answer, or none but 503.
const PAUSE: Duration = Duration::from_millis(5);
/// How many companies a writer keeps in mind to work on.
const IN_MIND: usize = 64;

/// What a writer works with.
pub(crate) struct Writer {
    pub(crate) number: usize,
    pub(crate) draw: Draw,
    pub(crate) key: Key,
    pub(crate) processes: Vec<SocketAddr>,
    pub(crate) public: SocketAddr,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) stop: Arc<AtomicBool>,
    /// A pause after each request, so that a slow build is not drowned.
    pub(crate) breath: Duration,
}

#[derive(Default)]
struct Company {
    id: Uuid,
    connections: Vec<Uuid>,
    /// A connection may have come into being that nobody was told of.
    perhaps_more: bool,
}

/// What a request came to.
enum Outcome {
    Done(Value),
    /// No answer, or one that asks to come back: whether it happened is not known.
    Unknown,
}

impl Writer {
    /// Writes until told to stop. An answer that is neither success nor 503 is an error.
    pub(crate) async fn run(self) -> Result<()> {
        let mut clients: Vec<_> = self.processes.iter().map(|at| Client::new(*at)).collect();
        let mut companies: Vec<Company> = Vec::new();
        let mut count = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let client = self.draw.below(clients.len());
            let client = &mut clients[client];
            let choice = self.draw.below(100);
            if companies.is_empty() || choice < 60 {
                count += 1;
                self.create_company(client, &mut companies, count).await?;
            } else {
                let chosen = self.draw.below(companies.len());
                match choice {
                    60..90 => {
                        self.create_connection(client, &mut companies[chosen])
                            .await?
                    }
                    90..96 => {
                        self.delete_connection(client, &mut companies[chosen])
                            .await?
                    }
                    _ => {
                        let company = companies.swap_remove(chosen);
                        self.delete_company(client, company).await?;
                    }
                }
            }
            if companies.len() > IN_MIND {
                companies.swap_remove(self.draw.below(IN_MIND));
            }
            if !self.breath.is_zero() {
                tokio::time::sleep(self.breath).await;
            }
        }
        Ok(())
    }

    async fn create_company(
        &self,
        client: &mut Client,
        companies: &mut Vec<Company>,
        count: usize,
    ) -> Result<()> {
        let body = format!(r#"{{"name":"kill-{}-{count}"}}"#, self.number);
        if let Outcome::Done(made) = self.send(client, "POST", "/api/companies", &body).await? {
            let id = text_at(&made, "/id")?.parse()?;
            self.ledger.created(Thing::Company(id));
            companies.push(Company {
                id,
                ..Company::default()
            });
        }
        Ok(())
    }

    async fn create_connection(&self, client: &mut Client, company: &mut Company) -> Result<()> {
        let path = format!("/api/companies/{}/connections", company.id);
        match self
            .send(client, "POST", &path, r#"{"platformKey":"mqjo"}"#)
            .await?
        {
            Outcome::Done(made) => {
                let id = text_at(&made, "/id")?.parse()?;
                self.ledger.created(Thing::Connection {
                    company: company.id,
                    id,
                });
                company.connections.push(id);
            }
            Outcome::Unknown => company.perhaps_more = true,
        }
        Ok(())
    }

    async fn delete_connection(&self, client: &mut Client, company: &mut Company) -> Result<()> {
        let Some(id) = company.connections.pop() else {
            return Ok(());
        };
        self.delete(
            client,
            Thing::Connection {
                company: company.id,
                id,
            },
        )
        .await
    }

    async fn delete_company(&self, client: &mut Client, company: Company) -> Result<()> {
        // With its connections it would take what the ledger expects to be there.
        if !company.connections.is_empty() || company.perhaps_more {
            return Ok(());
        }
        self.delete(client, Thing::Company(company.id)).await
    }

    async fn delete(&self, client: &mut Client, thing: Thing) -> Result<()> {
        self.ledger.deleting(thing);
        if let Outcome::Done(_) = self.send(client, "DELETE", &thing.path(), "").await? {
            self.ledger.deleted(thing);
        }
        Ok(())
    }

    async fn send(
        &self,
        client: &mut Client,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Outcome> {
        let headers = format!("{}content-type: application/json\r\n", self.key.line());
        let request = client::request(method, path, &self.public.to_string(), &headers, body);
        match client.send(&request).await {
            Ok(answer) if (200..300).contains(&answer.status) => {
                if answer.body.is_empty() {
                    return Ok(Outcome::Done(Value::Null));
                }
                let json =
                    serde_json::from_slice(answer.body).context("an answer that is no JSON")?;
                return Ok(Outcome::Done(json));
            }
            Ok(answer) if answer.status == 503 => self.ledger.busy(),
            Ok(answer) => bail!(
                "{method} {path} was answered {}: {}",
                answer.status,
                answer.text()
            ),
            Err(_) => self.ledger.unanswered(),
        }
        tokio::time::sleep(PAUSE).await;
        Ok(Outcome::Unknown)
    }
}
