/* answers.c -- see answers.h. SPDX-License-Identifier: Apache-2.0 */
#include "answers.h"

#include <stdlib.h>
#include <string.h>

#include "show.h"

static size_t logit_count(swiftcl_network *net, const swiftcl_dataset *set) {
  swiftcl_task_info info = {.struct_size = sizeof info};
  CHECK(swiftcl_task_info_get(net, set->task, &info));
  return set->rows * info.class_count;
}

float *answers_of(swiftcl_network *net, const swiftcl_dataset *set) {
  size_t count = logit_count(net, set);
  float *logits = show_malloc(count * sizeof *logits);
  CHECK(swiftcl_predict(net, set->task, set->inputs, set->rows, logits, count));
  return logits;
}

int answers_same(swiftcl_network *net, const swiftcl_dataset *set, const float *then) {
  float *now = answers_of(net, set);
  int same = memcmp(then, now, logit_count(net, set) * sizeof *now) == 0;
  free(now);
  return same;
}
