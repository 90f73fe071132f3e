//! Files of the repository that are made of the code.

use std::path::Path;

use crate::setting::setting;

/// Says that they are to be written anew.
const VARIABLE: &str = "HANDCLASP_WRITE_DOCS";

/// Holds a file, named from the repository's root, against what the code makes. With `HANDCLASP_WRITE_DOCS=1` it is written anew.
///
/// # Panics
/// Where the two differ.
pub fn committed(name: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    if setting(VARIABLE).is_some() {
        if let Err(error) = std::fs::write(&file, made) {
            panic!("{name}: {error}");
        }
        return;
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    if there == made {
        return;
    }
    let line = std::iter::zip(there.lines(), made.lines()).position(|(a, b)| a != b);
    let line = line.unwrap_or_else(|| there.lines().count().min(made.lines().count())) + 1;
    panic!(
        "{name} is not what the code says, from line {line}. Run the test with {VARIABLE}=1 and look at the difference"
    );
}
