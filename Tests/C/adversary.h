/*
 * adversary.h -- what the adversarial C tests share: a check macro, snapshots
 * of a network, poisoned outputs, an allocator that counts and fails, streams
 * that fail, seeded noise and small networks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SWIFTCL_TESTS_ADVERSARY_H
#define SWIFTCL_TESTS_ADVERSARY_H

#include "swiftcl.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------- checks */

static int failures;
static long checks;

static inline int check_failed(const char *file, int line, const char *what) {
  if (++failures <= 100) fprintf(stderr, "%s:%d: %s\n", file, line, what);
  return 0;
}

#define CHECK(condition) (checks++, (condition) ? 1 : check_failed(__FILE__, __LINE__, #condition))

static inline int status_check(
    const char *file, int line, const char *call, swiftcl_network *net, swiftcl_status got,
    swiftcl_status wanted) {
  checks++;
  if (got == wanted) return 1;
  if (++failures <= 100)
    fprintf(
        stderr, "%s:%d: %s\n  is %s, expected %s; %s\n", file, line, call, swiftcl_status_name(got),
        swiftcl_status_name(wanted), got ? swiftcl_last_error(net)->message : "");
  return 0;
}

/* `net` is where the message would be; NULL for calls without a network. */
#define STATUS(net, call, wanted) status_check(__FILE__, __LINE__, #call, net, (call), wanted)
#define OK(net, call) STATUS(net, call, SWIFTCL_OK)

/* Of what a test computed; Tests/Firmware asks whether other processors compute the same. */
#define NO_OUTPUTS 2166136261u
static uint32_t outputs_digest = NO_OUTPUTS;
static inline void digest(const void *outputs, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, (const char *)outputs + 4 * i, 4);
    outputs_digest = (outputs_digest ^ bits) * 16777619u;
  }
}

static inline int finish(const char *name) {
  if (failures) fprintf(stderr, "%s: %d of %ld checks failed\n", name, failures, checks);
  else if (outputs_digest == NO_OUTPUTS) printf("%s: %ld checks\n", name, checks);
  else printf("%s: %ld checks, outputs %08x\n", name, checks, (unsigned)outputs_digest);
  return failures != 0;
}

/* Under valgrind a test does less of the same. */
static inline int quick(void) { return getenv("SWIFTCL_TEST_QUICK") != NULL; }

/* -------------------------------------------------------------------- noise */

static uint64_t noise_state = 1;

