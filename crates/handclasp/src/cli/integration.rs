//! `client integration`: what a client set for an integration.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use handclasp_domain::{ClientId, PlatformKey};

use crate::control::Command as Task;
use crate::control::integration::{OrDeclared, SettingsEdit, Value};

#[derive(Debug, Subcommand)]
pub(super) enum IntegrationCommand {
    /// Lists the integrations in the order in which Link shows them: key, whether it is offered or why not, name
    List {
        /// The client's id
        client: ClientId,
    },
    /// Shows what is set for one, and the address to register at the third party
    Show {
        /// The client's id
        client: ClientId,
        /// The integration's key
        key: PlatformKey,
    },
    /// Sets something for one; the rest stays as it is
    Set(Box<Set>),
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// The client's id
    client: ClientId,
    /// The integration's key
    key: PlatformKey,
    /// Offers it to the client's companies, once all is there that it needs
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Offers it no more
    #[arg(long)]
    disable: bool,
    /// Where it stands among those of its kind, lower ones first; or default
    #[arg(long, value_name = "NUMBER", value_parser = order)]
    order: Option<OrDeclared<u16>>,
    /// A scope to ask for; given again for each, and instead of all that were asked for
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Asks for the declared scopes
    #[arg(long, conflicts_with = "scopes")]
    default_scopes: bool,
    /// A value that is no secret, as client_id=abc
    #[arg(long = "value", value_name = "NAME=VALUE", value_parser = named)]
    values: Vec<(String, String)>,
    /// A value from a file, as client_secret=/run/secrets/acme; - is the standard input. Secrets are given in this way alone: what
    /// stands on the command line can be seen by others
    #[arg(long = "value-file", value_name = "NAME=FILE", value_parser = named)]
    files: Vec<(String, String)>,
    /// A value to take away
    #[arg(long = "remove", value_name = "NAME")]
    removed: Vec<String>,
}

fn order(text: &str) -> Result<OrDeclared<u16>, &'static str> {
    match text {
        "default" => Ok(OrDeclared::Declared),
        number => number
            .parse()
            .map(OrDeclared::Own)
            .map_err(|_| "not a number up to 65535, nor default"),
    }
}

fn named(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("not NAME=…")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl IntegrationCommand {
    /// What the server is asked for. Files are read here, as the one who calls.
    pub(super) fn task(self) -> anyhow::Result<Task> {
        Ok(match self {
            Self::List { client } => Task::ListIntegrations { client },
            Self::Show { client, key } => Task::ShowIntegration { client, key },
            Self::Set(set) => {
                let (client, key) = (set.client, set.key);
                Task::SetIntegration {
                    client,
                    key,
                    edit: set.edit()?,
                }
            }
        })
    }
}

impl Set {
    fn edit(self) -> anyhow::Result<SettingsEdit> {
        let mut values = BTreeMap::new();
        let mut add = |name: String, value| match values.insert(name.clone(), value) {
            None => Ok(()),
            Some(_) => bail!("{name} is given twice"),
        };
        for (name, text) in self.values {
            let was_shown = true;
            add(name, Value { text, was_shown })?;
        }
        let was_shown = false;
        for (name, file) in self.files {
            let text = read(Path::new(&file))?;
            add(name, Value { text, was_shown })?;
        }
        for name in self.removed {
            let text = String::new();
            add(name, Value { text, was_shown })?;
        }
        Ok(SettingsEdit {
            enabled: (self.enable || self.disable).then_some(self.enable),
            order: self.order,
            scopes: if self.default_scopes {
                Some(OrDeclared::Declared)
            } else {
                (!self.scopes.is_empty()).then_some(OrDeclared::Own(self.scopes))
            },
            values,
        })
    }
}

/// More than any value takes.
const LONGEST: u64 = 64 * 1024;

fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let (what, read) = if path == Path::new("-") {
        let read = std::io::stdin().take(LONGEST).read_to_string(&mut text);
        ("the standard input".to_owned(), read)
    } else {
        let file = std::fs::File::open(path);
        let read = file.and_then(|file| file.take(LONGEST).read_to_string(&mut text));
        (path.display().to_string(), read)
    };
    read.with_context(|| format!("cannot read {what}"))?;
    if text.trim().is_empty() {
        bail!("{what} is empty; --remove takes a value away");
    }
    Ok(text)
}
