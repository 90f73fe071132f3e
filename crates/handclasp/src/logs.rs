//! Logs: one line a record, on standard error.

use std::io::{self, Stderr, Write};
use std::panic::PanicHookInfo;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Begins to log. From now on a panic is a record too.
pub(crate) fn start(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(config.log_filter()).context("log: not a filter")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    match config.log_format {
        LogFormat::Text => builder
            .with_ansi(false)
            .with_writer(|| OneLine(io::stderr()))
            .try_init(),
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_writer(io::stderr)
            .try_init(),
    }
    .map_err(|error| anyhow::anyhow!("cannot log: {error}"))?;
    std::panic::set_hook(Box::new(note_panic));
    Ok(())
}

/// The message is told only where it stands in the source as it is: one that was put together may hold anything.
fn note_panic(panic: &PanicHookInfo<'_>) {
    let location = panic
        .location()
        .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let cause = panic.payload().downcast_ref::<&'static str>();
    tracing::error!(
        cause = cause.copied().unwrap_or("not told"),
        "panicked at {location}"
    );
}

/// Text records come in one piece each. Line breaks within, out of what somebody sent, would look like records of their own.
struct OneLine<W = Stderr>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let (line, end) = match record.strip_suffix(b"\n") {
            Some(line) => (line, "\n"),
            None => (record, ""),
        };
        if line.contains(&b'\n') || line.contains(&b'\r') {
            let text = String::from_utf8_lossy(line);
            let text = text.replace('\r', "\\r").replace('\n', "\\n");
            self.0.write_all(format!("{text}{end}").as_bytes())?;
        } else {
            self.0.write_all(record)?;
        }
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    impl Kept {
        fn lines(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            assert!(text.ends_with('\n'), "{text}");
            text.lines().map(str::to_owned).collect()
        }
    }

    #[test]
    fn a_panic_is_one_record_and_says_nothing_that_was_put_together() {
        let kept = Kept::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_writer(kept.clone())
            .finish();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(note_panic));
        tracing::subscriber::with_default(subscriber, || {
            let secret = "hunter2";
            let _literal = std::panic::catch_unwind(|| panic!("on purpose"));
            let _made = std::panic::catch_unwind(|| panic!("a {secret}\nin two lines"));
        });
        std::panic::set_hook(before);
        let lines = kept.lines();
        assert_eq!(lines.len(), 2, "{lines:?}");
        for (line, cause) in lines.iter().zip(["on purpose", "not told"]) {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(record["level"], "ERROR");
            assert_eq!(record["cause"], cause);
            let message = record["message"].as_str().unwrap();
            assert!(message.contains("logs.rs:"), "{message}");
            assert!(!line.contains("hunter2"));
        }
    }

    #[test]
    fn a_text_record_is_one_line_whatever_it_holds() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || OneLine(writer.clone()))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let sent = "x\r\n2026-01-01T00:00:00Z ERROR made up";
            tracing::warn!(error = %sent, "first");
            tracing::warn!("second {sent}");
        });
        let lines = kept.lines();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("x\\r\\n2026"), "{lines:?}");
    }
}
