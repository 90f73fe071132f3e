//! How many tests passed and failed, read from what the test runners print.

use std::ops::AddAssign;

/// Passed and failed tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Tests that did not run. Shown, and a failure where nothing may be left out.
    pub(crate) skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl Counts {
    /// Takes one line of `cargo test`: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    pub(crate) fn read_cargo(&mut self, line: &str) {
        let Some((_, rest)) = line.trim().split_once("test result:") else {
            return;
        };
        for part in rest.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }

    /// Takes one line of the closing summary of `node --test`: `ℹ pass 3` or `# pass 3`.
    pub(crate) fn read_node(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let (Some("ℹ" | "#"), Some(what), Some(number), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return;
        };
        let Ok(number) = number.parse::<u64>() else {
            return;
        };
        match what {
            "pass" => self.passed += number,
            "fail" | "cancelled" => self.failed += number,
            "skipped" | "todo" => self.skipped += number,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_the_results_of_all_test_binaries() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test a ... ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 10 passed; 2 failed; 1 ignored; 0 measured; 7 filtered out; finished in 1.50s",
        ] {
            counts.read_cargo(line);
        }
        assert_eq!(
            counts,
            Counts {
                passed: 13,
                failed: 2,
                skipped: 1
            }
        );
    }

    #[test]
    fn reads_both_of_nodes_summaries() {
        for mark in ["ℹ", "#"] {
            let mut counts = Counts::default();
            for line in [
                "tests 9",
                "pass 5",
                "fail 1",
                "cancelled 1",
                "skipped 1",
                "todo 1",
                "duration_ms 12.5",
            ] {
                counts.read_node(&format!("{mark} {line}"));
            }
            assert_eq!(
                counts,
                Counts {
                    passed: 5,
                    failed: 2,
                    skipped: 2
                }
            );
        }
    }

    #[test]
    fn a_tests_own_words_do_not_count() {
        let mut counts = Counts::default();
        counts.read_node("# pass the salt 3");
        counts.read_node("✔ pass 3");
        counts.read_cargo("the result: 3 passed");
        assert_eq!(counts, Counts::default());
    }
}
