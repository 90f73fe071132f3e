//! How commands speak to a running server: HTTP over a Unix socket in the data directory, which its owner alone can open.

pub(crate) mod integration;

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use handclasp_app::{App, AppError, AtHand, Caller, KeyUse, NewApiKey, Rotated};
use handclasp_domain::{Actor, ApiKey, ApiKeyId, ClientId, PlatformKey, Scope, Scopes};
use handclasp_store::Store;
use http::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::{UnixListener, UnixStream};

use self::integration::SettingsEdit;
use crate::config::Config;
use crate::owner;

/// A command that can be carried out by a running server, or by the command itself where none runs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Command {
    /// Makes a client with a first API key.
    CreateClient { name: String },
    /// Lists the clients.
    ListClients,
    /// Makes an API key.
    CreateKey {
        client: ClientId,
        name: Option<String>,
        credentials: bool,
    },
    /// Lists a client's API keys.
    ListKeys { client: ClientId },
    /// Deletes an API key.
    RevokeKey { client: ClientId, key: ApiKeyId },
    /// Sets how many requests a day a client has, where something is to be set, and tells it.
    Quota {
        client: ClientId,
        set: Option<QuotaSetting>,
    },
    /// Lists the integrations as a client has them.
    ListIntegrations { client: ClientId },
    /// Tells what a client set for an integration.
    ShowIntegration { client: ClientId, key: PlatformKey },
    /// Sets something of it, and tells it.
    SetIntegration {
        client: ClientId,
        key: PlatformKey,
        edit: SettingsEdit,
    },
    /// Seals everything anew with the current master key.
    RotateKeys,
    /// Tells how much is sealed with which master key.
    KeyStatus,
    /// Writes a backup.
    Backup { file: PathBuf },
}

/// What a client's daily quota may be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum QuotaSetting {
    /// So many requests.
    Requests(u32),
    /// Any number.
    None,
    /// What the server's setting says.
    Default,
}

impl std::str::FromStr for QuotaSetting {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "none" => Ok(Self::None),
            "default" => Ok(Self::Default),
            number => match number.parse() {
                Ok(0) | Err(_) => Err("not a number of requests from 1, nor none, nor default"),
                Ok(number) => Ok(Self::Requests(number)),
            },
        }
    }
}

/// What a command answers: lines to print.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) lines: Vec<String>,
}

/// Carries out a command.
pub(crate) async fn carry_out(app: &App, command: Command) -> anyhow::Result<Answer> {
    let lines = match command {
        Command::CreateClient { name } => {
            let made = app
                .create_client(&name, Scopes::ORDINARY)
                .await
                .map_err(readable)?;
            vec![
                format!("client {} ({})", made.client.id, made.client.name),
                format!("API key, shown this once: {}", made.api_key.expose()),
            ]
        }
        Command::ListClients => app
            .list_clients()
            .await
            .map_err(readable)?
            .into_iter()
            .map(|client| format!("{}  {}  {}", client.id, client.created, client.name))
            .collect(),
        Command::CreateKey {
            client,
            name,
            credentials,
        } => {
            let scopes = if credentials {
                Scopes::EVERYTHING
            } else {
                Scopes::ORDINARY
            };
            let new = NewApiKey { name, scopes };
            let made = app
                .create_api_key(&operator(client), Scopes::EVERYTHING, new)
                .await
                .map_err(readable)?;
            vec![format!("API key, shown this once: {}", made.text.expose())]
        }
        Command::ListKeys { client } => {
            // A client that there is has a key.
            app.client(client).await.map_err(readable)?;
            let keys = app.list_api_keys(client).await.map_err(readable)?;
            keys.iter().map(described).collect()
        }
        Command::RevokeKey { client, key } => {
            app.delete_api_key(&operator(client), key)
                .await
                .map_err(readable)?;
            vec![format!(
                "API key {key} is revoked; other servers on the same database take it for three seconds more at most"
            )]
        }
        Command::Quota { client, set } => {
            app.client(client).await.map_err(readable)?;
            if let Some(set) = set {
                let daily = match set {
                    QuotaSetting::Requests(number) => Some(number),
                    QuotaSetting::None => Some(0),
                    QuotaSetting::Default => None,
                };
                app.set_daily_quota(client, daily).await.map_err(readable)?;
            }
            vec![match app.daily_quota(client).await.map_err(readable)? {
                (0, _) => "any number of requests a day".to_owned(),
                (daily, used) => format!("{daily} requests a day, of which {used} were made today"),
            }]
        }
        Command::ListIntegrations { client } => integration::list(app, client).await?,
        Command::ShowIntegration { client, key } => integration::show(app, client, key).await?,
        Command::SetIntegration { client, key, edit } => {
            integration::set(app, client, key, edit).await?
        }
        Command::RotateKeys => rotated(&app.rotate_keys().await.map_err(readable)?)?,
        Command::KeyStatus => {
            let uses = app.key_use().await.map_err(readable)?;
            uses.iter().map(told).collect()
        }
        Command::Backup { file } => return back_up(app.store(), &file).await,
    };
    Ok(Answer { lines })
}

/// What became of a rotation; an error where not all is sealed with the current key.
fn rotated(rotated: &Rotated) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    if rotated.left > 0 {
        problems.push(format!(
            "{} are still sealed with another key: a server that runs has that as its current one. Give all servers the new key, and \
             rotate again",
            rotated.left
        ));
    }
    for (place, (many, why)) in &rotated.unreadable {
        problems.push(format!("{many} in {place} can't be opened: {why}"));
    }
    if !problems.is_empty() {
        bail!(
            "{} values were sealed anew, but not all:\n{}",
            rotated.resealed,
            problems.join("\n")
        );
    }
    Ok(vec![format!(
        "{} values were sealed anew; everything is sealed with the current master key",
        rotated.resealed
    )])
}

