/* pictures.c -- see pictures.h. SPDX-License-Identifier: Apache-2.0 */
#include "pictures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "random.h"
#include "show.h"

/* ---------------------------------------------------------------- CIFAR-10 */

static const char *const cifar_names[] = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
/* Mean and deviation of a channel of the training pictures, 0 to 1. */
static const float cifar_mean[] = {0.4914f, 0.4822f, 0.4465f}, cifar_deviation[] = {0.2470f, 0.2435f, 0.2616f};

/* A record is a label and a picture. Takes the first of each class; 0 and why not. */
static int cifar_read(struct pictures *set, int test, const char **why) {
  gzFile file = data_open(test ? "cifar10/test.bin.gz" : "cifar10/train.bin.gz");
  size_t found[PICTURE_CLASSES] = {0}, missing = PICTURE_CLASSES * set->rows[test];
  uint8_t record[1 + PICTURE_INPUTS];
  *why = "is not there";
  if (!file) return 0;
  *why = "is damaged, or has too few pictures of a class";
  while (missing > 0 && read_all(file, record, sizeof record) && record[0] < PICTURE_CLASSES) {
    size_t class = record[0], row = class * set->rows[test] + found[class];
    if (found[class] == set->rows[test]) continue;
    memcpy(set->pixels[test] + row * PICTURE_INPUTS, record + 1, PICTURE_INPUTS);
    found[class]++;
    missing--;
  }
  gzclose(file);
  return missing == 0;
}

/* ------------------------------------------------------------------- drawn */

enum { ROWS, COLUMNS, SQUARE, FRAME, PLUS, CROSS, CHECKERS, TRIANGLE, DISC, RING };
static const char *const drawn_names[] = {"rows", "columns", "square", "frame", "plus", "cross", "checkers", "triangle", "disc", "ring"};

/* Whether the point x right of and y below the middle of a shape of radius r belongs to it. */
static int inside(int shape, int x, int y, int r) {
  int wide = abs(x) > abs(y) ? abs(x) : abs(y), far = x * x + y * y;
  if (shape == DISC) return far <= r * r;
  if (shape == RING) return far <= r * r && far * 3 > r * r;
  if (shape == TRIANGLE) return y <= r && 2 * abs(x) <= y + r;
  if (wide > r) return 0;
  switch (shape) {
    case FRAME: return 2 * wide > r;
    case PLUS: return 3 * abs(x) <= r || 3 * abs(y) <= r;
    case CROSS: return 2 * abs(x - y) <= r || 2 * abs(x + y) <= r;
    case ROWS: return (y + 60) / 3 & 1;
    case COLUMNS: return (x + 60) / 3 & 1;
    case CHECKERS: return ((x + 60) / 3 ^ (y + 60) / 3) & 1;
    default: return 1;
  }
}

/* A shape somewhere, in some colour, on a ground that changes from corner to corner, with noise. */
static void draw(int shape, uint64_t number, uint8_t *pixels) {
  uint64_t random = random_start(1, (uint64_t)shape, number);
  int32_t ink[3], ground[3], slope[2], contrast;
  do {
    contrast = 0;
    for (int c = 0; c < 3; c++) {
      ink[c] = random_between(&random, 0, 255);
      ground[c] = random_between(&random, 0, 255);
      contrast += abs(ink[c] - ground[c]);
    }
  } while (contrast < 250);
  for (int k = 0; k < 2; k++) slope[k] = random_between(&random, -3, 3);
  int r = random_between(&random, 9, 13), reach = 4;
  int left = PICTURE_SIDE / 2 + random_between(&random, -reach, reach);
  int top = PICTURE_SIDE / 2 + random_between(&random, -reach, reach);
  for (int c = 0; c < PICTURE_CHANNELS; c++)
    for (int y = 0; y < PICTURE_SIDE; y++)
      for (int x = 0; x < PICTURE_SIDE; x++) {
        int32_t value = inside(shape, x - left, y - top, r)
                            ? ink[c]
                            : ground[c] + slope[0] * (x - PICTURE_SIDE / 2) + slope[1] * (y - PICTURE_SIDE / 2);
        value += random_bell(&random, 16);
        *pixels++ = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
      }
}

/* -------------------------------------------------------------------- both */

/* Test pictures have numbers of their own. */
#define FIRST_TEST 1000000u

static void draw_all(struct pictures *set) {
  set->title = "drawn pictures: a shape somewhere in a picture";
  set->names = drawn_names;
  for (int c = 0; c < PICTURE_CHANNELS; c++) {
    set->scale[c] = 1 / 64.0f;
    set->offset[c] = -2;
  }
  for (int test = 0; test < 2; test++)
    for (size_t n = 0; n < PICTURE_CLASSES * set->rows[test]; n++)
      draw((int)(n / set->rows[test]), n % set->rows[test] + (test ? FIRST_TEST : 0),
           set->pixels[test] + n * PICTURE_INPUTS);
}

void pictures_open(struct pictures *set, size_t train_rows, size_t test_rows) {
  memset(set, 0, sizeof *set);
  set->title = "CIFAR-10: photographs of ten kinds of things";
  set->names = cifar_names;
  set->rows[0] = train_rows;
  set->rows[1] = test_rows;
  for (int c = 0; c < PICTURE_CHANNELS; c++) {
    set->scale[c] = 1 / (255 * cifar_deviation[c]);
    set->offset[c] = -cifar_mean[c] / cifar_deviation[c];
  }
  for (int test = 0; test < 2; test++) {
    size_t rows = PICTURE_CLASSES * set->rows[test];
    set->pixels[test] = show_malloc(rows * PICTURE_INPUTS);
    set->labels[test] = show_malloc(rows * sizeof *set->labels[test]);
    for (size_t n = 0; n < rows; n++) set->labels[test][n] = (int32_t)(n / set->rows[test]);
  }
  for (int test = 0; test < 2; test++) {
    const char *why;
    if (cifar_read(set, test, &why)) continue;
    printf("No CIFAR-10 in %s/cifar10: %s %s.\n", data_folder(), test ? "test.bin.gz" : "train.bin.gz", why);
    printf("To use it, put its binary batches there, joined and compressed with gzip as train.bin.gz and\n"
           "test.bin.gz, or set SWIFTCL_DATA to the folder that holds cifar10/.\n\n");
    draw_all(set);
    return;
  }
}

swiftcl_dataset pictures_rows(const struct pictures *set, int first, int count, int test) {
  size_t begin = (size_t)first * set->rows[test];
  return (swiftcl_dataset){.inputs = set->pixels[test] + begin * PICTURE_INPUTS,
                           .labels = set->labels[test] + begin,
                           .rows = (size_t)count * set->rows[test]};
}

void pictures_close(struct pictures *set) {
  for (int test = 0; test < 2; test++) {
    free(set->pixels[test]);
    free(set->labels[test]);
  }
  memset(set, 0, sizeof *set);
}
