//! Sockets to the server, and the poller that they are in.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with, sockopt};

/// Loopback addresses to connect from, see [`begin_connect_from`].
const SOURCES: u64 = 32;

/// Starts connecting; the socket becomes writable when it is through.
///
/// # Errors
/// No descriptor or port is left, or the address is refused at once.
pub fn begin_connect(address: SocketAddr) -> io::Result<OwnedFd> {
    connect_with(address, None)
}

fn connect_with(address: SocketAddr, source: Option<Ipv4Addr>) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    if let Some(source) = source {
        bind_address_only(&socket, source)?;
    }
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(io::Error::other(format!("connect to {address}: {error}"))),
    }
}

/// As [`begin_connect`], from one of many loopback addresses in turn.
///
/// A connection that was closed keeps its pair of addresses and ports for a while (TIME_WAIT). With one source address a
/// fast server would soon be measured on how long the kernel looks for a free port.
///
/// # Errors
/// As [`begin_connect`].
pub fn begin_connect_from(address: SocketAddr, number: u64) -> io::Result<OwnedFd> {
    match address.ip() {
        IpAddr::V4(host) if host.is_loopback() => {
            let source = Ipv4Addr::new(127, 0, 0, 1 + (number % SOURCES) as u8);
            connect_with(address, Some(source))
        }
        _ => connect_with(address, None),
    }
}

/// The port is chosen when connecting, where the whole pair is known, and not already when binding.
fn bind_address_only(socket: &OwnedFd, source: Ipv4Addr) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option's value is an int of this frame, given with its size; the descriptor is open while it is borrowed.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(bind(socket, &SocketAddr::new(IpAddr::V4(source), 0))?)
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
