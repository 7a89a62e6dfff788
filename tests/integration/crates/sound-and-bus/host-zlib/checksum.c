#include <zlib.h>

unsigned long host_checksum(const unsigned char *bytes, unsigned int length) {
    return crc32(crc32(0, Z_NULL, 0), bytes, length);
}

/* The library that is loaded and the header that was compiled against have to be of one version. */
const char *host_version(void) {
    return zlibVersion()[0] == ZLIB_VERSION[0] ? zlibVersion() : "";
}
