//! The ring: the memory that a domain shares with its JavaScript, and the only way in and out for what may suspend.
//!
//! JavaScript allocates the memory, of WebAssembly or a `SharedArrayBuffer` (lib/ring.ts says why), so that reading it needs
//! no call. It is laid out as
//!
//! | part | bytes | who writes |
//! |---|---|---|
//! | header | [`HEADER_WORDS`] words | both, see [`header`] |
//! | submissions | [`SUBMISSIONS`] x 8 words | JavaScript |
//! | completions | [`COMPLETIONS`] x 4 words | Rust |
//! | send area | [`SEND_BYTES`] | JavaScript: snapshots of what is to be written |
//! | receive area | [`RECEIVE_BYTES`] | Rust: what was read, until its reader has taken it |
//!
//! **Invariant RING**: the memory outlives the `Ring` (whoever made it keeps the buffer alive) and is touched by one
//! thread only, that of its domain: by Rust inside a call from JavaScript, by JavaScript outside of such calls.

use std::ptr::NonNull;

/// Words of the header, by index.
pub mod header {
    /// Submissions written since the last drain. JavaScript counts up, Rust sets it to 0.
    pub const SUBMITTED: usize = 0;
    /// Completions in the completion queue. Rust counts up, JavaScript sets it to 0 once it has taken them.
    pub const COMPLETED: usize = 1;
    /// Completions whose bytes still lie in the receive area. Rust counts up, JavaScript counts down.
    pub const HELD: usize = 2;
    /// 1 where no task of this domain is runnable, so that a turn which finds nothing may sleep.
    pub const IDLE: usize = 3;
    /// 1 after a turn that declared the domain asleep.
    pub const ASLEEP: usize = 4;
    /// Generation of the descriptor that the last synchronous call made.
    pub const GENERATION: usize = 5;
    /// Calls from JavaScript into Rust since the domain began: a counter for benches and tests.
    pub const CALLS: usize = 6;
    /// Set by JavaScript once a millisecond: the next turn looks at the poller, whatever else it finds.
    pub const LOOK: usize = 7;
    /// 1 where an accept waits for a descriptor to become free: there has to be a turn within 100 ms.
    pub const EXHAUSTED: usize = 8;
    /// Form of a value that crosses, see [`crate::value::form`]: of the one that JavaScript hands over.
    pub const FORM: usize = 9;
    /// Its number, a double, in this word and the next.
    pub const NUMBER: usize = 10;
    /// Where its bytes lie in the send area, or where those of the answer are to lie.
    pub const OFFSET: usize = 12;
    /// How many bytes those are; below 0 where they cross in a call of their own.
    pub const LENGTH: usize = 13;
    /// Where something moves with it, the run that its descriptors belong to (0: none), otherwise below 0; in an answer, how
    /// many descriptors there are: their handles lie behind the bytes, from the next multiple of 4 on.
    pub const CARGO: usize = 14;
    /// Word of the object that a call is about.
    pub const OBJECT: usize = 15;
}

/// 32-bit words in the header.
pub const HEADER_WORDS: usize = 16;
/// Submissions that fit between two drains. A slice ends with at most one that is no message, and a round has 64 slices.
pub const SUBMISSIONS: usize = 128;
/// Completions that fit into one turn; what does not fit waits in Rust.
pub const COMPLETIONS: usize = 1024;
/// Bytes of the send area.
pub const SEND_BYTES: usize = 1 << 20;
/// Bytes of the receive area.
pub const RECEIVE_BYTES: usize = 1 << 20;
/// Most bytes that one operation reads or writes at a time.
pub const PIECE: usize = 64 << 10;

const SUBMISSION_WORDS: usize = 8;
const COMPLETION_WORDS: usize = 4;
const SUBMISSION_AT: usize = HEADER_WORDS;
const COMPLETION_AT: usize = SUBMISSION_AT + SUBMISSIONS * SUBMISSION_WORDS;
const SEND_AT: usize = (COMPLETION_AT + COMPLETIONS * COMPLETION_WORDS) * 4;
const RECEIVE_AT: usize = SEND_AT + SEND_BYTES;

/// Bytes of the whole ring.
pub const RING_BYTES: usize = RECEIVE_AT + RECEIVE_BYTES;

/// What JavaScript asks for: an operation code and up to seven integers.
pub type Submission = [i32; SUBMISSION_WORDS];

/// What Rust answers: which operation ended and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The token that the submission carried, or [`MESSAGE`].
    pub token: i32,
    /// Zero or more: success. Below zero: a negated errno.
    pub result: i32,
    /// Meaning depends on the operation: an offset into the receive area, or a generation.
    pub a: i32,
    /// Meaning depends on the operation.
    pub b: i32,
}

