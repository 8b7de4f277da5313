/*
 * swiftcl_types.h -- the types, constants and status codes of libswiftcl.
 *
 * This file is written by hand; swiftcl.h, which holds the functions, is
 * generated from the Swift sources and includes this one. Include swiftcl.h.
 *
 * Conventions (docs/api-conventions.md has the long form):
 *  - every fallible call returns a swiftcl_status; outputs are written only on
 *    SWIFTCL_OK, and on any other status the object is as it was before;
 *  - option structs start with struct_size and have an _init call;
 *  - a network is used by one thread at a time, different networks are
 *    independent of each other; a ticket may be used by many threads;
 *  - nothing here prints, exits, aborts or reads the environment; threads are
 *    started by swiftcl_set_threads only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SWIFTCL_TYPES_H
#define SWIFTCL_TYPES_H

#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------------ version */

#define SWIFTCL_VERSION_MAJOR 0
#define SWIFTCL_VERSION_MINOR 1
#define SWIFTCL_VERSION_PATCH 0
/** Changes only when a program compiled against an older header stops working. */
#define SWIFTCL_ABI_VERSION 0

/* ------------------------------------------------------------- status codes */

/** What a call reports. Numbers are never reused. */
typedef int32_t swiftcl_status;

#define SWIFTCL_OK 0            /**< done; outputs are written */
#define SWIFTCL_E_NULL 1        /**< a pointer that must not be NULL is NULL */
#define SWIFTCL_E_ARGUMENT 2    /**< a number or option is outside its range */
#define SWIFTCL_E_STRUCT 3      /**< struct_size is none that this version knows */
#define SWIFTCL_E_STATE 4       /**< the call does not fit now: no task open, or one is */
#define SWIFTCL_E_MEMORY 5      /**< the allocator returned NULL, or a size overflows */
#define SWIFTCL_E_CAPACITY 6    /**< units, tasks, classes or ticket bytes are spent */
#define SWIFTCL_E_BUFFER 7      /**< the caller's buffer is too small; the message says how many would do */
#define SWIFTCL_E_NONFINITE 8   /**< NaN or infinity in an input, a parameter or the loss */
#define SWIFTCL_E_LABEL 9       /**< a label is not among the task's classes; the message names the row */
#define SWIFTCL_E_TASK 10       /**< no such task */
#define SWIFTCL_E_OWNED 11      /**< the parameter belongs to a finished task */
#define SWIFTCL_E_SHARED 12     /**< a later task uses edges of this one */
#define SWIFTCL_E_ALIGNMENT 13  /**< memory is not aligned as the call says */
#define SWIFTCL_E_IO 14         /**< reading or writing failed, or a stream callback refused */
#define SWIFTCL_E_FORMAT 15     /**< not a checkpoint or ticket, or it ends too early */
#define SWIFTCL_E_CORRUPT 16    /**< a checksum does not match */
#define SWIFTCL_E_VERSION 17    /**< written by a newer version of the format */
#define SWIFTCL_E_MISMATCH 18   /**< the checkpoint is of another description */
#define SWIFTCL_E_STOPPED 19    /**< the progress callback asked to stop; finished steps are kept */
#define SWIFTCL_E_UNSUPPORTED 20 /**< not available in this build (for example files on firmware) */

/** Alignment in bytes of memory handed to the library: 64 on hosts, 16 on firmware. */
#if defined(__linux__) || defined(__APPLE__) || defined(_WIN32)
#define SWIFTCL_ALIGNMENT 64
#else
#define SWIFTCL_ALIGNMENT 16
#endif

/** Bytes of a message of swiftcl_last_error, its final zero included. */
#define SWIFTCL_MESSAGE_BYTES 240

/** The last failure of an object: its status and one line for a person. */
typedef struct swiftcl_error {
  swiftcl_status status;
  char message[SWIFTCL_MESSAGE_BYTES];
} swiftcl_error;

/* ------------------------------------------------------------------ handles */

/**
 * A network: its seed, its description, its finished tickets and, while a task
 * is open, one working set. One thread at a time.
 */
typedef struct swiftcl_network swiftcl_network;

/**
 * A task's ticket, opened to predict with: checked bytes that are used where
 * they lie. Nothing writes to it between open and free: any number of threads
 * may predict with one at once, each with its own scratch.
 */
typedef struct swiftcl_ticket swiftcl_ticket;

/** A task's number: given by swiftcl_task_begin; that of an ended task is never given again. */
typedef int32_t swiftcl_task;

/** Stands for the open task wherever a task is asked for. */
#define SWIFTCL_TASK_OPEN (-1)

/** The most threads of one network, the caller's included. */
#define SWIFTCL_MAX_THREADS 64

/* -------------------------------------------------------------- description */

/* swiftcl_layer.kind */
#define SWIFTCL_LAYER_DENSE 1 /**< width units in blocks of block_size that compete */
#define SWIFTCL_LAYER_HEAD 2  /**< the last layer: one row a class, or a regression output */
#define SWIFTCL_LAYER_CONV2D 3       /**< width feature maps in blocks of block_size that compete */
#define SWIFTCL_LAYER_MAX_POOL 4     /**< the largest of each window, map by map */
#define SWIFTCL_LAYER_AVERAGE_POOL 5 /**< the mean of each window, padding not counted */
#define SWIFTCL_LAYER_GLOBAL_POOL 6  /**< the mean of each map */
#define SWIFTCL_LAYER_FLATTEN 7      /**< maps as one row; dense layers and the head do so by themselves */
#define SWIFTCL_LAYER_DROPOUT 8      /**< outputs are 0 by chance while a task trains, the others larger */
#define SWIFTCL_LAYER_BATCH_NORM 9   /**< normalises what the dense layer or convolution before it sums up, before
                                          the gate and the activation; statistics, scale and shift are each task's */
#define SWIFTCL_LAYER_ADD 10         /**< adds what layer `source` gives, behind the gate and before the activation;
                                          layers that add up to one stream have one competition and win alike */

/* swiftcl_layer.activation, applied after the gate */
#define SWIFTCL_ACTIVATION_NONE 0 /**< linear units, as in the paper; a stack of them is one linear map */
#define SWIFTCL_ACTIVATION_RELU 1

/* swiftcl_layer.competition */
#define SWIFTCL_COMPETITION_TASK 0   /**< one winner per block and task */
#define SWIFTCL_COMPETITION_SAMPLE 1 /**< one winner per block and row; the ticket keeps all J units */

/** One layer of the flat description. Unused fields must be 0. */
typedef struct swiftcl_layer {
  int32_t kind;        /**< SWIFTCL_LAYER_... */
  uint32_t width;      /**< units or maps (I*J), or classes/outputs for the head; 1 to 65536 */
  uint32_t block_size; /**< J; divides width; 1 for the head */
  int32_t activation;  /**< SWIFTCL_ACTIVATION_... */
  int32_t competition; /**< SWIFTCL_COMPETITION_... */
  /* convolution and pooling */
  uint32_t kernel_height; /**< of the window; 1 to 255 */
  uint32_t kernel_width;
  uint32_t stride;        /**< of the window, both ways; 1 to 255 */
  uint32_t padding;       /**< zeros around the image, below the kernel's size */
  uint32_t input_height;  /**< of the image; needed by the first layer if that is a convolution, else 0
                               or what the layer below gives */
  uint32_t input_width;
  float rate;           /**< dropout: share of outputs that are 0, from 0 to below 1. Batch normalisation:
                             what a step of 16 rows or more at least moves the running statistics by, to 1; 0 is 0.1 */
  uint32_t source;      /**< 1 + the index of the layer that is added, or that this layer with
                             parameters reads; 0 is the layer before. What stands there is
                             all that happens before the next layer with parameters */
  uint32_t reserved[3]; /**< must be 0 */
} swiftcl_layer;

