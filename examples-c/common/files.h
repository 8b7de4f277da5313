/*
 * files.h -- the folder of the data sets, and compressed files read to the last byte.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

/** $SWIFTCL_DATA, or ../shared/data when that is not set. */
const char *data_folder(void);
/** Opens data_folder()/path; NULL if it is not there. */
gzFile data_open(const char *path);
/** Reads exactly the bytes asked for; 0 if they are not there. */
int read_all(gzFile file, void *bytes, size_t count);

#endif
