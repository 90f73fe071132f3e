//! Where the master key comes from.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use handclasp_ambient::SystemRandom;
use handclasp_vault::{KeyRing, MasterKey};

use crate::config::Config;

/// The master keys that the configuration names. A missing key is an error that says what to do; none is ever made up.
pub(crate) fn ring(config: &Config) -> anyhow::Result<KeyRing> {
    let current = match (
        config.master_key.is_empty(),
        config.master_key_file.is_empty(),
    ) {
        (true, true) => bail!(
            "there is no master key: make one with handclasp keys generate FILE, name the file as master_key_file, and keep a copy of it \
             where the backups are not"
        ),
        (false, false) => bail!("master_key and master_key_file are both set; keep one of them"),
        (false, true) => {
            MasterKey::parse(config.master_key.trim()).context("master_key is no master key")?
        }
        (true, false) => read(Path::new(&config.master_key_file))?,
    };
    let older = config
        .older_master_key_files
        .iter()
        .map(|path| read(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(KeyRing::new(current, older)?)
}

fn read(path: &Path) -> anyhow::Result<MasterKey> {
    let place = || format!("the master key in {}", path.display());
    let mode = std::fs::metadata(path)
        .with_context(place)?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        bail!(
            "{} can be read by others than its owner; set its mode to 0600",
            path.display()
        );
    }
    let text = std::fs::read_to_string(path).with_context(place)?;
    MasterKey::parse(text.trim()).with_context(place)
}

/// Makes a master key in a new file that its owner alone can read.
pub(crate) fn generate(path: &Path) -> anyhow::Result<MasterKey> {
    let key = MasterKey::generate(&SystemRandom);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    writeln!(file, "{}", key.to_text().expose())?;
    file.sync_all()?;
    Ok(key)
}
