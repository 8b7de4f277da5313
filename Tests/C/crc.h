/*
 * crc.h -- CRC-32C and little-endian fields, for tests that forge files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SWIFTCL_TESTS_CRC_H
#define SWIFTCL_TESTS_CRC_H

#include <stddef.h>
#include <stdint.h>

static uint32_t crc_table[256];

static inline void crc_setup(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t r = i;
    for (int k = 0; k < 8; k++) r = r >> 1 ^ ((0 - (r & 1)) & 0x82F63B78u);
    crc_table[i] = r;
  }
}

static inline uint32_t crc32c(const uint8_t *data, size_t bytes) {
  uint32_t crc = 0xFFFFFFFFu;
  while (bytes--) crc = crc >> 8 ^ crc_table[(crc ^ *data++) & 255];
  return ~crc;
}

static inline uint32_t get32(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void put32(uint8_t *p, uint32_t value) {
  for (int i = 0; i < 4; i++) p[i] = (uint8_t)(value >> 8 * i);
}

#endif
