//! The rare calls that never suspend: making sockets, naming them, their options, their end.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::OFlags;
use rustix::io::{Errno, FdFlags};
use rustix::net::{AddressFamily, Shutdown, SocketAddrAny, SocketType, sockopt};

use super::{CLOSED, Domain};
use crate::address::{self, Address};
use crate::descriptor::{Descriptor, Kind, Returned, STANDARD};
use crate::listeners::{Listening, Sharing};
use crate::number;
use crate::op::DATAGRAM;
use crate::options;
use crate::poller::Key;
use crate::ring::Completion;

type Result<T> = std::result::Result<T, Errno>;

impl Domain {
    fn descriptor(&mut self, key: Key) -> Result<&mut Descriptor> {
        self.table.get(key).ok_or(Errno::BADF)
    }

    /// Makes a socket in non-blocking mode, closed on exec. Streams of the internet send at once (`TCP_NODELAY`, which
    /// accepted connections inherit).
    ///
    /// # Errors
    /// Those of `socket`.
    pub fn socket(&mut self, family: AddressFamily, datagram: bool) -> Result<Key> {
        let (kind, r#type) = if datagram {
            (Kind::Datagram, SocketType::DGRAM)
        } else {
            (Kind::Stream, SocketType::STREAM)
        };
        let fd = make(family, r#type)?;
        if kind == Kind::Stream && family != AddressFamily::UNIX {
            sockopt::set_tcp_nodelay(&fd, true)?;
        }
        Ok(self.table.insert(Descriptor::new(fd, kind)))
    }

    /// Takes over a descriptor of the process, and says what kind it is.
    ///
    /// # Errors
    /// Hands it back, with `BUSY` for one that a domain of this process holds, `PROTONOSUPPORT` for a socket that is
    /// neither stream nor datagram.
    pub fn adopt(&mut self, fd: OwnedFd, non_blocking: bool) -> std::result::Result<(Key, Kind), (OwnedFd, Errno)> {
        if !number::claim(fd.as_raw_fd()) {
            return Err((fd, Errno::BUSY));
        }
        Self::take_over(fd, non_blocking)
            .map(|(descriptor, kind)| self.take_in(descriptor, kind))
            .map_err(|(fd, errno)| {
                number::release(fd.as_raw_fd());
                (fd, errno)
            })
    }

    fn take_over(fd: OwnedFd, non_blocking: bool) -> std::result::Result<(Descriptor, Kind), (OwnedFd, Errno)> {
        let kind = match sockopt::socket_type(&fd) {
            Ok(SocketType::STREAM) => Kind::Stream,
            Ok(SocketType::DGRAM) => Kind::Datagram,
            Ok(_) => return Err((fd, Errno::PROTONOSUPPORT)),
            Err(_) => Kind::File,
        };
        if let Err(errno) = set_mode(fd.as_fd(), non_blocking).and_then(|()| close_on_exec(fd.as_fd())) {
            return Err((fd, errno));
        }
        let mut descriptor = Descriptor::new(fd, kind);
        descriptor.blocking = !non_blocking;
        descriptor.lingers =
            sockopt::socket_linger(&descriptor).is_ok_and(|time| time.is_some_and(|time| !time.is_zero()));
        Ok((descriptor, kind))
    }

    fn take_in(&mut self, descriptor: Descriptor, kind: Kind) -> (Key, Kind) {
        let key = self.table.insert(descriptor);
        if kind == Kind::File {
            self.watch_file(key);
        }
        (key, kind)
    }

    /// Watches a file from the start, to learn whether it can be waited for.
    fn watch_file(&mut self, key: Key) {
        let Some(descriptor) = self.table.get(key) else { return };
        descriptor.watched = self.poller.add(descriptor.as_fd(), key).is_ok();
        if !descriptor.watched {
            descriptor.never_blocks();
        }
    }

    /// Makes a second descriptor of the same open file.
    ///
    /// # Errors
    /// `BADF` where it is not here, `MFILE`.
    pub fn duplicate(&mut self, key: Key) -> Result<Key> {
        let copy = self.descriptor(key)?.duplicate()?;
        let kind = copy.kind;
        Ok(self.take_in(copy, kind).0)
    }

    /// The number that the system knows a descriptor by.
    ///
    /// # Errors
    /// `BADF` where it is not here.
    pub fn number(&mut self, key: Key) -> Result<i32> {
        Ok(self.descriptor(key)?.as_fd().as_raw_fd())
    }

    /// Binds a socket and, unless it is a datagram socket, listens on it.
    ///
    /// # Errors
    /// Those of `bind` and `listen`: `ADDRINUSE`, `ADDRNOTAVAIL`, `ACCES`, ...
    pub fn bind(&mut self, key: Key, to: &[u8], backlog: i32, reuse_address: bool, sharing: Sharing) -> Result<()> {
        let to = Address::decode(to).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))?;
        let descriptor = self.descriptor(key)?;
        let datagram = descriptor.kind == Kind::Datagram;
        match to {
            Address::Path(to) => rustix::net::bind(&*descriptor, &to)?,
            Address::Inet(to) => {
                sockopt::set_socket_reuseaddr(&*descriptor, reuse_address)?;
                descriptor.listening = Some(Arc::new(Listening::bind(descriptor.as_fd(), to, sharing)?));
            }
        }
        if !datagram {
            rustix::net::listen(&*descriptor, backlog)?;
            // What was seen of the socket before it listened says nothing about connections.
            descriptor.ready.read = true;
            descriptor.ready.read_closed = false;
        }
        Ok(())
    }

    /// Ends one side of a connection, or both.
    ///
    /// # Errors
    /// `NOTCONN`, `BADF`.
    pub fn shutdown(&mut self, key: Key, how: Shutdown) -> Result<()> {
        self.drain();
        rustix::net::shutdown(&*self.descriptor(key)?, how)
    }

    /// The encoded address of a socket, or of its peer.
    ///
    /// # Errors
    /// `NOTCONN`, `NOTSOCK`, `BADF`.
    pub fn name(&mut self, key: Key, peer: bool) -> Result<Vec<u8>> {
        let descriptor = self.descriptor(key)?;
        let name: Option<SocketAddrAny> = if peer {
            rustix::net::getpeername(&*descriptor)?
        } else {
            Some(rustix::net::getsockname(&*descriptor)?)
        };
        let mut out = vec![0; address::MOST];
        let length = address::encode(name.as_ref(), &mut out);
        out.truncate(length);
        Ok(out)
    }

    /// Sets an option of a socket, see [`options`].
    ///
    /// # Errors
    /// `BADF`, and those of `setsockopt`.
    pub fn set_option(&mut self, key: Key, option: i32, value: i32) -> Result<()> {
        options::set(self.descriptor(key)?, option, value)
    }

    /// Closes a descriptor. Whoever waits on it is told [`CLOSED`].
    ///
    /// # Errors
    /// `BADF` where it is not here.
    pub fn close(&mut self, key: Key) -> Result<()> {
        self.drain();
        let mut descriptor = self.table.remove(key).ok_or(Errno::BADF)?;
        while let Some(pending) = descriptor.readers.pop().or_else(|| descriptor.writers.pop()) {
            self.complete(Completion::plain(pending.token, CLOSED));
        }
        Ok(())
    }

    /// Withdraws an operation that waits on a descriptor; `false` where it does not wait there.
    pub fn withdraw(&mut self, key: Key, token: i32) -> bool {
        self.drain();
        let Some(descriptor) = self.table.get(key) else {
            return false;
        };
        let waits = descriptor
            .readers
            .remove(token)
            .or_else(|| descriptor.writers.remove(token));
        waits.is_some()
    }

    /// Hands back what an operation completed with, the three words of its completion: bytes of the receive area, a
    /// datagram with its sender's address behind it, or an error.
    pub fn give_back(&mut self, key: Key, [result, offset, position]: [i32; 3]) {
        let Some(descriptor) = self.table.get(key) else { return };
        let datagram = descriptor.kind == Kind::Datagram;
        let sender = if datagram { position & (DATAGRAM as i32 - 1) } else { 0 };
        let position = (position - sender).cast_unsigned();
        if result < 0 {
            descriptor.give_back(position, Returned::Error(result));
            return self.go_on(key);
        }
        let bytes = self.ring.received(offset, result);
        let from = self.ring.received(offset.saturating_add(result), sender);
        let (Some(bytes), Some(from)) = (bytes, from) else {
            return;
        };
        if bytes.is_empty() && !datagram {
            // The end of a stream stays where it is.
            return;
        }
        let returned = if datagram {
            Returned::Datagram {
                bytes: bytes.into(),
                from: from.into(),
            }
        } else {
            Returned::Bytes {
                bytes: bytes.into(),
                taken: 0,
            }
        };
        descriptor.give_back(position, returned);
        self.go_on(key);
    }

    /// Hands bytes back in front of all that a descriptor still has.
    pub fn give_bytes_back(&mut self, key: Key, bytes: Box<[u8]>) {
        let Some(descriptor) = self.table.get(key) else { return };
        if !bytes.is_empty() {
            descriptor.put_in_front(bytes.len(), Returned::Bytes { bytes, taken: 0 });
            self.go_on(key);
        }
    }

    /// Those who wait go on at the next turn: what is handed back until then may belong in front.
    fn go_on(&mut self, key: Key) {
        self.deferred.push_back(key);
    }

    /// Hands an accepted connection back to where it stood on its listener, or closes it where the listener is gone.
    pub fn give_back_connection(&mut self, listener: Key, connection: Key, peer: (i32, i32)) {
        let peer: Box<[u8]> = self.ring.received(peer.0, peer.1).unwrap_or_default().into();
        let Some(mut connection) = self.table.remove(connection) else {
            return;
        };
        self.unwatch(&mut connection);
        if let Some(waiting) = self.table.get(listener) {
            waiting.give_back_connection(Box::new(connection), peer);
            self.go_on(listener);
        }
    }
}

