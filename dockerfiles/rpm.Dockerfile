# A system of rpm as the native manylinux images are: dnf, a compiler, libraries in lib64. It is Debian below, whose
# archive has dnf; os-release says AlmaLinux 8, and the packages are made here. For tests.
ARG BASE=debian:bookworm-slim
FROM ${BASE}

RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        ca-certificates \
        createrepo-c \
        dnf \
        gcc \
        gnupg \
        libc6-dev \
        pkgconf-bin \
        python3-venv \
        rpm \
    && rm -rf /var/lib/apt/lists/*

# Debian's rpm keeps its database in the user's home, and compresses manuals that are not there. Packages are signed, and
# there is a key of somebody who has signed nothing.
COPY rpm/* /tmp/rpm/
RUN set -e; \
    mkdir -p /etc/rpm /etc/yum.repos.d /srv/packages; \
    printf '%s\n' '%_dbpath /var/lib/rpm' '%debug_package %{nil}' '%__gpg /usr/bin/gpg' '%__os_install_post %{nil}' > /etc/rpm/macros.test; \
    for name in packager stranger; do \
        gpg --batch --quiet --passphrase '' --quick-generate-key "$name@example.org" rsa2048 sign never; \
        gpg --export --armor "$name@example.org" > "/srv/$name.asc"; \
    done; \
    for spec in /tmp/rpm/*.spec; do rpmbuild -bb --quiet --define '_topdir /tmp/rpm' "$spec"; done; \
    mv /tmp/rpm/RPMS/*/*.rpm /srv/packages; \
    rpmsign --define '_gpg_name packager@example.org' --addsign /srv/packages/*.rpm; \
    createrepo_c --quiet /srv/packages; \
    cp /tmp/rpm/test.repo /srv; \
    cp /tmp/rpm/test.repo /etc/yum.repos.d; \
    dnf --quiet --assumeyes install almalinux-release; \
    rpm --erase gpg-pubkey; \
    mv /tmp/rpm/os-release /etc/os-release; \
    rm -r /tmp/rpm ~/.gnupg
