//! Whose the data is.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::bail;

/// Refuses to make files as root among those of another user: everything would succeed, and the server, which runs as that
/// user, could not open them afterwards. A folder that is not there yet is anybody's.
pub(crate) fn check(folder: &Path) -> anyhow::Result<()> {
    let Ok(found) = std::fs::metadata(folder) else {
        return Ok(());
    };
    if fits(rustix::process::geteuid().as_raw(), found.uid()) {
        return Ok(());
    }
    let owner = found.uid();
    bail!(
        "{} belongs to the user with the id {owner}, who could not open what root makes there: run this as that user, as with sudo -u '#{owner}'",
        folder.display()
    );
}

/// Whether a user may make files in a folder of this owner's. Who is not root is kept off by the system.
fn fits(user: u32, owner: u32) -> bool {
    user != 0 || owner == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_makes_files_that_the_owner_cannot_open() {
        for (user, owner, fine) in [
            (0, 0, true),
            (998, 998, true),
            // A folder that is shared by its group, as Kubernetes does.
            (998, 0, true),
            (0, 998, false),
        ] {
            assert_eq!(fits(user, owner), fine, "{user} in a folder of {owner}");
        }
        check(Path::new("/nowhere/at/all")).unwrap();
    }
}
