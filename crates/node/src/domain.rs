//! A domain as JavaScript sees it. Descriptors are named by place and generation, synchronisation objects by word; a
//! result below zero is a negated errno. Each has `catch_unwind`: without it a panic would end the process instead of
//! throwing an error.

use std::cell::{RefCell, RefMut};
use std::os::fd::{BorrowedFd, IntoRawFd, OwnedFd};
use std::rc::{Rc, Weak};

use miou_core::domain::kind_number;
use miou_core::listeners::Sharing;
use miou_core::mutex::Unlock;
use miou_core::poller::Key;
use miou_core::ring::Ring;
use miou_core::world::World;
use miou_core::{domain, printer};
use napi::bindgen_prelude::{Buffer, JsValue, Uint8Array, Unknown};
use napi::{Env, Error, Result, Status};
use napi_derive::napi;
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown};

use crate::memory::pinned;
use crate::node_loop::NodeLoopRef;

/// One thread's domain.
#[napi]
pub struct Domain {
    domain: Rc<RefCell<domain::Domain>>,
    node: NodeLoopRef,
}

thread_local! {
    static HERE: RefCell<Weak<RefCell<domain::Domain>>> = const { RefCell::new(Weak::new()) };
}

/// Has the domain of this thread act. There is one: JavaScript has begun it before it has anything to name.
pub(crate) fn here<T>(act: impl FnOnce(&mut domain::Domain) -> T) -> T {
    let domain = HERE
        .with_borrow(Weak::upgrade)
        .expect("this thread has begun its domain");
    let mut domain = domain.borrow_mut();
    act(&mut domain)
}

fn key(index: i32, generation: i32) -> Key {
    Key::of(index as u32, generation as u32)
}

pub(crate) fn number(result: std::result::Result<i32, Errno>) -> i32 {
    result.unwrap_or_else(|errno| -errno.raw_os_error())
}

fn done(result: std::result::Result<(), Errno>) -> i32 {
    number(result.map(|()| 0))
}

/// A descriptor that was not taken over stays open.
fn still_theirs((fd, errno): (OwnedFd, Errno)) -> Errno {
    let _ = fd.into_raw_fd();
    errno
}

