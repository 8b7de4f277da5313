/*
 * host.c -- the same board on a computer: standard output and files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int count;
static char **words;
static FILE *files[8];

int program(void);

int main(int argc, char **argv) {
  count = argc;
  words = argv;
  return program();
}

void board_put(const char *text, size_t length) { fwrite(text, 1, length, stdout); }
void board_exit(int status) { exit(status); }

int board_argument(int index, char *text, size_t bytes) {
  if (index >= count || strlen(words[index]) >= bytes) return 0;
  strcpy(text, words[index]);
  return 1;
}

static int open_as(const char *name, const char *mode) {
  for (int n = 0; n < 8; n++)
    if (!files[n]) return (files[n] = fopen(name, mode)) ? n : -1;
  return -1;
}

int board_open(const char *name) { return open_as(name, "rb"); }
int board_create(const char *name) { return open_as(name, "wb"); }

int board_read(int file, uint32_t offset, void *data, size_t bytes) {
  return fseek(files[file], (long)offset, SEEK_SET) == 0 && fread(data, 1, bytes, files[file]) == bytes;
}

int board_write(int file, const void *data, size_t bytes) { return fwrite(data, 1, bytes, files[file]) == bytes; }

uint32_t board_length(int file) {
  fseek(files[file], 0, SEEK_END);
  return (uint32_t)ftell(files[file]);
}

void board_close(int file) {
  fclose(files[file]);
  files[file] = NULL;
}

uint32_t board_stack_used(void) { return 0; }
uint32_t board_stack_paint(void) { return 0; }
uint32_t board_stack_bytes(void) { return 0; }
uint32_t board_data_bytes(void) { return 0; }
uint32_t board_count(void) { return 0; }
