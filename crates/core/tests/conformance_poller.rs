//! What a poller and its waker have to do, whatever the system: this runs over epoll where there is epoll, over kqueue where
//! there is kqueue.
//!
//! The contract is that of a [`Watcher`]: readiness is remembered, each edge adds to it, an attempt that would block takes
//! it away. An edge too many is allowed, one too few is not.
#![cfg(all(not(loom), not(miri)))]

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use miou_core::poller::{EVENTS, Event, Key, Poller};
use miou_core::waker::Waker;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(10);
/// Long enough for what must not happen.
const A_WHILE: Duration = Duration::from_millis(20);

/// What is known of a descriptor, as a domain keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Ready {
    read: bool,
    write: bool,
    read_closed: bool,
    write_closed: bool,
}

/// A poller, and what it has said so far.
struct Watcher {
    poller: Poller,
    ready: HashMap<u64, Ready>,
    woken: usize,
}

impl Watcher {
    fn new() -> Self {
        let poller = Poller::new().unwrap();
        Self {
            poller,
            ready: HashMap::new(),
            woken: 0,
        }
    }

    fn watch(&mut self, fd: impl AsFd, key: Key) {
        self.poller.add(fd.as_fd(), key).unwrap();
        self.ready.insert(key.0, Ready::default());
    }

    /// Takes note of what the poller has to say; how many events that were.
    fn look(&mut self) -> usize {
        let (ready, woken) = (&mut self.ready, &mut self.woken);
        self.poller
            .look(|event: Event| {
                if event.key == Key::WAKER {
                    *woken += 1;
                } else {
                    let state = ready.entry(event.key.0).or_default();
                    state.read |= event.readable;
                    state.write |= event.writable;
                    state.read_closed |= event.read_closed;
                    state.write_closed |= event.write_closed;
                }
            })
            .unwrap()
    }

    fn state(&self, key: Key) -> Ready {
        self.ready.get(&key.0).copied().unwrap_or_default()
    }

    /// Looks until something holds.
    fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            assert!(began.elapsed() < PATIENCE, "never {what}");
            sleep(self.poller.as_fd(), A_WHILE);
            self.look();
        }
    }

    fn until_readable(&mut self, key: Key) {
        self.until("readable", |watcher| watcher.state(key).read);
    }

    fn until_writable(&mut self, key: Key) {
        self.until("writable", |watcher| watcher.state(key).write);
    }

    /// An attempt found that the descriptor would block.
    fn drained(&mut self, key: Key) {
        self.ready.entry(key.0).or_default().read = false;
    }

    fn filled(&mut self, key: Key) {
        self.ready.entry(key.0).or_default().write = false;
    }

    /// Takes what is known, so that what comes after it is seen.
    fn settle(&mut self) {
        while self.look() > 0 {}
    }
}

/// Waits until a descriptor is readable, as Node's loop waits for a poller's own.
fn sleep(fd: BorrowedFd<'_>, most: Duration) -> bool {
    let most = Timespec {
        tv_sec: 0,
        tv_nsec: most.as_nanos() as _,
    };
    poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&most)).unwrap() > 0
}

const FIRST: Key = Key::of(0, 1);
const SECOND: Key = Key::of(1, 1);

fn pair() -> (UnixStream, UnixStream) {
    let (one, other) = UnixStream::pair().unwrap();
    one.set_nonblocking(true).unwrap();
    other.set_nonblocking(true).unwrap();
    (one, other)
}

fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    client.set_nonblocking(true).unwrap();
    server.set_nonblocking(true).unwrap();
    (client, server)
}

/// Writes until that would block; how much.
fn fill(mut to: impl Write) -> usize {
    let mut total = 0;
    while let Ok(count) = to.write(&[7; 4096]) {
        total += count;
    }
    total
}

/// Reads until that would block; how much.
fn drain(mut from: impl Read) -> usize {
    let mut total = 0;
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        total += count;
    }
    total
}

