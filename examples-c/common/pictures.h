/*
 * pictures.h -- small colour pictures of ten classes: CIFAR-10 from its own files, or drawn.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PICTURES_H
#define PICTURES_H

#include <stddef.h>
#include <stdint.h>

#include "swiftcl.h"

#define PICTURE_SIDE 32
#define PICTURE_CHANNELS 3
/** Bytes of a picture: all red pixels row by row, all green ones, all blue ones. */
#define PICTURE_INPUTS (PICTURE_SIDE * PICTURE_SIDE * PICTURE_CHANNELS)
#define PICTURE_CLASSES 10

/** Pictures for training and for testing, class after class. */
struct pictures {
  const char *title;              /* for a heading */
  const char *const *names;       /* of the classes */
  float scale[PICTURE_CHANNELS];  /* input = raw * scale + offset */
  float offset[PICTURE_CHANNELS];
  size_t rows[2];                 /* of each class: training, test */
  uint8_t *pixels[2];
  int32_t *labels[2];
};

/**
 * Reads the first pictures of each class from $SWIFTCL_DATA/cifar10/train.bin.gz and test.bin.gz
 * (../shared/data when that is not set), where they are; otherwise draws them. A file that is cut
 * short or not CIFAR-10 is not used, and a line says so.
 */
void pictures_open(struct pictures *set, size_t train_rows, size_t test_rows);
/** The rows of `count` classes from `first` on; they belong to the set. */
swiftcl_dataset pictures_rows(const struct pictures *set, int first, int count, int test);
/** Frees what pictures_open allocated. */
void pictures_close(struct pictures *set);

#endif
