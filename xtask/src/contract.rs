//! Where the contract stands: the published OpenAPI document that answers are held against. It is not part of this repository.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::report::Report;
use crate::root;

/// Names the document, here and to the test runners. What it names has to be there.
const VARIABLE: &str = "HANDCLASP_TEST_CONTRACT";

/// Where the document is looked for otherwise, from the root folder. The runners know this place too.
const BESIDE: &str = "../shared/reference/platform-api.yaml";

/// The document, or where it is missing.
pub(crate) struct Contract {
    path: PathBuf,
    is_here: bool,
    is_named: bool,
}

impl Contract {
    /// Looks for it.
    ///
    /// # Errors
    /// Where the root folder is not to be found.
    pub(crate) fn look() -> Result<Self> {
        let named = env::var_os(VARIABLE).filter(|name| !name.is_empty());
        let is_named = named.is_some();
        let path = match named {
            Some(name) => PathBuf::from(name),
            None => root()?.join(BESIDE),
        };
        // In full, as the runners work in other folders.
        let found = path.canonicalize().ok().filter(|path| path.is_file());
        Ok(Self {
            is_here: found.is_some(),
            is_named,
            path: found.unwrap_or(path),
        })
    }

    /// Reports it as a step. Without the document the checks against it do not run, and the summary says so; where one was named, or
    /// where a change is judged (`CI=true`), that is a failure.
    ///
    /// # Errors
    /// Only an interrupt.
    pub(crate) fn report(&self, report: &mut Report) -> Result<()> {
        let is_judged = env::var_os("CI").is_some_and(|ci| ci == "true");
        let may_be_missing = !self.is_named && !is_judged;
        report.step("the contract document", |_| {
            println!("{}", self.path.display());
            Ok(self.is_here || may_be_missing)
        })?;
        if !self.is_here {
            report.note(format!(
                "contract checks: NOT RUN, the contract document is not at {} ({VARIABLE} can name it)",
                self.path.display()
            ));
        }
        Ok(())
    }

    /// Tells a test runner where it is.
    pub(crate) fn tell(&self, runner: &mut Command) {
        if self.is_here {
            runner.env(VARIABLE, &self.path);
        } else {
            runner.env_remove(VARIABLE);
        }
    }
}
