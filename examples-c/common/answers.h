/*
 * answers.h -- what a task answers, to the bit: its logits for a set of rows,
 * kept, and compared with later ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ANSWERS_H
#define ANSWERS_H

#include "swiftcl.h"

/** All logits of set->task for the rows of the set, newly allocated. */
float *answers_of(swiftcl_network *net, const swiftcl_dataset *set);
/** 1 if the task answers the set now as it did then, bit for bit. */
int answers_same(swiftcl_network *net, const swiftcl_dataset *set, const float *then);

#endif
