//! The bytes that are sent, and that must come back.

/// Prime, so that no message size and no buffer size lines up with it: a byte that is lost,
/// doubled or out of place shows within one period.
const PERIOD: usize = 251;

/// The most bytes that one [`Pattern::at`] gives.
pub const SPAN: usize = 128 * 1024;

/// An endless periodic stream; each connection sends its own stretch of it.
///
/// ```ignore
/// let pattern = Pattern::new();
/// assert_eq!(pattern.at(7, 0)[..10], pattern.at(0, 7)[..10]);
/// ```
pub struct Pattern {
    bytes: Vec<u8>,
}

impl Pattern {
    /// The stream, spelled out far enough to give [`SPAN`] bytes from any phase.
    pub fn new() -> Pattern {
        let bytes = (0..PERIOD + SPAN).map(|i| (i % PERIOD) as u8).collect();
        Pattern { bytes }
    }

    /// [`SPAN`] bytes of the stream of connection `seed`, from its byte number `offset` on.
    pub fn at(&self, seed: usize, offset: u64) -> &[u8] {
        let phase = (seed + (offset % PERIOD as u64) as usize) % PERIOD;
        &self.bytes[phase..phase + SPAN]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_goes_on_where_it_was() {
        let pattern = Pattern::new();
        assert_eq!(pattern.at(3, 1000)[500..600], pattern.at(3, 1500)[..100]);
    }

    #[test]
    fn neighbouring_connections_send_different_bytes() {
        let pattern = Pattern::new();
        assert_ne!(pattern.at(0, 0)[..1], pattern.at(1, 0)[..1]);
    }
}