/// Token of a completion that is not an operation's end but a message from another domain.
pub const MESSAGE: i32 = -1;

impl Completion {
    /// A completion that carries nothing but its result.
    #[must_use]
    pub const fn plain(token: i32, result: i32) -> Self {
        Self {
            token,
            result,
            a: 0,
            b: 0,
        }
    }
}

/// The memory, as Rust sees it.
#[derive(Debug)]
pub struct Ring {
    base: NonNull<u8>,
    /// Where the next bytes go in the receive area.
    received: usize,
}

impl Ring {
    /// Lays a ring over `memory`, which must have [`RING_BYTES`] bytes and be aligned to 8.
    ///
    /// # Safety
    /// The caller upholds the invariant RING for as long as the value lives.
    ///
    /// # Errors
    /// `InvalidInput` where the memory is too small or not aligned.
    pub unsafe fn over(memory: NonNull<u8>, bytes: usize) -> std::io::Result<Self> {
        if bytes < RING_BYTES || memory.as_ptr().align_offset(8) != 0 {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        Ok(Self {
            base: memory,
            received: 0,
        })
    }

    fn words(&self) -> &[i32] {
        // SAFETY: RING: the memory is alive, aligned to 8, at least SEND_AT bytes long, and nobody writes during a call.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr().cast::<i32>(), SEND_AT / 4) }
    }

    fn words_mut(&mut self) -> &mut [i32] {
        // SAFETY: RING, and `&mut self` makes this the only view of the words in Rust.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr().cast::<i32>(), SEND_AT / 4) }
    }

    /// Reads a word of the header.
    #[must_use]
    pub fn header(&self, word: usize) -> i32 {
        self.words()[word]
    }

    /// Writes a word of the header.
    pub fn set_header(&mut self, word: usize, value: i32) {
        self.words_mut()[word] = value;
    }

    /// Adds one to a counter of the header.
    pub fn count(&mut self, word: usize) {
        let value = &mut self.words_mut()[word];
        *value = value.wrapping_add(1);
    }

    /// How many submissions wait, never more than there is room for.
    #[must_use]
    pub fn submitted(&self) -> usize {
        usize::try_from(self.header(header::SUBMITTED))
            .unwrap_or(0)
            .min(SUBMISSIONS)
    }

    /// Submission number `index` since the last drain.
    #[must_use]
    pub fn submission(&self, index: usize) -> Submission {
        let at = SUBMISSION_AT + index * SUBMISSION_WORDS;
        let mut entry = [0; SUBMISSION_WORDS];
        entry.copy_from_slice(&self.words()[at..at + SUBMISSION_WORDS]);
        entry
    }

    /// Bytes that JavaScript laid into the send area; `None` where the range lies outside of it.
    #[must_use]
    pub fn sent(&self, offset: i32, length: i32) -> Option<&[u8]> {
        let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
        if offset.checked_add(length)? > SEND_BYTES {
            return None;
        }
        // SAFETY: RING, and the range was just checked to lie within the send area.
        Some(unsafe { std::slice::from_raw_parts(self.base.as_ptr().add(SEND_AT + offset), length) })
    }

    /// The double in the header.
    #[must_use]
    pub fn number(&self) -> f64 {
        let words = &self.words()[header::NUMBER..];
        let (first, second) = (u64::from(words[0] as u32), u64::from(words[1] as u32));
        f64::from_bits(if cfg!(target_endian = "little") {
            second << 32 | first
        } else {
            first << 32 | second
        })
    }

    /// Leaves a double in the header.
    pub fn set_number(&mut self, number: f64) {
        let bits = number.to_bits();
        let (low, high) = (bits as u32 as i32, (bits >> 32) as i32);
        let halves = if cfg!(target_endian = "little") {
            [low, high]
        } else {
            [high, low]
        };
        self.words_mut()[header::NUMBER..header::NUMBER + 2].copy_from_slice(&halves);
    }

    /// Lays bytes into the send area, from an offset on that JavaScript has chosen: where it has nothing for the next drain,
    /// and as much room as its longest piece takes. What does not fit is cut off.
    pub fn answer(&mut self, offset: i32, bytes: &[u8]) {
        let Ok(offset) = usize::try_from(offset) else { return };
        let length = bytes.len().min(SEND_BYTES.saturating_sub(offset));
        if length > 0 {
            // SAFETY: RING, and the range lies within the send area; `&mut self` makes this the only view in Rust.
            let room = unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr().add(SEND_AT + offset), length) };
            room.copy_from_slice(&bytes[..length]);
        }
    }

    /// How many more completions fit.
    #[must_use]
    pub fn completion_room(&self) -> usize {
        COMPLETIONS.saturating_sub(usize::try_from(self.header(header::COMPLETED)).unwrap_or(COMPLETIONS))
    }

    /// Leaves a completion; `false` where there is no room.
    pub fn complete(&mut self, completion: Completion) -> bool {
        if self.completion_room() == 0 {
            return false;
        }
        let index = self.header(header::COMPLETED) as usize;
        let at = COMPLETION_AT + index * COMPLETION_WORDS;
        let entry = &mut self.words_mut()[at..at + COMPLETION_WORDS];
        entry.copy_from_slice(&[completion.token, completion.result, completion.a, completion.b]);
        self.count(header::COMPLETED);
        true
    }

    /// Starts the receive area over where nobody holds bytes in it.
    pub fn reclaim(&mut self) {
        if self.header(header::HELD) <= 0 {
            self.received = 0;
        }
    }

    /// Free bytes at the end of the receive area.
    #[must_use]
    pub fn receive_room(&self) -> usize {
        RECEIVE_BYTES - self.received
    }

    /// The next `length` free bytes of the receive area, to read into, with their offset.
    pub fn receive_buffer(&mut self, length: usize) -> (i32, &mut [u8]) {
        let length = length.min(self.receive_room());
        let offset = self.received;
        // SAFETY: RING; offset + length <= RECEIVE_BYTES; `&mut self` makes this the only view in Rust, and the bytes
        // lie above `received`, so no reader was told of them yet.
        let bytes = unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr().add(RECEIVE_AT + offset), length) };
        (offset as i32, bytes)
    }

    /// Keeps the first `length` bytes of what [`Ring::receive_buffer`] gave, until JavaScript lets go of them.
    pub fn hold(&mut self, length: usize) {
        self.received = (self.received + length).next_multiple_of(8).min(RECEIVE_BYTES);
        self.count(header::HELD);
    }

    /// Bytes of the receive area that JavaScript hands back; `None` where the range lies outside of it.
    #[must_use]
    pub fn received(&self, offset: i32, length: i32) -> Option<&[u8]> {
        let (offset, length) = (usize::try_from(offset).ok()?, usize::try_from(length).ok()?);
        if offset.checked_add(length)? > RECEIVE_BYTES {
            return None;
        }
        // SAFETY: RING, and the range was just checked to lie within the receive area.
        Some(unsafe { std::slice::from_raw_parts(self.base.as_ptr().add(RECEIVE_AT + offset), length) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(memory: &mut Vec<u64>) -> Ring {
        *memory = vec![0; RING_BYTES / 8 + 1];
        // SAFETY: RING: the vector outlives the ring in each test, and one thread uses it.
        unsafe { Ring::over(NonNull::new(memory.as_mut_ptr().cast()).unwrap(), RING_BYTES) }.unwrap()
    }

    #[test]
    fn completions_end_where_the_room_ends() {
        let mut memory = Vec::new();
        let mut ring = ring(&mut memory);
        for token in 0..COMPLETIONS {
            assert!(ring.complete(Completion::plain(token as i32, 0)));
        }
        assert!(!ring.complete(Completion::plain(0, 0)));
        ring.set_header(header::COMPLETED, 0);
        assert!(ring.complete(Completion::plain(0, 0)));
    }

    #[test]
    fn the_receive_area_starts_over_only_when_nobody_holds_bytes() {
        let mut memory = Vec::new();
        let mut ring = ring(&mut memory);
        let (first, _) = ring.receive_buffer(100);
        ring.hold(100);
        ring.reclaim();
        let (second, _) = ring.receive_buffer(100);
        assert_eq!((first, second), (0, 104));
        ring.set_header(header::HELD, 0);
        ring.reclaim();
        assert_eq!(ring.receive_buffer(1).0, 0);
    }

    #[test]
    fn ranges_outside_of_the_areas_are_refused() {
        let mut memory = Vec::new();
        let ring = ring(&mut memory);
        assert!(ring.sent(-1, 4).is_none());
        assert!(ring.sent(0, -4).is_none());
        assert!(ring.sent(SEND_BYTES as i32 - 3, 4).is_none());
        assert!(ring.received(i32::MAX, i32::MAX).is_none());
        assert_eq!(ring.sent(SEND_BYTES as i32 - 4, 4).unwrap().len(), 4);
    }

    #[test]
    fn wrong_counters_are_no_danger() {
        let mut memory = Vec::new();
        let mut ring = ring(&mut memory);
        ring.set_header(header::SUBMITTED, i32::MAX);
        assert_eq!(ring.submitted(), SUBMISSIONS);
        ring.set_header(header::SUBMITTED, -7);
        assert_eq!(ring.submitted(), 0);
        ring.set_header(header::COMPLETED, -1);
        assert_eq!(ring.completion_room(), 0);
    }
}
