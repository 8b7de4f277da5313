/* motion.c -- see motion.h. SPDX-License-Identifier: Apache-2.0 */
#include "motion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "fixed.h"
#include "random.h"

const char *const motion_activity[MOTION_ACTIVITIES] = {"walking", "upstairs", "downstairs", "sitting", "standing", "lying"};

/* ------------------------------------------------------------------- files */

/* Opens an NPY file of version 1.0 and skips its header, which must have the words. */
static gzFile npy_open(const char *path, const char *type, const char *shape) {
  uint8_t start[10];
  char header[512];
  gzFile file = data_open(path);
  if (!file) return NULL;
  if (read_all(file, start, sizeof start) && memcmp(start, "\x93NUMPY\x01\x00", 8) == 0) {
    size_t length = start[8] + 256u * start[9];
    if (length < sizeof header && read_all(file, header, length)) {
      header[length] = 0;
      if (strstr(header, type) && strstr(header, shape) && strstr(header, "False")) return file;
    }
  }
  gzclose(file);
  return NULL;
}

/* Whose recording is which: lines of a number, the person from 1 on, and more. */
static int people_read(struct motion *stream) {
  char line[128];
  int recording, person, found = 0;
  gzFile file = data_open("uci-hapt/experiments.tsv");
  if (!file) return 0;
  while (gzgets(file, line, sizeof line)) /* gzgets reads plain text, too */
    if (sscanf(line, "%d %d", &recording, &person) == 2 && recording >= 0 && recording < 256 && person >= 1) {
      stream->person_of[recording] = person - 1;
      found++;
    }
  gzclose(file);
  return found > 0;
}

static int files_open(struct motion *stream) {
  stream->values = npy_open("uci-hapt/stream_x.npy.gz", "<i2", ", 6)");
  stream->labels = npy_open("uci-hapt/stream_label.npy.gz", "|u1", ",)");
  stream->recordings = npy_open("uci-hapt/stream_experiment.npy.gz", "|u1", ",)");
  return stream->values && stream->labels && stream->recordings && people_read(stream);
}

static int files_next(struct motion *stream, struct motion_sample *sample) {
  uint8_t bytes[2 * MOTION_CHANNELS], label, recording;
  if (!read_all(stream->values, bytes, sizeof bytes) || !read_all(stream->labels, &label, 1) ||
      !read_all(stream->recordings, &recording, 1))
    return 0;
  for (int c = 0; c < MOTION_CHANNELS; c++) /* little-endian, whatever this machine is */
    sample->values[c] = (int16_t)(bytes[2 * c] | bytes[2 * c + 1] << 8);
  sample->person = stream->person_of[recording];
  sample->activity = label >= 1 && label <= MOTION_ACTIVITIES ? label - 1 : -1; /* from 7 on they change posture */
  return sample->person < stream->people;
}

/* ----------------------------------------------------------------- made up */

enum { SEGMENTS = 24, GAP = 60 };

/* What a body does in an activity: steps in 1/65536 of a turn a sample (0: it rests), how hard, how much
   of it is up and down, and how the trunk leans, in 1/65536 of a turn. */
static const struct { int step, strength, lift, sway, lean, roll; } body[MOTION_ACTIVITIES] = {
    {2500, 260, 20000, 5200, 0, 0},   {2100, 220, 26000, 4200, 1900, 0}, {2750, 380, 30000, 4800, -1200, 0},
    {0, 0, 0, 0, 3400, 600},          {0, 0, 0, 0, 0, 0},                {0, 0, 0, 0, 16384, 2500},
};

