//! Which addresses this process has bound, so that its domains may share one while other processes may not.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::sync::Mutex;

use rustix::io::Errno;
use rustix::net::{SocketAddrAny, sockopt};

use crate::world::held;

/// Who may bind an address that is bound already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Nobody.
    Nobody,
    /// Other domains of this process.
    Process,
    /// Other processes of the same user too.
    Everybody,
}

/// How many sockets of this process share an address among themselves.
static SHARED: Mutex<Option<HashMap<SocketAddr, usize>>> = Mutex::new(None);

/// A bound address. While it lives, the domains of this process may bind it again, where that was agreed.
#[derive(Debug)]
pub struct Listening {
    shared: Option<SocketAddr>,
}

impl Listening {
    /// Binds a socket. Sharing within the process goes like this, under a lock, so that two domains that begin at the same
    /// moment do not see each other as strangers: bind without the option first, which fails where anybody is there; only
    /// where that is this very process, bind with it. A socket that was bound without it gets it afterwards, which is
    /// what lets the next one of ours in.
    ///
    /// # Errors
    /// Those of `bind`.
    pub fn bind(fd: BorrowedFd<'_>, to: SocketAddr, sharing: Sharing) -> Result<Self, Errno> {
        if sharing != Sharing::Process {
            share(fd, sharing == Sharing::Everybody)?;
            rustix::net::bind(fd, &to)?;
            return Ok(Self { shared: None });
        }
        let mut shared = held(&SHARED);
        let shared = shared.get_or_insert_with(HashMap::new);
        match rustix::net::bind(fd, &to) {
            Err(Errno::ADDRINUSE) if shared.contains_key(&to) => {
                share(fd, true)?;
                rustix::net::bind(fd, &to)?;
            }
            Err(errno) => return Err(errno),
            Ok(()) => share(fd, true)?,
        }
        let bound = bound(fd).unwrap_or(to);
        *shared.entry(bound).or_insert(0) += 1;
        Ok(Self { shared: Some(bound) })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let Some(address) = self.shared else { return };
        if let Some(shared) = held(&SHARED).as_mut() {
            let count = shared.entry(address).or_insert(1);
            *count -= 1;
            if *count == 0 {
                shared.remove(&address);
            }
        }
    }
}

fn bound(fd: BorrowedFd<'_>) -> Option<SocketAddr> {
    let name: SocketAddrAny = rustix::net::getsockname(fd).ok()?;
    SocketAddr::try_from(name).ok()
}

#[cfg(not(target_os = "freebsd"))]
fn share(fd: BorrowedFd<'_>, on: bool) -> Result<(), Errno> {
    sockopt::set_socket_reuseport(fd, on)
}

/// FreeBSD spreads connections only with an option of its own.
#[cfg(target_os = "freebsd")]
fn share(fd: BorrowedFd<'_>, on: bool) -> Result<(), Errno> {
    sockopt::set_socket_reuseport_lb(fd, on)
}
