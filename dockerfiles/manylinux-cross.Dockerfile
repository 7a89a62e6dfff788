# An image shaped like those of rust-cross/manylinux-cross: a toolchain below /usr/<target> that brings an older glibc
# than the distribution around it, found by variables, and no pkg-config. Theirs is built by crosstool-NG in an hour;
# this one is Debian bullseye's cross gcc 10 with glibc 2.31, taken apart.
#
#   docker build -f manylinux-cross.Dockerfile -t manylinux-cross-armhf .
#   docker build -f manylinux-cross.Dockerfile -t manylinux-cross-arm64 \
#       --build-arg ARCHITECTURE=arm64 --build-arg TRIPLET=aarch64-linux-gnu \
#       --build-arg TARGET=aarch64-unknown-linux-gnu \
#       --build-arg TARGET_UNDERSCORED=aarch64_unknown_linux_gnu \
#       --build-arg TARGET_UPPER=AARCH64_UNKNOWN_LINUX_GNU .
ARG BASE=debian:trixie-slim
ARG TOOLCHAIN_BASE=debian:bullseye-slim

FROM ${TOOLCHAIN_BASE} AS toolchain
ARG ARCHITECTURE=armhf TRIPLET=arm-linux-gnueabihf TARGET=armv7-unknown-linux-gnueabihf
COPY split-toolchain.sh /tmp/
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        "g++-${TRIPLET}" \
        "gcc-${TRIPLET}" \
        "libc6-dev-${ARCHITECTURE}-cross" \
        binutils \
        patchelf \
    && sh /tmp/split-toolchain.sh "/usr/${TARGET}" "${TARGET}" "${TRIPLET}" "${ARCHITECTURE}"

FROM ${BASE}

# Where no package index can be reached while an image is built, wheels may lie in the context's folder `wheels`;
# pip itself reads these two arguments.
ARG PIP_NO_INDEX PIP_FIND_LINKS
WORKDIR /io
COPY requirements.txt wheels* /tmp/wheels/

# The host's side, up to here word for word the same in all our images, so that Docker makes it once. gcc and zlib are
# for build scripts that compile and run C on the host; libclang and its headers are what bindgen loads (rustc has
# brought LLVM anyway). zig is what `maturin build --zig` compiles and links with. bookworm's own rustc is too old for
# PyO3, and has a newer one beside it for browsers: RUST=-web.
ARG RUST=
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        "cargo${RUST}" \
        "rustc${RUST}" \
        ca-certificates \
        g++ \
        gcc \
        libc6-dev \
        libclang-common-19-dev \
        libclang1-19 \
        patchelf \
        python3 \
        python3-venv \
        zlib1g-dev \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/maturin \
    && /opt/maturin/bin/pip install --no-cache-dir --requirement /tmp/wheels/requirements.txt \
    && ln -s /opt/maturin/bin/maturin /opt/maturin/lib/python3*/site-packages/ziglang/zig /usr/local/bin/ \
    && rm -rf /tmp/wheels

ARG ARCHITECTURE=armhf \
    TARGET=armv7-unknown-linux-gnueabihf \
    TARGET_UNDERSCORED=armv7_unknown_linux_gnueabihf \
    TARGET_UPPER=ARMV7_UNKNOWN_LINUX_GNUEABIHF

# There it is rustup that adds Rust's standard library of the target, a folder and no packages: so it is here. The
# foreign architecture is gone again afterwards.
RUN dpkg --add-architecture "${ARCHITECTURE}" \
    && apt-get update \
    && cd /tmp \
    && apt-get download "libstd-rust${RUST}-dev:${ARCHITECTURE}" \
    && dpkg-deb --fsys-tarfile libstd-rust*-dev_*.deb | tar --extract --directory / ./usr/lib/rustlib \
    && rm libstd-rust*-dev_*.deb \
    && dpkg --remove-architecture "${ARCHITECTURE}" \
    && rm -rf /var/lib/apt/lists/*

COPY --from=toolchain /usr/${TARGET} /usr/${TARGET}

# The variables of the images that this one is shaped like. The last one too: no OpenSSL has been there since 2022,
# and openssl-sys believes it.
ENV PATH=$PATH:/usr/${TARGET}/bin \
    CC_${TARGET_UNDERSCORED}=${TARGET}-gcc \
    AR_${TARGET_UNDERSCORED}=${TARGET}-ar \
    CXX_${TARGET_UNDERSCORED}=${TARGET}-g++ \
    TARGET_CC=${TARGET}-gcc \
    TARGET_AR=${TARGET}-ar \
    TARGET_RANLIB=${TARGET}-ranlib \
    TARGET_CXX=${TARGET}-g++ \
    TARGET_READELF=${TARGET}-readelf \
    TARGET_SYSROOT=/usr/${TARGET}/${TARGET}/sysroot/ \
    TARGET_C_INCLUDE_PATH=/usr/${TARGET}/${TARGET}/sysroot/usr/include/ \
    CARGO_BUILD_TARGET=${TARGET} \
    CARGO_TARGET_${TARGET_UPPER}_LINKER=${TARGET}-gcc \
    TARGET_CMAKE_TOOLCHAIN_FILE_PATH=/usr/${TARGET}/cmake-toolchain.cmake \
    ${TARGET_UPPER}_OPENSSL_DIR=/usr/${TARGET}/
