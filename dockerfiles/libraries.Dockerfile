# An image with C libraries for another machine beside the cross compiler that its base has. `xprov image` makes it, and
# `xprov image --print` prints this file filled in: with the packages of a lock, and with the variables that make build
# tools find them, which a Dockerfile cannot know before the base's compiler was asked. Built as it is, the image has the
# libraries, and a shell in it sources `/opt/xprov/env` for the variables:
#
#   docker build -t armhf-alsa --build-arg TARGET=armhf --build-arg LIBRARIES=alsa - < libraries.Dockerfile
#
# The base has Python 3.10 or newer, with venv.
ARG BASE=ghcr.io/rust-cross/manylinux_2_28-cross:armv7

FROM ${BASE} AS libraries
USER root
# XPROV is what pip installs: a version, or the address of a wheel. pip itself reads the last two.
ARG TARGET=armhf LIBRARIES="alsa dbus" OPTIONS=--lock XPROV_MIRROR XPROV=xprov PIP_FIND_LINKS PIP_NO_INDEX
RUN $(command -v python3.12 || command -v python3) -m venv /opt/xprov-program \
    && /opt/xprov-program/bin/pip install --quiet --no-cache-dir "${XPROV}"
#: lock
RUN XPROV_HOME=/opt/xprov /opt/xprov-program/bin/xprov setup ${TARGET} ${LIBRARIES} --method sysroot ${OPTIONS} \
        --lock-file /tmp/xprov.lock \
    && mkdir -p /baked/opt/xprov \
    && mv "/opt/xprov/${TARGET}" /opt/xprov/env /baked/opt/xprov \
    && cp /tmp/xprov.lock "/baked/opt/xprov/${TARGET}" \
    && sed -i -E 's/"(inputs|origin)": "[^"]*"/"\1": null/' "/baked/opt/xprov/${TARGET}/provision.json" \
    && find /baked -exec touch --no-dereference --date=@315532800 {} +

FROM ${BASE}
COPY --from=libraries /baked /
#: labels
#: variables