/**
 * Initialisers of a swiftcl_layer: width units in blocks of J that compete per task; the head.
 * Constant expressions of constants; arguments are converted to the fields' types, also in C++.
 */
#define SWIFTCL_DENSE(width, J, activation) \
  { SWIFTCL_LAYER_DENSE, (uint32_t)(width), (uint32_t)(J), (int32_t)(activation), SWIFTCL_COMPETITION_TASK, 0, 0, 0, 0, 0, 0, 0, 0, {0} }
#define SWIFTCL_HEAD(width) \
  { SWIFTCL_LAYER_HEAD, (uint32_t)(width), 1, SWIFTCL_ACTIVATION_NONE, SWIFTCL_COMPETITION_TASK, 0, 0, 0, 0, 0, 0, 0, 0, {0} }

/**
 * A convolution of `maps` feature maps in blocks of J: square kernel, same stride both ways; the
 * same over an image of height x width, for the first layer; windows of a pooling; the mean of each map;
 * outputs dropped by chance.
 */
#define SWIFTCL_CONV(maps, J, kernel, stride, padding, activation) \
  { SWIFTCL_LAYER_CONV2D, (uint32_t)(maps), (uint32_t)(J), (int32_t)(activation), SWIFTCL_COMPETITION_TASK, \
    (uint32_t)(kernel), (uint32_t)(kernel), (uint32_t)(stride), (uint32_t)(padding), 0, 0, 0, 0, {0} }
#define SWIFTCL_IMAGE_CONV(height, width, maps, J, kernel, stride, padding, activation) \
  { SWIFTCL_LAYER_CONV2D, (uint32_t)(maps), (uint32_t)(J), (int32_t)(activation), SWIFTCL_COMPETITION_TASK, \
    (uint32_t)(kernel), (uint32_t)(kernel), (uint32_t)(stride), (uint32_t)(padding), (uint32_t)(height), (uint32_t)(width), 0, 0, {0} }
/** The same of what layer number `source` gives, not the layer before: a shortcut's projection. */
#define SWIFTCL_CONV_FROM(source, maps, J, kernel, stride, padding, activation) \
  { SWIFTCL_LAYER_CONV2D, (uint32_t)(maps), (uint32_t)(J), (int32_t)(activation), SWIFTCL_COMPETITION_TASK, \
    (uint32_t)(kernel), (uint32_t)(kernel), (uint32_t)(stride), (uint32_t)(padding), 0, 0, 0, (uint32_t)(source) + 1u, {0} }
#define SWIFTCL_MAX_POOL(kernel, stride, padding) \
  { SWIFTCL_LAYER_MAX_POOL, 0, 0, 0, 0, (uint32_t)(kernel), (uint32_t)(kernel), (uint32_t)(stride), (uint32_t)(padding), 0, 0, 0, 0, {0} }
#define SWIFTCL_AVERAGE_POOL(kernel, stride, padding) \
  { SWIFTCL_LAYER_AVERAGE_POOL, 0, 0, 0, 0, (uint32_t)(kernel), (uint32_t)(kernel), (uint32_t)(stride), (uint32_t)(padding), 0, 0, 0, 0, {0} }
#define SWIFTCL_GLOBAL_POOL() { SWIFTCL_LAYER_GLOBAL_POOL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0} }
#define SWIFTCL_BATCH_NORM() { SWIFTCL_LAYER_BATCH_NORM, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0} }
/** Adds what layer number `source` gives to what the layers before it give, then the activation. */
#define SWIFTCL_ADD(source, activation) \
  { SWIFTCL_LAYER_ADD, 0, 0, (int32_t)(activation), 0, 0, 0, 0, 0, 0, 0, 0, (uint32_t)(source) + 1u, {0} }
#define SWIFTCL_DROPOUT(rate) { SWIFTCL_LAYER_DROPOUT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (float)(rate), 0, {0} }

/* swiftcl_options.input_type */
#define SWIFTCL_INPUT_F32 0
#define SWIFTCL_INPUT_U8 1
#define SWIFTCL_INPUT_I8 2
#define SWIFTCL_INPUT_I16 3

/* swiftcl_options.input_layout: which channel an input element belongs to */
#define SWIFTCL_LAYOUT_INTERLEAVED 0 /**< element e is channel e % channels */
#define SWIFTCL_LAYOUT_PLANAR 1      /**< element e is channel e / (inputs / channels) */

/* swiftcl_options.allocation: which units a new task may win */
#define SWIFTCL_ALLOCATE_FAIR 0    /**< free units, rationed over expected_tasks */
#define SWIFTCL_ALLOCATE_GREEDY 1  /**< free units while there are any */
#define SWIFTCL_ALLOCATE_ANY 2     /**< every unit, ownership ignored (see usage_bias) */
#define SWIFTCL_ALLOCATE_GROWING 3 /**< J fresh units per block for every task */

/* swiftcl_options.unserved: what a block does that gets no free unit */
#define SWIFTCL_UNSERVED_ABSTAIN 0
#define SWIFTCL_UNSERVED_REUSE 1

/* swiftcl_options.protection: what happens to edges that lie on an earlier ticket */
#define SWIFTCL_PROTECT_FROZEN 0 /**< they never move: zero forgetting */
#define SWIFTCL_PROTECT_SLOW 1   /**< they learn at slow_rate times the rate */
#define SWIFTCL_PROTECT_SOFT 2   /**< they learn at 1 - max over tasks of pi(a)*pi(b) */
#define SWIFTCL_PROTECT_NONE 3   /**< they learn as any other: the paper's rule */

/* swiftcl_options.sharing */
#define SWIFTCL_TICKETS_SEPARATE 0 /**< one ticket a task */
#define SWIFTCL_TICKETS_SHARED 1   /**< all tasks train one ticket; needs J = 1 everywhere */

/* swiftcl_options.head */
#define SWIFTCL_HEAD_AUTO 0   /**< shared between tasks with the same classes, else private */
#define SWIFTCL_HEAD_SHARED 1 /**< edge (class, unit) is shared between all tasks that have both */
#define SWIFTCL_HEAD_TASK 2   /**< every task has its own rows */

/* swiftcl_options.sampler: how the candidates of a block share the forward pass */
#define SWIFTCL_SAMPLER_MEAN 0             /**< weighted by the posterior, no noise */
#define SWIFTCL_SAMPLER_GUMBEL 1           /**< Gumbel-softmax at temperature (the paper) */
#define SWIFTCL_SAMPLER_STRAIGHT_THROUGH 2 /**< hard sample forward, relaxed gradient */
#define SWIFTCL_SAMPLER_TOP_K 3            /**< top_k sampled candidates run, resampled every resample_interval */
#define SWIFTCL_SAMPLER_RANDOM 4           /**< random winners, no competition: the honest baseline */

