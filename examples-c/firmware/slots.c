/*
 * slots.c -- checkpoints in flash that survive a power cut at any write.
 *
 * Two slots take turns. A slot is erased, the checkpoint is written behind its head, and the head
 * last: its number, its length, and both once more inverted. After a cut the device takes the slot
 * with the highest number whose head is whole and whose checkpoint the library accepts; it checks
 * every byte. The flash here is RAM that behaves like flash: an erase makes all bits of a sector 1, a
 * write makes bits 0, and each can be cut halfway.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "board/board.h"
#include "swiftcl.h"

enum { SECTOR = 1024, SLOT = 12 * 1024, UNIT = 16, INPUTS = 12, CLASSES = 3, BATCH = 4 };

/* ---------------------------------------------------------------------- flash */

static uint8_t flash[2][SLOT] __attribute__((aligned(16)));
static uint32_t writes_left = UINT32_MAX; /* until the power fails */
static int dead;

/* 1 while there is power; the write or erase during which it fails is done halfway. */
static int powered(void) {
  if (dead) return 0;
  if (writes_left-- > 0) return 1;
  dead = 1;
  return 0;
}

static void flash_erase(int slot) {
  for (uint32_t sector = 0; sector < SLOT && !dead; sector += SECTOR) {
    uint32_t bytes = powered() ? SECTOR : SECTOR / 2;
    for (uint32_t i = 0; i < bytes; i++) flash[slot][sector + i] = 0xFF;
  }
}

static void flash_write(int slot, uint32_t at, const uint8_t *data, uint32_t bytes) {
  for (uint32_t done = 0; done < bytes && !dead; done += UNIT) {
    uint32_t unit = bytes - done < UNIT ? bytes - done : UNIT;
    if (!powered()) unit = unit / 2;
    for (uint32_t i = 0; i < unit; i++) flash[slot][at + done + i] &= data[done + i];
  }
}

/* ---------------------------------------------------------------------- slots */

struct head {
  uint32_t number, bytes, not_number, not_bytes;
};

struct writer {
  int slot;
  uint32_t at;
};

static int32_t write_checkpoint(void *context, const void *data, size_t bytes) {
  struct writer *writer = context;
  if (writer->at + bytes > SLOT) return 1;
  flash_write(writer->slot, writer->at, data, (uint32_t)bytes);
  writer->at += (uint32_t)bytes;
  return dead;
}

struct reader {
  int slot;
  uint32_t at, end;
};

static int32_t read_checkpoint(void *context, void *data, size_t bytes) {
  struct reader *reader = context;
  if (bytes > reader->end - reader->at) return -1;
  __builtin_memcpy(data, &flash[reader->slot][reader->at], bytes);
  reader->at += (uint32_t)bytes;
  return 0;
}

static int head_of(int slot, struct head *head) {
  __builtin_memcpy(head, flash[slot], sizeof *head);
  return head->number == ~head->not_number && head->bytes == ~head->not_bytes && head->bytes <= SLOT - sizeof *head;
}

static int save(swiftcl_network *net, int slot, uint32_t number) {
  struct writer writer = {slot, sizeof(struct head)};
  flash_erase(slot);
  if (dead || swiftcl_network_save_to(net, write_checkpoint, &writer) != SWIFTCL_OK) return 0;
  struct head head = {number, writer.at - (uint32_t)sizeof head, 0, 0};
  head.not_number = ~head.number;
  head.not_bytes = ~head.bytes;
  flash_write(slot, 0, (const uint8_t *)&head, sizeof head);
  return !dead;
}

static uint8_t arena[24 * 1024] __attribute__((aligned(64)));

