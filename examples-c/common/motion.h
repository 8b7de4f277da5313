/*
 * motion.h -- a phone on people's hips, sample by sample: UCI-HAPT from its own files, or made up.
 *
 * A sample is three axes of acceleration and three of rotation, 16 bits each, 50 times a second.
 * One person after the other walks, climbs stairs, sits, stands and lies; in between nobody says
 * what they do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MOTION_H
#define MOTION_H

#include <stdint.h>
#include <zlib.h>

#define MOTION_CHANNELS 6
#define MOTION_ACTIVITIES 6

/** Names of the activities. */
extern const char *const motion_activity[MOTION_ACTIVITIES];

struct motion_sample {
  int16_t values[MOTION_CHANNELS];
  int person;   /* 0, 1, ... */
  int activity; /* 0 to MOTION_ACTIVITIES - 1; -1 where nobody said, or something else */
};

struct motion {
  const char *title;             /* for a heading */
  float scale[MOTION_CHANNELS];  /* input = raw * scale + offset */
  float offset[MOTION_CHANNELS];
  /* of the reader */
  gzFile values, labels, recordings;
  int person_of[256]; /* of a recording */
  /* of what is made up */
  uint64_t random;
  int people, segment, left, phase, person;
};

/**
 * Opens stream_x, stream_label and stream_experiment (.npy.gz) in $SWIFTCL_DATA/uci-hapt (../shared/data
 * when that is not set); where they are not, makes people up, and says so. They end after `people`.
 */
void motion_open(struct motion *stream, int people);
/** The next sample; 0 at the end. A file that is cut short ends early. */
int motion_next(struct motion *stream, struct motion_sample *sample);
void motion_close(struct motion *stream);

#endif