/* swiftcl_options.kl_form (docs/algorithms.md A.3) */
#define SWIFTCL_KL_ANALYTIC 1    /**< sum pi log(J pi) */
#define SWIFTCL_KL_CATEGORICAL 2 /**< sum xi (log pi + log J) */
#define SWIFTCL_KL_SAMPLE 3      /**< sum xi (log xi + log J) */
#define SWIFTCL_KL_RELAXED 4     /**< exact density of the relaxed sample */

/* swiftcl_options.loss */
#define SWIFTCL_LOSS_CROSS_ENTROPY 0 /**< softmax cross-entropy, mean over rows */
#define SWIFTCL_LOSS_MSE 1           /**< squared error, mean over rows and outputs */

/* swiftcl_options.optimizer */
#define SWIFTCL_OPTIMIZER_SGD 0 /**< v = momentum*v + g; w -= rate*v */
#define SWIFTCL_OPTIMIZER_ADAM 1

/* swiftcl_options.schedule */
#define SWIFTCL_SCHEDULE_LINEAR 0   /**< from learning_rate to final_rate * learning_rate over expected_steps */
#define SWIFTCL_SCHEDULE_CONSTANT 1

/* swiftcl_options.clip_scope */
#define SWIFTCL_CLIP_GLOBAL 0 /**< one norm over all layers */
#define SWIFTCL_CLIP_LAYER 1  /**< one norm a layer */

/* swiftcl_options.replay: what a training step does with rows of the replay memory */
#define SWIFTCL_REPLAY_NONE 0    /**< nothing; the memory only fills */
#define SWIFTCL_REPLAY_ER 1      /**< cross-entropy of the recalled rows, times replay_weight */
#define SWIFTCL_REPLAY_DER 2     /**< replay_alpha times the squared distance to the logits they had when stored */
#define SWIFTCL_REPLAY_DERPP 3   /**< the same, and replay_beta times the cross-entropy of a second draw */
#define SWIFTCL_REPLAY_DISTILL 4 /**< ER, and distill_weight times what a teacher says of them (distill_teacher) */

/* swiftcl_options.replay_policy: which rows a full memory keeps */
#define SWIFTCL_RETAIN_RESERVOIR 0 /**< every row ever offered with the same probability */
#define SWIFTCL_RETAIN_BALANCED 1  /**< as many rows of every class, re-cut as classes appear */

/* swiftcl_options.replay_store: how rows get into the memory, besides swiftcl_replay_add */
#define SWIFTCL_STORE_PRESENTED 0 /**< training steps offer every row they are given */
#define SWIFTCL_STORE_AT_END 1    /**< the same, but rows wait in a second memory of the same size, within
                                       replay_bytes, and join when the task ends */
#define SWIFTCL_STORE_EXPLICIT 2  /**< not at all: swiftcl_replay_add only */

/* swiftcl_options.replay_recall: which rows are recalled; always of classes that the open task has */
#define SWIFTCL_RECALL_FINISHED 0 /**< rows of finished tasks */
#define SWIFTCL_RECALL_ANY 1      /**< rows of the open task as well */

/* swiftcl_options.distill_teacher, for SWIFTCL_REPLAY_DISTILL */
#define SWIFTCL_TEACHER_TICKET 0   /**< the task finished last, run on the recalled rows */
#define SWIFTCL_TEACHER_ALL_ROWS 1 /**< the same, run on the rows presented as well */
#define SWIFTCL_TEACHER_STORED 2   /**< the logits that the recalled rows had when stored */

/* swiftcl_options.replay_new_rows: cross-entropy of the rows presented, while rows are recalled */
#define SWIFTCL_NEW_ROWS_PLAIN 0    /**< over all classes of the open task */
#define SWIFTCL_NEW_ROWS_MASKED 1   /**< a row of a class that no earlier task has: over such classes only,
                                         the others at -infinity (CE~ of docs/algorithms.md B.5) */
#define SWIFTCL_NEW_ROWS_BALANCED 2 /**< over all classes, but rows presented and rows recalled weigh as
                                         many classes as they stand for */

/* swiftcl_options.sparsity_kind: what a mask keeps or drops as one. FILTER may be combined with one of
   the first three: filters go first, down to a density of sqrt(1 - sparsity), the rest within them. */
#define SWIFTCL_SPARSITY_IRREGULAR 1 /**< single weights */
#define SWIFTCL_SPARSITY_BLOCK 2     /**< eight consecutive outputs of one input: the fast kind */
#define SWIFTCL_SPARSITY_PATTERN 4   /**< 3x3 windows keep four of nine weights, in one of eight shapes, or none;
                                          sparsity is at least 5/9. Other layers: single weights */
#define SWIFTCL_SPARSITY_FILTER 8    /**< whole units or maps */

/* swiftcl_options.mask_budget */
#define SWIFTCL_BUDGET_LAYER 0  /**< every masked layer has the same sparsity */
#define SWIFTCL_BUDGET_GLOBAL 1 /**< all masked layers together, by one threshold; none is more than twice as
                                     dense as all are */

/* swiftcl_options.regrowth: which weights a mask takes back; they begin at 0 */
#define SWIFTCL_REGROW_RANDOM 0   /**< by chance */
#define SWIFTCL_REGROW_GRADIENT 1 /**< those with the largest gradient of the step that updates the mask */

/* swiftcl_options.data_rule: what makes an example hard (docs/algorithms.md B.3) */
#define SWIFTCL_DATA_FORGETTING 0     /**< how often it was right and then wrong; never right is hardest */
#define SWIFTCL_DATA_MISCLASSIFIED 1  /**< how often it was wrong */

/** What mask updates do from one step of a task on (docs/algorithms.md B.2). */
typedef struct swiftcl_mask_phase {
  uint64_t step;  /**< of the task, counted from 0 (from its commit, where units compete); the first is 0 */
  float prune_to; /**< sparsity that an update prunes to, */
  float grow_to;  /**< and then grows back to; at most prune_to */
} swiftcl_mask_phase;

/** The most phases of a schedule. */
#define SWIFTCL_MAX_MASK_PHASES 8

/** Returns bytes of memory at the alignment, or NULL. */
typedef void *(*swiftcl_allocate_fn)(void *context, size_t bytes, size_t alignment);
/** Gives back what the allocate function of the same context returned. */
typedef void (*swiftcl_release_fn)(void *context, void *memory, size_t bytes);

/** Where memory comes from. Both functions NULL: the C library. */
typedef struct swiftcl_allocator {
  swiftcl_allocate_fn allocate;
  swiftcl_release_fn release;
  void *context;
} swiftcl_allocator;

/**
 * Everything that describes a network. Fill with swiftcl_options_init, then set
 * layers, layer_count and inputs. The library copies what it needs: the struct
 * and the arrays it points to may be freed after the call.
 */