/// A master key and how much is sealed with it, in a line.
fn told(used: &KeyUse) -> String {
    let key = used
        .key
        .map_or_else(|| "no seal at all".to_owned(), |key| key.to_string());
    let place = match used.at_hand {
        AtHand::Current => "current",
        AtHand::Older => "older",
        AtHand::Missing => "not at hand",
    };
    format!("{key}  {place}  {} values", used.values)
}

/// An API key in a line.
fn described(key: &ApiKey) -> String {
    let scopes: Vec<_> = key.scopes.iter().map(Scope::as_str).collect();
    let used = match key.last_used {
        Some(at) => format!("last used {at}"),
        None => "never used".to_owned(),
    };
    format!(
        "{}  {}  {}  {used}  {}",
        key.id,
        key.created,
        scopes.join(","),
        key.name.as_deref().unwrap_or("(no name)"),
    )
}

fn operator(client: ClientId) -> Caller {
    Caller {
        client,
        actor: Actor::Operator,
        address: None,
        correlation: None,
        once: None,
        name: None,
    }
}

/// Writes a backup. It needs no more than the database: neither a key nor its tables up to date.
pub(crate) async fn back_up(store: &Store, file: &Path) -> anyhow::Result<Answer> {
    store.backup_to(file).await?;
    let lines = vec![format!("backup written to {}", file.display())];
    Ok(Answer { lines })
}

fn readable(error: AppError) -> anyhow::Error {
    match error {
        AppError::Store(store) => anyhow::Error::new(store),
        other @ (AppError::NotFound(_)
        | AppError::Invalid(_)
        | AppError::Refused(_)
        | AppError::ThirdParty(_)
        | AppError::Raced
        | AppError::Repeated
        | AppError::Internal(_)) => anyhow::anyhow!("{other}"),
    }
}

/// The socket of this server. Dropped, it is removed, and its place is free for another.
pub(crate) struct Socket {
    path: PathBuf,
    _lock: File,
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _gone = std::fs::remove_file(&self.path);
    }
}

/// Opens the socket, under a lock: on PostgreSQL nothing else would keep two servers from one folder. A socket that a killed
/// server left behind is replaced.
pub(crate) fn open(config: &Config) -> anyhow::Result<(UnixListener, Socket)> {
    owner::check(&config.data_dir)?;
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("data_dir: cannot make {}", config.data_dir.display()))?;
    let socket = Socket {
        _lock: lock(&config.data_dir)?,
        path: config.control_path(),
    };
    let path = &socket.path;
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("cannot replace {}", path.display()));
    }
    let listener =
        UnixListener::bind(path).with_context(|| format!("cannot open {}", path.display()))?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok((listener, socket))
}

/// The lock beside the socket. Its file stays: removed, a third process could lock a new one while a second still has the old.
fn lock(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join("control.lock");
    let failed = || format!("cannot lock {}", path.display());
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another server has {} already: give each a data_dir of its own",
            folder.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(failed),
    }
}

/// What answers on the socket.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .route("/command", post(command))
        .route("/", get(|| async { "handclasp\n" }))
        .with_state(app)
}

async fn command(
    State(app): State<App>,
    Json(command): Json<Command>,
) -> Result<Json<Answer>, (StatusCode, String)> {
    match carry_out(&app, command).await {
        Ok(answer) => Ok(Json(answer)),
        Err(error) => Err((StatusCode::BAD_REQUEST, format!("{error:#}"))),
    }
}

/// Whether a server runs that could be asked.
pub(crate) async fn is_running(socket: &Path) -> anyhow::Result<bool> {
    Ok(connect(socket).await?.is_some())
}

/// Hands a command to the running server; none where there is none.
pub(crate) async fn ask(socket: &Path, command: &Command) -> anyhow::Result<Option<Answer>> {
    let Some(stream) = connect(socket).await? else {
        return Ok(None);
    };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::post("/command")
        .header(http::header::HOST, "control")
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(axum::body::Body::from(serde_json::to_vec(command)?))?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = axum::body::to_bytes(axum::body::Body::new(response.into_body()), 1 << 20).await?;
    if !status.is_success() {
        bail!("{}", String::from_utf8_lossy(&body));
    }
    Ok(Some(serde_json::from_slice(&body)?))
}

/// A connection to the running server; none where there is no socket, or one that a killed server left behind.
async fn connect(socket: &Path) -> anyhow::Result<Option<UnixStream>> {
    match UnixStream::connect(socket).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error)
            if [ErrorKind::NotFound, ErrorKind::ConnectionRefused].contains(&error.kind()) =>
        {
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("cannot use {}", socket.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(folder: &Path) -> Config {
        Config {
            data_dir: folder.to_owned(),
            ..Config::default()
        }
    }

    #[tokio::test]
    async fn a_socket_is_one_servers_own_for_as_long_as_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        let path = config.control_path();
        let (listener, socket) = open(&config).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let refused = open(&config).err().unwrap().to_string();
        assert!(refused.contains("data_dir of its own"), "{refused}");
        // The one that was refused took nothing away.
        assert!(is_running(&path).await.unwrap());
        drop((listener, socket));
        assert!(!path.exists());

        // What a killed server leaves behind: its socket, and no lock.
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists() && !is_running(&path).await.unwrap());
        let (_listener, _socket) = open(&config).unwrap();
        assert!(is_running(&path).await.unwrap());
    }
}
