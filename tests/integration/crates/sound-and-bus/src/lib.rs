//! A Python module that calls two C libraries of the target.

use std::ffi::{CStr, CString};

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;

/// The version of libasound that is loaded.
#[pyfunction]
fn alsa_version() -> String {
    // SAFETY: returns a static string.
    let version = unsafe { CStr::from_ptr(alsa_sys::snd_asoundlib_version()) };
    version.to_string_lossy().into_owned()
}

/// The member name of a D-Bus signal, written into a message by libdbus and read back from it.
#[pyfunction]
fn dbus_member(member: &str) -> PyResult<String> {
    let member = CString::new(member)?;
    // SAFETY: three names that end with 0; libdbus copies them and returns a message or null.
    let signal = unsafe {
        libdbus_sys::dbus_message_new_signal(
            c"/org/example/Xprov".as_ptr(),
            c"org.example.Xprov".as_ptr(),
            member.as_ptr(),
        )
    };
    if signal.is_null() {
        return Err(PyMemoryError::new_err("libdbus made no message"));
    }
    // SAFETY: the message is alive, and the name is copied before the message goes.
    let read = unsafe { CStr::from_ptr(libdbus_sys::dbus_message_get_member(signal)) };
    let read = read.to_string_lossy().into_owned();
    // SAFETY: the one reference is the one that was returned.
    unsafe { libdbus_sys::dbus_message_unref(signal) };
    Ok(read)
}

/// The version of the host's zlib that a build script linked and called.
#[pyfunction]
fn host_zlib() -> &'static str {
    env!("HOST_ZLIB")
}

#[pymodule]
fn sound_and_bus(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(alsa_version, module)?)?;
    module.add_function(wrap_pyfunction!(dbus_member, module)?)?;
    module.add_function(wrap_pyfunction!(host_zlib, module)?)
}
