/*
 * 08_sensors.c -- new: learning from a stream. Samples arrive one by one, and nobody knows how many.
 *
 * Ten people wear a phone, one after the other; each is a task. Windows of 128 samples are cut
 * while the samples arrive, whenever one activity lasted that long. Each new window is a training
 * step, together with earlier windows of this person. A task begins warm: with the winners and the
 * head of the person before, copied into free units, so that the first answers are not bad. When
 * another person takes the phone, the task ends, at a step that nobody foresaw.
 *
 * UCI-HAPT when it is found, otherwise people that are made up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/answers.h"
#include "common/motion.h"
#include "common/random.h"
#include "common/show.h"

enum {
  PEOPLE = 10, WINDOW = 128, HOP = WINDOW / 2, INPUTS = WINDOW * MOTION_CHANNELS, /* a window begins each HOP */
  WIDTH = 400, J = 4, BATCH = 16, MOST_WINDOWS = 400,
};

/* ------------------------------------------------------- windows from samples */

struct cutter {
  int16_t samples[INPUTS];
  int count, person, activity;
};

/* Takes a sample; 1 when a window is full. Half of it stays, to begin the next one. */
static int cut(struct cutter *c, const struct motion_sample *sample, int16_t *window) {
  if (sample->activity != c->activity || sample->person != c->person) c->count = 0;
  c->activity = sample->activity;
  c->person = sample->person;
  if (sample->activity < 0) return 0;
  memcpy(c->samples + c->count * MOTION_CHANNELS, sample->values, sizeof sample->values);
  if (++c->count < WINDOW) return 0;
  memcpy(window, c->samples, sizeof c->samples);
  memmove(c->samples, c->samples + HOP * MOTION_CHANNELS, (WINDOW - HOP) * MOTION_CHANNELS * sizeof *c->samples);
  c->count = WINDOW - HOP;
  return 1;
}

/* -------------------------------------------------------------------- a person */

/* Windows of one person. Those for testing share no sample with those that are learned: of ten windows
   of an activity six are learned, two tested, and one between them is neither, before and behind. */
struct person {
  swiftcl_task task;
  int16_t learned[MOST_WINDOWS][INPUTS], tested[MOST_WINDOWS][INPUTS];
  int32_t learned_labels[MOST_WINDOWS], tested_labels[MOST_WINDOWS];
  size_t learned_count, tested_count;
  int of_activity[MOTION_ACTIVITIES];
  int right_at_once; /* windows whose activity was named rightly before they were learned */
};

static swiftcl_network *create(const struct motion *stream) {
  swiftcl_network *net = NULL;
  static const uint32_t widths[] = {WIDTH, WIDTH};
  swiftcl_layer layers[3];
  swiftcl_options options;
  uint32_t count;
  CHECK(swiftcl_describe_mlp(layers, 3, &count, widths, 2, J, MOTION_ACTIVITIES));
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = count;
  options.inputs = INPUTS;
  options.input_type = SWIFTCL_INPUT_I16;
  options.input_channels = MOTION_CHANNELS; /* a sample after the other: interleaved */
  options.input_scale = stream->scale;
  options.input_offset = stream->offset;
  options.sampler = SWIFTCL_SAMPLER_RANDOM;
  options.expected_tasks = PEOPLE;
  options.unserved = SWIFTCL_UNSERVED_REUSE; /* blocks without a free unit go on with an owned one */
  options.max_batch = BATCH;
  options.learning_rate = 0.01f;
  options.clip_norm = 1; /* the first rows of a stream are all alike: one step must not go too far */
  CHECK(swiftcl_network_create(&options, &net));
  return net;
}

static void begin(swiftcl_network *net, struct person *p, int number) {
  swiftcl_task_options options;
  CHECK(swiftcl_task_options_init(&options));
  options.start = number ? SWIFTCL_START_WARM : SWIFTCL_START_FRESH;
  options.expected_steps = 0; /* nobody knows: the learning rate stays as it is */
  CHECK(swiftcl_task_begin(net, &options, &p->task));
}

