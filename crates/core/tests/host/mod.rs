//! A domain without JavaScript: what its scheduler does with the ring, in Rust.

use std::net::SocketAddr;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use miou_core::domain::Domain;
use miou_core::listeners::Sharing;
use miou_core::poller::Key;
use miou_core::ring::{
    COMPLETIONS, Completion, HEADER_WORDS, MESSAGE, RING_BYTES, Ring, SEND_BYTES, SUBMISSIONS, header,
};
use miou_core::world::{FIRST_OBJECT, World};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::AddressFamily;

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(10);

const SUBMISSION_AT: usize = HEADER_WORDS;
const COMPLETION_AT: usize = SUBMISSION_AT + SUBMISSIONS * 8;
const SEND_AT: usize = (COMPLETION_AT + COMPLETIONS * 4) * 4;
const RECEIVE_AT: usize = SEND_AT + SEND_BYTES;

/// A world for the domains of one test.
pub fn world() -> Arc<World> {
    let words: Vec<AtomicU32> = (0..FIRST_OBJECT + 64).map(|_| AtomicU32::new(0)).collect();
    let words: &'static mut [AtomicU32] = words.leak();
    // SAFETY: WORLD: leaked memory outlives every thread, and all accesses go through the atomics.
    unsafe { World::at(NonNull::from(&mut words[0]), words.len()) }.unwrap()
}

/// One thread's domain, and the memory that JavaScript would share with it.
pub struct Host {
    pub domain: Domain,
    memory: NonNull<u8>,
    completions: Vec<Completion>,
    laid: usize,
    last: i32,
}

impl Host {
    pub fn new(world: &Arc<World>) -> Self {
        let memory: &'static mut [u64] = vec![0; RING_BYTES / 8 + 1].leak();
        let memory: NonNull<u8> = NonNull::from(memory).cast();
        // SAFETY: RING: leaked memory outlives the ring; the host and its domain are used by one thread, and the host
        // touches the memory only between the domain's calls.
        let ring = unsafe { Ring::over(memory, RING_BYTES) }.unwrap();
        Self {
            domain: Domain::new(ring, world).unwrap(),
            memory,
            completions: Vec::new(),
            laid: 0,
            last: 0,
        }
    }

    fn word(&self, index: usize) -> i32 {
        assert!(index * 4 < SEND_AT);
        // SAFETY: RING, and the index lies within the words.
        unsafe { self.memory.cast::<i32>().add(index).read() }
    }

    fn set_word(&mut self, index: usize, value: i32) {
        assert!(index * 4 < SEND_AT);
        // SAFETY: as in `word`.
        unsafe { self.memory.cast::<i32>().add(index).write(value) }
    }

    /// Lays bytes into the send area, where the submissions before have none; their offset.
    pub fn lay(&mut self, bytes: &[u8]) -> i32 {
        if self.word(header::SUBMITTED) == 0 {
            self.laid = 0;
        }
        let offset = self.laid;
        assert!(offset + bytes.len() <= SEND_BYTES);
        self.laid += bytes.len();
        // SAFETY: RING, and the range lies within the send area.
        unsafe {
            self.memory
                .add(SEND_AT + offset)
                .copy_from(NonNull::from(bytes).cast(), bytes.len());
        };
        offset as i32
    }

    /// Submits an operation; its token.
    pub fn submit(&mut self, code: i32, key: Key, words: &[i32]) -> i32 {
        let index = self.word(header::SUBMITTED);
        self.last += 1;
        let mut entry = vec![code, self.last, key.index() as i32, key.generation() as i32];
        entry.extend_from_slice(words);
        for (i, word) in entry.into_iter().enumerate() {
            self.set_word(SUBMISSION_AT + index as usize * 8 + i, word);
        }
        self.set_word(header::SUBMITTED, index + 1);
        self.last
    }

    /// One turn, and what it brought.
    pub fn turn(&mut self) {
        self.domain.turn().unwrap();
        for index in 0..self.word(header::COMPLETED) as usize {
            let at = COMPLETION_AT + index * 4;
            self.completions.push(Completion {
                token: self.word(at),
                result: self.word(at + 1),
                a: self.word(at + 2),
                b: self.word(at + 3),
            });
        }
        self.set_word(header::COMPLETED, 0);
    }

    /// Has the next turn look at the poller, as JavaScript does once a millisecond.
    pub fn due(&mut self) {
        self.set_word(header::LOOK, 1);
    }

    /// The completion of an operation, where it has come.
    pub fn completed(&mut self, token: i32) -> Option<Completion> {
        let at = self
            .completions
            .iter()
            .position(|completion| completion.token == token)?;
        Some(self.completions.remove(at))
    }

    /// Turns until an operation has ended; between them the thread sleeps as Node's loop does, on the poller's descriptor.
    pub fn wait(&mut self, token: i32) -> Completion {
        let began = Instant::now();
        loop {
            self.turn();
            if let Some(completion) = self.completed(token) {
                return completion;
            }
            assert!(began.elapsed() < PATIENCE, "operation {token} never ends");
            let most = Timespec {
                tv_sec: 0,
                tv_nsec: 20_000_000,
            };
            poll(
                &mut [PollFd::from_borrowed_fd(self.domain.poller_fd(), PollFlags::IN)],
                Some(&most),
            )
            .unwrap();
        }
    }

    /// The next message of another domain.
    pub fn message(&mut self) -> Completion {
        self.wait(MESSAGE)
    }

    /// Bytes of the receive area, which is free again from then on.
    pub fn take(&mut self, offset: i32, length: i32) -> Vec<u8> {
        let mut bytes = vec![0; length as usize];
        // SAFETY: RING, and completions name ranges of the receive area.
        unsafe {
            self.memory
                .add(RECEIVE_AT + offset as usize)
                .copy_to(NonNull::from(&mut bytes[..]).cast(), bytes.len());
        };
        self.let_go();
        bytes
    }

    /// What a completion held in the receive area is no longer needed.
    pub fn let_go(&mut self) {
        let held = self.word(header::HELD);
        self.set_word(header::HELD, held - 1);
    }

    /// A listener on a free port of the loopback, and its address as it crosses the ring.
    pub fn listener(&mut self, family: AddressFamily) -> (Key, Vec<u8>) {
        let key = self.domain.socket(family, false).unwrap();
        let host = if family == AddressFamily::INET {
            "127.0.0.1"
        } else {
            "::1"
        };
        self.domain
            .bind(key, &encoded(host, 0), 128, true, Sharing::Process)
            .unwrap();
        let address = self.domain.name(key, false).unwrap();
        (key, address)
    }
}

/// An address as it crosses the ring.
pub fn encoded(host: &str, port: u16) -> Vec<u8> {
    let [low, high] = port.to_le_bytes();
    [&[4, low, high], host.as_bytes()].concat()
}

/// The same of what the standard library knows.
pub fn encoded_address(address: SocketAddr) -> Vec<u8> {
    encoded(&address.ip().to_string(), address.port())
}
