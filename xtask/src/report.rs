//! The steps of a run: their names, durations and results, and the closing summary.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::counts::Counts;
use crate::process;

/// What the steps so far came to.
#[derive(Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
    notes: Vec<String>,
}

struct Step {
    name: String,
    took: Duration,
    passed: bool,
    counts: Counts,
}

impl Report {
    /// Runs one step, shows its name and duration, and keeps its result. `Ok(true)` where it
    /// passed. A step that cannot even run is a failed one; only an interrupt ends the whole run.
    pub(crate) fn step(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut Counts) -> Result<bool>,
    ) -> Result<bool> {
        process::check_interrupted()?;
        println!("\n── {name}");
        let began = Instant::now();
        let mut counts = Counts::default();
        let mut passed = work(&mut counts).unwrap_or_else(|error| {
            eprintln!("xtask: {error:#}");
            false
        });
        process::check_interrupted()?;
        passed &= counts.failed == 0;
        if !passed && counts.failed == 0 {
            // A step that fails without naming a test (a lint, a build, a crash) counts as one.
            counts.failed = 1;
        }
        let took = began.elapsed();
        println!("── {name}: {}, {}", word(passed), seconds(took));
        self.steps.push(Step {
            name: name.to_owned(),
            took,
            passed,
            counts,
        });
        Ok(passed)
    }

    /// Keeps something that nobody may miss, for the summary.
    pub(crate) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// The summary, ending in the line `N passed, M failed`.
    pub(crate) fn summary(&self) -> String {
        let mut text = String::from("\n── summary\n");
        let width = self
            .steps
            .iter()
            .map(|step| step.name.chars().count())
            .max()
            .unwrap_or(0);
        let mut all = Counts::default();
        for step in &self.steps {
            all += step.counts;
            let Counts {
                passed,
                failed,
                skipped,
            } = step.counts;
            let tests = match (passed, failed, skipped) {
                (0, 0, 0) => String::new(),
                (passed, failed, 0) => format!("{passed} passed, {failed} failed"),
                (passed, failed, skipped) => {
                    format!("{passed} passed, {failed} failed, {skipped} left out by their authors")
                }
            };
            let line = format!(
                "{:<6} {:>6}  {:<width$}  {tests}",
                word(step.passed),
                seconds(step.took),
                step.name,
            );
            text.push_str(line.trim_end());
            text.push('\n');
        }
        for note in &self.notes {
            text.push_str(&format!("\n!!! {note}\n\n"));
        }
        text + &format!("{} passed, {} failed", all.passed, all.failed)
    }

    /// Whether every step passed.
    pub(crate) fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.passed)
    }
}

fn word(passed: bool) -> &'static str {
    if passed { "ok" } else { "FAILED" }
}

fn seconds(took: Duration) -> String {
    format!("{:.0} s", took.as_secs_f64().ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_adds_up_every_step() -> Result<()> {
        let mut report = Report::default();
        report.step("format", |_| Ok(true))?;
        report.step("tests", |counts| {
            counts.read_cargo("test result: ok. 3 passed; 0 failed; 0 ignored");
            Ok(true)
        })?;
        assert_eq!(report.summary().lines().last(), Some("3 passed, 0 failed"));
        assert!(report.passed());

        report.step("lints", |_| Ok(false))?;
        report.step("broken", |_| anyhow::bail!("cannot start"))?;
        assert_eq!(report.summary().lines().last(), Some("3 passed, 2 failed"));
        assert!(!report.passed());
        Ok(())
    }

    #[test]
    fn a_note_stands_before_the_last_line() {
        let mut report = Report::default();
        report.note("something is missing".to_owned());
        let summary = report.summary();
        assert!(summary.contains("\n!!! something is missing\n"));
        assert_eq!(summary.lines().last(), Some("0 passed, 0 failed"));
    }

    #[test]
    fn a_failed_test_fails_its_step_whatever_the_runner_answered() -> Result<()> {
        let mut report = Report::default();
        let passed = report.step("tests", |counts| {
            counts.read_node("# fail 1");
            Ok(true)
        })?;
        assert!(!passed);
        assert!(!report.passed());
        Ok(())
    }
}
