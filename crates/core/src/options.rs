//! Options of sockets, as JavaScript numbers them.

use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt;

use crate::descriptor::Descriptor;

/// Numbers of options; a value that is no number is 0 or 1, and -1 turns off what is otherwise a time.
pub mod option {
    /// `TCP_NODELAY`.
    pub const NO_DELAY: i32 = 1;
    /// Seconds of silence after which the peer is probed.
    pub const KEEP_ALIVE: i32 = 2;
    /// `SO_LINGER`, in seconds.
    pub const LINGER: i32 = 3;
    /// `SO_SNDBUF`, in bytes.
    pub const SEND_BUFFER: i32 = 4;
    /// `SO_RCVBUF`, in bytes.
    pub const RECEIVE_BUFFER: i32 = 5;
    /// `IPV6_V6ONLY`.
    pub const IPV6_ONLY: i32 = 6;
    /// `SO_BROADCAST`.
    pub const BROADCAST: i32 = 7;
    /// `IP_TTL`, or the hop limit of IPv6.
    pub const TTL: i32 = 8;
}

/// Sets one option of a socket.
///
/// # Errors
/// Those of `setsockopt`; `INVAL` for an option that there is not, or a value that it can't have.
pub fn set(descriptor: &mut Descriptor, option: i32, value: i32) -> Result<(), Errno> {
    let flag = value != 0;
    match option {
        option::NO_DELAY => sockopt::set_tcp_nodelay(&*descriptor, flag),
        option::KEEP_ALIVE => keep_alive(descriptor.as_fd(), value),
        option::LINGER => linger(descriptor, value),
        option::SEND_BUFFER => sockopt::set_socket_send_buffer_size(&*descriptor, size(value)?),
        option::RECEIVE_BUFFER => sockopt::set_socket_recv_buffer_size(&*descriptor, size(value)?),
        option::IPV6_ONLY => sockopt::set_ipv6_v6only(&*descriptor, flag),
        option::BROADCAST => sockopt::set_socket_broadcast(&*descriptor, flag),
        option::TTL => ttl(descriptor.as_fd(), value),
        _ => Err(Errno::INVAL),
    }
}

fn size(value: i32) -> Result<usize, Errno> {
    usize::try_from(value).map_err(|_| Errno::INVAL)
}

/// The seconds that a value stands for; `None` where it turns something off.
fn seconds(value: i32) -> Option<Duration> {
    u64::try_from(value).ok().map(Duration::from_secs)
}

fn keep_alive(fd: BorrowedFd<'_>, value: i32) -> Result<(), Errno> {
    if let Some(idle) = seconds(value) {
        sockopt::set_tcp_keepidle(fd, idle)?;
    }
    sockopt::set_socket_keepalive(fd, value >= 0)
}

fn linger(descriptor: &mut Descriptor, value: i32) -> Result<(), Errno> {
    sockopt::set_socket_linger(&*descriptor, seconds(value))?;
    descriptor.lingers = value > 0;
    Ok(())
}

fn ttl(fd: BorrowedFd<'_>, value: i32) -> Result<(), Errno> {
    let hops = u8::try_from(value).map_err(|_| Errno::INVAL)?;
    match SocketAddr::try_from(rustix::net::getsockname(fd)?) {
        Ok(SocketAddr::V6(_)) => sockopt::set_ipv6_unicast_hops(fd, Some(hops)),
        _ => sockopt::set_ip_ttl(fd, u32::from(hops)),
    }
}
