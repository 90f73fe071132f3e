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
use serde::Deserialize;

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
    pub(crate) allowed_ranges: Vec<IpNet>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) metrics_listen: String,
    pub(crate) connections: usize,
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
            allowed_ranges: Vec::new(),
            trusted_proxies: Vec::new(),
            metrics_listen: String::new(),
            connections: 8_192,
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
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?
                .parse()
                .with_context(|| format!("{} is not TOML", path.display()))?,
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
            .map_err(|error| anyhow::anyhow!("{}: {}", error.path(), error.inner()))
            .with_context(|| match file {
                Some(path) => format!(
                    "the configuration ({} and the environment) is wrong",
                    path.display()
                ),
                None => "the configuration (the environment) is wrong".to_owned(),
            })?;
        if config.database_pool == 0 || config.connections == 0 {
            bail!("database_pool and connections must be at least 1");
        }
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
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn the_example_is_a_configuration_and_names_every_setting() {
        let table: toml::Table = example().parse().unwrap();
        let config: Config = toml::Value::Table(table.clone()).try_into().unwrap();
        let default = Config::default();
        assert_eq!(config.connections, default.connections);
        assert_eq!(config.drain(), default.drain());
        assert_eq!(config.log_filter(), default.log_filter());
        // A field that the list lacks would be missing here: without it the structure's own list of fields is told.
        let error = toml::from_str::<Config>("no_such_setting = 1")
            .unwrap_err()
            .to_string();
        for field in error.split('`').skip(3).step_by(2) {
            assert!(table.contains_key(field), "{field} is not in KEYS");
        }
        assert_eq!(error.split('`').skip(3).step_by(2).count(), KEYS.len());
    }

    #[test]
    fn the_environment_goes_first_and_unknown_settings_are_named() {
        let config = Config::read(
            None,
            env(&[
                ("HANDCLASP_LISTEN", "127.0.0.1:1"),
                ("HANDCLASP_DATABASE_POOL", "3"),
                ("HANDCLASP_ALLOWED_RANGES", "10.0.0.0/8, ::1/128"),
                ("HANDCLASP_TEST_POSTGRES", "x"),
                ("OTHER", "x"),
            ]),
        )
        .unwrap();
        assert_eq!(
            (
                config.listen.port(),
                config.database_pool,
                config.allowed_ranges.len()
            ),
            (1, 3, 2)
        );
        for (variable, value) in [
            ("HANDCLASP_LISTN", "x"),
            ("HANDCLASP_DATABASE_POOL", "many"),
            ("HANDCLASP_LISTEN", "here"),
            ("HANDCLASP_LOG_FORMAT", "xml"),
            ("HANDCLASP_CONNECTIONS", "0"),
        ] {
            let error = format!(
                "{:#}",
                Config::read(None, env(&[(variable, value)])).unwrap_err()
            );
            let named = variable.strip_prefix(PREFIX).unwrap().to_lowercase();
            assert!(error.to_lowercase().contains(&named), "{error}");
        }
    }
}