static int made_up_next(struct motion *stream, struct motion_sample *sample) {
  if (stream->left == 0) { /* the next segment, with a gap before it */
    stream->person = stream->segment / SEGMENTS;
    if (stream->person >= stream->people) return 0;
    stream->random = random_start(5, (uint64_t)stream->segment, 1);
    stream->left = GAP + random_between(&stream->random, 500, 800);
    stream->phase = random_between(&stream->random, 0, 65535);
    stream->segment++;
  }
  int segment = stream->segment - 1, activity = segment % MOTION_ACTIVITIES;
  uint64_t habit = random_start(5, (uint64_t)stream->person, 2); /* of the person, the same in every segment */
  int32_t axes[3][3] = {{32767, 0, 0}, {0, 32767, 0}, {0, 0, 32767}};
  int tempo = random_between(&habit, 82, 120), strength = random_between(&habit, 60, 150);
  turn(axes, 0, 1, (uint32_t)random_between(&habit, -9000, 9000)); /* how the phone is worn */
  turn(axes, 1, 2, (uint32_t)random_between(&habit, -7000, 7000));
  turn(axes, 0, 2, (uint32_t)random_between(&habit, -3500, 3500));
  uint64_t now = random_start(5, (uint64_t)segment, 3); /* not the same twice */
  turn(axes, 0, 2, (uint32_t)(body[activity].lean + random_between(&now, -900, 900)));
  turn(axes, 0, 1, (uint32_t)(body[activity].roll + random_between(&now, -500, 500)));
  tempo = tempo * random_between(&now, 93, 107) / 100;

  int step = body[activity].step * tempo / 100, push = body[activity].strength * strength / 100;
  stream->phase = (stream->phase + step) & 65535;
  uint32_t phase = (uint32_t)stream->phase;
  /* Along the trunk, which carries gravity; forward; sideways: a step is twice as often as a stride. */
  int32_t up = 720 + scaled(scaled(push, body[activity].lift), sine(2 * phase) + sine(4 * phase) / 2);
  int32_t forward = scaled(push, sine(2 * phase + 12000)) / 2, side = scaled(push, sine(phase)) / 2;
  int32_t swing[3] = {scaled(body[activity].sway, sine(phase + 5000)) * strength / 100,
                      scaled(body[activity].sway, sine(2 * phase)) / 3, scaled(body[activity].sway, sine(phase + 16384)) / 2};
  for (int a = 0; a < 3; a++) {
    int32_t acceleration = scaled(up, axes[0][a]) + scaled(forward, axes[1][a]) + scaled(side, axes[2][a]);
    int32_t rotation = scaled(swing[0], axes[0][a]) + scaled(swing[1], axes[1][a]) + scaled(swing[2], axes[2][a]);
    sample->values[a] = (int16_t)(acceleration + random_bell(&stream->random, 40));
    sample->values[3 + a] = (int16_t)(rotation + random_bell(&stream->random, 300));
  }
  sample->person = stream->person;
  sample->activity = stream->left > GAP ? activity : -1;
  stream->left--;
  return 1;
}

/* -------------------------------------------------------------------- both */

void motion_open(struct motion *stream, int people) {
  memset(stream, 0, sizeof *stream);
  stream->people = people;
  stream->title = "UCI-HAPT: a phone on the hips of people, 50 samples a second";
  if (!files_open(stream)) {
    motion_close(stream);
    printf("No UCI-HAPT in %s/uci-hapt. To use it, put its raw signals there, all recordings end to end,\n"
           "as stream_x.npy.gz, stream_label.npy.gz, stream_experiment.npy.gz and experiments.tsv, or set\n"
           "SWIFTCL_DATA to the folder that holds uci-hapt/.\n\n", data_folder());
    stream->title = "made-up people with a phone on the hip, 50 samples a second";
  }
  /* Of both about deviation 1; gravity pulls along the first axis, 720 counts. */
  for (int c = 0; c < MOTION_CHANNELS; c++) stream->scale[c] = c < 3 ? 1 / 300.0f : 1 / 1500.0f;
  stream->offset[0] = -2;
}

int motion_next(struct motion *stream, struct motion_sample *sample) {
  return stream->values ? files_next(stream, sample) : made_up_next(stream, sample);
}

void motion_close(struct motion *stream) {
  if (stream->values) gzclose(stream->values);
  if (stream->labels) gzclose(stream->labels);
  if (stream->recordings) gzclose(stream->recordings);
  stream->values = stream->labels = stream->recordings = NULL;
}
