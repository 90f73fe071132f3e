//! All that is logged.

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What this process logged since somebody first listened, at every level, by every crate and on every thread, as the server would write
/// it. Other tests of the process are heard too: look for what yours alone can have said. (A subscriber of one thread would miss what
/// others did not care for first.)
#[derive(Clone)]
pub struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// Listens from now on.
    pub fn listen() -> Self {
        static HEARD: OnceLock<Heard> = OnceLock::new();
        let listen = || {
            let heard = Self(Arc::default());
            let pen = heard.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .with_writer(move || pen.clone())
                .finish();
            if let Err(error) = tracing::subscriber::set_global_default(subscriber) {
                panic!("somebody else listens to the log: {error}");
            }
            heard
        };
        HEARD.get_or_init(listen).clone()
    }

    /// All of it.
    pub fn text(&self) -> String {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