static inline uint64_t noise(void) {
  uint64_t z = (noise_state += UINT64_C(0x9E3779B97F4A7C15));
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

static inline uint32_t below(uint32_t bound) { return (uint32_t)(noise() % bound); }
static inline float real(float low, float high) {
  return low + (high - low) * (float)(noise() >> 40) / 16777216.0f;
}

/* ---------------------------------------------------------------- snapshots */

/* Everything that can be asked of a network: its checkpoint, and what a
   checkpoint does not hold. */
struct snapshot {
  uint8_t *bytes;
  size_t size;
  swiftcl_network_info info;
  swiftcl_accounting accounting;
  uint64_t memory;
  float rate;
};

static inline struct snapshot take_snapshot(swiftcl_network *net) {
  struct snapshot s;
  memset(&s, 0, sizeof s);
  uint64_t size = 0;
  OK(net, swiftcl_checkpoint_size(net, &size));
  s.size = (size_t)size;
  s.bytes = malloc(s.size + 1);
  size_t written = 0;
  OK(net, swiftcl_network_save_memory(net, s.bytes, s.size, &written));
  CHECK(written == s.size);
  s.info.struct_size = sizeof s.info;
  OK(net, swiftcl_network_info_get(net, &s.info));
  s.accounting.struct_size = sizeof s.accounting;
  OK(net, swiftcl_accounting_get(net, &s.accounting));
  CHECK(s.accounting.seconds >= 0);
  s.accounting.seconds = 0; /* no two runs take the same time */
  OK(net, swiftcl_network_memory(net, &s.memory, NULL));
  OK(net, swiftcl_learning_rate_get(net, &s.rate));
  return s;
}

static inline void drop_snapshot(struct snapshot *s) {
  free(s->bytes);
  s->bytes = NULL;
}

static inline int same_snapshots(const struct snapshot *a, const struct snapshot *b) {
  return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0
         && memcmp(&a->info, &b->info, sizeof a->info) == 0
         && memcmp(&a->accounting, &b->accounting, sizeof a->accounting) == 0
         && a->memory == b->memory && memcmp(&a->rate, &b->rate, sizeof a->rate) == 0;
}

/* Says what differs, for a person. */
static inline void tell_difference(const struct snapshot *a, const struct snapshot *b) {
  if (a->size != b->size) fprintf(stderr, "  checkpoint bytes %zu -> %zu\n", a->size, b->size);
  for (size_t i = 0; i < a->size && i < b->size; i++)
    if (a->bytes[i] != b->bytes[i]) {
      fprintf(stderr, "  checkpoint differs at byte %zu of %zu\n", i, a->size);
      break;
    }
  if (a->info.max_tasks != b->info.max_tasks)
    fprintf(stderr, "  max_tasks %u -> %u\n", (unsigned)a->info.max_tasks, (unsigned)b->info.max_tasks);
  if (a->info.max_classes != b->info.max_classes)
    fprintf(stderr, "  max_classes %u -> %u\n", (unsigned)a->info.max_classes, (unsigned)b->info.max_classes);
  if (a->memory != b->memory)
    fprintf(
        stderr, "  memory %llu -> %llu\n", (unsigned long long)a->memory, (unsigned long long)b->memory);
  if (memcmp(&a->rate, &b->rate, sizeof a->rate) != 0) fprintf(stderr, "  learning rate\n");
}

/* 1 when the network is what the snapshot says. */
static inline int unchanged(swiftcl_network *net, const struct snapshot *before) {
  struct snapshot now = take_snapshot(net);
  int same = same_snapshots(before, &now);
  if (!same && failures < 100) tell_difference(before, &now);
  drop_snapshot(&now);
  return same;
}

/* --------------------------------------------------------- poisoned outputs */

enum { POISON = 0xA5, OUT_BYTES = 8192 };
static union {
  uint8_t bytes[2 * OUT_BYTES];
  uint64_t words[2 * OUT_BYTES / 8];
} out_area;
static size_t out_skip;

static inline void poison_outputs(void) {
  memset(out_area.bytes, POISON, sizeof out_area.bytes);
  out_skip = 0;
}

/* An output struct whose struct_size is `size`; everything behind it is poison. */
static inline void *poisoned_struct(uint32_t size) {
  memcpy(out_area.bytes, &size, sizeof size);
  out_skip = sizeof size;
  return out_area.bytes;
}

static inline int outputs_untouched(void) {
  for (size_t i = out_skip; i < sizeof out_area.bytes; i++)
    if (out_area.bytes[i] != POISON) return 0;
  return 1;
}

#define OUT ((void *)out_area.bytes)
#define OUT_TOO ((void *)(out_area.bytes + OUT_BYTES))
#define OUT_STRUCT(type) ((type *)poisoned_struct((uint32_t)sizeof(type)))
#define OUT_SIZED(type, size) ((type *)poisoned_struct((uint32_t)(size)))

/* The status is the wanted one, the record repeats it, the message names the
   call and the words, the outputs are untouched. */
static inline int refusal_check(
    const char *file, int line, const char *call, swiftcl_network *net, swiftcl_status got,
    swiftcl_status wanted, const char *const *words) {
  int good = status_check(file, line, call, net, got, wanted);
  const swiftcl_error *error = swiftcl_last_error(net);
  char name[64] = "";
  size_t length = strcspn(call, "(");
  if (length < sizeof name) memcpy(name, call, length);
  name[length < sizeof name ? length : 0] = 0;
  const char *wrong = NULL;
  if (error->status != got) wrong = "the record has another status";
  else if (memchr(error->message, 0, sizeof error->message) == NULL) wrong = "the message has no end";
  else if (strstr(error->message, name) == NULL) wrong = "the message does not name the call";
  for (; !wrong && *words; words++)
    if (**words && strstr(error->message, *words) == NULL) wrong = *words;
  checks++;
  if (good && wrong) {
    good = 0;
    if (++failures <= 100)
      fprintf(stderr, "%s:%d: %s\n  message: %s\n  lacks or has: %s\n", file, line, call, error->message, wrong);
  }
  checks++;
  if (!outputs_untouched()) {
    good = 0;
    if (++failures <= 100) fprintf(stderr, "%s:%d: %s\n  outputs were written\n", file, line, call);
  }
  return good;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A call without a network fails as it should. */
#define REFUSED_ALONE(call, wanted, ...)                                                      \
  (poison_outputs(),                                                                          \
   refusal_check(__FILE__, __LINE__, #call, NULL, (call), wanted, WORDS(__VA_ARGS__)))

/* A call on a network fails as it should, and the network is what it was. */
#define REFUSED(net, call, wanted, ...)                                                       \
  do {                                                                                        \
    struct snapshot before_ = take_snapshot(net);                                             \
    poison_outputs();                                                                         \
    swiftcl_status status_ = (call);                                                          \
    refusal_check(__FILE__, __LINE__, #call, net, status_, wanted, WORDS(__VA_ARGS__));       \
    checks++;                                                                                 \
    if (!unchanged(net, &before_)) check_failed(__FILE__, __LINE__, "changed by " #call);     \
    drop_snapshot(&before_);                                                                  \
  } while (0)

/* ------------------------------------------------------------- guarded memory */

/* AddressSanitizer does not look into every copy of the library's: what lies
   behind a block is filled too, and looked at when the block is given back. */
#if defined(__SANITIZE_ADDRESS__)
void __asan_poison_memory_region(void const volatile *memory, size_t bytes);
void __asan_unpoison_memory_region(void const volatile *memory, size_t bytes);
#define HIDE(memory, bytes) __asan_poison_memory_region(memory, bytes)
#define SHOW(memory, bytes) __asan_unpoison_memory_region(memory, bytes)
#else
#define HIDE(memory, bytes) ((void)(memory), (void)(bytes))
#define SHOW(memory, bytes) ((void)(memory), (void)(bytes))
#endif

enum { GUARD = 4096, GUARD_BYTE = 0x6B };

static inline void raise_guard(void *behind) {
  memset(behind, GUARD_BYTE, GUARD);
  HIDE(behind, GUARD);
}

/* 1 when nobody wrote behind the block. */
static inline int lower_guard(void *behind) {
  SHOW(behind, GUARD);
  const uint8_t *bytes = behind;
  for (int i = 0; i < GUARD; i++)
    if (bytes[i] != GUARD_BYTE) return 0;
  return 1;
}

/* ---------------------------------------------------------------- allocator */

/* Counts live blocks and bytes, fails at a chosen call or above a limit. */
struct counter {
  long calls;
  long fail_at;      /* the call that returns NULL, from 1; 0 is none */
  long refusals;
  long live;
  uint64_t bytes;
  uint64_t peak;
  uint64_t limit;    /* most live bytes; 0 is any number */
  size_t misalign;   /* added to every address */
  int wrong;         /* release of something else, or of another size */
};

struct block_head {
  struct counter *owner;
  size_t bytes;
  void *base;
  uint64_t seal;
};

static inline void *counter_allocate(void *context, size_t bytes, size_t alignment) {
  struct counter *counter = context;
  counter->calls++;
  if (alignment != SWIFTCL_ALIGNMENT) counter->wrong++;
  if (counter->calls == counter->fail_at || (counter->limit && counter->bytes + bytes > counter->limit)) {
    counter->refusals++;
    return NULL;
  }
  void *base = NULL;
  size_t front = (sizeof(struct block_head) + alignment - 1) / alignment * alignment + counter->misalign;
  if (posix_memalign(&base, alignment, front + bytes + GUARD) != 0) return NULL;
  char *place = (char *)base + front;
  raise_guard(place + bytes);
  struct block_head head = {counter, bytes, base, UINT64_C(0x5EA15EA15EA15EA1)};
  memcpy(place - sizeof head, &head, sizeof head);
  memset(place, 0xC3, bytes); /* fresh memory is no zeros */
  counter->live++;
  counter->bytes += bytes;
  if (counter->bytes > counter->peak) counter->peak = counter->bytes;
  return place;
}

static inline void counter_release(void *context, void *memory, size_t bytes) {
  struct counter *counter = context;
  struct block_head head;
  memcpy(&head, (char *)memory - sizeof head, sizeof head);
  if (head.seal != UINT64_C(0x5EA15EA15EA15EA1) || head.owner != counter || head.bytes != bytes) {
    counter->wrong++;
    return;
  }
  if (!lower_guard((char *)memory + bytes)) counter->wrong++;
  counter->live--;
  counter->bytes -= bytes;
  free(head.base);
}

static inline swiftcl_allocator counting(struct counter *counter) {
  swiftcl_allocator allocator = {counter_allocate, counter_release, counter};
  return allocator;
}

/* Aligned memory for create_in, exactly `bytes` of it, and its end. */
static inline void *aligned_memory(size_t bytes) {
  void *base = NULL;
  if (posix_memalign(&base, SWIFTCL_ALIGNMENT, SWIFTCL_ALIGNMENT + bytes + GUARD) != 0) return NULL;
  memcpy(base, &bytes, sizeof bytes);
  char *memory = (char *)base + SWIFTCL_ALIGNMENT;
  raise_guard(memory + bytes);
  return memory;
}

static inline void release_memory(void *memory) {
  if (!memory) return;
  size_t bytes;
  char *base = (char *)memory - SWIFTCL_ALIGNMENT;
  memcpy(&bytes, base, sizeof bytes);
  if (!CHECK(lower_guard((char *)memory + bytes))) fprintf(stderr, "  written behind %zu bytes\n", bytes);
  free(base);
}

/* ------------------------------------------------------------------ streams */

/* A growing or finite buffer as a stream that fails at a chosen call. */
struct stream {
  uint8_t *bytes;
  size_t size;      /* bytes there are */
  size_t room;
  size_t next;      /* reading */
  long calls;
  long fail_at;     /* from 1; 0 is never */
  int32_t answer;   /* what a failing call returns */
};

static inline int32_t stream_write(void *context, const void *data, size_t bytes) {
  struct stream *s = context;
  if (++s->calls == s->fail_at) return s->answer;
  if (s->fail_at && s->calls > s->fail_at) s->answer = 99; /* called after it refused */
  if (s->size + bytes > s->room) {
    s->room = 2 * (s->size + bytes);
    s->bytes = realloc(s->bytes, s->room);
  }
  memcpy(s->bytes + s->size, data, bytes);
  s->size += bytes;
  return 0;
}

static inline int32_t stream_read(void *context, void *data, size_t bytes) {
  struct stream *s = context;
  if (++s->calls == s->fail_at) return s->answer;
  if (s->fail_at && s->calls > s->fail_at) s->answer = 99;
  if (bytes > s->size - s->next) return -1;
  memcpy(data, s->bytes + s->next, bytes);
  s->next += bytes;
  return 0;
}

static inline struct stream reading(const void *bytes, size_t size) {
  struct stream s;
  memset(&s, 0, sizeof s);
  s.bytes = (uint8_t *)(uintptr_t)bytes;
  s.size = size;
  return s;
}

/* ------------------------------------------------------------ random networks */

enum { MOST_ROWS = 16, MOST_INPUTS = 27, MOST_CLASSES = 8, MOST_WIDTH = 96 };

/* A small network of any kind there is. */
struct design {
  swiftcl_layer layers[16];
  float scale[4], offset[4];
  swiftcl_mask_phase phases[4];
  swiftcl_options o;
};

/* Whether a layer has units, and so parameters. */
static inline int has_units(const swiftcl_layer *layer) {
  return layer->kind == SWIFTCL_LAYER_DENSE || layer->kind == SWIFTCL_LAYER_HEAD || layer->kind == SWIFTCL_LAYER_CONV2D;
}

/* Makes an image of the input and a convolution of the first layer, and may put a pooling
   behind it. */
static inline void make_image(struct design *d) {
  swiftcl_options *o = &d->o;
  swiftcl_layer *first = &d->layers[0];
  uint32_t height = 2 + below(2), width = 2 + below(2);
  if (first->width > 24) first->width = first->block_size * (24 / first->block_size);
  first->kind = SWIFTCL_LAYER_CONV2D;
  first->input_height = height;
  first->input_width = width;
  first->kernel_height = 1 + below(2);
  first->kernel_width = 1 + below(2);
  first->stride = 1 + below(2);
  first->padding = below(2) && first->kernel_height == 2 && first->kernel_width == 2;
  o->inputs = o->input_channels * height * width;
  if (o->layer_count > 3 || below(2)) return;
  for (uint32_t l = o->layer_count++; l > 1; l--) d->layers[l] = d->layers[l - 1];
  uint32_t kind = below(5);
  swiftcl_layer pools[] = {SWIFTCL_MAX_POOL(1, 1, 0), SWIFTCL_AVERAGE_POOL(1, 2, 0), SWIFTCL_GLOBAL_POOL(),
                           {SWIFTCL_LAYER_FLATTEN, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}}, SWIFTCL_DROPOUT(0.3f)};
  d->layers[1] = pools[kind];
  uint32_t high = (height + 2 * first->padding - first->kernel_height) / first->stride + 1;
  uint32_t wide = (width + 2 * first->padding - first->kernel_width) / first->stride + 1;
  if (kind < 2) {
    d->layers[1].kernel_height = 1 + below(high);
    d->layers[1].kernel_width = 1 + below(wide);
  }
}

static inline void insert_layer(struct design *d, uint32_t at, swiftcl_layer layer) {
  for (uint32_t l = d->o.layer_count++; l > at; l--) d->layers[l] = d->layers[l - 1];
  for (uint32_t l = at + 1; l < d->o.layer_count; l++)
    if (d->layers[l].source > at) d->layers[l].source++;
  d->layers[at] = layer;
}

/* A layer that is added to the first one, and one between that does something else. */
static inline void make_stream(struct design *d) {
  swiftcl_layer first = d->layers[0];
  if (first.competition != SWIFTCL_COMPETITION_TASK || d->o.layer_count < 2) return;
  for (uint32_t l = 0; l < d->o.layer_count; l++)
    if (d->layers[l].kind == SWIFTCL_LAYER_FLATTEN) return;
  uint32_t at = 1;
  while (!has_units(&d->layers[at])) at++;
  swiftcl_layer add = SWIFTCL_ADD(at - 1, SWIFTCL_ACTIVATION_RELU);
  swiftcl_layer point = SWIFTCL_CONV(first.width, first.block_size, 1, 1, 0, SWIFTCL_ACTIVATION_NONE);
  swiftcl_layer linear = SWIFTCL_DENSE(first.width, first.block_size, SWIFTCL_ACTIVATION_NONE);
  swiftcl_layer same = first.kind == SWIFTCL_LAYER_DENSE ? linear : point, norm = SWIFTCL_BATCH_NORM();
  add.activation = (int32_t)below(2);
  if (below(2)) { /* another way between, of its own width */
    swiftcl_layer between = same;
    int joins = below(3) == 0; /* or beside it: two layers read the first one */
    if (!joins) between.width = between.block_size * (1 + below(4));
    insert_layer(d, at, between);
    if (below(2)) insert_layer(d, ++at, norm);
    if (joins) {
      same.source = add.source;
      add.source = at + 1;
    }
    at++;
  }
  insert_layer(d, at, same);
  if (below(2)) insert_layer(d, ++at, norm);
  insert_layer(d, at + 1, add);
}

/* Weight masks of any kind, where the network may have them at all. */
static inline void make_masks(struct design *d) {
  static const int32_t kinds[] = {
    SWIFTCL_SPARSITY_IRREGULAR, SWIFTCL_SPARSITY_BLOCK, SWIFTCL_SPARSITY_PATTERN, SWIFTCL_SPARSITY_FILTER,
    SWIFTCL_SPARSITY_IRREGULAR | SWIFTCL_SPARSITY_FILTER, SWIFTCL_SPARSITY_BLOCK | SWIFTCL_SPARSITY_FILTER,
    SWIFTCL_SPARSITY_PATTERN | SWIFTCL_SPARSITY_FILTER};
  swiftcl_options *o = &d->o;
  uint32_t units = 0;
  for (uint32_t l = 0; l + 1 < o->layer_count; l++) units += has_units(&d->layers[l]);
  if (units == 0) return;
  if (!o->sharing) o->protection = SWIFTCL_PROTECT_FROZEN;
  o->sparsity = real(0.56f, below(4) ? 0.9f : 0.98f);
  o->sparsity_kind = kinds[below(7)];
  if (!(o->sparsity_kind & SWIFTCL_SPARSITY_PATTERN) && below(3) == 0) o->sparsity = real(0.05f, 0.56f);
  o->mask_budget = (int32_t)below(2);
  o->masked_layers = 1 + below((1u << units) - 1);
  o->mask_interval = below(5) ? 1 + below(4) : 0;
  o->mask_final_step = below(2) ? 0 : below(12);
  o->mask_intra = real(0, 0.9f) * (1 - o->sparsity);
  o->mask_inter = real(0, 1) * (below(2) ? 1 : 0.05f);
  o->score_current = below(4) ? real(0, 1) : 0;
  o->score_replay = below(4) ? real(0, 1) : 0;
  o->regrowth = (int32_t)below(2);
  o->gradient_sparsity = below(2) ? 0 : o->sparsity + real(0, 0.99f) * (1 - o->sparsity);
  o->gradient_interval = 1 + below(5);
  if (below(3)) return;
  o->mask_phase_count = 1 + below(4);
  o->mask_phases = d->phases;
  for (uint32_t p = 0; p < o->mask_phase_count; p++) {
    d->phases[p].step = p ? d->phases[p - 1].step + 1 + below(4) : 0;
    d->phases[p].prune_to = below(6) ? real(o->sparsity, 1) : (float)below(2);
    d->phases[p].grow_to = below(4) ? real(0, d->phases[p].prune_to) : 0;
  }
}

static inline void random_design(struct design *d) {
  static const uint32_t blocks[] = {1, 2, 3, 4, 8, 8};
  memset(d, 0, sizeof *d);
  swiftcl_options *o = &d->o;
  if (below(6) == 0) swiftcl_options_init_paper(o);
  else swiftcl_options_init(o);
  o->seed = noise();
  o->sharing = below(8) == 0;
  o->sampler = (int32_t)below(5);
  o->layer_count = 1 + (below(8) != 0) + below(3);
  for (uint32_t l = 0; l < o->layer_count; l++) {
    uint32_t block = o->sharing ? 1 : blocks[below(6)];
    swiftcl_layer dense = SWIFTCL_DENSE(block * (1 + below(MOST_WIDTH / block / 2)), block, (int32_t)below(2));
    if (o->sampler != SWIFTCL_SAMPLER_TOP_K && below(5) == 0) dense.competition = SWIFTCL_COMPETITION_SAMPLE;
    swiftcl_layer head = SWIFTCL_HEAD(1 + below(5));
    d->layers[l] = l + 1 < o->layer_count ? dense : head;
  }
  o->layers = d->layers;
  o->input_channels = 1 + below(3);
  o->inputs = o->input_channels * (1 + below(4));
  o->input_type = (int32_t)below(4);
  o->input_layout = (int32_t)below(2);
  if (below(3) == 0) {
    for (int c = 0; c < 4; c++) d->scale[c] = real(0.5f, 1.5f), d->offset[c] = real(-1, 1);
    o->input_scale = below(4) ? d->scale : NULL;
    o->input_offset = below(4) ? d->offset : NULL;
  }
  if (o->input_type == SWIFTCL_INPUT_I16) {
    for (int c = 0; c < 4; c++) d->scale[c] = 1e-4f;
    o->input_scale = d->scale;
  } else if (o->input_type != SWIFTCL_INPUT_F32) {
    for (int c = 0; c < 4; c++) d->scale[c] = 0.01f;
    o->input_scale = d->scale;
  }
  o->max_batch = 1 + below(MOST_ROWS);
  o->max_tasks = 1 + below(6);
  uint32_t head_width = d->layers[o->layer_count - 1].width;
  o->max_classes = below(2) ? 0 : head_width + below(MOST_CLASSES - head_width + 1);
  o->allocation = (int32_t)below(4);
  o->unserved = (int32_t)below(2);
  o->protection = below(2) ? SWIFTCL_PROTECT_FROZEN : (int32_t)below(4);
  o->head = (int32_t)below(3);
  o->expected_tasks = below(7);
  o->usage_bias = below(2) ? 0 : real(-3, 3);
  o->temperature = real(0.2f, 2);
  o->posterior_floor = below(2) ? 0 : 1e-4f;
  o->top_k = 1 + below(4);
  o->resample_interval = 1 + below(4);
  o->logit_learning_rate = real(0, 1);
  o->logit_init = real(0, 0.5f);
  o->kl_form = 1 + (int32_t)below(4);
  o->kl_weight = real(0, 0.1f);
  o->prune_threshold = below(3) == 0 ? 0 : below(2) ? -1 : real(0, 0.5f);
  o->prune_interval = 1 + below(5);
  o->loss = (int32_t)below(2);
  o->optimizer = (int32_t)below(2);
  o->schedule = (int32_t)below(2);
  o->learning_rate = o->optimizer == SWIFTCL_OPTIMIZER_ADAM ? 0.003f : 0.01f;
  o->weight_decay = below(2) ? 0 : 1e-3f;
  o->clip_norm = below(2) ? 0 : real(0.1f, 2);
  o->clip_scope = (int32_t)below(2);
  if (o->layer_count > 1 && below(3) == 0) make_image(d);
  if (o->layer_count > 1 && below(4) == 0) {
    swiftcl_layer norm = SWIFTCL_BATCH_NORM();
    norm.rate = below(2) ? 0 : real(0, 1);
    insert_layer(d, 1, norm);
  }
  if (below(4) == 0) make_stream(d);
  if (below(3) == 0) make_masks(d);
  if (o->loss == SWIFTCL_LOSS_CROSS_ENTROPY && below(2)) {
    o->data_samples = 1 + below(40);
    o->data_rule = (int32_t)below(2);
  }
  if (o->loss != SWIFTCL_LOSS_CROSS_ENTROPY || below(2)) return;
  o->replay_rows = 1 + below(40);
  o->replay_bytes = below(2) ? 0 : 20000 + below(20000);
  o->replay_batch = 1 + below(12);
  o->replay = (int32_t)below(5);
  o->replay_policy = (int32_t)below(2);
  o->replay_store = (int32_t)below(3);
  o->replay_recall = (int32_t)below(2);
  o->distill_teacher = (int32_t)below(3);
  o->replay_alpha = real(0, 0.2f);
  o->class_head = below(2);
  o->replay_new_rows = (int32_t)below(3);
}

static inline size_t element_bytes(const swiftcl_options *o) {
  return o->input_type == SWIFTCL_INPUT_F32 ? 4 : o->input_type == SWIFTCL_INPUT_I16 ? 2 : 1;
}

/* Rows of any type, labels among the classes, targets. */
struct feed {
  uint8_t x[MOST_ROWS * MOST_INPUTS * 4];
  int32_t labels[MOST_ROWS];
  float targets[MOST_ROWS * 64];
};

static inline void random_feed(struct feed *f, const swiftcl_options *o, const int32_t *classes, uint32_t count) {
  for (size_t i = 0; i < MOST_ROWS * MOST_INPUTS; i++) {
    if (o->input_type == SWIFTCL_INPUT_F32) {
      float value = real(-2, 2);
      memcpy(f->x + 4 * i, &value, 4);
    } else {
      uint64_t bits = noise();
      memcpy(f->x + 4 * i, &bits, 4);
    }
  }
  for (int i = 0; i < MOST_ROWS; i++) f->labels[i] = classes[below(count)];
  for (int i = 0; i < MOST_ROWS * 64; i++) f->targets[i] = real(-1, 1);
}

static inline swiftcl_status step_on(
    swiftcl_network *net, const swiftcl_options *o, const struct feed *f, size_t rows, swiftcl_step *step) {
  swiftcl_data_info data;
  data.struct_size = sizeof data;
  if (swiftcl_data_info_get(net, &data) == SWIFTCL_OK && data.kept >= rows) {
    uint32_t ids[64];
    OK(net, swiftcl_data_kept(net, ids, 64, NULL));
    size_t first = (size_t)(data.presented % (data.kept - rows + 1));
    return swiftcl_train_step_ids(net, f->x, f->labels, ids + first, rows, step);
  }
  return o->loss == SWIFTCL_LOSS_MSE ? swiftcl_train_step_targets(net, f->x, f->targets, rows, step)
                                     : swiftcl_train_step(net, f->x, f->labels, rows, step);
}

/* --------------------------------------------------------------------- data */

/* Rows of several classes that a small network can learn, different for each
   `task`; labels are classes[0 .. count). */
static inline void fill_rows(
    float *x, int32_t *labels, size_t rows, size_t inputs, const int32_t *classes, uint32_t count,
    uint32_t task) {
  for (size_t r = 0; r < rows; r++) {
    uint32_t c = (uint32_t)(r % count);
    for (size_t k = 0; k < inputs; k++)
      x[r * inputs + k] = (float)sin(1.0 + 3.1 * c + 1.7 * (double)k * (task + 1)) + real(-0.2f, 0.2f);
    labels[r] = classes ? classes[c] : (int32_t)c;
  }
}

#endif
