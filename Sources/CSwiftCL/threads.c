/*
 * threads.c -- the worker threads of a network: parked until the network has a large
 * product, and handed one share of it each.
 *
 * Every worker has a state word that both sides change by compare-and-swap:
 *
 *   IDLE -> OFFERED    the caller has written a share beside the word
 *   OFFERED -> RUNNING the worker took it: only now does it read the share
 *   OFFERED -> IDLE    the caller took it back, as it had time before the worker
 *   RUNNING -> IDLE    done; RUNNING -> AWAITED -> IDLE where the caller sleeps
 *   IDLE -> ASLEEP     nothing came for a while; an offer then needs a signal
 *
 * So a worker that wakes late finds nothing and does no harm, and a machine that has
 * no time for workers leaves all shares to the caller.
 *
 * Sleeping is where pthread_cancel may end a thread. The host may cancel its own, but
 * not between an offer and its end, so both calls that wait put a cancellation off.
 */
#if !defined(SWIFTCL_FIRMWARE) && !defined(SWIFTCL_CBLAS)
#define _GNU_SOURCE
#include "include/swiftcl_threads.h"

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { IDLE, ASLEEP, OFFERED, RUNNING, AWAITED, ENDING };

/* What one product's shares have in common; lies on the caller's stack. */
struct section {
  swiftcl_share_fn share;
  const void *context;
  fenv_t mode; /* the caller's: rounding and subnormals are part of the result */
};

struct swiftcl_worker {
  _Alignas(64) atomic_int state; /* a cache line of its own is polled */
  const struct section *section;
  ptrdiff_t first, count;
  swiftcl_worker *next;
  pthread_t thread;
  pthread_mutex_t mutex; /* for sleeping only */
  pthread_cond_t woken;
};

/* ------------------------------------------------------------ waiting, briefly */

/* A worker stays awake this long after a share, the caller this long for the last one:
   longer than the pauses within a step, too short to be felt by others. */
enum { PATIENCE_NS = 40000 };

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The state once it is no longer `old`, or `old` when patience is at its end. Where
   threads are more than processors, yielding lets the one run that is waited for. */
static int state_after(swiftcl_worker *worker, int old) {
  int64_t start = 0;
  for (;;) {
    for (int i = 0; i < 64; i++) {
      int state = atomic_load_explicit(&worker->state, memory_order_acquire);
      if (state != old) return state;
      relax();
    }
    sched_yield();
    int64_t now = nanoseconds();
    if (start == 0) start = now;
    if (now - start > PATIENCE_NS) return old;
  }
}

static int swap(swiftcl_worker *worker, int old, int new) {
  return atomic_compare_exchange_strong(&worker->state, &old, new);
}

/* Announces `state`, and wakes whoever has gone to sleep over `sleeping`. */
static void change(swiftcl_worker *worker, int state, int sleeping) {
  if (atomic_exchange(&worker->state, state) != sleeping) return;
  pthread_mutex_lock(&worker->mutex);
  pthread_cond_signal(&worker->woken);
  pthread_mutex_unlock(&worker->mutex);
}

/* Sleeps while the state is `sleeping`, unless it is no longer `old`. */
static void sleep_over(swiftcl_worker *worker, int old, int sleeping) {
  if (!swap(worker, old, sleeping)) return;
  pthread_mutex_lock(&worker->mutex);
  while (atomic_load(&worker->state) == sleeping) pthread_cond_wait(&worker->woken, &worker->mutex);
  pthread_mutex_unlock(&worker->mutex);
}

/* --------------------------------------------------------------------- workers */

/* Between a worker that starts and the thread that waits for its address. */
struct start {
  pthread_mutex_t mutex;
  pthread_cond_t arrived;
  swiftcl_worker *worker;
};

static void *work(void *argument) {
  swiftcl_worker self = {.state = IDLE, .mutex = PTHREAD_MUTEX_INITIALIZER,
                         .woken = PTHREAD_COND_INITIALIZER};
  struct start *start = argument;
  pthread_mutex_lock(&start->mutex);
  start->worker = &self;
  pthread_cond_signal(&start->arrived);
  pthread_mutex_unlock(&start->mutex);
  for (;;) {
    int state = state_after(&self, IDLE);
    if (state == ENDING) break;
    if (state == IDLE) sleep_over(&self, IDLE, ASLEEP);
    if (state != OFFERED || !swap(&self, OFFERED, RUNNING)) continue;
    fesetenv(&self.section->mode);
    self.section->share(self.section->context, self.first, self.count);
    change(&self, IDLE, AWAITED);
  }
  /* The mutex lies on this stack: whoever ends the worker must have let go of it. */
  pthread_mutex_lock(&self.mutex);
  pthread_mutex_unlock(&self.mutex);
  return NULL;
}