#[test]
fn a_new_connection_is_writable_and_not_readable() {
    let mut watcher = Watcher::new();
    let (one, _other) = pair();
    watcher.watch(&one, FIRST);
    watcher.until_writable(FIRST);
    watcher.settle();
    let expected = Ready {
        write: true,
        ..Ready::default()
    };
    assert_eq!(watcher.state(FIRST), expected);
}

#[test]
fn bytes_that_were_there_before_are_told_as_well() {
    let mut watcher = Watcher::new();
    let (one, mut other) = pair();
    other.write_all(b"early").unwrap();
    watcher.watch(&one, FIRST);
    watcher.until_readable(FIRST);
}

#[test]
fn what_was_told_is_not_told_again_so_that_nobody_spins() {
    let mut watcher = Watcher::new();
    let (one, mut other) = pair();
    watcher.watch(&one, FIRST);
    other.write_all(b"unread").unwrap();
    watcher.until_readable(FIRST);
    watcher.settle();
    assert!(!sleep(watcher.poller.as_fd(), A_WHILE), "its own descriptor is quiet");
    assert_eq!(watcher.look(), 0);
}

#[test]
fn more_bytes_are_told_though_those_before_were_not_all_read() {
    let mut watcher = Watcher::new();
    let (one, mut other) = pair();
    watcher.watch(&one, FIRST);
    other.write_all(b"first").unwrap();
    watcher.until_readable(FIRST);
    watcher.settle();
    watcher.drained(FIRST);
    other.write_all(b"second").unwrap();
    watcher.until_readable(FIRST);
}

#[test]
fn each_time_that_it_is_drained_and_filled_again_is_told() {
    let mut watcher = Watcher::new();
    let (one, mut other) = pair();
    watcher.watch(&one, FIRST);
    for _ in 0..50 {
        other.write_all(b"again").unwrap();
        watcher.until_readable(FIRST);
        assert_eq!(drain(&one), 5);
        watcher.drained(FIRST);
    }
}

fn a_full_buffer<S: AsFd>((one, other): (S, S))
where
    for<'a> &'a S: Read + Write,
{
    let mut watcher = Watcher::new();
    watcher.watch(&one, FIRST);
    watcher.until_writable(FIRST);
    let mut written = fill(&one);
    watcher.settle();
    watcher.filled(FIRST);
    written += fill(&one);
    let mut read = 0;
    let began = Instant::now();
    while read < written {
        read += drain(&other);
        assert!(began.elapsed() < PATIENCE, "{read} of {written} bytes arrived");
    }
    watcher.until_writable(FIRST);
    assert!(fill(&one) > 0);
}

#[test]
fn a_full_buffer_is_told_to_be_writable_once_the_peer_has_read() {
    a_full_buffer(pair());
    a_full_buffer(connection());
}

#[test]
fn a_peer_that_has_ended_its_side_closes_reading_and_not_writing() {
    let mut watcher = Watcher::new();
    let (one, other) = connection();
    watcher.watch(&one, FIRST);
    other.shutdown(Shutdown::Write).unwrap();
    watcher.until("closed", |watcher| watcher.state(FIRST).read_closed);
    let state = watcher.state(FIRST);
    assert!(state.read && !state.write_closed, "{state:?}");
}

#[test]
fn bytes_before_the_end_are_told_with_it() {
    let mut watcher = Watcher::new();
    let (one, mut other) = connection();
    watcher.watch(&one, FIRST);
    other.write_all(b"last words").unwrap();
    other.shutdown(Shutdown::Write).unwrap();
    watcher.until("closed", |watcher| watcher.state(FIRST).read_closed);
    assert!(watcher.state(FIRST).read);
    assert_eq!(drain(&one), 10);
}

#[test]
fn a_reset_closes_both_sides() {
    let mut watcher = Watcher::new();
    let (one, other) = connection();
    watcher.watch(&one, FIRST);
    watcher.settle();
    socket2::SockRef::from(&other).set_linger(Some(Duration::ZERO)).unwrap();
    drop(other);
    watcher.until("closed", |watcher| {
        let state = watcher.state(FIRST);
        state.read_closed && state.write_closed && state.read && state.write
    });
}

