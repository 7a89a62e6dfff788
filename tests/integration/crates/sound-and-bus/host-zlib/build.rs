//! Compiles and links C for the host, and fails when a setting that is meant for the target reaches it.

use std::env;
use std::io::ErrorKind;
use std::path::PathBuf;

use pkg_config::Error;

/// Read by builds for every machine. The images set none of them: who did meant the target.
const UNSCOPED: [&str; 14] = [
    "AR",
    "BINDGEN_EXTRA_CLANG_ARGS",
    "CC",
    "CFLAGS",
    "CPATH",
    "CXX",
    "CXXFLAGS",
    "C_INCLUDE_PATH",
    "LDFLAGS",
    "LIBRARY_PATH",
    "PKG_CONFIG",
    "PKG_CONFIG_LIBDIR",
    "PKG_CONFIG_PATH",
    "PKG_CONFIG_SYSROOT_DIR",
];

fn main() {
    for name in UNSCOPED {
        assert!(
            env::var_os(name).is_none(),
            "{name} is set for the host too"
        );
    }
    let mut build = cc::Build::new();
    build.includes(zlib_headers()).file("checksum.c");
    for argument in build.get_compiler().args() {
        assert_native(&argument.to_string_lossy());
    }
    build.compile("checksum");
    println!("cargo:rerun-if-changed=checksum.c");
}

/// Asks the host's pkg-config, which also tells cargo what to link. An image without one has zlib where the compiler
/// looks anyway; a pkg-config that is there and fails is not the host's.
fn zlib_headers() -> Vec<PathBuf> {
    match pkg_config::probe_library("zlib") {
        Ok(library) => {
            let paths = library.include_paths.iter().chain(&library.link_paths);
            paths.for_each(|path| assert_native(&path.to_string_lossy()));
            library.include_paths
        }
        Err(Error::Command { cause, .. }) if cause.kind() == ErrorKind::NotFound => {
            println!("cargo:rustc-link-lib=z");
            Vec::new()
        }
        Err(error) => panic!("the host's pkg-config does not know the host's zlib: {error}"),
    }
}

fn assert_native(text: &str) {
    let foreign = |part: &str| part.contains("-linux-") && !part.starts_with(env::consts::ARCH);
    assert!(
        !text.contains(".xprov") && !text.split('/').any(foreign),
        "a setting for the target reached a build for the host: {text}"
    );
}
