/*
 * semihosting.c -- a board without any wire but the debugger: QEMU, or a probe, prints its text, hands
 * it files and takes its exit status. The calls are those of Arm's semihosting, also on RISC-V.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "board.h"

enum {
  SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_SEEK = 0x0A, SYS_FLEN = 0x0C,
  SYS_GET_CMDLINE = 0x15, SYS_EXIT_EXTENDED = 0x20,
};

static uint32_t semihosting(uint32_t call, const void *block) {
#if defined(__riscv)
  register uint32_t a0 __asm__("a0") = call;
  register const void *a1 __asm__("a1") = block;
  /* The three instructions are known by their order, and may not be compressed. */
  __asm__ volatile(
      ".option push\n.option norvc\n.balign 16\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
      : "+r"(a0) : "r"(a1) : "memory");
  return a0;
#else
  register uint32_t r0 __asm__("r0") = call;
  register const void *r1 __asm__("r1") = block;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
#endif
}

static uint32_t length_of(const char *text) {
  uint32_t length = 0;
  while (text[length]) length++;
  return length;
}

static int open_as(const char *name, uint32_t mode) {
  struct { const char *name; uint32_t mode, length; } block = {name, mode, length_of(name)};
  return (int)semihosting(SYS_OPEN, &block);
}

int board_open(const char *name) { return open_as(name, 1); }
int board_create(const char *name) { return open_as(name, 5); }

int board_read(int file, uint32_t offset, void *data, size_t bytes) {
  struct { int32_t file; uint32_t at; } seek = {file, offset};
  struct { int32_t file; void *data; uint32_t bytes; } block = {file, data, (uint32_t)bytes};
  return semihosting(SYS_SEEK, &seek) == 0 && semihosting(SYS_READ, &block) == 0;
}

int board_write(int file, const void *data, size_t bytes) {
  struct { int32_t file; const void *data; uint32_t bytes; } block = {file, data, (uint32_t)bytes};
  return semihosting(SYS_WRITE, &block) == 0;
}

uint32_t board_length(int file) {
  int32_t block = file;
  return semihosting(SYS_FLEN, &block);
}

void board_close(int file) {
  int32_t block = file;
  semihosting(SYS_CLOSE, &block);
}

void board_put(const char *text, size_t length) {
  static int terminal = -1;
  if (terminal < 0) {
    struct { const char *name; uint32_t mode, length; } block = {":tt", 4, 3};
    terminal = (int)semihosting(SYS_OPEN, &block);
  }
  board_write(terminal, text, length);
}

void board_exit(int status) {
  struct { uint32_t reason, status; } block = {0x20026, (uint32_t)status};
  semihosting(SYS_EXIT_EXTENDED, &block);
  for (;;) {
  }
}

int board_argument(int index, char *text, size_t bytes) {
  char line[160];
  struct { char *line; uint32_t bytes; } block = {line, sizeof line};
  if (bytes == 0 || semihosting(SYS_GET_CMDLINE, &block) != 0) return 0;
  const char *word = line;
  for (; index > 0; index--) {
    while (*word && *word != ' ') word++;
    while (*word == ' ') word++;
  }
  size_t length = 0;
  while (word[length] && word[length] != ' ' && length + 1 < bytes) {
    text[length] = word[length];
    length++;
  }
  text[length] = 0;
  return length > 0;
}