/// A program that is started from here inherits what it is given and nothing else: its standard streams, as a rule.
fn close_on_exec(fd: BorrowedFd<'_>) -> Result<()> {
    if fd.as_raw_fd() <= STANDARD {
        return Ok(());
    }
    rustix::io::fcntl_setfd(fd, rustix::io::fcntl_getfd(fd)? | FdFlags::CLOEXEC)
}

fn set_mode(fd: BorrowedFd<'_>, non_blocking: bool) -> Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    let wanted = if non_blocking {
        flags | OFlags::NONBLOCK
    } else {
        flags - OFlags::NONBLOCK
    };
    if wanted == flags {
        Ok(())
    } else {
        rustix::fs::fcntl_setfl(fd, wanted)
    }
}

#[cfg(not(target_vendor = "apple"))]
fn make(family: AddressFamily, r#type: SocketType) -> Result<OwnedFd> {
    use rustix::net::SocketFlags;
    rustix::net::socket_with(family, r#type, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)
}

#[cfg(target_vendor = "apple")]
fn make(family: AddressFamily, r#type: SocketType) -> Result<OwnedFd> {
    let fd = rustix::net::socket(family, r#type, None)?;
    rustix::io::fcntl_setfd(&fd, FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&fd, true)?;
    Ok(fd)
}
