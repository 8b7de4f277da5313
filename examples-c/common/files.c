/* files.c -- see files.h. SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include <stdio.h>
#include <stdlib.h>

const char *data_folder(void) {
  const char *folder = getenv("SWIFTCL_DATA");
  return folder && *folder ? folder : "../shared/data";
}

gzFile data_open(const char *path) {
  char whole[1024];
  int length = snprintf(whole, sizeof whole, "%s/%s", data_folder(), path);
  return length > 0 && (size_t)length < sizeof whole ? gzopen(whole, "rb") : NULL;
}

int read_all(gzFile file, void *bytes, size_t count) {
  uint8_t *place = bytes;
  while (count > 0) { /* gzread takes an unsigned int at a time */
    unsigned chunk = count < 1u << 20 ? (unsigned)count : 1u << 20;
    int got = gzread(file, place, chunk);
    if (got <= 0) return 0;
    place += got;
    count -= (size_t)got;
  }
  return 1;
}
