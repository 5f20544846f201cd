//! Descriptors as JavaScript sees them: named by place and generation.

use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

use miou_core::domain::{Domain, kind_number};
use miou_core::listeners::Sharing;
use miou_core::poller::Key;
use napi::Either;
use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi_derive::napi;
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown};

use crate::domain::{done, here, or_errno};

fn key(index: i32, generation: i32) -> Key {
    Key::of(index as u32, generation as u32)
}

/// A descriptor that was not taken over stays open.
fn still_theirs((fd, errno): (OwnedFd, Errno)) -> Errno {
    let _ = fd.into_raw_fd();
    errno
}

/// The place of a descriptor that was made; its generation is in the header.
fn place(made: Result<Key, Errno>) -> i32 {
    or_errno(made.map(|key| {
        here(|core| core.note_generation(key));
        key.index() as i32
    }))
}

/// Makes a socket. `family`: 4, 6, or 1 for a Unix-domain one. Returns its place; its generation is in the header.
#[napi(catch_unwind)]
pub fn socket(family: i32, datagram: bool) -> i32 {
    let family = match family {
        4 => AddressFamily::INET,
        6 => AddressFamily::INET6,
        _ => AddressFamily::UNIX,
    };
    let made = here(|core| core.socket(family, datagram));
    place(made)
}

/// Takes over descriptor number `fd` of the process: its place, with the kind (0 stream, 1 datagram, 2 other) in the
/// lowest two bits.
#[napi(catch_unwind)]
pub fn adopt(fd: i32, non_blocking: bool) -> i32 {
    if fd < 0 {
        return done(Err(Errno::BADF));
    }
    // SAFETY: the borrow ends with the call, and the number is only asked about: fcntl says whether it is open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    if let Err(errno) = rustix::io::fcntl_getfd(borrowed) {
        return done(Err(errno));
    }
    // SAFETY: it is open, and whoever calls this hands it over (the contract of `ofFileDescr`).
    let owned = unsafe { OwnedFd::from_raw_fd(fd) };
    let adopted = here(|core| core.adopt(owned, non_blocking));
    or_errno(adopted.map_err(still_theirs).map(|(key, kind)| {
        here(|core| core.note_generation(key));
        (key.index() as i32) << 2 | kind_number(kind) as i32
    }))
}

/// A second descriptor of the same open file: its place.
#[napi(catch_unwind)]
pub fn duplicate(index: i32, generation: i32) -> i32 {
    place(here(|core| core.duplicate(key(index, generation))))
}

/// The number that the system knows a descriptor by.
#[napi(catch_unwind)]
pub fn number(index: i32, generation: i32) -> i32 {
    or_errno(here(|core| core.number(key(index, generation))))
}

/// Binds a socket to an encoded address, and listens. `sharing`: 0 with nobody, 1 within the process, 2 with others.
#[napi(catch_unwind)]
pub fn bind(index: i32, generation: i32, to: Buffer, backlog: i32, reuse_address: bool, sharing: i32) -> i32 {
    let sharing = match sharing {
        0 => Sharing::Nobody,
        1 => Sharing::Process,
        _ => Sharing::Everybody,
    };
    done(here(|core| {
        core.bind(key(index, generation), &to, backlog, reuse_address, sharing)
    }))
}

/// Ends a side of a connection: 0 reading, 1 writing, 2 both.
#[napi(catch_unwind)]
pub fn shutdown(index: i32, generation: i32, how: i32) -> i32 {
    let how = match how {
        0 => Shutdown::Read,
        1 => Shutdown::Write,
        _ => Shutdown::Both,
    };
    done(here(|core| core.shutdown(key(index, generation), how)))
}

/// The encoded address of a socket or its peer, or a negated errno.
#[napi(catch_unwind, ts_return_type = "Buffer | number")]
pub fn name(index: i32, generation: i32, peer: bool) -> Either<Buffer, i32> {
    match here(|core| core.name(key(index, generation), peer)) {
        Ok(name) => Either::A(name.into()),
        Err(errno) => Either::B(-errno.raw_os_error()),
    }
}

/// Closes a descriptor; whoever waits on it is told.
#[napi(catch_unwind)]
pub fn close(index: i32, generation: i32) -> i32 {
    done(here(|core| core.close(key(index, generation))))
}

/// What descriptors and objects were packed for is not sent.
#[napi(catch_unwind)]
pub fn unpack() {
    here(Domain::unpack);
}

/// Chooses a descriptor to travel with the next message or value.
#[napi(catch_unwind)]
pub fn pack(index: i32, generation: i32) -> i32 {
    done(here(|core| core.pack(key(index, generation))))
}

/// Withdraws an operation that waits on a descriptor; whether it still waited.
#[napi(catch_unwind)]
pub fn withdraw(index: i32, generation: i32, token: i32) -> bool {
    here(|core| core.withdraw(key(index, generation), token))
}

/// Hands back what an operation completed with, by the three words of its completion.
#[napi(catch_unwind)]
pub fn give_back(index: i32, generation: i32, result: i32, a: i32, b: i32) {
    here(|core| core.give_back(key(index, generation), [result, a, b]));
}

/// Hands bytes back to the front of a descriptor.
#[napi(catch_unwind)]
pub fn give_bytes_back(index: i32, generation: i32, bytes: Uint8Array) {
    here(|core| core.give_bytes_back(key(index, generation), bytes.as_ref().into()));
}

/// Sets an option of a socket, as crates/core/src/options.rs numbers them.
#[napi(catch_unwind)]
pub fn set_option(index: i32, generation: i32, option: i32, value: i32) -> i32 {
    done(here(|core| core.set_option(key(index, generation), option, value)))
}

/// Hands an accepted connection back to its listener, with its peer's address in the receive area.
#[napi(catch_unwind)]
pub fn give_back_connection(index: i32, generation: i32, made: i32, made_generation: i32, peer: i32, length: i32) {
    here(|core| core.give_back_connection(key(index, generation), key(made, made_generation), (peer, length)));
}
