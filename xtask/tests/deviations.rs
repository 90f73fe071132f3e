//! The page "From Codat to Handclasp" tells all that differs from the contract, out of the one list.

use std::fmt::Write as _;
use std::path::Path;

const BEGIN: &str = "writes it. -->\n";
const END: &str = "<!-- The end of the list. -->";

#[test]
fn the_page_has_the_whole_list() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let list = std::fs::read_to_string(docs.join("deviations.json")).unwrap();
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap();
    let mut written = String::new();
    for deviation in &list {
        let text = |name: &str| {
            deviation[name]
                .as_str()
                .unwrap_or_else(|| panic!("{name} of {deviation}"))
        };
        let (title, codat, here, why) = (text("title"), text("codat"), text("here"), text("why"));
        assert!(!text("id").is_empty());
        let told = format!("\n### {title}\n\n- Codat: {codat}\n- Here: {here}\n- Why: {why}\n");
        written.write_str(&told).unwrap();
    }
    written.push('\n');

    let page = docs.join("from-codat.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let wanted = format!("{before}{BEGIN}{written}{END}{after}");
    if std::env::var_os("HANDCLASP_WRITE_DOCS").is_some() {
        std::fs::write(&page, &wanted).unwrap();
        return;
    }
    assert!(
        text == wanted,
        "docs/from-codat.md is not what docs/deviations.json says: write it anew as it says there"
    );
}
