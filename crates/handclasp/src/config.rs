//! The configuration: a TOML file, and environment variables that go before it.
//!
//! [`KEYS`] is the one list of settings: the example, the environment's variables and the documentation are made from it, and a
//! test holds it against [`Config`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use handclasp_app::SandboxMode;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer};
use tracing_subscriber::EnvFilter;

/// What the operator sets.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: String,
    pub(crate) database_pool: usize,
    pub(crate) prepared_statements: bool,
    pub(crate) api_url: String,
    pub(crate) link_url: String,
    pub(crate) sandbox_url: String,
    pub(crate) master_key: String,
    pub(crate) master_key_file: String,
    pub(crate) older_master_key_files: Vec<PathBuf>,
    pub(crate) sandbox_integrations: Sandbox,
    pub(crate) integrations_dir: String,
    pub(crate) allowed_ranges: Vec<IpNet>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    #[serde(deserialize_with = "address_or_none")]
    pub(crate) metrics_listen: Option<SocketAddr>,
    pub(crate) connections: usize,
    pub(crate) requests_per_minute: u32,
    pub(crate) wrong_keys_per_minute: u32,
    pub(crate) requests_per_day: u32,
    /// None where it was not set: the demo then has another default than a server.
    pub(crate) drain_seconds: Option<u64>,
    pub(crate) grace_seconds: u64,
    /// The same.
    pub(crate) log: Option<String>,
    pub(crate) log_format: LogFormat,
}

/// Whether people are offered sandbox integrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sandbox {
    Never,
    ByParameter,
    Shown,
}

impl From<Sandbox> for SandboxMode {
    fn from(setting: Sandbox) -> Self {
        match setting {
            Sandbox::Never => Self::Never,
            Sandbox::ByParameter => Self::ByParameter,
            Sandbox::Shown => Self::Shown,
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("data"),
            database_url: String::new(),
            database_pool: 16,
            prepared_statements: true,
            api_url: String::new(),
            link_url: String::new(),
            sandbox_url: String::new(),
            master_key: String::new(),
            master_key_file: String::new(),
            older_master_key_files: Vec::new(),
            sandbox_integrations: Sandbox::Never,
            integrations_dir: String::new(),
            allowed_ranges: Vec::new(),
            trusted_proxies: Vec::new(),
            metrics_listen: None,
            connections: 8_192,
            requests_per_minute: 60_000,
            wrong_keys_per_minute: 60,
            requests_per_day: 0,
            drain_seconds: None,
            grace_seconds: 10,
            log: None,
            log_format: LogFormat::Text,
        }
    }
}

/// A setting.
struct Key {
    name: &'static str,
    kind: Kind,
    /// The value in the example, as TOML.
    example: &'static str,
    about: &'static str,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Flag,
    /// Separated by commas in the environment.
    List,
}

