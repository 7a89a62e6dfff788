# A Debian user who cross-compiles Rust: everything from Debian, nothing from xprov yet.
#
#   docker build -f plain.Dockerfile -t plain-armhf .
#   docker build -f plain.Dockerfile -t plain-arm64 \
#       --build-arg ARCHITECTURE=arm64 --build-arg TRIPLET=aarch64-linux-gnu .
ARG BASE=debian:trixie-slim
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

ARG ARCHITECTURE=armhf TRIPLET=arm-linux-gnueabihf

# Debian has no cross package of Rust's standard library: libstd-rust-dev comes from the foreign architecture itself,
# which therefore has to be added, and stays. It brings its dependencies along (libc6, libllvm19, libzstd1 ... of the
# target): what such a machine has of foreign libraries before anybody asked for one.
RUN dpkg --add-architecture "${ARCHITECTURE}" \
    && apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        "g++-${TRIPLET}" \
        "gcc-${TRIPLET}" \
        "libc6-dev-${ARCHITECTURE}-cross" \
        "libstd-rust${RUST}-dev:${ARCHITECTURE}" \
        pkgconf \
    && rm -rf /var/lib/apt/lists/*
