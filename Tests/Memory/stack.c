/*
 * stack.c -- how much stack the calls take: a thread runs one call on a painted stack,
 * and what it left of the paint is counted. Prints the table of docs/api-conventions.md
 * and holds each call to the bound that stands there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "swiftcl.h"

enum { INPUTS = 784, CLASSES = 10, BATCH = 256, STACK = 1 << 20, PAINT = 0xA5 };

static float rows[BATCH * INPUTS], logits[BATCH * CLASSES];
static int32_t labels[BATCH], named[BATCH];
static swiftcl_layer layers[] = {SWIFTCL_DENSE(1024, 2, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(1024, 2, SWIFTCL_ACTIVATION_RELU),
                                 SWIFTCL_HEAD(CLASSES)};
static swiftcl_options options;
static swiftcl_network *net;
static swiftcl_task task;
static swiftcl_ticket *ticket;
static void *data, *scratch;
static size_t bytes;
enum { SCRATCH = 1 << 20 };

static swiftcl_status nothing(void) { return SWIFTCL_OK; }
static swiftcl_status plan(void) {
  swiftcl_plan found = {.struct_size = sizeof found};
  return swiftcl_network_plan(&options, &found);
}
/* All of the ladder: some bytes less than the last setting needs. */
static swiftcl_status propose(void) {
  swiftcl_options proposed = {.struct_size = sizeof proposed};
  swiftcl_proposal found = {.struct_size = sizeof found};
  swiftcl_status status = swiftcl_network_propose(
      &options, 10000, SWIFTCL_CHANGE_RECOMPUTE | SWIFTCL_CHANGE_SAMPLER | SWIFTCL_CHANGE_BATCH, &proposed, &found);
  return status == SWIFTCL_E_BUFFER ? SWIFTCL_OK : SWIFTCL_E_STATE;
}
static swiftcl_status create(void) { return swiftcl_network_create(&options, &net); }
static swiftcl_status begin(void) { return swiftcl_task_begin(net, NULL, &task); }
static swiftcl_status step(void) { return swiftcl_train_step(net, rows, labels, BATCH, NULL); }
static swiftcl_status step_one(void) { return swiftcl_train_step(net, rows, labels, 1, NULL); }
static swiftcl_status step_ids(void) {
  uint32_t ids[BATCH];
  for (uint32_t i = 0; i < BATCH; i++) ids[i] = i;
  swiftcl_status status = swiftcl_data_begin(net, BATCH);
  return status ? status : swiftcl_train_step_ids(net, rows, labels, ids, BATCH, NULL);
}
static swiftcl_status commit(void) { return swiftcl_task_commit(net); }
static swiftcl_status mask_info(void) {
  swiftcl_mask_info found = {.struct_size = sizeof found};
  return swiftcl_mask_info_get(net, task, 2, &found);
}
static swiftcl_status weight_mask(void) {
  static uint8_t mask[1 << 16];
  return swiftcl_weight_mask(net, task, 2, mask, sizeof mask);
}
static swiftcl_status save_new(void) {
  uint64_t size = 0;
  swiftcl_status status = swiftcl_checkpoint_size(net, &size);
  bytes = (size_t)size;
  data = malloc(bytes);
  return status ? status : swiftcl_network_save_memory(net, data, bytes, NULL);
}
static swiftcl_status fit(void) { return swiftcl_fit(net, rows, labels, BATCH, NULL, NULL); }
static swiftcl_status end(void) { return swiftcl_task_end(net, NULL); }
static swiftcl_status predict(void) { return swiftcl_predict(net, task, rows, BATCH, logits, BATCH * CLASSES); }
static swiftcl_status fit_head(void) { return swiftcl_class_head_fit(net, NULL, NULL); }
static swiftcl_status classes(void) {
  swiftcl_status status = SWIFTCL_OK;
  for (int32_t rule = SWIFTCL_RULE_LAST_MASK; rule <= SWIFTCL_RULE_LOWEST_ENTROPY && status == SWIFTCL_OK; rule++)
    status = swiftcl_predict_classes(net, rule, rows, BATCH, named, BATCH);
  return status;
}
static swiftcl_status evaluate(void) {
  swiftcl_dataset set = {rows, labels, BATCH, task};
  swiftcl_evaluation found = {.struct_size = sizeof found};
  return swiftcl_evaluate_all(net, &set, 1, NULL, &found);
}
static swiftcl_status save(void) { return swiftcl_network_save_memory(net, data, bytes, NULL); }
static swiftcl_status load(void) {
  swiftcl_network *copy = NULL;
  swiftcl_status status = swiftcl_network_load_memory(data, bytes, NULL, &copy);
  swiftcl_network_free(copy);
  return status;
}
static swiftcl_status export(void) { return swiftcl_ticket_export(net, task, data, bytes, NULL); }
static swiftcl_status open_ticket(void) { return swiftcl_ticket_open(data, bytes, NULL, &ticket); }
static swiftcl_status predict_ticket(void) {
  return swiftcl_ticket_predict(ticket, rows, BATCH, logits, BATCH * CLASSES, scratch, SCRATCH);
}