/* A step on the newest window and some earlier ones. */
static void learn(swiftcl_network *net, struct person *p, const int16_t *window, int32_t activity, uint64_t *random) {
  static int16_t rows[BATCH][INPUTS];
  int32_t labels[BATCH], answer;
  if (p->learned_count == MOST_WINDOWS) return;
  CHECK(swiftcl_predict_labels(net, p->task, window, 1, &answer, 1));
  p->right_at_once += answer == activity;
  memcpy(p->learned[p->learned_count], window, sizeof *rows);
  p->learned_labels[p->learned_count++] = activity;
  for (int n = 0; n < BATCH; n++) {
    size_t one = n ? (size_t)random_between(random, 0, (int32_t)p->learned_count - 1) : p->learned_count - 1;
    memcpy(rows[n], p->learned[one], sizeof *rows);
    labels[n] = p->learned_labels[one];
  }
  CHECK(swiftcl_train_step(net, rows, labels, BATCH, NULL));
}

static void take(swiftcl_network *net, struct person *p, const int16_t *window, int32_t activity, uint64_t *random) {
  int turn = p->of_activity[activity]++ % 10;
  if (turn < 6) learn(net, p, window, activity, random);
  if ((turn != 7 && turn != 8) || p->tested_count == MOST_WINDOWS) return;
  memcpy(p->tested[p->tested_count], window, INPUTS * sizeof *window);
  p->tested_labels[p->tested_count++] = activity;
}

int main(void) {
  struct motion stream;
  struct motion_sample sample;
  struct cutter cutter = {.person = -1};
  struct person *people = show_malloc(PEOPLE * sizeof *people);
  struct show_table table = {0};
  double before[PEOPLE], after[PEOPLE], mean = 0;
  float *then[PEOPLE];
  int16_t window[INPUTS];
  uint64_t random = random_start(8, 0, 0), samples = 0;
  int number = -1, same = 0;
  memset(people, 0, PEOPLE * sizeof *people);
  motion_open(&stream, PEOPLE);
  swiftcl_network *net = create(&stream);
  printf("%s\nnetwork %d-%d-%d-%d in blocks of %d; windows of %d samples, each a step of %d\n\n", stream.title, INPUTS,
         WIDTH, WIDTH, MOTION_ACTIVITIES, J, WINDOW, BATCH);

  for (int more = 1; more; samples++) {
    more = motion_next(&stream, &sample);
    if (number >= 0 && (!more || sample.person != number)) { /* this person is through */
      struct person *p = &people[number];
      swiftcl_dataset tests = {p->tested, p->tested_labels, p->tested_count, p->task};
      before[number] = 0;
      if (number) CHECK(swiftcl_evaluate(net, p[-1].task, p->tested, p->tested_labels, p->tested_count, &before[number]));
      CHECK(swiftcl_task_end(net, NULL));
      CHECK(swiftcl_evaluate(net, p->task, p->tested, p->tested_labels, p->tested_count, &after[number]));
      then[number] = answers_of(net, &tests);
      show_progress((unsigned)number + 1, PEOPLE, "person %d of %d", number + 1, PEOPLE);
    }
    if (!more) break;
    if (sample.person != number) begin(net, &people[number = sample.person], sample.person);
    if (cut(&cutter, &sample, window)) take(net, &people[number], window, sample.activity, &random);
  }
  show_progress_end();
  motion_close(&stream);

  show_row(&table, "person|windows|right at once|the one before|own ticket|now|logits");
  for (int t = 0; t <= number; t++) {
    struct person *p = &people[t];
    swiftcl_dataset tests = {p->tested, p->tested_labels, p->tested_count, p->task};
    char previous[16] = "";
    double now;
    CHECK(swiftcl_evaluate(net, p->task, p->tested, p->tested_labels, p->tested_count, &now));
    if (t) snprintf(previous, sizeof previous, "%.1f %%", before[t]);
    int equal = answers_same(net, &tests, then[t]);
    show_row(&table, "%d|%zu|%.1f %%|%s|%.1f %%|%.1f %%|%s", t + 1, p->learned_count,
             100.0 * p->right_at_once / (double)p->learned_count, previous, after[t], now, equal ? "same bits" : "CHANGED");
    same += equal;
    mean += now / (number + 1);
    free(then[t]);
  }
  show_print(&table);
  printf("\nright at once: said of a window before it was learned; the one before: what the ticket of the\n"
         "person before makes of the test windows\n");
  printf("%" PRIu64 " samples, average accuracy %.1f %%, %d of %d people are answered bit for bit as when learned\n",
         samples, mean, same, number + 1);
  swiftcl_network_free(net);
  free(people);
  return same == number + 1 ? 0 : 1;
}
