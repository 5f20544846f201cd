//! Addresses as they cross the ring: a family byte, the port in two bytes (little end first), then text.
//!
//! The text is the literal address of an internet socket, or the path of a Unix-domain one. Text, because that is what
//! JavaScript shows and takes; the families are [`NONE`], [`PATH`], [`V4`], [`V6`].

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::slice;

use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix};

/// No address: a socket that is not bound, or a peer without a name.
pub const NONE: u8 = 0;
/// A path.
pub const PATH: u8 = 1;
/// An IPv4 address.
pub const V4: u8 = 4;
/// An IPv6 address.
pub const V6: u8 = 6;

/// Most bytes that an encoded address takes.
pub const MOST: usize = 128;

/// An address that JavaScript gave.
#[derive(Clone, Debug)]
pub enum Address {
    /// An internet address.
    Inet(SocketAddr),
    /// A path in the file system.
    Path(SocketAddrUnix),
}

impl Address {
    /// Reads an encoded address. The family of internet addresses is taken from the text.
    ///
    /// # Errors
    /// `InvalidInput` where the text is no literal address; `ENAMETOOLONG` for a path that the system has no room for.
    pub fn decode(bytes: &[u8]) -> io::Result<Self> {
        let invalid = || io::Error::from(rustix::io::Errno::INVAL);
        let [family, low, high, text @ ..] = bytes else {
            return Err(invalid());
        };
        if *family == PATH {
            return Ok(Self::Path(SocketAddrUnix::new(text)?));
        }
        let text = std::str::from_utf8(text).map_err(|_| invalid())?;
        let port = u16::from_le_bytes([*low, *high]);
        if let Some((host, zone)) = text.split_once('%') {
            let host = host.parse().map_err(|_| invalid())?;
            return Ok(Self::Inet(SocketAddrV6::new(host, port, 0, scope(zone)?).into()));
        }
        let host: IpAddr = text.parse().map_err(|_| invalid())?;
        Ok(Self::Inet(SocketAddr::new(host, port)))
    }
}

/// The number of a network interface that is given by number or, where the system tells us, by name.
fn scope(zone: &str) -> io::Result<u32> {
    match zone.parse() {
        Ok(number) => Ok(number),
        Err(_) => interface(zone),
    }
}

#[cfg(target_os = "linux")]
fn interface(name: &str) -> io::Result<u32> {
    let socket = rustix::net::socket(AddressFamily::INET6, rustix::net::SocketType::DGRAM, None)?;
    Ok(rustix::net::netdevice::name_to_index(&socket, name)?)
}

#[cfg(not(target_os = "linux"))]
fn interface(_name: &str) -> io::Result<u32> {
    Err(rustix::io::Errno::INVAL.into())
}

/// Encodes what the system said, into at most [`MOST`] bytes of `out`; returns how many it took.
pub fn encode(address: Option<&SocketAddrAny>, out: &mut [u8]) -> usize {
    let Some(address) = address else {
        return header(out, NONE, 0);
    };
    if let Ok(inet) = SocketAddr::try_from(address.clone()) {
        let family = if inet.is_ipv4() { V4 } else { V6 };
        let at = header(out, family, inet.port());
        let mut text = &mut out[at..];
        let room = text.len();
        let written = match inet {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => write!(text, "{}%{}", v6.ip(), v6.scope_id()),
            _ => write!(text, "{}", inet.ip()),
        };
        let left = text.len();
        return if written.is_ok() {
            at + room - left
        } else {
            header(out, NONE, 0)
        };
    }
    let at = header(out, PATH, 0);
    let path = path(address);
    let length = path.len().min(out.len() - at);
    out[at..at + length].copy_from_slice(&path[..length]);
    at + length
}

/// Where the path stands in the address of a Unix-domain socket.
const SUN_PATH: usize = 2;

/// The path in an address, without the zero that ends it; none in one without a path. Not by [`SocketAddrUnix`], which
/// panics where a path is so long that the zero has no room, and so would whoever accepts a peer that is bound to one.
fn path(address: &SocketAddrAny) -> &[u8] {
    if address.address_family() != AddressFamily::UNIX {
        return &[];
    }
    // SAFETY: an invariant of SocketAddrAny: the first `addr_len` bytes of what it points to, which is in it, are initialised.
    let bytes = unsafe { slice::from_raw_parts(address.as_ptr().cast::<u8>(), address.addr_len() as usize) };
    let path = bytes.get(SUN_PATH..).unwrap_or_default();
    let end = path.iter().position(|&byte| byte == 0).unwrap_or(path.len());
    &path[..end]
}

fn header(out: &mut [u8], family: u8, port: u16) -> usize {
    let [low, high] = port.to_le_bytes();
    out[..3].copy_from_slice(&[family, low, high]);
    3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(family: u8, port: u16, text: &str) -> Vec<u8> {
        let [low, high] = port.to_le_bytes();
        [&[family, low, high], text.as_bytes()].concat()
    }

    #[test]
    fn what_is_encoded_is_what_was_decoded() {
        for (family, port, text) in [(V4, 80, "127.0.0.1"), (V6, 65535, "::1"), (V6, 1, "fe80::1%2")] {
            let bytes = encoded(family, port, text);
            let Ok(Address::Inet(inet)) = Address::decode(&bytes) else {
                panic!("{text} is an internet address")
            };
            let mut out = [0; MOST];
            let length = encode(Some(&SocketAddrAny::from(inet)), &mut out);
            assert_eq!(&out[..length], bytes);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bytes in [
            &b""[..],
            b"\x04\x00",
            &encoded(V4, 1, "localhost"),
            &encoded(V4, 1, "1.2.3"),
            b"\x04\0\0\xff\xff",
        ] {
            assert!(Address::decode(bytes).is_err(), "{bytes:?}");
        }
        assert!(Address::decode(&encoded(PATH, 0, &"x".repeat(200))).is_err());
    }
}
