//! Sockets to the server, and the poller that they are in.

use std::io;
use std::net::SocketAddr;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with, sockopt};

/// Starts connecting; the socket becomes writable when it is through.
///
/// # Errors
/// No descriptor or port is left, or the address is refused at once.
pub fn begin_connect(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(io::Error::other(format!("connect to {address}: {error}"))),
    }
}

/// How connecting ended.
///
/// # Errors
/// Refused, reset, no port left.
pub fn finish_connect(socket: &OwnedFd) -> io::Result<()> {
    match sockopt::socket_error(socket)? {
        Ok(()) => Ok(()),
        Err(error) => Err(io::Error::other(format!("connect: {error}"))),
    }
}

/// An epoll instance whose sockets are edge-triggered in both directions.
pub struct Poller {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

/// What happened to the socket that was registered as `index`.
#[derive(Clone, Copy)]
pub struct Ready {
    /// The number given to [`Poller::add`].
    pub index: usize,
    /// Bytes, the end, or an error wait.
    pub readable: bool,
    /// There is room to write, or connecting has ended.
    pub writable: bool,
}

impl Poller {
    /// # Errors
    /// No descriptor is left.
    pub fn new() -> io::Result<Poller> {
        Ok(Poller { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?, events: Vec::with_capacity(1024) })
    }

    /// Watches a socket until it is closed.
    ///
    /// # Errors
    /// The kernel's limit of watched descriptors.
    pub fn add(&self, socket: &OwnedFd, index: usize) -> io::Result<()> {
        let interest = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
        Ok(epoll::add(&self.epoll, socket, epoll::EventData::new_u64(index as u64), interest)?)
    }

    /// Waits for at most `timeout` ns and returns how many are ready; see [`Poller::ready`].
    ///
    /// # Errors
    /// As `epoll_pwait2(2)`; a signal is no error.
    pub fn wait(&mut self, timeout: u64) -> io::Result<usize> {
        let timeout = Timespec { tv_sec: (timeout / 1_000_000_000) as i64, tv_nsec: (timeout % 1_000_000_000) as i64 };
        self.events.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&timeout)) {
            Ok(count) => Ok(count),
            Err(Errno::INTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// The ready socket number `position` of the last wait.
    pub fn ready(&self, position: usize) -> Ready {
        // Copies: the kernel's struct is packed.
        let epoll::Event { flags, data } = self.events[position];
        let readable = epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR;
        let writable = epoll::EventFlags::OUT | epoll::EventFlags::HUP | epoll::EventFlags::ERR;
        Ready { index: data.u64() as usize, readable: flags.intersects(readable), writable: flags.intersects(writable) }
    }
}