/* The same ticket with int8 weights. */
static void *small;
static size_t small_bytes;
static swiftcl_status quantize(void) {
  return swiftcl_ticket_quantize(ticket, NULL, rows, BATCH, small, small_bytes, NULL, scratch, SCRATCH);
}
static swiftcl_status open_int8(void) { return swiftcl_ticket_open(small, small_bytes, NULL, &ticket); }

struct job {
  swiftcl_status (*call)(void);
  swiftcl_status status;
};

static void *run(void *argument) {
  struct job *job = argument;
  job->status = job->call();
  return NULL;
}

static void need(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "%s: %s\n", what, swiftcl_last_error(net)->message);
  exit(1);
}

/* Bytes of stack that a thread with this call touches. */
static size_t touched(swiftcl_status (*call)(void), const char *name) {
  unsigned char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pthread_attr_t attributes;
  pthread_t thread;
  struct job job = {call, SWIFTCL_E_STATE};
  size_t left = 0;
  need(stack != MAP_FAILED, "mmap");
  memset(stack, PAINT, STACK);
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, stack, STACK);
  need(pthread_create(&thread, &attributes, run, &job) == 0, "pthread_create");
  pthread_join(thread, NULL);
  need(job.status == SWIFTCL_OK, name);
  while (stack[left] == PAINT) left++;
  munmap(stack, STACK);
  return STACK - left;
}

static size_t bare;
static int too_deep;

/* `bound` in kilobytes, beyond what a thread takes that does nothing. */
static void measure(const char *name, swiftcl_status (*call)(void), size_t bound) {
  size_t all = touched(call, name), used = all > bare ? all - bare : 0;
  printf("%-40s %6.1f kB, at most %zu\n", name, (double)used / 1024, bound);
  if (used > bound * 1024) too_deep++;
}

static void *fresh(size_t size) {
  void *memory = NULL;
  need(posix_memalign(&memory, 64, size) == 0, "memory");
  return memory;
}

static void measure_of(const char *call, const char *which, swiftcl_status (*function)(void), size_t bound) {
  char name[64];
  snprintf(name, sizeof name, "%s%s", call, which);
  measure(name, function, bound);
}

/* Checkpoint and ticket of the network as it stands; `which` says of which. */
static void measure_files(const char *which) {
  need(swiftcl_checkpoint_size(net, &bytes) == SWIFTCL_OK, "size of a checkpoint");
  data = fresh(bytes);
  measure_of("swiftcl_network_save_memory", which, save, 8);
  measure_of("swiftcl_network_load_memory", which, load, 36);
  free(data);
  need(swiftcl_ticket_bytes(net, task, &bytes) == SWIFTCL_OK, "size of a ticket");
  data = fresh(bytes);
  measure_of("swiftcl_ticket_export", which, export, 8);
  measure_of("swiftcl_ticket_open", which, open_ticket, 8);
  measure_of("swiftcl_ticket_predict", which, predict_ticket, 8);
  need(swiftcl_ticket_quantized_bytes(ticket, &small_bytes) == SWIFTCL_OK, "size of an int8 ticket");
  small = fresh(small_bytes);
  measure_of("swiftcl_ticket_quantize", which, quantize, 8);
  swiftcl_ticket_free(ticket);
  measure_of("swiftcl_ticket_open, int8", which, open_int8, 8);
  measure_of("swiftcl_ticket_predict, int8", which, predict_ticket, 8);
  swiftcl_ticket_free(ticket);
  free(small);
  free(data);
}

