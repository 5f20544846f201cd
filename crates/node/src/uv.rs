//! The few functions of libuv that Node itself exports: a domain rides on Node's loop through them.

use std::ffi::{c_int, c_void};

use napi::sys::uv_loop_s;

/// A handle of libuv, whatever its type: its size is asked for at run time.
#[repr(C)]
pub struct Handle {
    _opaque: [u8; 0],
}

/// `UV_POLL` and `UV_TIMER` of `uv_handle_type`.
pub const POLL: c_int = 8;
pub const TIMER: c_int = 13;
/// `UV_READABLE` of `uv_poll_event`.
pub const READABLE: c_int = 1;

unsafe extern "C" {
    pub fn uv_handle_size(kind: c_int) -> usize;
    pub fn uv_handle_get_data(handle: *const Handle) -> *mut c_void;
    pub fn uv_handle_set_data(handle: *mut Handle, data: *mut c_void);
    pub fn uv_ref(handle: *mut Handle);
    pub fn uv_unref(handle: *mut Handle);
    pub fn uv_close(handle: *mut Handle, closed: Option<unsafe extern "C" fn(*mut Handle)>);
    pub fn uv_poll_init(uv_loop: *mut uv_loop_s, handle: *mut Handle, fd: c_int) -> c_int;
    pub fn uv_poll_start(
        handle: *mut Handle,
        events: c_int,
        call: unsafe extern "C" fn(*mut Handle, c_int, c_int),
    ) -> c_int;
    pub fn uv_timer_init(uv_loop: *mut uv_loop_s, handle: *mut Handle) -> c_int;
    pub fn uv_timer_start(
        handle: *mut Handle,
        call: unsafe extern "C" fn(*mut Handle),
        timeout: u64,
        repeat: u64,
    ) -> c_int;
    pub fn uv_timer_stop(handle: *mut Handle) -> c_int;
    pub fn uv_update_time(uv_loop: *mut uv_loop_s);
}
