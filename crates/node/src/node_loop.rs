//! A domain's place on Node's event loop: libuv watches the poller's own descriptor and one timer, and calls the scheduler.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::{self, NonNull};
use std::rc::Rc;

use miou_core::domain::Domain;
use napi::sys;

use crate::uv;

/// A libuv handle in memory of the size that libuv asks for.
struct Handle {
    memory: NonNull<uv::Handle>,
    layout: Layout,
}

impl Handle {
    fn new(kind: c_int) -> napi::Result<Self> {
        // SAFETY: any number may be asked about.
        let size = unsafe { uv::uv_handle_size(kind) };
        let layout =
            Layout::from_size_align(size.max(1), 16).map_err(|error| napi::Error::from_reason(error.to_string()))?;
        // SAFETY: the layout is not empty.
        let memory = NonNull::new(unsafe { alloc_zeroed(layout) }.cast());
        memory
            .map(|memory| Self { memory, layout })
            .ok_or_else(|| napi::Error::from_reason("out of memory"))
    }

    fn as_ptr(&self) -> *mut uv::Handle {
        self.memory.as_ptr()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and libuv is done with it: see `NodeLoop`.
        unsafe { dealloc(self.memory.as_ptr().cast(), self.layout) }
    }
}

/// What libuv's callbacks find.
///
/// **Invariant LOOP**: it is boxed and leaked into the handles' data; it lives until libuv has closed both handles, which
/// the environment's clean-up hook asks for, and everything on it happens on the thread of its environment.
pub struct NodeLoop {
    env: sys::napi_env,
    uv_loop: *mut sys::uv_loop_s,
    poll: Handle,
    timer: Handle,
    wake: sys::napi_ref,
    context: sys::napi_async_context,
    domain: Rc<RefCell<Domain>>,
    /// Handles that libuv has not closed yet.
    open: u8,
    hook: sys::napi_async_cleanup_hook_handle,
}

/// A `NodeLoop` as the domain of its thread is found with it (`Here` in domain.rs).
#[derive(Clone, Copy)]
pub struct NodeLoopRef(NonNull<NodeLoop>);

fn check(status: sys::napi_status, what: &str) -> napi::Result<()> {
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(napi::Error::from_reason(format!("{what} failed ({status})")))
    }
}

fn check_uv(status: c_int, what: &str) -> napi::Result<()> {
    if status == 0 {
        Ok(())
    } else {
        Err(napi::Error::from_reason(format!("{what} failed ({status})")))
    }
}

impl NodeLoopRef {
    /// Has `env`'s loop call `wake` whenever `domain` has something to do. The handles do not keep the loop alive until
    /// they are told to.
    pub fn start(env: sys::napi_env, wake: sys::napi_value, domain: Rc<RefCell<Domain>>) -> napi::Result<Self> {
        let mut node = Box::new(NodeLoop {
            env,
            uv_loop: ptr::null_mut(),
            poll: Handle::new(uv::POLL)?,
            timer: Handle::new(uv::TIMER)?,
            wake: ptr::null_mut(),
            context: ptr::null_mut(),
            domain,
            open: 2,
            hook: ptr::null_mut(),
        });
        let fd = node.domain.borrow().poller_fd().as_fd().as_raw_fd();
        // SAFETY: env is that of the running call; the out-pointers are fields of a live box.
        unsafe {
            check(
                sys::napi_get_uv_event_loop(env, &mut node.uv_loop),
                "napi_get_uv_event_loop",
            )?;
            check(
                sys::napi_create_reference(env, wake, 1, &mut node.wake),
                "napi_create_reference",
            )?;
            let mut name = ptr::null_mut();
            check(
                sys::napi_create_string_utf8(env, c"miou".as_ptr(), 4, &mut name),
                "napi_create_string_utf8",
            )?;
            check(
                sys::napi_async_init(env, ptr::null_mut(), name, &mut node.context),
                "napi_async_init",
            )?;
            check_uv(uv::uv_timer_init(node.uv_loop, node.timer.as_ptr()), "uv_timer_init")?;
        }
        // From here on the timer's handle is in the loop: the box must stay until it is closed.
        let node = NonNull::from(Box::leak(node));
        // SAFETY: LOOP. A poll handle that fails to start is closed with the timer, by the same hook.
        unsafe {
            let inner = &mut *node.as_ptr();
            let started = uv::uv_poll_init(inner.uv_loop, inner.poll.as_ptr(), fd);
            if started != 0 {
                inner.open = 1;
            }
            uv::uv_handle_set_data(inner.timer.as_ptr(), node.as_ptr().cast());
            uv::uv_handle_set_data(inner.poll.as_ptr(), node.as_ptr().cast());
            uv::uv_unref(inner.timer.as_ptr());
            check(
                sys::napi_add_async_cleanup_hook(env, Some(clean_up), node.as_ptr().cast(), &mut inner.hook),
                "napi_add_async_cleanup_hook",
            )?;
            check_uv(started, "uv_poll_init")?;
            check_uv(
                uv::uv_poll_start(inner.poll.as_ptr(), uv::READABLE, readable),
                "uv_poll_start",
            )?;
            uv::uv_unref(inner.poll.as_ptr());
        }
        Ok(Self(node))
    }