/* Signals are for the host's threads; only faults, which hit the thread that has them,
   stay open, as whoever catches those wants to see ours too. */
static void block_signals(sigset_t *before) {
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
  sigset_t all;
  sigfillset(&all);
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) sigdelset(&all, faults[i]);
  pthread_sigmask(SIG_SETMASK, &all, before);
}

/* Kernels need a seventh of this. A host with so many thread-local variables that it is
   too little gets the system's default. */
enum { STACK_BYTES = 256 * 1024 };

/* A thread inherits the mask of the one that starts it. */
static swiftcl_worker *start_worker(void) {
  struct start start = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL};
  pthread_t thread;
  pthread_attr_t attributes;
  sigset_t before;
  if (pthread_attr_init(&attributes)) return NULL;
  (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
  block_signals(&before);
  int failed = pthread_create(&thread, &attributes, work, &start) &&
               pthread_create(&thread, NULL, work, &start);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (failed) return NULL;
#ifdef __linux__
  (void)pthread_setname_np(thread, "swiftcl");
#endif
  pthread_mutex_lock(&start.mutex);
  while (!start.worker) pthread_cond_wait(&start.arrived, &start.mutex);
  pthread_mutex_unlock(&start.mutex);
  start.worker->thread = thread;
  return start.worker;
}

static void end_workers(swiftcl_workers *workers, int32_t count) {
  while (workers->count > count) {
    swiftcl_worker *worker = workers->first;
    pthread_t thread = worker->thread; /* the worker's memory goes with it */
    workers->first = worker->next;
    workers->count--;
    pthread_mutex_lock(&worker->mutex);
    atomic_store(&worker->state, ENDING);
    pthread_cond_signal(&worker->woken);
    pthread_mutex_unlock(&worker->mutex);
    pthread_join(thread, NULL);
  }
}

/* Starts what is missing; 1 if the system starts no more. */
static int start_workers(swiftcl_workers *workers, int32_t count) {
  while (workers->count < count) {
    swiftcl_worker *worker = start_worker();
    if (!worker) return 1;
    worker->next = workers->first;
    workers->first = worker;
    workers->count++;
  }
  return 0;
}

int32_t swiftcl_workers_set(swiftcl_workers *workers, int32_t count) {
  int32_t before = workers->count;
  int cancelled;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelled);
  workers->process = (int32_t)getpid();
  int failed = start_workers(workers, count);
  end_workers(workers, failed ? before : count);
  pthread_setcancelstate(cancelled, NULL);
  return failed;
}

void swiftcl_workers_forget_after_fork(swiftcl_workers *workers) {
  if (workers->process == (int32_t)getpid()) return;
  workers->first = NULL;
  workers->count = 0;
}

/* --------------------------------------------------------------------- sharing */

void swiftcl_workers_run(const swiftcl_workers *workers, ptrdiff_t shares, ptrdiff_t units,
                         swiftcl_share_fn share, const void *context) {
  struct section section = {.share = share, .context = context};
  int cancelled;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelled);
  fegetenv(&section.mode);
  ptrdiff_t each = units / shares, larger = units % shares;
  ptrdiff_t own = each + (larger > 0), first = own;
  swiftcl_worker *worker = workers->first;
  for (ptrdiff_t s = 1; s < shares; s++, worker = worker->next) {
    worker->section = &section;
    worker->first = first;
    worker->count = each + (s < larger);
    first += worker->count;
    change(worker, OFFERED, ASLEEP);
  }
  share(context, 0, own);
  worker = workers->first;
  for (ptrdiff_t s = 1; s < shares; s++, worker = worker->next) {
    if (swap(worker, OFFERED, IDLE)) share(context, worker->first, worker->count);
  }
  worker = workers->first;
  for (ptrdiff_t s = 1; s < shares; s++, worker = worker->next) {
    while (atomic_load_explicit(&worker->state, memory_order_acquire) >= RUNNING) {
      if (state_after(worker, RUNNING) == RUNNING) sleep_over(worker, RUNNING, AWAITED);
    }
  }
  pthread_setcancelstate(cancelled, NULL);
}
#endif