#[test]
fn a_pipe_tells_each_end_that_the_other_has_gone() {
    let mut watcher = Watcher::new();
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    watcher.watch(&reader, FIRST);
    drop(writer);
    watcher.until("closed", |watcher| watcher.state(FIRST).read_closed);
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    watcher.watch(&writer, SECOND);
    drop(reader);
    watcher.until("closed", |watcher| watcher.state(SECOND).write_closed);
}

#[test]
fn an_end_of_a_pipe_whose_other_end_had_gone_before_is_told_too() {
    let mut watcher = Watcher::new();
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    drop(reader);
    watcher.watch(&writer, FIRST);
    watcher.until("closed", |watcher| watcher.state(FIRST).write_closed);
}

#[test]
fn a_listener_is_readable_for_each_client_that_comes() {
    let mut watcher = Watcher::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    watcher.watch(&listener, FIRST);
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        watcher.until_readable(FIRST);
        assert!(listener.accept().is_ok());
        assert!(listener.accept().is_err());
        watcher.drained(FIRST);
    }
}

fn connecting(to: std::net::SocketAddr) -> socket2::Socket {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_nonblocking(true).unwrap();
    let _ = socket.connect(&to.into());
    socket
}

#[test]
fn a_connect_that_has_ended_is_writable_one_that_was_refused_is_closed() {
    let mut watcher = Watcher::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    let connected = connecting(to);
    watcher.watch(&connected, FIRST);
    watcher.until_writable(FIRST);
    assert!(connected.take_error().unwrap().is_none());
    drop(listener);
    let refused = connecting(to);
    watcher.watch(&refused, SECOND);
    watcher.until("closed", |watcher| watcher.state(SECOND).write_closed);
}

#[test]
fn a_datagram_is_told_each_time() {
    let mut watcher = Watcher::new();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    watcher.watch(&socket, FIRST);
    for round in 0..10u8 {
        socket.send_to(&[round], socket.local_addr().unwrap()).unwrap();
        watcher.until_readable(FIRST);
        assert_eq!(socket.recv(&mut [0; 4]).unwrap(), 1);
        watcher.drained(FIRST);
    }
}

#[test]
fn what_is_no_longer_watched_says_nothing() {
    let mut watcher = Watcher::new();
    let (one, mut other) = pair();
    watcher.watch(&one, FIRST);
    watcher.settle();
    watcher.poller.remove(one.as_fd());
    watcher.ready.clear();
    other.write_all(b"for nobody").unwrap();
    thread::sleep(A_WHILE);
    watcher.settle();
    assert_eq!(watcher.state(FIRST), Ready::default());
    watcher.poller.remove(one.as_fd());
    watcher.watch(&one, SECOND);
    watcher.until_readable(SECOND);
}

#[test]
fn a_closed_descriptor_says_nothing_and_the_next_owner_of_its_number_has_a_key_of_its_own() {
    let mut watcher = Watcher::new();
    for generation in 1..20 {
        let (one, mut other) = pair();
        let key = Key::of(0, generation);
        watcher.watch(&one, key);
        other.write_all(b"x").unwrap();
        watcher.until_readable(key);
        watcher.ready.clear();
        drop((one, other));
        watcher.settle();
        assert!(watcher.ready.is_empty(), "{:?}", watcher.ready);
    }
}

#[test]
fn a_regular_file_is_refused_or_always_ready() {
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let mut watcher = Watcher::new();
    if watcher.poller.add(file.as_fd(), FIRST).is_ok() {
        watcher.until_readable(FIRST);
    }
}

#[test]
fn more_events_than_one_look_takes_come_with_the_next() {
    let mut watcher = Watcher::new();
    // Both ends of each: many a system lets a process have no more than 1024 descriptors.
    let pairs: Vec<_> = (0..EVENTS / 2 + 25).map(|_| pair()).collect();
    let ends: Vec<_> = pairs.iter().flat_map(|(one, other)| [one, other]).collect();
    for (index, &end) in ends.iter().enumerate() {
        watcher.watch(end, Key::of(index as u32, 1));
    }
    for end in &ends {
        (&mut &**end).write_all(b"x").unwrap();
    }
    watcher.until("all readable", |watcher| {
        (0..ends.len()).all(|index| watcher.state(Key::of(index as u32, 1)).read)
    });
}

