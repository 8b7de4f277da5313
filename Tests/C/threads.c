/*
 * threads.c -- a network with several threads learns the same bits as with one;
 * starting, ending, refusing and forking threads; whose signals and whose
 * floating-point mode they have.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#undef _POSIX_C_SOURCE
#define _GNU_SOURCE
#include "adversary.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { INPUTS = 256, WIDTH = 512, CLASSES = 10, BATCH = 128 };

static float rows[BATCH * INPUTS];
static int32_t labels[BATCH];

/* ------------------------------------------------- threads that are not started */

static int refuse_after = -1; /* so many more threads start; negative: all do */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*routine)(void *), void *argument) {
  typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (refuse_after == 0) return EAGAIN;
  if (refuse_after > 0) refuse_after--;
  create_fn *real_create;
  *(void **)&real_create = dlsym(RTLD_NEXT, "pthread_create");
  return real_create(thread, attributes, routine, argument);
}

/* ---------------------------------------------------------- the workers, from outside */

/* Calls `see` with the number of every thread that the library started. */
static int each_worker(void (*see)(pid_t thread, void *context), void *context) {
  int count = 0;
  DIR *tasks = opendir("/proc/self/task");
  if (!CHECK(tasks != NULL)) return -1;
  for (struct dirent *entry; (entry = readdir(tasks));) {
    char path[300], name[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", entry->d_name);
    FILE *file = fopen(path, "r");
    if (file && fgets(name, sizeof name, file) && strcmp(name, "swiftcl\n") == 0) {
      count++;
      if (see) see((pid_t)atoi(entry->d_name), context);
    }
    if (file) fclose(file);
  }
  closedir(tasks);
  return count;
}

static int worker_count(void) { return each_worker(NULL, NULL); }

static void add_time(pid_t thread, void *seconds) {
  struct timespec used;
  /* The clock of a thread of this process, as pthread_getcpuclockid makes it. */
  if (clock_gettime((clockid_t)((~(unsigned)thread << 3) | 6), &used) == 0)
    *(double *)seconds += (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
}

static double worker_seconds(void) {
  double seconds = 0;
  each_worker(add_time, &seconds);
  return seconds;
}

static uint32_t threads_of(swiftcl_network *net) {
  uint32_t threads = 0;
  OK(net, swiftcl_threads_get(net, &threads));
  return threads;
}

/* --------------------------------------------------------------- the same bits */

struct setting {
  const char *name;
  int32_t sampler, optimizer, allocation, protection, clip_scope;
  float clip_norm;
  int residual; /* convolutions with normalisation and a shortcut instead of dense layers */
};

static const struct setting settings[] = {
  {"mean-field, SGD", SWIFTCL_SAMPLER_MEAN, SWIFTCL_OPTIMIZER_SGD, SWIFTCL_ALLOCATE_FAIR, SWIFTCL_PROTECT_FROZEN, 0, 0, 0},
  {"shared edges frozen, Adam", SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_OPTIMIZER_ADAM, SWIFTCL_ALLOCATE_ANY, SWIFTCL_PROTECT_FROZEN, 0, 0, 0},
  {"shared edges soft, clipped", SWIFTCL_SAMPLER_MEAN, SWIFTCL_OPTIMIZER_SGD, SWIFTCL_ALLOCATE_ANY, SWIFTCL_PROTECT_SOFT, SWIFTCL_CLIP_GLOBAL, 0.5f, 0},
  {"shared edges soft", SWIFTCL_SAMPLER_MEAN, SWIFTCL_OPTIMIZER_SGD, SWIFTCL_ALLOCATE_ANY, SWIFTCL_PROTECT_SOFT, 0, 0, 0},
  {"shared edges frozen, Adam, clipped by layer", SWIFTCL_SAMPLER_TOP_K, SWIFTCL_OPTIMIZER_ADAM, SWIFTCL_ALLOCATE_ANY, SWIFTCL_PROTECT_FROZEN, SWIFTCL_CLIP_LAYER, 0.5f, 0},
  {"residual convolutions", SWIFTCL_SAMPLER_MEAN, SWIFTCL_OPTIMIZER_SGD, SWIFTCL_ALLOCATE_FAIR, SWIFTCL_PROTECT_FROZEN, SWIFTCL_CLIP_GLOBAL, 0.5f, 1},
};

static swiftcl_network *create(const struct setting *s, uint32_t width) {
  const swiftcl_layer layers[] = {
    SWIFTCL_DENSE(width, 2, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(width - 48, 2, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  /* An image of 16 x 16; the shortcut has fewer pixels and more maps. */
  static const swiftcl_layer residual[] = {
    SWIFTCL_IMAGE_CONV(16, 16, 32, 2, 3, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_BATCH_NORM(),
    SWIFTCL_CONV(64, 2, 3, 2, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_BATCH_NORM(),
    SWIFTCL_CONV(64, 2, 3, 1, 1, SWIFTCL_ACTIVATION_NONE), SWIFTCL_BATCH_NORM(),
    SWIFTCL_CONV_FROM(1, 64, 2, 1, 2, 0, SWIFTCL_ACTIVATION_NONE), SWIFTCL_BATCH_NORM(),
    SWIFTCL_ADD(5, SWIFTCL_ACTIVATION_RELU), SWIFTCL_GLOBAL_POOL(), SWIFTCL_HEAD(CLASSES)};
  swiftcl_options o;
  swiftcl_network *net = NULL;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = s->residual ? residual : layers;
  o.layer_count = s->residual ? sizeof residual / sizeof *residual : 3;
  o.inputs = INPUTS;
  o.max_batch = BATCH;
  o.seed = 5;
  o.sampler = s->sampler;
  o.optimizer = s->optimizer;
  o.learning_rate = s->optimizer == SWIFTCL_OPTIMIZER_ADAM ? 1e-3f : 0.02f;
  o.allocation = s->allocation;
  o.protection = s->protection;
  o.clip_norm = s->clip_norm;
  o.clip_scope = s->clip_scope;
  OK(NULL, swiftcl_network_create(&o, &net));
  return net;
}

static void begin(swiftcl_network *net, swiftcl_task *task) {
  swiftcl_task_options t;
  OK(NULL, swiftcl_task_options_init(&t));
  t.compete_steps = SWIFTCL_COMPETE_ALWAYS;
  OK(net, swiftcl_task_begin(net, &t, task));
}

static void step(swiftcl_network *net, int count) { OK(net, swiftcl_train_step(net, rows, labels, (size_t)count, NULL)); }

/* A large batch, for products that are split. */
static int many(void) { return quick() ? 20 : BATCH; }

/* What a run ends with. */
struct result {
  uint8_t *bytes;
  size_t size;
  float logits[BATCH * CLASSES];
  double accuracy;
};

/* Every phase with every kind of batch. `threads` 0: another number before each step. */
static struct result learn(const struct setting *s, uint32_t threads) {
  static const int batches[] = {1, 8, 32, 128, 37};
  static const uint32_t changing[] = {2, 5, 1, 3, 3, 2, 4};
  struct result r;
  swiftcl_network *net = create(s, WIDTH);
  swiftcl_task task = 0;
  int sizes = !quick() ? 5 : s->residual ? 2 : 3, changes = 0;
  if (threads > 1) OK(net, swiftcl_set_threads(net, threads));
  for (int t = 0; t < 2; t++) {
    begin(net, &task);
    for (int phase = 0; phase < 2; phase++) {
      for (int b = 0; b < sizes; b++) {
        if (!threads) OK(net, swiftcl_set_threads(net, changing[changes++ % 7]));
        step(net, batches[b]);
      }
      if (phase == 0) OK(net, swiftcl_task_commit(net));
    }
    if (t == 0) OK(net, swiftcl_task_end(net, NULL));
  }
  OK(net, swiftcl_predict(net, 0, rows, BATCH, r.logits, BATCH * CLASSES));
  OK(net, swiftcl_evaluate(net, SWIFTCL_TASK_OPEN, rows, labels, BATCH, &r.accuracy));
  uint64_t size = 0;
  OK(net, swiftcl_checkpoint_size(net, &size));
  r.bytes = malloc((size_t)size);
  OK(net, swiftcl_network_save_memory(net, r.bytes, (size_t)size, &r.size));
  swiftcl_network_free(net);
  return r;
}

static int same(const struct result *a, const struct result *b) {
  return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0
         && memcmp(a->logits, b->logits, sizeof a->logits) == 0 && a->accuracy == b->accuracy;
}

static void same_bits(void) {
  static const uint32_t numbers[] = {2, 3, 5, 0};
  for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
    if (quick() && s % 2 == 0) continue;
    struct result one = learn(&settings[s], 1);
    for (int i = quick() ? 3 : 0; i < 4; i++) {
      struct result more = learn(&settings[s], numbers[i]);
      if (!CHECK(same(&one, &more))) fprintf(stderr, "  %s, %u threads\n", settings[s].name, numbers[i]);
      free(more.bytes);
    }
    free(one.bytes);
  }
  CHECK(worker_count() == 0);
}

/* Two threads of the host, a network with threads of its own in each. */
static void *learn_beside(void *result) {
  *(struct result *)result = learn(&settings[1], 3);
  return NULL;
}

static void two_networks(void) {
  static struct result first, second;
  pthread_t thread;
  struct result one = learn(&settings[1], 1);
  CHECK(pthread_create(&thread, NULL, learn_beside, &first) == 0);
  learn_beside(&second);
  pthread_join(thread, NULL);
  CHECK(same(&one, &first) && same(&one, &second));
  free(one.bytes), free(first.bytes), free(second.bytes);
}

/* -------------------------------------------------------- the products are split */

static void work_is_shared(void) {
  /* Some step must give a worker a millisecond to do; waiting for a share takes far less.
     On a busy machine that can take a while. */
  swiftcl_network *net = create(&settings[0], 2048);
  swiftcl_task task;
  begin(net, &task);
  OK(net, swiftcl_set_threads(net, 2));
  double most = 0;
  for (int i = 0; i < 500 && most < 1e-3; i++) {
    double before = worker_seconds();
    step(net, BATCH);
    double used = worker_seconds() - before;
    if (used > most) most = used;
  }
  CHECK(most >= 1e-3);
  swiftcl_network_free(net);
}

/* ------------------------------------------------------------------ the numbers */

static void numbers(void) {
  swiftcl_network *net = create(&settings[0], WIDTH), *copy = NULL;
  swiftcl_task task;
  CHECK(threads_of(net) == 1 && worker_count() == 0);
  OK(net, swiftcl_set_threads(net, 1));
  OK(net, swiftcl_set_threads(net, 4));
  CHECK(threads_of(net) == 4 && worker_count() == 3);
  OK(net, swiftcl_set_threads(net, 4));
  CHECK(worker_count() == 3);
  const uint32_t bad[] = {0, SWIFTCL_MAX_THREADS + 1, UINT32_MAX, 0x80000000u};
  for (int i = 0; i < 4; i++) {
    STATUS(net, swiftcl_set_threads(net, bad[i]), SWIFTCL_E_ARGUMENT);
    CHECK(strstr(swiftcl_last_error(net)->message, "threads is ") != NULL);
    CHECK(threads_of(net) == 4 && worker_count() == 3);
  }
  STATUS(NULL, swiftcl_set_threads(NULL, 2), SWIFTCL_E_NULL);
  STATUS(NULL, swiftcl_threads_get(NULL, &(uint32_t){0}), SWIFTCL_E_NULL);
  STATUS(net, swiftcl_threads_get(net, NULL), SWIFTCL_E_NULL);
  OK(net, swiftcl_set_threads(net, 2));
  CHECK(threads_of(net) == 2 && worker_count() == 1);
  OK(net, swiftcl_set_threads(net, SWIFTCL_MAX_THREADS));
  CHECK(worker_count() == SWIFTCL_MAX_THREADS - 1);
  begin(net, &task);
  step(net, many());
  OK(net, swiftcl_task_abort(net));
  begin(net, &task);
  OK(net, swiftcl_set_threads(net, 3));
  step(net, many());

  /* A checkpoint knows nothing of threads. */
  struct snapshot before = take_snapshot(net);
  OK(net, swiftcl_set_threads(net, 1));
  CHECK(unchanged(net, &before) && worker_count() == 0);
  OK(net, swiftcl_set_threads(net, 2));
  OK(NULL, swiftcl_network_load_memory(before.bytes, before.size, NULL, &copy));
  CHECK(threads_of(copy) == 1 && worker_count() == 1);
  swiftcl_network_free(copy);

  /* All or nothing, where the system refuses. */
  for (int started = 0; started < 3; started++) {
    refuse_after = started;
    STATUS(net, swiftcl_set_threads(net, 6), SWIFTCL_E_MEMORY);
    refuse_after = -1;
    CHECK(threads_of(net) == 2 && worker_count() == 1 && unchanged(net, &before));
  }
  step(net, many());
  drop_snapshot(&before);
  swiftcl_network_free(net); /* with a thread and a task open */
  CHECK(worker_count() == 0);
}

/* A network in the caller's memory has threads, and keeps within its memory. */
static void own_memory(void) {
  const swiftcl_layer layers[] = {SWIFTCL_DENSE(WIDTH, 2, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  swiftcl_options o;
  swiftcl_plan plan = {.struct_size = sizeof plan};
  swiftcl_network *net = NULL;
  swiftcl_task task;
  void *memory = NULL;
  OK(NULL, swiftcl_options_init(&o));
  o.layers = layers;
  o.layer_count = 2;
  o.inputs = INPUTS;
  OK(NULL, swiftcl_network_plan(&o, &plan));
  CHECK(posix_memalign(&memory, SWIFTCL_ALIGNMENT, (size_t)plan.total_bytes) == 0);
  OK(NULL, swiftcl_network_create_in(&o, memory, (size_t)plan.total_bytes, &net));
  OK(net, swiftcl_set_threads(net, 3));
  begin(net, &task);
  step(net, many());
  OK(net, swiftcl_task_end(net, NULL));
  swiftcl_network_free(net);
  free(memory);
  CHECK(worker_count() == 0);
}

/* ------------------------------------------------------- what belongs to the host */

static pthread_t main_thread;
static volatile sig_atomic_t handled, handled_elsewhere;

static void on_signal(int number) {
  (void)number;
  handled++;
  if (!pthread_equal(pthread_self(), main_thread)) handled_elsewhere++;
}

/* A signal that the host blocks waits for the host: no worker takes it. */
static void signals(void) {
  swiftcl_network *net = create(&settings[0], WIDTH);
  swiftcl_task task;
  struct sigaction action;
  sigset_t mask, before, after;
  memset(&action, 0, sizeof action);
  memset(&before, 0, sizeof before);
  memset(&after, 0, sizeof after);
  action.sa_handler = on_signal;
  main_thread = pthread_self();
  sigaction(SIGUSR1, &action, NULL);
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  OK(net, swiftcl_set_threads(net, 3));
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  CHECK(memcmp(&before, &after, sizeof before) == 0);
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &mask, NULL);
  kill(getpid(), SIGUSR1);
  begin(net, &task);
  for (int i = 0; i < 3; i++) step(net, many());
  CHECK(handled == 0);
  pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
  CHECK(handled == 1 && handled_elsewhere == 0);
  swiftcl_network_free(net);
}

/* Rounding is the host's business, also after the threads have started. */
static void floating_point_mode(void) {
  static float logits[2][BATCH * CLASSES];
  for (int i = 0; i < 2; i++) {
    /* The network starts its threads while rounding is to nearest. */
    swiftcl_network *net = create(&settings[0], WIDTH);
    swiftcl_task task;
    begin(net, &task);
    if (i) OK(net, swiftcl_set_threads(net, 3));
    fesetround(FE_UPWARD);
    step(net, many());
    fesetround(FE_TONEAREST);
    OK(net, swiftcl_predict(net, SWIFTCL_TASK_OPEN, rows, BATCH, logits[i], BATCH * CLASSES));
    swiftcl_network_free(net);
  }
  CHECK(memcmp(logits[0], logits[1], sizeof logits[0]) == 0);
}

/* The child of a fork has no workers, and its networks work without. */
static void forked(void) {
  swiftcl_network *net = create(&settings[0], WIDTH);
  swiftcl_task task;
  begin(net, &task);
  OK(net, swiftcl_set_threads(net, 3));
  step(net, many());
  pid_t child = fork();
  if (child == 0) {
    failures = 0;
    CHECK(threads_of(net) == 1 && worker_count() == 0);
    step(net, many());
    OK(net, swiftcl_set_threads(net, 2));
    step(net, many());
    struct snapshot s = take_snapshot(net);
    /* One byte for the whole of it is enough for the parent to compare. */
    uint8_t sum = 0;
    for (size_t i = 0; i < s.size; i++) sum = (uint8_t)(sum * 31 + s.bytes[i]);
    drop_snapshot(&s);
    swiftcl_network_free(net);
    _exit(failures ? 255 : sum % 255);
  }
  int status = 0;
  CHECK(child > 0 && waitpid(child, &status, 0) == child);
  step(net, many());
  step(net, many());
  CHECK(threads_of(net) == 3 && worker_count() == 2);
  struct snapshot s = take_snapshot(net);
  uint8_t sum = 0;
  for (size_t i = 0; i < s.size; i++) sum = (uint8_t)(sum * 31 + s.bytes[i]);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == sum % 255);
  drop_snapshot(&s);
  swiftcl_network_free(net);
}

/* A host may cancel its own thread while that waits for workers: the cancellation is put off
   until the call is over, and the network is whole. */
static void *learn_for_ever(void *net) {
  /* No check in here: a failed one prints, and that may be cancelled. */
  for (;;) {
    swiftcl_train_step(net, rows, labels, BATCH, NULL);
    pthread_testcancel();
  }
  return NULL;
}

static void cancelled(void) {
  swiftcl_network *net = create(&settings[0], WIDTH);
  swiftcl_task task;
  begin(net, &task);
  for (int i = 0; i < 30; i++) {
    pthread_t thread;
    OK(net, swiftcl_set_threads(net, 4));
    CHECK(pthread_create(&thread, NULL, learn_for_ever, net) == 0);
    nanosleep(&(struct timespec){.tv_nsec = 3000000 + 100000 * i}, NULL);
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    step(net, 8);
    OK(net, swiftcl_set_threads(net, 1));
    CHECK(worker_count() == 0);
  }
  swiftcl_network_free(net);
}

int main(void) {
  for (int i = 0; i < BATCH * INPUTS; i++) rows[i] = real(-1, 1);
  for (int i = 0; i < BATCH; i++) labels[i] = (int32_t)below(CLASSES);
  same_bits();
  two_networks();
  numbers();
  own_memory();
  signals();
  forked();
  if (!quick()) {
    cancelled();
    floating_point_mode(); /* valgrind has one mode */
    work_is_shared();
  }
  return finish("threads");
}
