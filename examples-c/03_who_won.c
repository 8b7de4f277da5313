/*
 * 03_who_won.c -- new: winner masks, overlap, owned share, capacity, reuse.
 *
 * Three tasks: a machine, the same machine after a repair (it shakes less), and
 * another machine. Units are rationed for eight tasks to come, so some blocks
 * have no free unit to offer; there the tasks reuse a unit that is owned
 * already, as it is. The picture shows which units each task runs on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/show.h"
#include "common/vibration.h"

enum { TASKS = 3, LAYERS = 2, J = 4, BLOCKS = 24, UNITS = BLOCKS * J, ROWS = 3000, TEST_ROWS = 1000, BATCH = 32 };

static const char *const name[TASKS] = {"pump", "pump, repaired", "fan"};

/* Synthetic windows of a task; from VIBRATION_TEST on for testing. */
static void make_windows(int task, size_t first, size_t rows, int16_t *windows, int32_t *labels) {
  vibration_windows(3, task == 2 ? 7 : 1, first, rows, windows, labels);
  for (size_t k = 0; task == 1 && k < rows * VIBRATION_INPUTS; k++) windows[k] = (int16_t)(windows[k] * 3 / 4);
}

static swiftcl_network *create(void) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {
      {.kind = SWIFTCL_LAYER_DENSE, .width = UNITS, .block_size = J, .activation = SWIFTCL_ACTIVATION_RELU},
      {.kind = SWIFTCL_LAYER_DENSE, .width = UNITS, .block_size = J, .activation = SWIFTCL_ACTIVATION_RELU},
      {.kind = SWIFTCL_LAYER_HEAD, .width = VIBRATION_CLASSES, .block_size = 1},
  };
  const float scale = VIBRATION_SCALE;
  swiftcl_options options;
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = LAYERS + 1;
  options.inputs = VIBRATION_INPUTS;
  options.input_type = SWIFTCL_INPUT_I16;
  options.input_scale = &scale;
  options.expected_tasks = 8;
  options.unserved = SWIFTCL_UNSERVED_REUSE;
  options.seed = 1;
  CHECK(swiftcl_network_create(&options, &net));
  return net;
}

static void learn(swiftcl_network *net, int t, swiftcl_task_info *info) {
  static int16_t windows[ROWS * VIBRATION_INPUTS];
  static int32_t labels[ROWS];
  swiftcl_task_options task_options;
  swiftcl_task task;
  make_windows(t, 0, ROWS, windows, labels);
  CHECK(swiftcl_task_options_init(&task_options));
  task_options.expected_steps = (ROWS + BATCH - 1) / BATCH;
  CHECK(swiftcl_task_begin(net, &task_options, &task));
  CHECK(swiftcl_fit(net, windows, labels, ROWS, NULL, NULL));
  info->struct_size = sizeof *info;
  CHECK(swiftcl_task_end(net, info));
}

static double accuracy(swiftcl_network *net, int t, swiftcl_task task) {
  static int16_t windows[TEST_ROWS * VIBRATION_INPUTS];
  static int32_t labels[TEST_ROWS];
  double percent = 0;
  make_windows(t, VIBRATION_TEST, TEST_ROWS, windows, labels);
  CHECK(swiftcl_evaluate(net, task, windows, labels, TEST_ROWS, &percent));
  return percent;
}

/* The tasks side by side: a column is a block, a row is a unit in it. */
static void draw(swiftcl_network *net, uint32_t layer, const swiftcl_task_info *info) {
  uint8_t mask[TASKS][UNITS];
  for (int t = 0; t < TASKS; t++) CHECK(swiftcl_winner_mask(net, info[t].task, layer, mask[t], UNITS));
  printf("\nlayer %" PRIu32 "  ", layer + 1);
  for (int t = 0; t < TASKS; t++) printf("%-*s", t < TASKS - 1 ? BLOCKS + 3 : 0, name[t]);
  for (int j = 0; j < J; j++) {
    printf("\n unit %d  ", j);
    for (int t = 0; t < TASKS; t++) {
      for (int b = 0; b < BLOCKS; b++) {
        int owned = 0;
        for (int earlier = 0; earlier < t; earlier++) owned |= mask[earlier][b * J + j];
        putchar(!mask[t][b * J + j] ? '.' : owned ? 'o' : '#');
      }
      if (t < TASKS - 1) printf("   ");
    }
  }
  putchar('\n');
}

int main(void) {
  swiftcl_task_info info[TASKS];
  struct show_table table = {0};
  swiftcl_network *net = create();
  for (int t = 0; t < TASKS; t++) learn(net, t, &info[t]);

  printf("Synthetic vibration windows, three tasks. Units a task runs on:\n# won, new   o won, owned by an earlier task\n");
  for (uint32_t layer = 0; layer < LAYERS; layer++) draw(net, layer, info);

  putchar('\n');
  show_row(&table, "task|accuracy|new units|reused|weights owned before");
  for (int t = 0; t < TASKS; t++)
    show_row(&table, "%s|%.0f %%|%" PRIu32 "|%" PRIu32 "|%.0f %%", name[t], accuracy(net, t, info[t].task),
             info[t].served_blocks - info[t].owned_winners, info[t].owned_winners, 100.0 * info[t].owned_edge_share);
  show_print(&table);

  putchar('\n');
  show_row(&table, "the same winner in|layer 1|layer 2");
  for (int a = 0; a < TASKS; a++)
    for (int b = a + 1; b < TASKS; b++) {
      uint32_t shared[LAYERS], both[LAYERS];
      for (uint32_t k = 0; k < LAYERS; k++)
        CHECK(swiftcl_overlap(net, info[a].task, info[b].task, k, &shared[k], &both[k]));
      show_row(&table, "%s + %s|%" PRIu32 " of %" PRIu32 "|%" PRIu32 " of %" PRIu32, name[a], name[b], shared[0],
               both[0], shared[1], both[1]);
    }
  show_print(&table);

  putchar('\n');
  show_row(&table, "left for the next task|layer 1|layer 2");
  swiftcl_capacity left[LAYERS];
  for (uint32_t k = 0; k < LAYERS; k++) {
    left[k].struct_size = sizeof left[k];
    CHECK(swiftcl_capacity_get(net, k, &left[k]));
  }
  show_row(&table, "free units of %d|%" PRIu32 "|%" PRIu32, UNITS, left[0].free_units, left[1].free_units);
  show_row(&table, "blocks with a new unit|%" PRIu32 "|%" PRIu32, left[0].next_served, left[1].next_served);
  show_row(&table, "blocks that reuse one|%" PRIu32 "|%" PRIu32, left[0].next_reused, left[1].next_reused);
  show_print(&table);
  swiftcl_network_free(net);
  return 0;
}