    /// Whether the domain keeps the loop alive.
    pub fn keep_alive(self, alive: bool) {
        // SAFETY: LOOP: whoever finds this beside the domain of its thread has seen that the domain lives, which the box owns.
        unsafe {
            let handle = (*self.0.as_ptr()).poll.as_ptr();
            if alive {
                uv::uv_ref(handle);
            } else {
                uv::uv_unref(handle);
            }
        }
    }

    /// Calls the scheduler in `ms` milliseconds at the latest, or no more where that is negative.
    pub fn set_timer(self, ms: f64) {
        // SAFETY: LOOP, as above.
        unsafe {
            let node = &*self.0.as_ptr();
            if ms < 0.0 {
                uv::uv_timer_stop(node.timer.as_ptr());
                return;
            }
            // libuv counts from when its loop last woke up.
            uv::uv_update_time(node.uv_loop);
            uv::uv_timer_start(node.timer.as_ptr(), elapsed, ms.ceil() as u64, 0);
        }
    }
}

unsafe extern "C" fn readable(handle: *mut uv::Handle, _status: c_int, _events: c_int) {
    // SAFETY: libuv calls this with the handle that it was started with.
    unsafe { call(handle) }
}

unsafe extern "C" fn elapsed(handle: *mut uv::Handle) {
    // SAFETY: as above.
    unsafe { call(handle) }
}

/// Calls the scheduler, with everything that a callback of Node's own has: promises and ticks run after it.
unsafe fn call(handle: *mut uv::Handle) {
    // SAFETY: LOOP: the data was set before the handle was started, and the handle is open. The env is alive as long as
    // its loop runs; results are written to locals.
    unsafe {
        let node = &*uv::uv_handle_get_data(handle).cast::<NodeLoop>();
        let env = node.env;
        let mut scope = ptr::null_mut();
        if sys::napi_open_handle_scope(env, &mut scope) != sys::Status::napi_ok {
            return;
        }
        let (mut wake, mut global, mut result) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        sys::napi_get_reference_value(env, node.wake, &mut wake);
        sys::napi_get_global(env, &mut global);
        let status = sys::napi_make_callback(env, node.context, global, wake, 0, ptr::null(), &mut result);
        if status == sys::Status::napi_pending_exception {
            let mut error = ptr::null_mut();
            if sys::napi_get_and_clear_last_exception(env, &mut error) == sys::Status::napi_ok {
                sys::napi_fatal_exception(env, error);
            }
        }
        sys::napi_close_handle_scope(env, scope);
    }
}

/// The environment ends: the domain leaves its world at once, and libuv gives the handles back in its own time.
unsafe extern "C" fn clean_up(_hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: LOOP: the hook runs once, before the handles are closed; `closed` runs once a handle. The environment lives
    // until the hook is removed.
    unsafe {
        let node = &mut *data.cast::<NodeLoop>();
        if let Ok(domain) = node.domain.try_borrow() {
            domain.leave();
        }
        // Nothing is called any more: a handle that is closed calls nobody but `closed`.
        sys::napi_async_destroy(node.env, node.context);
        sys::napi_delete_reference(node.env, node.wake);
        uv::uv_close(node.timer.as_ptr(), Some(closed));
        if node.open == 2 {
            uv::uv_close(node.poll.as_ptr(), Some(closed));
        }
    }
}

unsafe extern "C" fn closed(handle: *mut uv::Handle) {
    // SAFETY: LOOP: the last of the handles to close takes the box, and nothing refers to it afterwards.
    unsafe {
        let node = uv::uv_handle_get_data(handle).cast::<NodeLoop>();
        (*node).open -= 1;
        if (*node).open == 0 {
            let node = Box::from_raw(node);
            sys::napi_remove_async_cleanup_hook(node.hook);
        }
    }
}
