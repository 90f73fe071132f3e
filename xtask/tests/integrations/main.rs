//! `docs/integrations`: a page of each kind of software and one of all, out of the declarations.

#![expect(
    clippy::unwrap_used,
    reason = "all of this is a test, also what is not marked so"
)]

mod entry;
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use handclasp_integrations::{Auth, Catalogue, Folder, Integration, Origins};

const MADE: &str = "<!-- Made of integrations/*/integration.toml. HANDCLASP_WRITE_DOCS=1 cargo test -p xtask --test integrations writes it. -->";

/// What stands above the declaration's first key, for whoever opens it: what is odd about it.
type Notes = BTreeMap<String, String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All declarations, and what their first comments say.
fn read() -> (Catalogue, Notes) {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(root().join("integrations")).unwrap() {
        let folder = folder.unwrap();
        if !folder.path().is_dir() {
            continue;
        }
        let file = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let name = folder.file_name().into_string().unwrap();
        files.push((name, file("integration.toml"), file("logo.svg")));
    }
    let folders: Vec<Folder<'_>> = files
        .iter()
        .map(|(name, declaration, logo)| Folder {
            path: name,
            declaration,
            logo,
        })
        .collect();
    let origins = Origins::new(&"https://link.example.com".parse().unwrap()).unwrap();
    let catalogue = Catalogue::parse(&folders, &origins).unwrap();
    let notes = files.iter().map(|(_, text, _)| {
        let comment: Vec<&str> = text
            .lines()
            .map_while(|line| line.strip_prefix('#'))
            .map(str::trim)
            .collect();
        let key = text.lines().find_map(|line| line.strip_prefix("key = \""));
        let key = key.unwrap().split('"').next().unwrap();
        (key.to_owned(), comment.join(" "))
    });
    (catalogue, notes.collect())
}

/// The page that an integration stands on.
fn page_of(integration: &Integration) -> String {
    format!("{}.md", integration.source_type.as_str().to_lowercase())
}

fn link_to(integration: &Integration) -> String {
    format!(
        "{}#{}",
        page_of(integration),
        words::anchor(&integration.name)
    )
}

fn index(catalogue: &Catalogue) -> String {
    let takes_files = |it: &Integration| matches!(it.auth, Auth::FileUpload);
    let real = catalogue
        .iter()
        .filter(|it| !it.sandbox && !takes_files(it));
    let (unverified, verified): (Vec<_>, Vec<_>) = real.partition(|it| it.unverified);
    let mut page = format!(
        "# Integrations\n\n{MADE}\n\n\
        What the server can connect, out of the declarations that it was built with: {} integrations, and {} of which something is not certain. \
        They were made from the vendors' documentation, from their published code, and from public programs that work with them; **none was tried with \
        the third party's own servers by us**, so try one with an account of yours before you offer it. A test takes each through a whole life \
        (authorize, callback, companies, refresh, revoke) against a third party that is shaped by the declaration. *Verified* means that nothing in \
        it is doubted; **unverified** that something is, which its page says. Such a one is off until you switch it on.\n\n\
        Each page says what an operator has to do. [format.md](format.md) says how a declaration is written, for one of your own or a \
        correction, and [integration.schema.json](integration.schema.json) is its schema. Keys are those that Codat publishes; where \
        there is none, the key is our own.\n\n\
        | integration | key | kind of software | how it is authorized | |\n| --- | --- | --- | --- | --- |\n",
        verified.len(),
        unverified.len()
    );
    for integration in catalogue.iter() {
        let state = match (integration.sandbox, integration.unverified) {
            _ if takes_files(integration) => "not offered yet",
            (_, true) => "**unverified**",
            (true, false) => "for trying out",
            (false, false) => "verified",
        };
        writeln!(
            page,
            "| [{}]({}) | `{}` | {} | {} | {state} |",
            integration.name,
            link_to(integration),
            integration.key,
            integration.source_type.as_str(),
            words::kind(integration),
        )
        .unwrap();
    }
    page
}

fn pages(catalogue: &Catalogue, notes: &Notes) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    for integration in catalogue.iter() {
        let page: &mut String = pages.entry(page_of(integration)).or_insert_with(|| {
            format!(
                "# Integrations: {}\n\n{MADE}\n\nFields are entered with \
                `handclasp client integration set` or `PUT /api/integrations/{{key}}/settings`. `{{link_url}}` is the server's own setting, and `{{clientId}}` the id of your client. \
                [All integrations](README.md).\n",
                integration.source_type.as_str()
            )
        });
        page.push_str(&entry::entry(integration, &notes[integration.key.as_str()]));
    }
    pages.insert("README.md".to_owned(), index(catalogue));
    pages
}

#[test]
fn the_pages_say_what_the_declarations_do() {
    let (catalogue, notes) = read();
    let docs = root().join("docs/integrations");
    let pages = pages(&catalogue, &notes);
    if std::env::var_os("HANDCLASP_WRITE_DOCS").is_some() {
        for (name, text) in &pages {
            std::fs::write(docs.join(name), text).unwrap();
        }
        return;
    }
    for (name, text) in &pages {
        let there = std::fs::read_to_string(docs.join(name)).unwrap_or_default();
        assert!(
            there == *text,
            "docs/integrations/{name} is not what the declarations say: write it anew as it says there"
        );
    }
}

/// Every declaration says at its top, for whoever opens it, what is odd about it.
#[test]
fn every_declaration_begins_with_a_comment() {
    let (catalogue, notes) = read();
    for integration in catalogue.iter() {
        let note = &notes[integration.key.as_str()];
        assert!(note.len() > 30, "{}: {note:?}", integration.name);
    }
}
