//! Memory that JavaScript allocated, kept for good: a typed array over a buffer that nothing can detach.

use std::ffi::c_void;
use std::ptr::{self, NonNull};

use napi::bindgen_prelude::{JsValue, Unknown};
use napi::{Env, sys};

/// Address and length in bytes of a `Uint8Array`. The environment holds it from now on until it ends, so that the memory
/// outlives whatever of this thread is laid over it (the invariants RING and WORLD of the core).
pub fn pinned(env: Env, array: &Unknown<'_>) -> napi::Result<(NonNull<u8>, usize)> {
    let (mut kind, mut length, mut data, mut offset) = (0, 0, ptr::null_mut::<c_void>(), 0);
    let (mut buffer, mut reference) = (ptr::null_mut(), ptr::null_mut());
    // An ordinary array buffer can be detached, or moved to another thread, while Rust works with its memory. One that is
    // shared can't, nor the memory of WebAssembly: who tries to detach that is told so.
    let mut detachable = true;
    // SAFETY: env and array are those of the running call; the out-pointers are locals.
    let status = unsafe {
        let info = sys::napi_get_typedarray_info;
        let status = info(
            env.raw(),
            array.raw(),
            &mut kind,
            &mut length,
            &mut data,
            &mut buffer,
            &mut offset,
        );
        if status == sys::Status::napi_ok {
            sys::napi_is_arraybuffer(env.raw(), buffer, &mut detachable);
            detachable &=
                sys::napi_detach_arraybuffer(env.raw(), buffer) != sys::Status::napi_detachable_arraybuffer_expected;
        }
        if status == sys::Status::napi_ok && !detachable {
            sys::napi_create_reference(env.raw(), array.raw(), 1, &mut reference)
        } else {
            status
        }
    };
    let data = NonNull::new(data.cast::<u8>());
    match data {
        Some(data) if status == sys::Status::napi_ok && !detachable && kind == sys::TypedarrayType::uint8_array => {
            Ok((data, length))
        }
        _ => Err(napi::Error::new(
            napi::Status::InvalidArg,
            "expected a Uint8Array over a buffer that can't be detached",
        )),
    }
}
