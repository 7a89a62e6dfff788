//! A Python module that cannot be imported without libasound.
//!
//! Without PyO3's macros, which are most of what there would be to compile and nothing of what is tested.

use std::ffi::CStr;
use std::ptr::{null, null_mut};

use pyo3::ffi::{PyModuleDef, PyModuleDef_HEAD_INIT, PyModule_AddStringConstant, PyModule_Create, PyObject};

static mut MODULE: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"tone".as_ptr(),
    m_doc: null(),
    m_size: 0,
    m_methods: null_mut(),
    m_slots: null_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

/// What the interpreter calls when it imports the module, which then has the library's version as `ALSA`.
///
/// # Safety
///
/// Only the interpreter calls it, attached to the thread.
#[no_mangle]
pub unsafe extern "C" fn PyInit_tone() -> *mut PyObject {
    let module = PyModule_Create(&raw mut MODULE);
    let version = CStr::from_ptr(alsa_sys::snd_asoundlib_version());
    PyModule_AddStringConstant(module, c"ALSA".as_ptr(), version.as_ptr());
    module
}