/* The newest whole checkpoint; its number, or 0 where there is none. */
static uint32_t boot(swiftcl_network **net, int *slot) {
  struct head heads[2];
  int whole[2] = {head_of(0, &heads[0]), head_of(1, &heads[1])};
  for (int tries = 0; tries < 2; tries++) {
    int s = whole[0] && (!whole[1] || heads[0].number > heads[1].number) ? 0 : 1;
    if (!whole[s]) return 0;
    struct reader reader = {s, sizeof(struct head), sizeof(struct head) + heads[s].bytes};
    if (swiftcl_network_load_in(read_checkpoint, &reader, NULL, arena, sizeof arena, net) == SWIFTCL_OK) {
      *slot = s;
      return heads[s].number;
    }
    whole[s] = 0;
  }
  return 0;
}

/* --------------------------------------------------------------------- device */

static float rows[BATCH][INPUTS];
static int32_t labels[BATCH];

static void learn(swiftcl_network *net, uint32_t number) {
  for (uint32_t n = 0; n < BATCH; n++) {
    labels[n] = (int32_t)((n + number) % CLASSES);
    for (uint32_t k = 0; k < INPUTS; k++) rows[n][k] = (float)((k * 7 + n * 5 + number * 3) % 11) / 11.0f - 0.4f;
  }
  CHECK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL));
}

struct sum {
  uint32_t value;
};

static int32_t add(void *context, const void *data, size_t bytes) {
  struct sum *sum = context;
  for (size_t i = 0; i < bytes; i++) sum->value = (sum->value ^ ((const uint8_t *)data)[i]) * 16777619u;
  return 0;
}

static uint32_t state_of(swiftcl_network *net) {
  struct sum sum = {2166136261u};
  CHECK(net, swiftcl_network_save_to(net, add, &sum));
  return sum.value;
}

static void fail(const char *what, uint32_t cut) {
  board_print("cut %u: %s\n", cut, what);
  board_exit(1);
}

static swiftcl_network *create(void) {
  static const swiftcl_layer layers[] = {SWIFTCL_DENSE(16, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  swiftcl_network *net = NULL;
  swiftcl_options options;
  swiftcl_task task;
  CHECK(NULL, swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 2;
  options.inputs = INPUTS;
  options.max_batch = BATCH;
  options.max_tasks = 2;
  CHECK(NULL, swiftcl_network_create_in(&options, arena, sizeof arena, &net));
  CHECK(net, swiftcl_task_begin(net, NULL, &task));
  return net;
}

int program(void) {
  static uint8_t kept[2][SLOT];
  uint32_t states[4], cut = 0, came_back[4] = {0, 0, 0, 0};
  int slot = 0;
  swiftcl_network *net = create();
  for (uint32_t number = 1; number <= 3; number++) {
    learn(net, number);
    states[number] = state_of(net);
    if (number < 3 && !save(net, (int)number % 2, number)) fail("saving without a cut failed", 0);
  }
  __builtin_memcpy(kept, flash, sizeof flash);

  /* Number 3 is saved over number 1, and the power fails at every write in turn. */
  for (int complete = 0; !complete; cut++) {
    __builtin_memcpy(flash, kept, sizeof flash);
    if (boot(&net, &slot) != 2 || slot != 0) fail("number 2 does not come back", cut);
    learn(net, 3);
    if (state_of(net) != states[3]) fail("a network that was loaded learns otherwise", cut);
    writes_left = cut;
    complete = save(net, 1 - slot, 3);
    writes_left = UINT32_MAX;
    dead = 0;
    __builtin_memset(arena, 0xA5, sizeof arena); /* RAM is gone */
    uint32_t number = boot(&net, &slot);
    if (number == 0 || number > 3) fail("nothing came back", cut);
    if (number != (complete ? 3u : 2u)) fail("not the newest whole checkpoint", cut);
    if (state_of(net) != states[number]) fail("what came back is not what was saved", cut);
    came_back[number]++;
  }
  board_print("%u power cuts: number 2 came back %u times, number 3 %u times\nstate %x\n", cut - 1, came_back[2],
              came_back[3], states[3]);
  board_print("stack %u of %u, data %u, RAM %u\n", board_stack_used(), board_stack_bytes(), board_data_bytes(),
              board_stack_used() + board_data_bytes());
  return 0;
}
