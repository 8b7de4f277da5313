/*
 * swiftcl_platform.h -- private: what the Swift core asks of the platform.
 * On hosts these are the few functions of Sources/CSwiftCL/host.c; firmware
 * builds define SWIFTCL_FIRMWARE and need none but mem*. Not installed.
 */
#ifndef SWIFTCL_PLATFORM_H
#define SWIFTCL_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#include "../../../include/swiftcl_types.h"

/* The compiler's header prints these names for OpaquePointer; cbindings turns them
   into `swiftcl_network *` and so on. */
typedef struct swiftcl_network *swiftcl_network_ref;
typedef const struct swiftcl_network *swiftcl_network_const_ref;
typedef struct swiftcl_ticket *swiftcl_ticket_ref;
typedef const struct swiftcl_ticket *swiftcl_ticket_const_ref;

/* Where structs once ended that have grown since. */
static inline int32_t swiftcl_first_options_size(void) {
  return (int32_t)offsetof(swiftcl_options, replay_bytes);
}
static inline int32_t swiftcl_second_options_size(void) {
  return (int32_t)offsetof(swiftcl_options, class_head);
}
static inline int32_t swiftcl_third_options_size(void) {
  return (int32_t)offsetof(swiftcl_options, sparsity);
}
static inline int32_t swiftcl_fourth_options_size(void) {
  return (int32_t)offsetof(swiftcl_options, recompute);
}
static inline int32_t swiftcl_first_plan_size(void) { return (int32_t)offsetof(swiftcl_plan, input_bytes); }
static inline int32_t swiftcl_second_plan_size(void) {
  return (int32_t)offsetof(swiftcl_plan, class_head_bytes);
}
static inline int32_t swiftcl_third_plan_size(void) {
  return (int32_t)offsetof(swiftcl_plan, mask_bytes);
}
static inline int32_t swiftcl_first_step_size(void) { return (int32_t)offsetof(swiftcl_step, replay_rows); }
static inline int32_t swiftcl_first_ticket_info_size(void) {
  return (int32_t)offsetof(swiftcl_ticket_info, logit_scale);
}
static inline int32_t swiftcl_first_accounting_size(void) {
  return (int32_t)offsetof(swiftcl_accounting, paper_macs);
}

#ifndef SWIFTCL_FIRMWARE
/* Seconds of a clock that only goes forward. */
double swiftcl_host_seconds(void);

/* Default allocator: aligned memory or NULL. */
void *swiftcl_host_allocate(size_t bytes, size_t alignment);
void swiftcl_host_release(void *memory);

/* The calling thread's record of the last failure that has no network to keep it. */
swiftcl_error *swiftcl_host_thread_error(void);

/* Files. A writer writes beside `path`, syncs and renames on commit; every call
   returns 0 or an errno value. */
typedef struct swiftcl_host_file {
  int32_t descriptor;
  int32_t writing;
  int32_t problem; /* errno of the last failure */
  size_t used;   /* bytes in the buffer, */
  size_t next;   /* and of these already read */
  char buffer[16384];
  char path[4096];
  char beside[4096 + 24];
} swiftcl_host_file;
int32_t swiftcl_host_open_read(swiftcl_host_file *file, const char *path);
int32_t swiftcl_host_open_write(swiftcl_host_file *file, const char *path);
int32_t swiftcl_host_read(swiftcl_host_file *file, void *data, size_t bytes); /* -1: end of file */
int32_t swiftcl_host_write(swiftcl_host_file *file, const void *data, size_t bytes);
int32_t swiftcl_host_commit(swiftcl_host_file *file);
void swiftcl_host_close(swiftcl_host_file *file);
#endif

#endif
