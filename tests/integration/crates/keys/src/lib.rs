//! A Python module that calls a library which it names to the linker and to nobody else, as the crate xkbcommon does.

use std::ffi::{c_char, c_int, CString};

use pyo3::prelude::*;

#[link(name = "xkbcommon")]
extern "C" {
    fn xkb_keysym_from_name(name: *const c_char, flags: c_int) -> u32;
}

/// The number of the key symbol that is called `name`.
#[pyfunction]
fn keysym(name: &str) -> PyResult<u32> {
    let name = CString::new(name)?;
    // SAFETY: the name ends with 0, and is only read.
    Ok(unsafe { xkb_keysym_from_name(name.as_ptr(), 0) })
}

#[pymodule]
fn keys(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(keysym, module)?)
}