int main(void) {
  for (int i = 0; i < BATCH * INPUTS; i++) rows[i] = (float)(i % 7) / 7;
  for (int i = 0; i < BATCH; i++) labels[i] = i % CLASSES;
  need(swiftcl_options_init(&options) == SWIFTCL_OK, "options");
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = INPUTS;
  options.max_batch = BATCH;
  options.max_tasks = 2;
  options.replay_rows = 64;
  options.class_head = 1;
  options.data_samples = BATCH;
  bare = touched(nothing, "nothing");
  measure("swiftcl_network_plan", plan, 28);
  measure("swiftcl_network_propose", propose, 32);
  measure("swiftcl_network_create", create, 28);
  measure("swiftcl_task_begin", begin, 24);
  measure("swiftcl_train_step", step, 36);
  measure("swiftcl_train_step of one row", step_one, 36);
  measure("swiftcl_train_step_ids", step_ids, 36);
  measure("swiftcl_fit", fit, 36);
  measure("swiftcl_task_end", end, 20);
  measure("swiftcl_predict", predict, 8);
  measure("swiftcl_class_head_fit", fit_head, 36);
  measure("swiftcl_predict_classes", classes, 8);
  measure("swiftcl_evaluate_all", evaluate, 8);
  scratch = fresh(SCRATCH);
  measure_files("");
  swiftcl_network_free(net);
  options.sampler = SWIFTCL_SAMPLER_TOP_K;
  options.optimizer = SWIFTCL_OPTIMIZER_ADAM;
  options.allocation = SWIFTCL_ALLOCATE_ANY;
  options.clip_norm = 1;
  create();
  begin();
  measure("swiftcl_train_step, Adam, top-k", step, 36);
  end();
  measure("swiftcl_task_begin, shared units", begin, 24);
  measure("swiftcl_train_step, shared units", step, 36);
  swiftcl_network_free(net);

  /* ResNet-18 on 16 x 16 x 3: what many layers, normalisation and sums take. */
  static swiftcl_layer deep[64];
  uint32_t count = 0;
  need(swiftcl_describe_resnet18(deep, 64, &count, 16, 16, 8, 2, CLASSES) == SWIFTCL_OK, "ResNet-18");
  need(swiftcl_options_init(&options) == SWIFTCL_OK, "options");
  options.layers = deep;
  options.layer_count = count;
  options.inputs = 768;
  options.input_channels = 3;
  options.max_batch = BATCH;
  measure("swiftcl_network_plan, ResNet-18", plan, 28);
  measure("swiftcl_network_propose, ResNet-18", propose, 32);
  measure("swiftcl_network_create, ResNet-18", create, 28);
  measure("swiftcl_task_begin, ResNet-18", begin, 24);
  measure("swiftcl_train_step, ResNet-18", step, 36);
  measure("swiftcl_predict, ResNet-18, open task", predict, 8);
  measure("swiftcl_task_end, ResNet-18", end, 20);
  measure("swiftcl_predict, ResNet-18", predict, 8);
  measure_files(", ResNet-18");
  swiftcl_network_free(net);

  /* The same with weight masks that grow by gradients and under one threshold. */
  options.sparsity = 0.9f;
  options.mask_budget = SWIFTCL_BUDGET_GLOBAL;
  options.regrowth = SWIFTCL_REGROW_GRADIENT;
  options.gradient_sparsity = 0.95f;
  options.clip_norm = 1;
  options.mask_interval = 1;
  options.gradient_interval = 1;
  static const int32_t kinds[] = {SWIFTCL_SPARSITY_BLOCK, SWIFTCL_SPARSITY_IRREGULAR | SWIFTCL_SPARSITY_FILTER};
  for (int k = 0; k < 2; k++) {
    options.sparsity_kind = kinds[k];
    options.sparsity = k ? 0.7f : 0.9f; /* dense arithmetic, and planes */
    measure("swiftcl_network_plan, masked", plan, 28);
    measure("swiftcl_network_create, masked", create, 28);
    measure("swiftcl_task_begin, masked", begin, 24);
    measure("swiftcl_task_commit, masked", commit, 20);
    measure("swiftcl_train_step, masked", step, 36);
    measure("swiftcl_train_step, masked, one row", step_one, 36);
    measure("swiftcl_predict, masked, open task", predict, 36);
    measure("swiftcl_mask_info_get", mask_info, 8);
    measure("swiftcl_weight_mask", weight_mask, 8);
    measure("swiftcl_network_save_memory, masked, open task", save_new, 8);
    free(data);
    measure("swiftcl_task_end, masked", end, 20);
    measure("swiftcl_predict, masked", predict, 36);
    measure("swiftcl_evaluate_all, masked", evaluate, 36);
    measure_files(", masked");
    swiftcl_network_free(net);
  }
  free(scratch);
  if (too_deep) fprintf(stderr, "stack: %d calls take more than their bound\n", too_deep);
  return too_deep != 0;
}
