/*
 * quiet_step.c -- a training step and a prediction allocate nothing, take no
 * lock and make no system call. A child process learns under a seccomp filter
 * that kills it at any system call but its exit, while malloc and its relatives,
 * mmap, locks and the allocator hook are counted. In the caller's memory the
 * whole life of a task runs so, from begin to end.
 *
 * That the test can fail is shown first: a child that makes a system call under
 * the filter must die, and a malloc must be counted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "swiftcl.h"

/* ------------------------------------------------------------- the counters */

static volatile unsigned long allocations = 0, locks = 0, hooked = 0;

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *memory);
long syscall(long number, ...);

void *malloc(size_t bytes) { return allocations++, __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { return allocations++, __libc_calloc(count, bytes); }
void *realloc(void *old, size_t bytes) { return allocations++, __libc_realloc(old, bytes); }
void free(void *memory) { allocations++, __libc_free(memory); }
void *memalign(size_t alignment, size_t bytes) { return allocations++, __libc_memalign(alignment, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  *memory = memalign(alignment, bytes);
  return *memory ? 0 : ENOMEM;
}
void *mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset) {
  allocations++;
  return (void *)syscall(SYS_mmap, at, bytes, protection, flags, file, offset); /* 64-bit systems */
}
/* One thread: nobody else can hold what these guard. */
int pthread_mutex_lock(pthread_mutex_t *mutex) { return (void)mutex, locks++, 0; }
int pthread_mutex_trylock(pthread_mutex_t *mutex) { return (void)mutex, locks++, 0; }
int pthread_mutex_unlock(pthread_mutex_t *mutex) { return (void)mutex, locks++, 0; }
int pthread_rwlock_rdlock(pthread_rwlock_t *lock) { return (void)lock, locks++, 0; }
int pthread_rwlock_wrlock(pthread_rwlock_t *lock) { return (void)lock, locks++, 0; }
int pthread_spin_lock(pthread_spinlock_t *lock) { return (void)lock, locks++, 0; }

static void *hook_allocate(void *context, size_t bytes, size_t alignment) {
  (void)context;
  return hooked++, aligned_alloc(alignment, bytes);
}
static void hook_release(void *context, void *memory, size_t bytes) {
  (void)context, (void)bytes;
  hooked++;
  free(memory);
}

/* --------------------------------------------------------------- the filter */

/* From here on any system call but exit_group kills the process with SIGSYS. */
static int allow_nothing_but_exit(void) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  struct sock_fprog filter = {sizeof program / sizeof *program, program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

enum { NO_FILTER = 77, COUNTED = 3, WRONG = 4 };

/* Runs `body` in a child; returns its exit code, or minus the signal. */
static int in_child(int (*body)(int), int argument) {
  int status = 0;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) _exit(body(argument));
  if (child < 0 || waitpid(child, &status, 0) != child) return 127;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int make_system_call(int number) {
  if (!allow_nothing_but_exit()) return NO_FILTER;
  if (number > 0) syscall(number);
  return 0;
}

/* ----------------------------------------------------------------- learning */

enum { INPUTS = 40, CLASSES = 4, BATCH = 16, STEPS = 300, COMPETES = 120, SETTINGS = 12, ROWS = 64 };

static unsigned char bytes_of_rows[ROWS * INPUTS * sizeof(float)];
static int32_t labels[ROWS];
static float logits[ROWS * CLASSES];
static unsigned char own_memory[8 << 20] __attribute__((aligned(64)));

static unsigned sampler_of(int setting) { return (unsigned)setting % 5; }

static void describe(int setting, swiftcl_options *options, swiftcl_layer *layers) {
  const int32_t competition = setting >= 10 ? SWIFTCL_COMPETITION_SAMPLE : SWIFTCL_COMPETITION_TASK;
  swiftcl_layer dense = SWIFTCL_DENSE(96, 4, SWIFTCL_ACTIVATION_RELU), head = SWIFTCL_HEAD(CLASSES);
  dense.competition = competition;
  layers[0] = dense;
  layers[1] = dense;
  layers[2] = head;
  swiftcl_options_init(options);
  options->layers = layers;
  options->layer_count = 3;
  options->inputs = INPUTS;
  options->max_batch = BATCH;
  options->max_tasks = 2;
  options->sampler = (int32_t)sampler_of(setting);
  options->prune_interval = 10;
  options->resample_interval = 5; /* a sample is due at every pruning */
  options->optimizer = setting % 2 ? SWIFTCL_OPTIMIZER_ADAM : SWIFTCL_OPTIMIZER_SGD;
  options->learning_rate = setting % 2 ? 1e-3f : 0.03f;
  options->clip_norm = setting % 3 == 1 ? 0.5f : 0;
  options->input_type = setting % 4 < 2 ? SWIFTCL_INPUT_F32 : SWIFTCL_INPUT_U8;
  options->replay = (setting * 3 + 1) % 5;
  options->replay_rows = options->replay ? 40 : 0;
  options->replay_alpha = 0.01f;
  options->replay_policy = setting % 2;
  options->replay_store = setting % 3;
  options->class_head = options->replay_rows > 0;
  options->replay_new_rows = options->replay_rows ? setting % 3 : 0;
}

static void fill_rows(int type) {
  uint32_t state = 7;
  for (int n = 0; n < ROWS * INPUTS; n++) {
    state = state * 1664525u + 1013904223u;
    if (type == SWIFTCL_INPUT_U8) bytes_of_rows[n] = (unsigned char)(state >> 24 & 3);
    else ((float *)bytes_of_rows)[n] = (float)(state >> 24) / 128 - 1;
  }
  for (int n = 0; n < ROWS; n++) labels[n] = n % CLASSES;
}

/* Every rule, and all tasks evaluated. */
static int tell_classes(swiftcl_network *net, int has_head) {
  static int32_t named[ROWS];
  swiftcl_dataset set = {bytes_of_rows, labels, ROWS, 0};
  swiftcl_evaluation found = {.struct_size = sizeof found};
  for (int32_t rule = SWIFTCL_RULE_LAST_MASK; rule <= SWIFTCL_RULE_LOWEST_ENTROPY; rule++) {
    if (rule == SWIFTCL_RULE_CLASS_HEAD && !has_head) continue;
    if (swiftcl_predict_classes(net, rule, bytes_of_rows, ROWS, named, ROWS) != SWIFTCL_OK) return 0;
    if (swiftcl_infer_task(net, rule, bytes_of_rows, ROWS, named, ROWS) != SWIFTCL_OK) return 0;
  }
  return swiftcl_evaluate_all(net, &set, 1, NULL, &found) == SWIFTCL_OK;
}

static int learn(swiftcl_network *net, swiftcl_task task) {
  for (int n = 0; n < STEPS; n++) {
    swiftcl_step step = {.struct_size = sizeof step};
    size_t rows = (size_t)(n % 7 ? BATCH : 1);
    if (swiftcl_train_step(net, bytes_of_rows, labels, rows, &step) != SWIFTCL_OK) return 0;
    if (n % 25 == 0 && swiftcl_predict(net, SWIFTCL_TASK_OPEN, bytes_of_rows, ROWS, logits, ROWS * CLASSES) != SWIFTCL_OK)
      return 0;
    if (n % 25 == 1 && task > 0 && swiftcl_predict(net, 0, bytes_of_rows, ROWS, logits, ROWS * CLASSES) != SWIFTCL_OK)
      return 0;
  }
  return 1;
}

/* Two tasks; the filter falls before the second one's first step, or, in the
   caller's memory, before anything is learned. */
static int learn_quietly(int argument) {
  int setting = argument / 2, in_memory = argument % 2;
  swiftcl_layer layers[3];
  swiftcl_options options;
  swiftcl_plan plan = {.struct_size = sizeof plan};
  swiftcl_network *net = NULL;
  swiftcl_task_options task_options;
  swiftcl_task task = 0;
  describe(setting, &options, layers);
  options.allocator = (swiftcl_allocator){hook_allocate, hook_release, NULL};
  fill_rows(options.input_type);
  swiftcl_task_options_init(&task_options);
  task_options.compete_steps = COMPETES;
  if (swiftcl_network_plan(&options, &plan) != SWIFTCL_OK || plan.total_bytes > sizeof own_memory) return WRONG;
  swiftcl_status status = in_memory ? swiftcl_network_create_in(&options, own_memory, plan.total_bytes, &net)
                                    : swiftcl_network_create(&options, &net);
  if (status != SWIFTCL_OK) return WRONG;
  if (!in_memory) {
    if (swiftcl_task_begin(net, &task_options, &task) != SWIFTCL_OK || !learn(net, task)) return WRONG;
    if (hooked == 0 || swiftcl_task_end(net, NULL) != SWIFTCL_OK) return WRONG;
    if (options.replay_store == SWIFTCL_STORE_EXPLICIT && options.replay_rows
        && swiftcl_replay_add(net, bytes_of_rows, labels, ROWS) != SWIFTCL_OK) return WRONG;
    if (options.class_head && swiftcl_class_head_fit(net, NULL, NULL) != SWIFTCL_OK) return WRONG;
    if (swiftcl_task_begin(net, &task_options, &task) != SWIFTCL_OK) return WRONG;
  }
  if (!allow_nothing_but_exit()) return NO_FILTER;
  unsigned long before = allocations + locks + hooked;
  if (in_memory) {
    if (swiftcl_task_begin(net, &task_options, &task) != SWIFTCL_OK || !learn(net, task)) return WRONG;
    if (swiftcl_task_end(net, NULL) != SWIFTCL_OK) return WRONG;
    if (swiftcl_task_begin(net, &task_options, &task) != SWIFTCL_OK || !learn(net, task)) return WRONG;
    if (swiftcl_task_end(net, NULL) != SWIFTCL_OK) return WRONG;
    if (options.replay_store == SWIFTCL_STORE_EXPLICIT && options.replay_rows
        && swiftcl_replay_add(net, bytes_of_rows, labels, ROWS) != SWIFTCL_OK) return WRONG;
    if (options.class_head && swiftcl_class_head_fit(net, NULL, NULL) != SWIFTCL_OK) return WRONG;
  } else if (!learn(net, task)) {
    return WRONG;
  }
  if (!tell_classes(net, options.class_head)) return WRONG;
  return allocations + locks + hooked == before ? 0 : COUNTED;
}

int main(void) {
  int failures = 0;
  int idle = in_child(make_system_call, 0), caught = in_child(make_system_call, SYS_getppid);
  if (idle == NO_FILTER) {
    puts("SKIPPED: seccomp filters are not permitted here");
    return 0;
  }
  printf("the filter lets an idle process end: %s\n", idle == 0 ? "yes" : "NO");
  printf("the filter catches a system call: %s\n", caught == -SIGSYS ? "yes" : "NO");
  unsigned long before = allocations, before_locks = locks;
  void *(*volatile allocate)(size_t) = malloc;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  free(allocate(1));
  pthread_mutex_lock(&mutex);
  int counts = allocations == before + 2 && locks == before_locks + 1;
  printf("allocations and locks are counted: %s\n", counts ? "yes" : "NO");
  failures += idle != 0 || caught != -SIGSYS || !counts;

  static const char *const replays[] = {"", ", ER", ", DER", ", DER++", ", distilled"};
  static const char *const samplers[] = {"mean-field", "Gumbel", "straight-through", "top-k", "random"};
  for (int argument = 0; argument < 2 * SETTINGS; argument++) {
    swiftcl_layer layers[3];
    swiftcl_options options;
    describe(argument / 2, &options, layers);
    int result = in_child(learn_quietly, argument);
    printf("%s, %s%s%s%s%s, %s: %s\n", samplers[sampler_of(argument / 2)],
           options.optimizer == SWIFTCL_OPTIMIZER_ADAM ? "Adam" : "SGD", options.clip_norm > 0 ? ", clipped" : "",
           options.input_type == SWIFTCL_INPUT_U8 ? ", u8" : "", argument / 2 >= 10 ? ", per sample" : "",
           replays[options.replay],
           argument % 2 ? "whole tasks in own memory" : "steps and predictions",
           result == 0          ? "quiet"
           : result == -SIGSYS  ? "A SYSTEM CALL"
           : result == COUNTED  ? "AN ALLOCATION OR A LOCK"
                                : "FAILED");
    failures += result != 0;
  }
  return failures != 0;
}