typedef struct swiftcl_options {
  uint32_t struct_size; /**< sizeof(swiftcl_options); set by swiftcl_options_init */

  /* network */
  uint32_t layer_count;        /**< 1 to 96, the head included; at most 32 of them with parameters */
  const swiftcl_layer *layers; /**< layer_count layers; the last one is the head */
  uint64_t seed;               /**< initial weights, winners by chance, noise, order of rows */
  uint32_t inputs;             /**< elements of one row, 1 to 1048576 */
  int32_t input_type;          /**< SWIFTCL_INPUT_... */
  uint32_t input_channels;     /**< divides inputs; 1 */
  int32_t input_layout;        /**< SWIFTCL_LAYOUT_... */
  const float *input_scale;    /**< input_channels factors, finite; NULL is 1 */
  const float *input_offset;   /**< input_channels summands added after scaling; NULL is 0 */
  uint32_t max_batch;          /**< most rows of one training step, 1 to 65536; 128 */
  uint32_t max_tasks;          /**< finished tasks kept at once; 16. create grows beyond it */
  uint32_t max_classes;        /**< labels are 0 to max_classes - 1; 0 is the head's width. create grows beyond it */
  uint64_t ticket_bytes;       /**< budget for tickets; 0 is max_tasks full tickets (create_in), no bound (create) */

  /* tasks */
  int32_t allocation;      /**< SWIFTCL_ALLOCATE_... */
  int32_t unserved;        /**< SWIFTCL_UNSERVED_... */
  int32_t protection;      /**< SWIFTCL_PROTECT_... */
  int32_t sharing;         /**< SWIFTCL_TICKETS_... */
  int32_t head;            /**< SWIFTCL_HEAD_... */
  uint32_t expected_tasks; /**< T of the fair share; 0 is unknown: T is then max(J, 2(t + 1)) after t
                                tasks, which holds units back from the first tasks on where J is small */
  float slow_rate;         /**< 0 to 1; 0.03 */
  float usage_bias;        /**< initial logit of a unit that a task owns is -usage_bias; 0 */

  /* competition */
  int32_t sampler;             /**< SWIFTCL_SAMPLER_... */
  float temperature;           /**< of the relaxed samplers, above 0; 0.67 */
  float posterior_floor;       /**< eta of A.1, 0 to 0.1; 1e-4, used by the relaxed samplers */
  uint32_t top_k;              /**< 2; with 1 the winners stay those of chance, as logits learn by comparison */
  uint32_t resample_interval;  /**< steps between two samples of top-k; 10 */
  float logit_learning_rate;   /**< Adam on the logits; 0.5 */
  float logit_init;            /**< standard deviation of the initial logits; 0.01 */
  int32_t kl_form;             /**< SWIFTCL_KL_... */
  float kl_weight;             /**< times the mean over a layer's blocks; 1e-3 */
  float prune_threshold;       /**< candidates below leave; negative is min(0.1, 0.64/J), 0 is never */
  uint32_t prune_interval;     /**< steps between two looks; 20 */

  /* learning */
  int32_t loss;           /**< SWIFTCL_LOSS_... */
  int32_t optimizer;      /**< SWIFTCL_OPTIMIZER_... */
  int32_t schedule;       /**< SWIFTCL_SCHEDULE_... */
  float learning_rate;    /**< 0.03 */
  float final_rate;       /**< fraction of learning_rate at the last expected step; 0.1 */
  float momentum;         /**< SGD; 0.9 */
  float adam_beta1;       /**< 0.9 */
  float adam_beta2;       /**< 0.999 */
  float adam_epsilon;     /**< 1e-8 */
  float weight_decay;     /**< added to the gradient as weight_decay * w; 0. Biases have none */
  float clip_norm;        /**< longest gradient; 0 is no clipping */
  int32_t clip_scope;     /**< SWIFTCL_CLIP_... */

  swiftcl_allocator allocator; /**< for create and load; create_in and load_in use none */

  /* replay; a network has a memory when replay_bytes or replay_rows is set */
  uint64_t replay_bytes;     /**< bound of the replay memory, all it needs included; 0: what replay_rows take */
  uint32_t replay_rows;      /**< most rows kept; 0: as many as replay_bytes hold */
  uint32_t replay_batch;     /**< rows of one draw, beside max_batch; a step of DERPP draws twice. 1 to 65536; 32 */
  int32_t replay;            /**< SWIFTCL_REPLAY_... */
  int32_t replay_policy;     /**< SWIFTCL_RETAIN_... */
  int32_t replay_store;      /**< SWIFTCL_STORE_... */
  int32_t replay_recall;     /**< SWIFTCL_RECALL_... */
  float replay_weight;       /**< ER, DISTILL: times the recalled rows' cross-entropy; 1 */
  float replay_alpha;        /**< DER, DERPP; 0.1 */
  float replay_beta;         /**< DERPP; 0.5 */
  int32_t distill_teacher;   /**< SWIFTCL_TEACHER_... */
  float distill_temperature; /**< 0.01 to 100; 2 */
  float distill_weight;      /**< 0.5 */

  /* classes across tasks; both need a replay memory */
  uint32_t class_head;       /**< 1: room for a linear head over the winners of all tasks (swiftcl_class_head_fit); 0 */
  int32_t replay_new_rows;   /**< SWIFTCL_NEW_ROWS_... */

  /* sparse training (SparCL); a network has masks when sparsity is above 0 */
  float sparsity;             /**< share of a masked layer's weights that are masked, 0 to below 1; 0 */
  int32_t sparsity_kind;      /**< SWIFTCL_SPARSITY_...; SWIFTCL_SPARSITY_BLOCK */
  int32_t mask_budget;        /**< SWIFTCL_BUDGET_... */
  uint32_t masked_layers;     /**< bit l: layer l of those with parameters is masked, never the head. 0: every
                                   dense layer below the head, and every convolution whose window is more
                                   than one pixel and that does not read the network's input */
  uint32_t mask_interval;     /**< steps of a task between two updates of its masks; 0: they stay as they were made */
  uint32_t mask_final_step;   /**< of a task, from which on masks only prune to `sparsity`; 0 is never */
  float mask_intra;           /**< p_intra: what an update prunes beyond `sparsity` and grows back; 0.01 */
  float mask_inter;           /**< p_inter: what a task's first update grows beyond it; 0.01 */
  float score_current;        /**< alpha of |w| + alpha |gradient of the rows given| +; 0.5 */
  float score_replay;         /**< beta |gradient of the rows recalled|; 0.5 */
  int32_t regrowth;           /**< SWIFTCL_REGROW_... */
  float gradient_sparsity;    /**< share of all weights of a masked layer whose gradient is not computed, at least
                                   `sparsity`, below 1; 0: all that the mask keeps are computed */
  uint32_t gradient_interval; /**< steps between two choices of these; 30 */
  uint32_t mask_phase_count;  /**< 0: the schedule that the fields above make */
  const swiftcl_mask_phase *mask_phases; /**< another one, at most SWIFTCL_MAX_MASK_PHASES; steps increase */
  uint32_t data_samples;      /**< most examples of a task that are followed for data removal; 0: none */
  int32_t data_rule;          /**< SWIFTCL_DATA_... */

  /* memory of a training step */
  uint32_t recompute;         /**< n of 2 to 32: of the outputs of the layers with parameters only every n-th is kept on
                                   the way forward, with those of the last layers and those that more than one layer
                                   reads; the others are computed again, group by group, on the way back. Less
                                   activation_bytes, more multiply-adds, the same bits. 0 and 1: all are kept; 0 */
  uint32_t replay_u8;         /**< 1: rows of f32 and i16 are stored in eight bits an element, as the nearest of 256
                                   values from replay_low to replay_high; 0: as they were given; 0 */
  float replay_low;           /**< as elements are given, before input_scale; what is below counts as this */
  float replay_high;          /**< above replay_low; what is above counts as this. Both 0: no range */
} swiftcl_options;

