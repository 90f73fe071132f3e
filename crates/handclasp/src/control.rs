//! How commands speak to a running server: HTTP over a Unix socket in the data directory, which its owner alone can open.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use handclasp_app::{App, AppError};
use handclasp_domain::{ClientId, Scopes};
use http::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::{UnixListener, UnixStream};

use crate::config::Config;

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
    /// Writes a backup.
    Backup { file: PathBuf },
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
            let key = app
                .create_api_key(client, name.as_deref(), scopes)
                .await
                .map_err(readable)?;
            vec![format!("API key, shown this once: {}", key.expose())]
        }
        Command::Backup { file } => {
            app.store().backup_to(file.clone()).await?;
            vec![format!("backup written to {}", file.display())]
        }
    };
    Ok(Answer { lines })
}

fn readable(error: AppError) -> anyhow::Error {
    match error {
        AppError::Store(store) => anyhow::Error::new(store),
        other @ (AppError::NotFound(_)
        | AppError::Invalid(_)
        | AppError::Refused(_)
        | AppError::Raced
        | AppError::Internal(_)) => anyhow::anyhow!("{other}"),
    }
}

/// Opens the socket. One that a killed server left behind is replaced: the database's lock keeps a second server off.
pub(crate) fn open(config: &Config) -> anyhow::Result<UnixListener> {
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("data_dir: cannot make {}", config.data_dir.display()))?;
    let path = config.control_path();
    if let Err(error) = std::fs::remove_file(&path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("cannot replace {}", path.display()));
    }
    let listener =
        UnixListener::bind(&path).with_context(|| format!("cannot open {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
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

/// Hands a command to the running server; none where there is none.
pub(crate) async fn ask(socket: &Path, command: &Command) -> anyhow::Result<Option<Answer>> {
    let Ok(stream) = UnixStream::connect(socket).await else {
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