const KEYS: &[Key] = &[
    Key {
        name: "listen",
        kind: Kind::Text,
        example: "\"127.0.0.1:8080\"",
        about: "Where the server listens. Put a reverse proxy that speaks TLS in front of it.",
    },
    Key {
        name: "data_dir",
        kind: Kind::Text,
        example: "\"data\"",
        about: "The folder of the embedded database and of the socket by which commands speak to a running server.",
    },
    Key {
        name: "database_url",
        kind: Kind::Text,
        example: "\"\"",
        about: "PostgreSQL 15 or later, as postgres://user:password@host/database?sslmode=verify-full. Empty: the embedded SQLite in data_dir.",
    },
    Key {
        name: "database_pool",
        kind: Kind::Number,
        example: "16",
        about: "PostgreSQL only: how many connections at most, of which a third is for background work; 2 or more.",
    },
    Key {
        name: "prepared_statements",
        kind: Kind::Flag,
        example: "true",
        about: "PostgreSQL only: off for a pooler in transaction mode, such as PgBouncer before 1.21.",
    },
    Key {
        name: "api_url",
        kind: Kind::Text,
        example: "\"https://api.example.com\"",
        about: "The address under which the platform's programs reach the API, without /api. Empty: as link_url.",
    },
    Key {
        name: "link_url",
        kind: Kind::Text,
        example: "\"https://link.example.com\"",
        about: "The address under which people reach Link: of every Link URL and callback. Empty: http:// and listen, which works on this machine alone.",
    },
    Key {
        name: "sandbox_url",
        kind: Kind::Text,
        example: "\"\"",
        about: "The address of the built-in third party. Best another host name than link_url's, so that its cookies are as foreign as a real one's. Empty: as link_url.",
    },
    Key {
        name: "master_key",
        kind: Kind::Text,
        example: "\"\"",
        about: "The master key, as handclasp keys generate prints it. Better kept in a file (master_key_file) or given by the environment than written here.",
    },
    Key {
        name: "master_key_file",
        kind: Kind::Text,
        example: "\"/etc/handclasp/master.key\"",
        about: "A file with the master key, readable by its owner only.",
    },
    Key {
        name: "older_master_key_files",
        kind: Kind::List,
        example: "[]",
        about: "Files with master keys that were replaced: they open what they sealed, and seal nothing any more.",
    },
    Key {
        name: "sandbox_integrations",
        kind: Kind::Text,
        example: "\"never\"",
        about: "Whether people are offered the sandbox integrations: never, by-parameter (a Link URL with link.showSandboxIntegrations=true) or shown.",
    },
    Key {
        name: "integrations_dir",
        kind: Kind::Text,
        example: "\"\"",
        about: "A folder with integrations of your own, each a folder with integration.toml and logo.svg; one with a key of the program's takes that one's place. Read at the start. Empty: none.",
    },
    Key {
        name: "allowed_ranges",
        kind: Kind::List,
        example: "[]",
        about: "Private networks that webhooks and integrations may be called in, as [\"10.1.0.0/16\"]. They may be called over http, too.",
    },
    Key {
        name: "trusted_proxies",
        kind: Kind::List,
        example: "[]",
        about: "The networks of the reverse proxies in front, as [\"10.0.0.5/32\"]. Their X-Forwarded-For is believed, and nobody else's.",
    },
    Key {
        name: "metrics_listen",
        kind: Kind::Text,
        example: "\"\"",
        about: "Where Prometheus metrics are served, as \"127.0.0.1:9090\". Empty: nowhere.",
    },
    Key {
        name: "connections",
        kind: Kind::Number,
        example: "8192",
        about: "The most open connections from clients. Where the system allows fewer open files (LimitNOFILE, ulimit -n), there are fewer, and the log says so at the start.",
    },
    Key {
        name: "requests_per_minute",
        kind: Kind::Number,
        example: "60000",
        about: "How many requests to the API one address may make in a minute, on each server; IPv6 addresses count by /64, this machine's own not at all. 0: any number.",
    },
    Key {
        name: "wrong_keys_per_minute",
        kind: Kind::Number,
        example: "60",
        about: "How many wrong API keys one address may show in a minute, on each server. Beyond that only keys that were good before are looked at. 0: any number.",
    },
    Key {
        name: "requests_per_day",
        kind: Kind::Number,
        example: "0",
        about: "How many requests to the API a client may make in a day, which ends at midnight UTC; handclasp client quota sets another number for one client. 0: any number.",
    },
    Key {
        name: "drain_seconds",
        kind: Kind::Number,
        example: "10",
        about: "When the server is told to stop: how long it still takes connections, while /readyz answers 503 already. As long as a balancer needs to notice; 0 without one.",
    },
    Key {
        name: "grace_seconds",
        kind: Kind::Number,
        example: "10",
        about: "After that: how long running requests may take to finish.",
    },
    Key {
        name: "log",
        kind: Kind::Text,
        example: "\"info\"",
        about: "What is logged: error, warn, info, debug or trace; or by part, as \"info,handclasp_webhooks=debug\".",
    },
    Key {
        name: "log_format",
        kind: Kind::Text,
        example: "\"text\"",
        about: "How log lines look: text or json.",
    },
];

/// The prefix of the environment's variables.
const PREFIX: &str = "HANDCLASP_";
/// Variables with the prefix that are no settings.
const NOT_SETTINGS: &[&str] = &["HANDCLASP_CONFIG"];

/// The example file: every setting with what it is for.
pub(crate) fn example() -> String {
    let mut text = String::from(
        "# Handclasp's configuration. Each setting can also be given by an environment variable,\n# which goes before the file: HANDCLASP_ and the name in capitals.\n",
    );
    for key in KEYS {
        text.push_str(&format!(
            "\n# {}\n{} = {}\n",
            key.about, key.name, key.example
        ));
    }
    text
}