/* swiftcl_plan.warnings */
#define SWIFTCL_WARN_LINEAR_STACK 1u /**< adjacent task-level layers without non-linearity are one linear map */
#define SWIFTCL_WARN_LINEAR_NET 2u   /**< the whole network is linear in its input */
#define SWIFTCL_WARN_FORGETS 4u      /**< the protection chosen lets finished tasks change */
#define SWIFTCL_WARN_FAST_MSE 8u     /**< momentum SGD at 0.03 or more on squared error, or at 0.01 or more with
                                          DER or DERPP, often diverges: clip or slow down */

/** What a network needs, in bytes; parts add up to total_bytes. */
typedef struct swiftcl_plan {
  uint32_t struct_size; /**< sizeof(swiftcl_plan), set by the caller */
  uint32_t warnings;    /**< SWIFTCL_WARN_... bits */
  uint64_t total_bytes; /**< what create_in needs, exactly */
  uint64_t network_bytes;     /**< description, directory of tasks, error text */
  uint64_t working_set_bytes; /**< parameters of the open task, and which of them are owned */
  uint64_t optimizer_bytes;
  uint64_t competition_bytes; /**< posterior, logits and their optimiser, parked candidates */
  uint64_t activation_bytes;  /**< one region for all that holds nothing between two calls: converted
                                   inputs, activations, gradients, scratch; it is shared by turns */
  uint64_t ticket_bytes;      /**< room for finished tickets */
  uint64_t replay_bytes;      /**< replay memory: rows, their labels and logits, and what a draw needs */
  uint64_t full_ticket_bytes; /**< the largest one ticket can be */
  uint32_t alignment;         /**< of the memory handed to create_in */
  uint32_t layer_count;
  /* what takes turns in activation_bytes; no further parts of the total */
  uint64_t input_bytes;    /**< converted input rows and their targets */
  uint64_t forward_bytes;  /**< outputs of all layers, and sums behind their gates */
  uint64_t gradient_bytes; /**< gradients of outputs and parameters */
  uint64_t scratch_bytes;  /**< rows of predictions, lists of a repacking */
  uint64_t unshared_bytes; /**< the four together: what activation_bytes would be without sharing */
  uint64_t class_head_bytes; /**< part of the total: the class head, with what a fit needs, for max_tasks
                                  tasks and max_classes classes */
  uint64_t mask_bytes;       /**< part of the total: what masks keep beside the weights, in the working set */
  uint64_t data_bytes;       /**< part of the total: what is known of the examples that are followed */
} swiftcl_plan;

/* swiftcl_proposal.changes: what swiftcl_network_propose may change to make a network fit */
#define SWIFTCL_CHANGE_RECOMPUTE 1u /**< `recompute`: outputs are computed again instead of kept; changes no bit */
#define SWIFTCL_CHANGE_SAMPLER 2u   /**< two candidates of a block run at a time: SWIFTCL_SAMPLER_TOP_K, top_k = 2 */
#define SWIFTCL_CHANGE_DRAWS 4u     /**< a smaller replay_batch */
#define SWIFTCL_CHANGE_BATCH 8u     /**< a smaller max_batch: steps and predictions in smaller pieces */
#define SWIFTCL_CHANGE_REPLAY_U8 16u /**< `replay_u8`, as many rows; only where replay_low and replay_high are a range */
#define SWIFTCL_CHANGE_ROWS 32u      /**< fewer replay_rows */

/** What swiftcl_network_propose found. */
typedef struct swiftcl_proposal {
  uint32_t struct_size; /**< sizeof(swiftcl_proposal), set by the caller */
  uint32_t changes;     /**< SWIFTCL_CHANGE_... bits: what is not as it was described; 0: it fits as it is */
  uint32_t affects;     /**< of these, the bits by which what is learned may differ from what was described */
  uint32_t tried;       /**< settings that were planned, the proposed one included */
  uint64_t total_bytes; /**< of the proposed options: total_bytes of their plan */
  uint64_t described_bytes; /**< of the options as described; UINT64_MAX where no address space holds them */
  float compete_share;  /**< where the sampler is changed: the share of a task's steps to give as compete_steps,
                             0.05; it saves time and no bytes. Else 0 */
  uint32_t reserved;
} swiftcl_proposal;

/** The description of a network as it stands, for a caller who did not write it. */
typedef struct swiftcl_network_info {
  uint32_t struct_size; /**< sizeof(swiftcl_network_info), set by the caller */
  uint32_t layer_count;
  uint32_t inputs;
  int32_t input_type;   /**< SWIFTCL_INPUT_... */
  uint32_t input_channels;
  int32_t input_layout; /**< SWIFTCL_LAYOUT_... */
  uint32_t max_batch;
  uint32_t max_tasks;
  uint32_t max_classes;
  int32_t loss;         /**< SWIFTCL_LOSS_... */
  uint64_t seed;
} swiftcl_network_info;

/* -------------------------------------------------------------------- tasks */

/* swiftcl_task_options.start */
#define SWIFTCL_START_FRESH 0         /**< free units keep their initial values */
#define SWIFTCL_START_WARM 1          /**< copy the previous task's winners and head; no competition */
#define SWIFTCL_START_COPY_ON_WRITE 2 /**< owned units compete too; one that wins is copied into a free unit */

/** compete_steps of a task that competes until it ends. */
#define SWIFTCL_COMPETE_ALWAYS UINT64_MAX

/** How one task is learned. Fill with swiftcl_task_options_init. */
typedef struct swiftcl_task_options {
  uint32_t struct_size;
  int32_t start;            /**< SWIFTCL_START_... */
  const int32_t *classes;   /**< class_count different labels; NULL is all labels of the head */
  uint32_t class_count;
  uint32_t mask_classes;    /**< 1: only the task's classes have logits; 0: all; 1 */
  uint64_t expected_steps;  /**< 0 is unknown */
  uint64_t compete_steps;   /**< 0 is the default: a tenth of expected_steps, or 200; SWIFTCL_COMPETE_ALWAYS: until the end */
  uint64_t user_tag;        /**< kept with the task, for the caller */
} swiftcl_task_options;

/* phase of a task */
#define SWIFTCL_PHASE_NONE 0
#define SWIFTCL_PHASE_COMPETE 1
#define SWIFTCL_PHASE_SPECIALISE 2
#define SWIFTCL_PHASE_FINISHED 3

