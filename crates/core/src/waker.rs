//! The waker: how a thread ends another domain's sleep, with one system call.

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "waker/eventfd.rs"]
mod imp;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[path = "waker/kqueue.rs"]
mod imp;

pub use imp::Waker;
