//! JSON without leftovers in memory.

use std::io;

use serde::Serialize;
use zeroize::Zeroizing;

/// The JSON form of a value, in a buffer that is wiped when dropped; `None` where it has none.
pub(crate) fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Option<Zeroizing<Vec<u8>>> {
    let mut buffer = WipedBuffer(Zeroizing::new(Vec::with_capacity(1024)));
    serde_json::to_writer(&mut buffer, value).ok()?;
    Some(buffer.0)
}

/// A buffer that wipes what it leaves behind when it grows; a `Vec` that grows by itself gives the old
/// memory back as it is.
struct WipedBuffer(Zeroizing<Vec<u8>>);

impl io::Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > self.0.capacity() {
            let mut larger = Vec::with_capacity(needed.max(self.0.capacity().saturating_mul(2)));
            larger.extend_from_slice(&self.0);
            self.0 = Zeroizing::new(larger);
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