/** What one training step did. */
typedef struct swiftcl_step {
  uint32_t struct_size; /**< sizeof(swiftcl_step), set by the caller */
  int32_t phase;        /**< phase in which the step ran */
  uint64_t step;        /**< steps of this task so far, this one included */
  float loss;           /**< mean over the rows, before the update, without KL */
  float kl;             /**< kl_weight times the KL term, 0 while specialising */
  uint32_t rows;
  uint32_t correct;     /**< rows whose largest logit was the label's; 0 for MSE */
  float learning_rate;
  float gradient_norm;  /**< over all layers; 0 unless clip_norm is set */
  uint32_t alive_units; /**< of all competing layers, after the step */
  uint32_t decided_blocks; /**< blocks with at most one candidate, after the step */
  uint64_t macs;        /**< multiply-adds of this step */
  uint64_t dense_macs;  /**< of the same step in the dense network of the same width */
  uint32_t replay_rows; /**< rows recalled, of both draws */
  float replay_loss;    /**< what they added to the loss that was minimised; no part of `loss` */
} swiftcl_step;

/** What is known of a task, finished or open. */
typedef struct swiftcl_task_info {
  uint32_t struct_size; /**< sizeof(swiftcl_task_info), set by the caller */
  swiftcl_task task;
  int32_t phase;
  uint32_t class_count;     /**< logits of one row */
  uint64_t steps;
  uint64_t committed_at;    /**< step after which the winners stood; 0 if they never competed */
  uint64_t ticket_bytes;
  uint64_t parameters;      /**< weights and biases of the ticket */
  uint64_t macs;            /**< multiply-adds to train it, competition included */
  uint64_t dense_macs;
  uint64_t predict_macs;    /**< per row */
  uint64_t dense_predict_macs;
  uint32_t blocks;          /**< of all competing layers */
  uint32_t served_blocks;   /**< of these, blocks that have a winner or a candidate */
  uint32_t owned_winners;   /**< winners that an earlier task already owned */
  uint32_t copied_winners;  /**< copy-on-write: winners copied from an owned unit into a free one */
  uint32_t alive_units;     /**< units of all competing layers that run: winners, or candidates */
  float weight_density;     /**< alive edges that no mask drops over the edges of the dense network */
  float gradient_density;   /**< of these, edges that may move, over the same */
  float owned_edge_share;   /**< edges on an earlier ticket over alive edges */
  float last_loss;
  uint64_t user_tag;
} swiftcl_task_info;

/** One competing layer as it stands. */
typedef struct swiftcl_layer_info {
  uint32_t struct_size; /**< sizeof(swiftcl_layer_info), set by the caller */
  int32_t kind;
  uint32_t width;
  uint32_t block_size;
  uint32_t blocks;
  uint32_t units_per_block; /**< J, or more where `growing` has added units: entries of a mask per block */
  uint32_t free_units;      /**< units no finished task owns (growing: J per block) */
  uint32_t owned_units;
} swiftcl_layer_info;

/** What the next task would get of one layer; a task begins only if every layer has room for it. */
typedef struct swiftcl_capacity {
  uint32_t struct_size;       /**< sizeof(swiftcl_capacity), set by the caller */
  uint32_t blocks;
  uint32_t blocks_with_free;  /**< blocks that still have a free unit */
  uint32_t free_units;
  uint32_t next_served;       /**< blocks that would get free units, exactly; all under ALLOCATE_ANY, where
                                   any unit may win. An open task's units still count as free */
  uint32_t next_reused;       /**< blocks that would run an owned unit */
  uint32_t floor_blocks;      /**< fewest winners a task may have here */
  int32_t status;             /**< what swiftcl_task_begin would return for a task of all labels */
} swiftcl_capacity;

/**
 * What training cost so far, of all tasks and the open one, and what is held for it now. Costs are
 * multiply-adds (FLOPs are twice as many): what was done, and what the dense network of the same width would have
 * done in the same steps. An aborted task's are forgotten with it.
 */
typedef struct swiftcl_accounting {
  uint32_t struct_size; /**< sizeof(swiftcl_accounting), set by the caller */
  uint32_t reserved;
  uint64_t steps;
  uint64_t macs;
  uint64_t dense_macs;  /**< the same steps in the dense network of the same width */
  double macs_vs_dense; /**< macs / dense_macs; 0 before the first step */
  uint64_t paper_macs;  /**< as papers on sparse training count (docs/algorithms.md B.7): of rows presented forward,
                             input gradient, of the first layer too, and weight gradient; of rows recalled forward
                             only */
  uint64_t paper_dense_macs;
  uint64_t full_macs;   /**< all that was done: every row, recalled ones too, forward and both gradients, none of the
                             inputs below the first layer, all weights of a layer in SWIFTCL_FORM_UNMASKED, outputs
                             that are computed again; a teacher's rows forward */
  uint64_t full_dense_macs;
  double seconds;       /**< in training steps since the network was created or loaded; 0 in firmware */
  /* held now: the open task's, or without one the shared ticket's; 4 bytes a value, padding not counted; of a
     layer that runs by a mask all room that the mask has, its lists and scores with the parameters */
  uint64_t parameter_bytes; /**< weights, biases, scales */
  uint64_t optimizer_bytes; /**< 0 while no task is open */
  uint64_t gradient_bytes;  /**< kept by a step, of all layers as though none took turns; 0 while no task is open */
  uint64_t dense_parameter_bytes; /**< the same of the dense network of this description while it trains */
  uint64_t dense_optimizer_bytes;
  uint64_t dense_gradient_bytes;
} swiftcl_accounting;

/** A protocol whose cost is to be told before it is run. Fill with swiftcl_forecast_options_init. */
typedef struct swiftcl_forecast_options {
  uint32_t struct_size;
  uint32_t draws;    /**< replay batches of a step, each as many rows as are presented: 0 none, 1 ER, DER and DISTILL,
                          2 DERPP; 0 */
  uint64_t samples;  /**< rows presented without data removal: rows of a task times its epochs, over all tasks */
  uint32_t classes;  /**< logits of a row; 0: those of the description */
  uint32_t tasks;    /**< of the same size; where rows of finished tasks alone are recalled, the full counts have
                          no replay in the first one. 0: every step recalls */
  double kept_share; /**< of the rows presented, what data removal leaves on average: above 0 to 1; 1 */
} swiftcl_forecast_options;

/**
 * What a protocol costs. Multiply-adds (FLOPs are twice as many) of the network at full width, J = 1, with the
 * description's sparsity and gradient_sparsity; what choosing masks costs is not in them. Dense counts have no
 * data removal. Whole numbers up to 2^53.
 */
typedef struct swiftcl_forecast {
  uint32_t struct_size; /**< sizeof(swiftcl_forecast), set by the caller */
  uint32_t reserved;
  uint64_t parameters;          /**< weights, biases, scales */
  uint64_t maskable_parameters; /**< weights of the layers that are masked when sparsity is above 0 */
  double row_macs;              /**< one row forward through the dense network */
  double masked_row_macs;       /**< of these, in layers that are masked */
  double unmasked_row_macs;     /**< and in the others */
  double paper_macs;            /**< every layer charged as though it were masked: the formula that fits published
                                     numbers (docs/algorithms.md B.7) */
  double paper_macs_unmasked_dense; /**< layers that are not masked charged as dense, as in swiftcl_accounting */
  double paper_dense_macs;
  double full_macs;             /**< as swiftcl_accounting, with no layer in SWIFTCL_FORM_UNMASKED */
  double full_dense_macs;
} swiftcl_forecast;

