#!/bin/sh
# Put the Debian cross toolchain that is installed here below one folder, in crosstool-NG's layout:
#
#   PREFIX/bin/TARGET-gcc            the names that a user sees
#   PREFIX/TARGET/sysroot            glibc and kernel headers, of no multiarch layout
#   PREFIX/debian                    Debian's own tree; gcc finds the rest of itself relative to its program
#
# usage: split-toolchain.sh PREFIX TARGET TRIPLET ARCHITECTURE
set -eu
prefix=$1 target=$2 triplet=$3 architecture=$4
sysroot=$prefix/$target/sysroot
tree=$prefix/debian
packages="libc6-$architecture-cross libc6-dev-$architecture-cross linux-libc-dev-$architecture-cross"

mkdir -p "$prefix/bin" "$tree/bin" "$tree/lib/gcc-cross" "$sysroot/usr"
cp -a /usr/bin/"$triplet"-* "$tree/bin"
cp -a "/usr/lib/gcc-cross/$triplet" "$tree/lib/gcc-cross"
cp -a "/usr/$triplet" "$tree"

# Link time optimisation and symbols for debuggers are nine tenths of the size, and nothing here uses them.
rm -f "$tree"/bin/*-lto-dump-* "$tree"/lib/gcc-cross/*/*/lto1
strip "$tree"/lib/gcc-cross/*/*/cc1 "$tree"/lib/gcc-cross/*/*/cc1plus

# glibc moves from Debian's tree into the sysroot: left beside libgcc_s and libstdc++ it would be found there first.
ln -s usr/lib "$sysroot/lib"
# shellcheck disable=SC2086  # three package names
dpkg -L $packages | sed -n "s|^/usr/$triplet/||p" | sort -u | while read -r path; do
    [ -d "$tree/$triplet/$path" ] && [ ! -L "$tree/$triplet/$path" ] && continue
    mkdir -p "$sysroot/usr/${path%/*}"
    mv "$tree/$triplet/$path" "$sysroot/usr/$path"
done
# A linker script's absolute names are taken as of the sysroot that the script lies in.
sed -i "s|/usr/$triplet/lib/|/usr/lib/|g" "$sysroot/usr/lib/libc.so"

# The programs of binutils need libraries that carry the target in their name and exist in bullseye only.
cp -a /usr/lib/*/libbfd-*-"$architecture".so /usr/lib/*/libopcodes-*-"$architecture".so \
    /usr/lib/*/libctf*-"$architecture".so* "$tree/lib"
for file in "$tree"/bin/* "$tree"/lib/*.so*; do
    [ -L "$file" ] || patchelf --force-rpath --set-rpath "$tree/lib" "$file"
done

for tool in ar as ld nm objcopy objdump ranlib readelf strip; do
    ln -s "../debian/bin/$triplet-$tool" "$prefix/bin/$target-$tool"
done
# Debian's gcc thinks of / as its sysroot; crosstool-NG's knows its own.
for tool in gcc g++ cpp; do
    printf '#!/bin/sh\nexec %s --sysroot=%s "$@"\n' "$tree/bin/$triplet-$tool" "$sysroot" >"$prefix/bin/$target-$tool"
    chmod 755 "$prefix/bin/$target-$tool"
done

cat >"$prefix/cmake-toolchain.cmake" <<TOOLCHAIN
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${target%%-*})
set(CMAKE_SYSROOT $sysroot/)
set(CMAKE_C_COMPILER $target-gcc)
set(CMAKE_CXX_COMPILER $target-g++)
TOOLCHAIN