#[test]
fn a_wake_from_any_thread_ends_the_sleep_and_one_before_it_is_kept() {
    let mut watcher = Watcher::new();
    let waker = Waker::new(&watcher.poller).unwrap();
    watcher.settle();
    watcher.woken = 0;
    waker.wake();
    assert!(
        sleep(watcher.poller.as_fd(), Duration::from_millis(900)),
        "a wake before the sleep"
    );
    watcher.settle();
    assert!(watcher.woken >= 1);
    assert!(!sleep(watcher.poller.as_fd(), A_WHILE), "a wake ends one sleep");
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(A_WHILE);
            waker.wake();
        });
        let began = watcher.woken;
        watcher.until("woken", |watcher| watcher.woken > began);
    });
}

#[test]
fn a_flood_of_wakes_from_many_threads_never_blocks_and_is_one_or_more() {
    let mut watcher = Watcher::new();
    let waker = Waker::new(&watcher.poller).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50_000).for_each(|_| waker.wake()));
        }
    });
    watcher.until("woken", |watcher| watcher.woken > 0);
    watcher.settle();
    let woken = watcher.woken;
    waker.wake();
    watcher.until("woken again", |watcher| watcher.woken > woken);
}

/// Numbers that look random and are the same each time (Marsaglia, Xorshift RNGs, 2003).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

/// The rule that a domain relies on: whatever would not block is known to be ready, as soon as the poller was asked.
fn nothing_is_missed(watcher: &Watcher, pairs: &[(UnixStream, UnixStream)], ended: &[bool]) {
    for (index, (one, _)) in pairs.iter().enumerate() {
        let mut fds = [PollFd::new(one, PollFlags::IN | PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).unwrap();
        let (said, state) = (fds[0].revents(), watcher.state(Key::of(index as u32, 1)));
        assert!(
            !said.contains(PollFlags::IN) || state.read,
            "{index} is readable, and {state:?}"
        );
        assert!(
            !said.contains(PollFlags::OUT) || state.write,
            "{index} is writable, and {state:?}"
        );
        assert!(!ended[index] || state.read_closed, "{index} has ended, and {state:?}");
    }
}

#[test]
fn no_edge_is_missed_whatever_happens_in_whatever_order() {
    for seed in 1..=30 {
        let mut numbers = Numbers(seed * 0x9e37_79b9);
        let mut watcher = Watcher::new();
        let pairs: Vec<_> = (0..8).map(|_| pair()).collect();
        let mut ended = [false; 8];
        for (index, (one, _)) in pairs.iter().enumerate() {
            watcher.watch(one, Key::of(index as u32, 1));
        }
        for _ in 0..400 {
            let index = numbers.below(pairs.len());
            let (key, (one, other)) = (Key::of(index as u32, 1), &pairs[index]);
            match numbers.below(8) {
                0..=2 => drop((&mut &*other).write(&[1; 700])),
                3 => {
                    // As an operation does: only where it is known to be ready, and until it would block.
                    if watcher.state(key).read {
                        drain(one);
                        if !watcher.state(key).read_closed {
                            watcher.drained(key);
                        }
                    }
                }
                4 => {
                    if watcher.state(key).write {
                        fill(one);
                        watcher.filled(key);
                    }
                }
                5 => drop(drain(other)),
                6 if numbers.below(20) == 0 => {
                    let _ = other.shutdown(Shutdown::Write);
                    ended[index] = true;
                }
                _ => drop((&mut &*other).write(&[2; 1])),
            }
            if numbers.below(3) == 0 {
                watcher.settle();
                nothing_is_missed(&watcher, &pairs, &ended);
            }
        }
    }
}