#[napi]
impl Domain {
    /// A domain over `ring`, in the world whose words are `world` (both a `Uint8Array` over a `SharedArrayBuffer`). Node's
    /// loop calls `wake` when the domain has something to do.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, ring: Unknown<'_>, world: Unknown<'_>, wake: Unknown<'_>) -> Result<Self> {
        let failed =
            |error: std::io::Error| Error::new(Status::GenericFailure, format!("no domain can be made here: {error}"));
        let (ring, bytes) = pinned(env, &ring)?;
        // SAFETY: RING: the memory is pinned, and lib/ring.ts touches it on this thread only, outside of calls.
        let ring = unsafe { Ring::over(ring, bytes) }.map_err(failed)?;
        let (words, bytes) = pinned(env, &world)?;
        // SAFETY: WORLD: the thread that made the words pinned them before it started the workers that share them.
        let world = unsafe { World::at(words.cast(), bytes / 4) }.map_err(failed)?;
        let domain = Rc::new(RefCell::new(domain::Domain::new(ring, &world).map_err(failed)?));
        let node = NodeLoopRef::start(env.raw(), wake.raw(), domain.clone())?;
        HERE.set(Rc::downgrade(&domain));
        Ok(Self { domain, node })
    }

    fn core(&self) -> RefMut<'_, domain::Domain> {
        self.domain.borrow_mut()
    }

    /// Its place in the world, from 1.
    #[napi(getter, catch_unwind)]
    pub fn place(&self) -> u32 {
        self.core().place()
    }

    /// How many descriptors it holds.
    #[napi(getter, catch_unwind)]
    pub fn descriptors(&self) -> u32 {
        self.core().descriptors() as u32
    }

    /// How many synchronisation objects its world has.
    #[napi(getter, catch_unwind)]
    pub fn objects(&self) -> u32 {
        self.core().world().objects().len() as u32
    }

    /// Does all that can be done now; how many completions it left in the ring.
    #[napi(catch_unwind)]
    pub fn turn(&self) -> Result<u32> {
        let turned = self.core().turn();
        turned
            .map(|count| count as u32)
            .map_err(|error| Error::from_reason(format!("the poller failed: {error}")))
    }

    /// Whether the domain keeps Node's loop alive.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, alive: bool) {
        self.node.keep_alive(alive);
    }

    /// Has `wake` called in `ms` milliseconds at the latest; not at all where that is negative.
    #[napi(catch_unwind)]
    pub fn set_timer(&self, ms: f64) {
        self.node.set_timer(ms);
    }

    fn made(&self, made: std::result::Result<Key, Errno>) -> i32 {
        number(made.map(|key| {
            self.core().note_generation(key);
            key.index() as i32
        }))
    }

    /// Makes a socket. `family`: 4, 6, or 1 for a Unix-domain one. Returns its place; its generation is in the header.
    #[napi(catch_unwind)]
    pub fn socket(&self, family: i32, datagram: bool) -> i32 {
        let family = match family {
            4 => AddressFamily::INET,
            6 => AddressFamily::INET6,
            _ => AddressFamily::UNIX,
        };
        let made = self.core().socket(family, datagram);
        self.made(made)
    }

    /// Takes over descriptor number `fd` of the process: its place, with the kind (0 stream, 1 datagram, 2 other) in the
    /// lowest two bits.
    #[napi(catch_unwind)]
    pub fn adopt(&self, fd: i32, non_blocking: bool) -> i32 {
        if fd < 0 {
            return done(Err(Errno::BADF));
        }
        // SAFETY: the borrow ends with the call, and the number is only asked about: fcntl says whether it is open.
        let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
        if let Err(errno) = rustix::io::fcntl_getfd(borrowed) {
            return done(Err(errno));
        }
        // SAFETY: it is open, and whoever calls this hands it over (the contract of `ofFileDescr`).
        let owned = unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd) };
        let adopted = self.core().adopt(owned, non_blocking);
        number(adopted.map_err(still_theirs).map(|(key, kind)| {
            self.core().note_generation(key);
            (key.index() as i32) << 2 | kind_number(kind) as i32
        }))
    }

    /// A second descriptor of the same open file: its place.
    #[napi(catch_unwind)]
    pub fn duplicate(&self, index: i32, generation: i32) -> i32 {
        let made = self.core().duplicate(key(index, generation));
        self.made(made)
    }

    /// The number that the system knows a descriptor by.
    #[napi(catch_unwind)]
    pub fn number(&self, index: i32, generation: i32) -> i32 {
        number(self.core().number(key(index, generation)))
    }

    /// Binds a socket to an encoded address, and listens. `sharing`: 0 with nobody, 1 within the process, 2 with others.
    #[napi(catch_unwind)]
    pub fn bind(
        &self,
        index: i32,
        generation: i32,
        to: Buffer,
        backlog: i32,
        reuse_address: bool,
        sharing: i32,
    ) -> i32 {
        let sharing = match sharing {
            0 => Sharing::Nobody,
            1 => Sharing::Process,
            _ => Sharing::Everybody,
        };
        done(
            self.core()
                .bind(key(index, generation), &to, backlog, reuse_address, sharing),
        )
    }

    /// Ends a side of a connection: 0 reading, 1 writing, 2 both.
    #[napi(catch_unwind)]
    pub fn shutdown(&self, index: i32, generation: i32, how: i32) -> i32 {
        let how = match how {
            0 => Shutdown::Read,
            1 => Shutdown::Write,
            _ => Shutdown::Both,
        };
        done(self.core().shutdown(key(index, generation), how))
    }

    /// The encoded address of a socket or its peer, or a negated errno.
    #[napi(catch_unwind, ts_return_type = "Buffer | number")]
    pub fn name(&self, index: i32, generation: i32, peer: bool) -> napi::Either<Buffer, i32> {
        match self.core().name(key(index, generation), peer) {
            Ok(name) => napi::Either::A(name.into()),
            Err(errno) => napi::Either::B(-errno.raw_os_error()),
        }
    }

    /// Closes a descriptor; whoever waits on it is told.
    #[napi(catch_unwind)]
    pub fn close(&self, index: i32, generation: i32) -> i32 {
        done(self.core().close(key(index, generation)))
    }

    /// Carries out what was submitted, without a turn: makes room in the ring.
    #[napi(catch_unwind)]
    pub fn drain(&self) {
        self.core().drain();
    }

    /// What descriptors and objects were packed for is not sent.
    #[napi(catch_unwind)]
    pub fn unpack(&self) {
        self.core().unpack();
    }

    /// Whether a task waits on a descriptor.
    #[napi(catch_unwind)]
    pub fn in_use(&self, index: i32, generation: i32) -> bool {
        self.core().in_use(key(index, generation))
    }

    /// Chooses a descriptor to travel with the next message or value.
    #[napi(catch_unwind)]
    pub fn pack(&self, index: i32, generation: i32) -> i32 {
        done(self.core().pack(key(index, generation)))
    }

    /// Withdraws an operation that waits on a descriptor; whether it still waited.
    #[napi(catch_unwind)]
    pub fn withdraw(&self, index: i32, generation: i32, token: i32) -> bool {
        self.core().withdraw(key(index, generation), token)
    }

    /// Hands bytes of the receive area back to the front of a descriptor, with `sender` bytes of address behind them.
    #[napi(catch_unwind)]
    pub fn give_back(&self, index: i32, generation: i32, offset: i32, length: i32, sender: i32) {
        self.core().give_back(key(index, generation), offset, length, sender);
    }

    /// Hands bytes back to the front of a descriptor.
    #[napi(catch_unwind)]
    pub fn give_bytes_back(&self, index: i32, generation: i32, bytes: Uint8Array) {
        self.core()
            .give_bytes_back(key(index, generation), bytes.as_ref().into());
    }

    /// Sets an option of a socket, as crates/core/src/options.rs numbers them.
    #[napi(catch_unwind)]
    pub fn set_option(&self, index: i32, generation: i32, option: i32, value: i32) -> i32 {
        done(self.core().set_option(key(index, generation), option, value))
    }

    /// Hands an accepted connection back to its listener, with its peer's address in the receive area.
    #[napi(catch_unwind)]
    pub fn give_back_connection(
        &self,
        index: i32,
        generation: i32,
        made: i32,
        made_generation: i32,
        peer: i32,
        length: i32,
    ) {
        self.core()
            .give_back_connection(key(index, generation), key(made, made_generation), (peer, length));
    }

    /// Gives a contended mutex up. 0, 1: it is free; 2: it is somebody else's.
    #[napi(catch_unwind)]
    pub fn unlock(&self, mutex: i32, owner: i32) -> i32 {
        match self.core().unlock(mutex as u32, owner as u32) {
            Ok(()) => 0,
            Err(Unlock::NotLocked) => 1,
            Err(Unlock::NotOwner) => 2,
        }
    }

    /// Signals a condition, to one or to all.
    #[napi(catch_unwind)]
    pub fn signal(&self, condition: i32, all: bool) {
        self.core().signal(condition as u32, all);
    }

    /// Ends a wait for a mutex or on a condition before its time.
    #[napi(catch_unwind)]
    pub fn forsake(&self, token: i32) -> bool {
        self.core().forsake(token)
    }

    /// Queues this thread for a mutex: 1 where it holds it, 0 where it is to park.
    #[napi(catch_unwind)]
    pub fn lock_sync(&self, mutex: i32, owner: i32) -> i32 {
        number(self.core().lock_sync(mutex as u32, owner as u32).map(i32::from))
    }

    /// Has this thread wait on a condition; it is to park until it holds the mutex again.
    #[napi(catch_unwind)]
    pub fn wait_sync(&self, condition: i32, mutex: i32, owner: i32) -> i32 {
        done(self.core().wait_sync(condition as u32, mutex as u32, owner as u32))
    }

    /// Sleeps for at most 50 ms; whether the thread was woken.
    #[napi(catch_unwind)]
    pub fn park(&self) -> bool {
        self.core().park()
    }

    /// Writes on with a line to standard output; how many of its bytes are written now.
    #[napi(catch_unwind)]
    pub fn print(&self, line: Buffer, from: u32) -> i32 {
        let place = self.core().place();
        number(printer::print(place, &line, from as usize).map(|written| written as i32))
    }
}

/// How many worlds this binary has in the process: more than one means that threads do not know each other.
#[napi(catch_unwind)]
pub fn worlds() -> u32 {
    World::count() as u32
}

/// The name of the poller of this platform.
#[napi(catch_unwind)]
pub fn poller() -> &'static str {
    miou_core::poller::Poller::NAME
}
