//! The worker has no zstd, and these stand where the linker looks for it.
//!
//! DataFusion can compress rows that it spills to disk, so it asks for the C library; a worker has
//! no disk and the engine's disk manager refuses to spill. No context can be made here, and all other
//! functions want one, so a call ends in an error before it does anything.
//! `.cargo/config.toml` keeps the library itself from being built.
#![allow(unsafe_code, non_snake_case, reason = "the linker knows C functions by these names")]

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::ptr::null_mut;

/// `ZSTD_error_GENERIC`, as zstd returns errors: the negative code, taken for a length.
const GENERIC_ERROR: usize = 1usize.wrapping_neg();

#[unsafe(no_mangle)]
extern "C" fn ZSTD_createCCtx() -> *mut c_void {
    null_mut()
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_createDCtx() -> *mut c_void {
    null_mut()
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_freeCCtx(_context: *mut c_void) -> usize {
    0
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_freeDCtx(_context: *mut c_void) -> usize {
    0
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_isError(_code: usize) -> c_uint {
    1
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_getErrorName(_code: usize) -> *const c_char {
    c"zstd is not in the worker".as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_compressBound(_source_bytes: usize) -> usize {
    GENERIC_ERROR
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_CCtx_setParameter(_context: *mut c_void, _parameter: c_int, _value: c_int) -> usize {
    GENERIC_ERROR
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_CCtx_loadDictionary(_context: *mut c_void, _bytes: *const c_void, _length: usize) -> usize {
    GENERIC_ERROR
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_DCtx_loadDictionary(_context: *mut c_void, _bytes: *const c_void, _length: usize) -> usize {
    GENERIC_ERROR
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_compress2(
    _context: *mut c_void,
    _target: *mut c_void,
    _target_bytes: usize,
    _source: *const c_void,
    _source_bytes: usize,
) -> usize {
    GENERIC_ERROR
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_decompressDCtx(
    _context: *mut c_void,
    _target: *mut c_void,
    _target_bytes: usize,
    _source: *const c_void,
    _source_bytes: usize,
) -> usize {
    GENERIC_ERROR
}

#[unsafe(no_mangle)]
extern "C" fn ZSTD_DCtx_reset(_context: *mut c_void, _what: c_uint) -> usize {
    GENERIC_ERROR
}
