//! The domain of a thread as JavaScript sees it. A result below zero is a negated errno. Each function has `catch_unwind`:
//! without it a panic would end the process instead of throwing an error.
//!
//! These are functions, not methods of an object: Node-API finds what a method belongs to by a property of its object,
//! which takes 400 ns, where a function finds the domain of its thread in 5.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use miou_core::ring::Ring;
use miou_core::world::World;
use miou_core::{domain, printer};
use napi::bindgen_prelude::{Buffer, JsValue, Unknown};
use napi::{Env, Error, Result, Status};
use napi_derive::napi;
use rustix::io::Errno;

use crate::memory::pinned;
use crate::node_loop::NodeLoopRef;

/// The domain of a thread, which its place on Node's loop keeps alive.
struct Here {
    domain: Weak<RefCell<domain::Domain>>,
    node: NodeLoopRef,
}

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// Has the domain of this thread act. There is one: JavaScript has begun it before it has anything to name.
pub(crate) fn here<T>(act: impl FnOnce(&mut domain::Domain) -> T) -> T {
    let domain = HERE
        .with_borrow(|here| here.as_ref().and_then(|here| here.domain.upgrade()))
        .expect("this thread has begun its domain");
    let mut domain = domain.borrow_mut();
    act(&mut domain)
}

/// The place of this thread's domain on Node's loop, where it has one.
fn node() -> Option<NodeLoopRef> {
    HERE.with_borrow(|here| {
        here.as_ref()
            .filter(|here| here.domain.strong_count() > 0)
            .map(|here| here.node)
    })
}

/// What a call answers: what it made, or a negated errno.
pub(crate) fn or_errno(result: std::result::Result<i32, Errno>) -> i32 {
    result.unwrap_or_else(|errno| -errno.raw_os_error())
}

/// As `or_errno`, where nothing was made.
pub(crate) fn done(result: std::result::Result<(), Errno>) -> i32 {
    or_errno(result.map(|()| 0))
}

/// Begins the domain of this thread, over `ring`, in the world whose words are `world` (both a `Uint8Array`
/// over memory that can't be detached). Node's loop calls `wake` when the domain has something to do. Returns its place in the world,
/// from 1.
#[napi(catch_unwind)]
pub fn begin(env: Env, ring: Unknown<'_>, world: Unknown<'_>, wake: Unknown<'_>) -> Result<u32> {
    let failed =
        |error: std::io::Error| Error::new(Status::GenericFailure, format!("no domain can be made here: {error}"));
    if node().is_some() {
        return Err(Error::from_reason(
            "this thread has a domain already: miou was loaded twice here",
        ));
    }
    let (ring, bytes) = pinned(env, &ring)?;
    // SAFETY: RING: the memory is pinned, and lib/ring.ts touches it on this thread only, outside of calls.
    let ring = unsafe { Ring::over(ring, bytes) }.map_err(failed)?;
    let (words, bytes) = pinned(env, &world)?;
    // SAFETY: WORLD: the thread that made the words pinned them before it started the workers that share them.
    let world = unsafe { World::at(words.cast(), bytes / 4) }.map_err(failed)?;
    let domain = domain::Domain::new(ring, &world).map_err(failed)?;
    let place = domain.place();
    let domain = Rc::new(RefCell::new(domain));
    let node = NodeLoopRef::start(env.raw(), wake.raw(), domain.clone())?;
    let domain = Rc::downgrade(&domain);
    HERE.set(Some(Here { domain, node }));
    Ok(place)
}

/// How many descriptors it holds.
#[napi(catch_unwind)]
pub fn descriptors() -> u32 {
    here(|core| core.descriptors() as u32)
}

/// How many descriptors the domain at `place` had when it ended.
#[napi(catch_unwind)]
pub fn left(place: u32) -> u32 {
    here(|core| core.world().left(place))
}

/// How many synchronisation objects its world has.
#[napi(catch_unwind)]
pub fn objects() -> u32 {
    here(|core| core.world().objects().len() as u32)
}

/// Does all that can be done now; the header of the ring says how many completions it left there.
#[napi(catch_unwind)]
pub fn turn() -> Result<()> {
    here(|core| core.turn().map(drop)).map_err(|error| Error::from_reason(format!("the poller failed: {error}")))
}

/// Carries out what was submitted, without a turn: makes room in the ring.
#[napi(catch_unwind)]
pub fn drain() {
    here(domain::Domain::drain);
}

/// Whether the domain keeps Node's loop alive.
#[napi(catch_unwind)]
pub fn keep_alive(alive: bool) {
    if let Some(node) = node() {
        node.keep_alive(alive);
    }
}

/// Has `wake` called in `ms` milliseconds at the latest; not at all where that is negative.
#[napi(catch_unwind)]
pub fn set_timer(ms: f64) {
    if let Some(node) = node() {
        node.set_timer(ms);
    }
}

/// Writes on with a line to standard output; how many of its bytes are written now.
#[napi(catch_unwind)]
pub fn print(line: Buffer, from: u32) -> i32 {
    let place = here(|core| core.place());
    or_errno(printer::print(place, &line, from as usize).map(|written| written as i32))
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
