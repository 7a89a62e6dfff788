//! What a build script wants of the host's zlib.

use std::ffi::{c_char, c_uchar, c_uint, c_ulong, CStr};

extern "C" {
    fn host_checksum(bytes: *const c_uchar, length: c_uint) -> c_ulong;
    fn host_version() -> *const c_char;
}

/// The CRC-32 of `bytes`.
pub fn checksum(bytes: &[u8]) -> u32 {
    let length = c_uint::try_from(bytes.len()).expect("a short text");
    // SAFETY: reads `length` bytes that the slice has.
    let sum = unsafe { host_checksum(bytes.as_ptr(), length) };
    u32::try_from(sum).expect("zlib's sums have 32 bits")
}

/// The version of the zlib that is loaded.
pub fn version() -> String {
    // SAFETY: returns a static string.
    let version = unsafe { CStr::from_ptr(host_version()) };
    version.to_string_lossy().into_owned()
}