/* --------------------------------------------------------------- evaluation */

/** One labelled set of rows, owned by the caller. */
typedef struct swiftcl_dataset {
  const void *inputs;    /**< rows * inputs elements of the network's input_type */
  const int32_t *labels; /**< rows labels */
  size_t rows;
  swiftcl_task task;     /**< which task it belongs to */
} swiftcl_dataset;

/** Scores of an accuracy matrix (docs/algorithms.md C.3); percent. */
typedef struct swiftcl_scores {
  uint32_t struct_size; /**< sizeof(swiftcl_scores), set by the caller */
  uint32_t tasks;
  double average_accuracy;  /**< mean over i of A[T-1][i] */
  double forgetting;        /**< mean over i < T-1 of max over k of A[k][i] - A[T-1][i] */
  double backward_transfer; /**< mean over i < T-1 of A[T-1][i] - A[i][i] */
  double learning_accuracy; /**< mean over i of A[i][i] */
} swiftcl_scores;

/* ----------------------------------------------------------------- training */

/** Progress of swiftcl_fit. */
typedef struct swiftcl_progress {
  uint64_t step;
  uint64_t steps;
  uint32_t epoch;
  int32_t phase;
  float loss;
  float learning_rate;
  uint32_t alive_units;
  uint32_t decided_blocks;
} swiftcl_progress;

/** Called after every step of swiftcl_fit; anything but 0 stops it. */
typedef int32_t (*swiftcl_progress_fn)(void *context, const swiftcl_progress *progress);

/** How swiftcl_fit walks through the rows. Fill with swiftcl_fit_options_init. */
typedef struct swiftcl_fit_options {
  uint32_t struct_size;
  uint32_t batch;   /**< rows a step, at most max_batch; 32 */
  uint32_t epochs;  /**< 1 */
  uint32_t shuffle; /**< 1: a new order every epoch, from the seed; 0: as given; 1 */
  swiftcl_progress_fn progress; /**< NULL is none */
  void *progress_context;
} swiftcl_fit_options;

/** What swiftcl_fit did. */
typedef struct swiftcl_fit_report {
  uint32_t struct_size; /**< sizeof(swiftcl_fit_report), set by the caller */
  uint32_t epochs;      /**< whole epochs */
  uint64_t steps;
  uint64_t rows;
  double mean_loss;     /**< over the last epoch's steps */
  double accuracy;      /**< percent over the last epoch's rows, before each update; 0 for MSE */
} swiftcl_fit_report;

/* -------------------------------------------------------------- persistence */

/** Takes the next bytes of a checkpoint; anything but 0 is a failure. */
typedef int32_t (*swiftcl_write_fn)(void *context, const void *data, size_t bytes);
/** Delivers exactly the next bytes of a checkpoint: 0 on success, a negative number where the data
    ends too early (SWIFTCL_E_FORMAT), a positive one on failure (SWIFTCL_E_IO). */
typedef int32_t (*swiftcl_read_fn)(void *context, void *data, size_t bytes);

/** How a checkpoint is loaded. Fill with swiftcl_load_options_init. */
typedef struct swiftcl_load_options {
  uint32_t struct_size;
  uint32_t reserved;
  const swiftcl_options *expected; /**< the description it must have (swiftcl_network_load says what is
                                        compared); NULL is any */
  swiftcl_allocator allocator;     /**< for load; load_in uses none */
} swiftcl_load_options;

/** What a checkpoint holds, read from its first sections. */
typedef struct swiftcl_checkpoint_info {
  uint32_t struct_size; /**< sizeof(swiftcl_checkpoint_info), set by the caller */
  uint32_t format_major;
  uint32_t format_minor;
  uint32_t tasks;         /**< finished tasks */
  int32_t open_phase;     /**< phase of the open task, SWIFTCL_PHASE_NONE if there is none */
  uint32_t inputs;
  uint32_t layer_count;
  int32_t input_type;     /**< SWIFTCL_INPUT_... */
  uint64_t file_bytes;    /**< of the whole checkpoint */
  uint64_t memory_bytes;  /**< what load_in needs */
} swiftcl_checkpoint_info;

/* ------------------------------------------------------------------- replay */

/** What the replay memory holds; all 0 for a network without one. */
typedef struct swiftcl_replay_info {
  uint32_t struct_size; /**< sizeof(swiftcl_replay_info), set by the caller */
  uint32_t classes;     /**< labels are below it: entries of swiftcl_replay_counts */
  uint64_t capacity;    /**< most rows */
  uint64_t rows;        /**< rows kept now */
  uint64_t drawable;    /**< of these, rows that a step of the open task may recall */
  uint64_t waiting;     /**< rows of the open task that join at its end (SWIFTCL_STORE_AT_END) */
  uint64_t seen;        /**< rows ever offered */
  uint64_t bytes;       /**< of the whole memory, plan.replay_bytes */
  uint64_t row_bytes;   /**< of one stored row as the caller gave it */
} swiftcl_replay_info;

/* swiftcl_replay_forget's `what` */
#define SWIFTCL_FORGET_ROW 0   /**< the row at one place */
#define SWIFTCL_FORGET_CLASS 1 /**< all rows of one label */
#define SWIFTCL_FORGET_TASK 2  /**< all rows of one task */

/* ----------------------------------------------------------- sparse training */

/* swiftcl_mask_info.form: how the products of a masked layer are made */
#define SWIFTCL_FORM_DENSE 0  /**< no mask, or none yet */
#define SWIFTCL_FORM_ROWS 1   /**< kept weights alone, row by row: few rows */
#define SWIFTCL_FORM_PLANES 2 /**< kept weights alone, sixteen samples side by side */
#define SWIFTCL_FORM_UNMASKED 3 /**< dense arithmetic, what is masked as 0: so many single weights are kept
                                     that it is faster */

/** The mask of one layer with parameters as it stands. */
typedef struct swiftcl_mask_info {
  uint32_t struct_size;    /**< sizeof(swiftcl_mask_info), set by the caller */
  int32_t form;            /**< SWIFTCL_FORM_... of a step of max_batch rows and what it recalls */
  uint64_t weights;        /**< of the layer, masked or not */
  uint64_t kept;           /**< weights that its mask keeps; all where it has none */
  uint64_t computed;       /**< of these, weights whose gradient a step computes; kept for a finished task */
  uint32_t masked;         /**< 1 if the layer runs by a mask */
  uint32_t width;          /**< weights that are kept or dropped as one: 8 or 1 */
  uint64_t capacity;       /**< the most weights that there is room for */
} swiftcl_mask_info;

/* ------------------------------------------------------ classes across tasks */

/* How a row is told when nobody says of which task it is. Every rule names a class and a task. A task
   answers for the classes that it introduced: those that no task before it has; if it introduced none,
   for all its classes. */
