//! Commands that look at a database, or copy one, change nothing.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::net::UnixListener;
use std::path::Path;

use handclasp_store::{Database, History, Opening, Store, StoreOptions};

use crate::support::{Running, configured, fails, free, said, succeeds};

fn options(dir: &Path) -> StoreOptions {
    StoreOptions::new(Database::Sqlite {
        path: dir.join("data/handclasp.db"),
    })
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// A database as a version left it that knew none of today's migrations.
fn make_an_older_one(dir: &Path) {
    std::fs::create_dir(dir.join("data")).unwrap();
    let older = StoreOptions {
        migrations: &[],
        ..options(dir)
    };
    block_on(async { Store::open(older).await.unwrap().close().await });
}

fn history(dir: &Path) -> History {
    let as_it_is = StoreOptions {
        opening: Opening::AsItIs,
        ..options(dir)
    };
    block_on(async {
        let store = Store::open(as_it_is).await.unwrap();
        let history = store.history().await.unwrap();
        store.close().await;
        history
    })
}

#[test]
fn where_there_is_no_database_none_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let commands: [&[&str]; 5] = [
        &["backup", "backup.db"],
        &["check"],
        &["client", "list"],
        &["client", "create", "Harbour Lending"],
        &["keys", "create", id],
    ];
    for folder in [false, true] {
        if folder {
            std::fs::create_dir(dir.join("data")).unwrap();
        }
        for arguments in commands {
            let missing = format!("there is no database in {}", dir.join("data").display());
            fails(&mut configured(dir, arguments), &missing);
        }
    }
    assert_eq!(std::fs::read_dir(dir.join("data")).unwrap().count(), 0);
    assert!(!dir.join("backup.db").exists());
}

#[test]
fn what_is_not_up_to_date_is_copied_and_looked_at_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    make_an_older_one(dir);
    let before = history(dir);
    assert!(before.pending > 0);

    let checked = said(&configured(dir, &["check"]).output().unwrap());
    assert!(
        checked.contains("pending, which the start of this version applies"),
        "{checked}"
    );
    fails(
        &mut configured(dir, &["client", "list"]),
        "the database is not up to date",
    );
    // No key is needed for a copy.
    std::fs::rename(dir.join("master.key"), dir.join("elsewhere.key")).unwrap();
    succeeds(&mut configured(dir, &["backup", "backup.db"]));
    assert_eq!(history(dir), before);
    let copied = block_on(Store::verify(dir.join("backup.db"))).unwrap();
    assert_eq!(copied, before);

    std::fs::rename(dir.join("elsewhere.key"), dir.join("master.key")).unwrap();
    succeeds(&mut configured(dir, &["migrate"]));
    assert_eq!(history(dir).pending, 0);
    succeeds(&mut configured(dir, &["check"]));
}

#[test]
fn a_check_says_each_thing_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    let checking = |settings: &[(&str, &str)]| {
        let mut command = configured(dir, &["check"]);
        command.envs(settings.iter().copied());
        let output = command.output().unwrap();
        (output.status.code(), said(&output))
    };
    let server = Running::serve(dir);
    let (code, checked) = checking(&[]);
    assert_eq!(code, Some(0), "{checked}");
    for line in ["ok     server: runs here", "ok     Link: http://127.0.0.1:"] {
        assert!(checked.contains(line), "{checked}");
    }
    // An address that leads nowhere, and one that leads to something else.
    let nowhere = format!("http://{}", free());
    let (code, checked) = checking(&[("HANDCLASP_LINK_URL", &nowhere)]);
    assert_eq!(code, Some(1), "{checked}");
    let line = format!("wrong  Link: {nowhere}/healthz cannot be reached from here: ");
    assert!(checked.contains(&line), "{checked}");
    assert!(server.stop());

    // Something answers at the socket, and its database is gone.
    let socket = dir.join("data/control.sock");
    let _server = UnixListener::bind(&socket).unwrap();
    let gone = format!("postgres://u:hunter2@{}/d", free());
    let (code, checked) = checking(&[("HANDCLASP_DATABASE_URL", &gone)]);
    assert_eq!(code, Some(1), "{checked}");
    for line in [
        "ok     server: runs here",
        "wrong  database: the database cannot be opened",
        "wrong  Link: ",
        "2 things are wrong",
    ] {
        assert!(checked.contains(line), "{line} is not in {checked}");
    }
    assert!(!checked.contains("hunter2"), "{checked}");
}

#[test]
fn root_makes_no_files_among_those_of_another_user() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    if std::fs::metadata(dir).unwrap().uid() != 0 {
        // Who is not root is kept off by the system.
        return;
    }
    succeeds(configured(dir, &["keys", "generate"]).arg(dir.join("master.key")));
    succeeds(&mut configured(dir, &["migrate"]));
    succeeds(&mut configured(dir, &["backup", "backup.db"]));
    let data = dir.join("data");
    chown(&data, Some(65_534), None).unwrap();
    let theirs = "belongs to the user with the id 65534";
    let commands: [&[&str]; 5] = [
        &["check"],
        &["client", "list"],
        &["backup", "another.db"],
        &["migrate"],
        &["serve"],
    ];
    for arguments in commands {
        fails(&mut configured(dir, arguments), theirs);
    }
    // Nor is a folder made where theirs was.
    std::fs::rename(&data, dir.join("data.before")).unwrap();
    chown(dir, Some(65_534), None).unwrap();
    fails(&mut configured(dir, &["restore", "backup.db"]), theirs);
    assert!(!data.exists());
}
