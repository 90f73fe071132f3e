//! How many files the process may have open: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is kept free for everything but connections from clients: the database's files, calls to third parties and webhooks,
/// metrics, commands.
const RESERVE: usize = 256;

/// Raises the limit as far as the process itself may, and answers how many connections from clients there can be: as many as
/// `wanted`, or as many as the files last for. Usual systems allow 1,024 files at first, and many times that on request.
pub(crate) fn connections(wanted: usize, database_pool: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let Some(files) = getrlimit(Resource::Nofile).current else {
        return wanted;
    };
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    let connections = fitting(wanted, files, database_pool);
    if connections < wanted {
        tracing::warn!(
            wanted,
            connections,
            files,
            "the system allows too few open files for the connections that are set: raise the limit (LimitNOFILE, ulimit -n), or set fewer"
        );
    }
    connections
}

/// Half of the files at least, where they do not even last for the reserve.
fn fitting(wanted: usize, files: usize, database_pool: usize) -> usize {
    let reserve = RESERVE.saturating_add(database_pool);
    wanted.min(files.saturating_sub(reserve).max(files / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        assert_eq!(fitting(8_192, 524_288, 16), 8_192);
        assert_eq!(fitting(8_192, 1_024, 16), 752);
        assert_eq!(fitting(100, 1_024, 16), 100);
        assert_eq!(fitting(8_192, 256, 16), 128);
        assert_eq!(fitting(8_192, 1_024, usize::MAX), 512);
    }

    #[test]
    fn the_limit_is_as_high_as_it_may_be() {
        connections(1, 1);
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