#define SWIFTCL_RULE_LAST_MASK 0   /**< the task finished last decides over all its classes (the paper's rule) */
#define SWIFTCL_RULE_MAX_LOGIT 1   /**< the largest logit over all tasks, each answering for its classes */
#define SWIFTCL_RULE_CLASS_HEAD 2  /**< the class head, as swiftcl_class_head_fit left it */
#define SWIFTCL_RULE_MAX_PROBABILITY 3 /**< the same of probabilities: softmax over all logits of a task */
#define SWIFTCL_RULE_LOWEST_ENTROPY 4  /**< the task whose softmax over the classes it answers for has the least
                                            entropy, and the best of these classes; needs two classes a task */

/** How a class head is fitted. Fill with swiftcl_class_head_options_init. */
typedef struct swiftcl_class_head_options {
  uint32_t struct_size;
  uint32_t epochs;       /**< passes over the replay memory, 1 to 10000; 30 */
  float learning_rate;   /**< Adam, above 0 to 1; 2e-3 */
  float weight_decay;    /**< 0 to 1; 1e-4 */
  float deviation_floor; /**< features are (f - mean) / (deviation + deviation_floor); 1e-3 to 1000; 0.1 */
  uint32_t reserved;     /**< 0 */
  uint64_t seed;         /**< of the order of rows, with the network's; 0 */
} swiftcl_class_head_options;

/** The class head as it stands. */
typedef struct swiftcl_class_head_info {
  uint32_t struct_size; /**< sizeof(swiftcl_class_head_info), set by the caller */
  uint32_t fitted;      /**< 1 if there is one that predicts; with 0 the rest but `bytes` is 0 */
  uint32_t tasks;       /**< tasks whose winners it looks at */
  uint32_t classes;     /**< classes it tells apart */
  uint64_t features;    /**< winners of the last hidden layer, of all these tasks */
  uint64_t rows;        /**< exemplars it was fitted on */
  uint64_t bytes;       /**< held for it now; 0 for a network without class_head */
  float loss;           /**< mean cross-entropy over the last epoch */
  float accuracy;       /**< percent over the last epoch's exemplars, before each update */
} swiftcl_class_head_info;

/** What swiftcl_evaluate_all fills beside its report. Fill with swiftcl_evaluate_options_init. */
typedef struct swiftcl_evaluate_options {
  uint32_t struct_size;
  int32_t rule;               /**< SWIFTCL_RULE_...; SWIFTCL_RULE_LAST_MASK */
  double *class_il;           /**< matrix_tasks x matrix_tasks percentages, kept by the caller from call to call;
                                   with n sets row n - 1 is written; NULL is none */
  double *task_il;            /**< the same, the task known; NULL is none */
  uint32_t matrix_tasks;      /**< rows and columns of both, at least the number of sets */
  uint32_t confusion_classes; /**< rows and columns of `confusion`, at least max_classes */
  uint64_t *confusion;        /**< [label][class the rule names]: rows, of all sets; NULL is none */
} swiftcl_evaluate_options;

/** Accuracies after the tasks so far; percent. Without the matrix a score over its rows is NaN. */
typedef struct swiftcl_evaluation {
  uint32_t struct_size;        /**< sizeof(swiftcl_evaluation), set by the caller */
  uint32_t tasks;              /**< sets */
  uint64_t rows;               /**< of all sets */
  double class_accuracy;       /**< mean over the sets: rows whose class the rule names, the task unknown */
  double class_forgetting;     /**< docs/algorithms.md C.3, of the Class-IL matrix */
  double class_transfer;       /**< backward transfer, of the same */
  double task_accuracy;        /**< mean over the sets, each by its own task among the classes it answers for */
  double task_forgetting;      /**< of the Task-IL matrix */
  double task_transfer;
  double inferred_accuracy;    /**< share of all rows whose task the rule names */
} swiftcl_evaluation;

/* ------------------------------------------------------------- data removal */

/** What is known of the open task's examples; all but `bytes` is 0 while none are followed. */
typedef struct swiftcl_data_info {
  uint32_t struct_size; /**< sizeof(swiftcl_data_info), set by the caller */
  uint32_t samples;     /**< examples of the task, as swiftcl_data_begin was told */
  uint32_t kept;        /**< of these, not removed */
  uint32_t seen;        /**< of those kept, seen since the last removal: those that may be removed */
  uint32_t removals;    /**< calls of swiftcl_data_remove that succeeded */
  uint32_t reserved;    /**< 0 */
  uint64_t presented;   /**< rows of all steps that followed them */
  double kept_share;    /**< share of the examples that was kept, mean over the epochs so far: `presented` over the
                             rows of as many epochs with all examples; 1 before the first row */
  uint64_t bytes;       /**< plan.data_bytes; 0 for a network without data_samples */
} swiftcl_data_info;

/* ------------------------------------------------------------------ tickets */

/** Alignment in bytes of a ticket's data, of its handle and of scratch; 64 is faster. */
#define SWIFTCL_TICKET_ALIGNMENT 16
/** Memory that swiftcl_ticket_open_in needs for a handle. */
#define SWIFTCL_TICKET_BYTES 192

/* swiftcl_ticket_info.weights */
#define SWIFTCL_WEIGHTS_F32 0
#define SWIFTCL_WEIGHTS_I8 1 /**< predicts with integers alone */

/** What a ticket is, and the scratch it needs. */
typedef struct swiftcl_ticket_info {
  uint32_t struct_size; /**< sizeof(swiftcl_ticket_info), set by the caller */
  swiftcl_task task;    /**< number of the task in the network that exported it */
  uint32_t format_major;
  uint32_t format_minor;
  uint32_t inputs;      /**< elements of one row */
  int32_t input_type;   /**< SWIFTCL_INPUT_... */
  uint32_t input_channels;
  int32_t input_layout; /**< SWIFTCL_LAYOUT_... */
  uint32_t class_count; /**< logits of one row */
  uint32_t layer_count; /**< layers with parameters, the head included */
  uint64_t user_tag;
  uint64_t bytes;       /**< of the whole ticket */
  uint64_t parameters;  /**< weights and biases */
  uint64_t predict_macs;       /**< per row */
  uint64_t row_scratch_bytes;  /**< scratch for one row: the least that works for any number of rows */
  uint64_t fast_scratch_bytes; /**< scratch for fast_rows: more gains nothing */
  uint32_t fast_rows;
  int32_t weights;      /**< SWIFTCL_WEIGHTS_... */
  float logit_scale;    /**< int8: logits are swiftcl_ticket_predict_integers times this; else 0 */
  uint32_t reserved;
} swiftcl_ticket_info;

/** How a ticket is made int8. Fill with swiftcl_quantize_options_init. */
typedef struct swiftcl_quantize_options {
  uint32_t struct_size;
  uint32_t activation_bits; /**< of inputs and of what layers give, 4 to 16; 16. Fewer where sums of 32 bits want it */
} swiftcl_quantize_options;

/** Two tickets on the same rows. */
typedef struct swiftcl_comparison {
  uint32_t struct_size;        /**< sizeof(swiftcl_comparison), set by the caller */
  uint32_t reserved;           /**< 0 */
  uint64_t rows;
  double reference_accuracy;   /**< percent of rows whose largest logit is the label's */
  double accuracy;             /**< of the other ticket */
  double lost;                 /**< reference_accuracy - accuracy, in points */
  double agreement;            /**< percent of rows for which both name the same label */
} swiftcl_comparison;

#endif /* SWIFTCL_TYPES_H */
