//! A Python module with nothing in it, to see what cargo compiles for it.
//!
//! Without PyO3's macros, which are most of what there is to compile and nothing of what is tested.

use std::ptr::{null, null_mut};

use pyo3::ffi::{PyModuleDef, PyModuleDef_HEAD_INIT, PyModule_Create, PyObject};

static mut MODULE: PyModuleDef = PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"pinned".as_ptr(),
    m_doc: null(),
    m_size: 0,
    m_methods: null_mut(),
    m_slots: null_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
};

/// What the interpreter calls when it imports the module.
///
/// # Safety
///
/// Only the interpreter calls it, attached to the thread.
#[no_mangle]
pub unsafe extern "C" fn PyInit_pinned() -> *mut PyObject {
    PyModule_Create(&raw mut MODULE)
}