impl Config {
    /// Reads the file, if there is one, and the environment.
    pub(crate) fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> anyhow::Result<Self> {
        let mut table = match file {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                text.parse().map_err(|error| {
                    anyhow::anyhow!("{} is not TOML: {}", path.display(), place(&text, &error))
                })?
            }
        };
        for (name, value) in environment {
            let Some(bare) = name.strip_prefix(PREFIX) else {
                continue;
            };
            if NOT_SETTINGS.contains(&name.as_str()) || bare.starts_with("TEST_") {
                continue;
            }
            let Some(key) = KEYS.iter().find(|key| key.name.eq_ignore_ascii_case(bare)) else {
                bail!("{name} is not a setting; handclasp config --example lists them");
            };
            table.insert(key.name.to_owned(), key.value(&name, &value)?);
        }
        let config: Self = serde_path_to_error::deserialize(toml::Value::Table(table))
            .map_err(|error| {
                let problem = without_text(error.inner().message());
                anyhow::anyhow!("{}: {problem}", error.path())
            })
            .with_context(|| match file {
                Some(path) => format!(
                    "the configuration ({} and the environment) is wrong",
                    path.display()
                ),
                None => "the configuration (the environment) is wrong".to_owned(),
            })?;
        if config.database_pool < 2 {
            bail!("database_pool must be at least 2");
        }
        if config.connections == 0 {
            bail!("connections must be at least 1");
        }
        EnvFilter::try_new(config.log_filter())
            .map_err(|_| anyhow::anyhow!("log: not a level, nor a list of levels by part"))?;
        Ok(config)
    }

    /// How long connections are still taken after the stop.
    pub(crate) fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds.unwrap_or(10))
    }

    /// What is logged.
    pub(crate) fn log_filter(&self) -> &str {
        self.log.as_deref().unwrap_or("info")
    }

    /// The embedded database's file.
    pub(crate) fn sqlite_path(&self) -> PathBuf {
        self.data_dir.join("handclasp.db")
    }

    /// The socket by which commands speak to a running server.
    pub(crate) fn control_path(&self) -> PathBuf {
        self.data_dir.join("control.sock")
    }
}

/// What is wrong with a text and where, without the text itself: the line may hold a secret.
fn place(text: &str, error: &toml::de::Error) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return error.message().to_owned();
    };
    let line = before.matches('\n').count() + 1;
    let (_, last) = before.rsplit_once('\n').unwrap_or(("", before));
    let column = last.chars().count() + 1;
    format!("{} (line {line}, column {column})", error.message())
}

/// What serde says of a value that does not fit, without the value: it may be a secret that stands under another setting's name.
fn without_text(message: &str) -> String {
    for (begin, end) in [("string \"", "\", "), ("variant `", "`, ")] {
        if let Some((before, rest)) = message.split_once(begin)
            && let Some((_, after)) = rest.rsplit_once(&format!("{end}expected"))
        {
            let kind = begin.split(' ').next().unwrap_or_default();
            return format!("{before}{kind}, expected{after}");
        }
    }
    message.to_owned()
}

/// An address and port; empty for none.
fn address_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| serde::de::Error::custom("not an address and port, as 127.0.0.1:9090");
    text.parse().map(Some).map_err(wrong)
}

impl Key {
    fn value(&self, variable: &str, text: &str) -> anyhow::Result<toml::Value> {
        Ok(match self.kind {
            Kind::Text => toml::Value::String(text.to_owned()),
            Kind::Number => toml::Value::Integer(
                text.trim()
                    .parse()
                    .with_context(|| format!("{variable} must be a whole number"))?,
            ),
            Kind::Flag => toml::Value::Boolean(
                text.trim()
                    .parse()
                    .with_context(|| format!("{variable} must be true or false"))?,
            ),
            Kind::List => toml::Value::Array(
                text.split(',')
                    .map(str::trim)
                    .filter(|entry| !entry.is_empty())
                    .map(|entry| toml::Value::String(entry.to_owned()))
                    .collect(),
            ),
        })
    }
}

#[cfg(test)]
mod tests;
