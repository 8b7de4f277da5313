/*
 * swiftcl_ticket_file.h -- private: what a ticket's bytes are, as they lie in a
 * file or in flash (docs/file-formats.md). Read in place, so every field is
 * naturally aligned and the sizes are fixed. Not installed.
 */
#ifndef SWIFTCL_TICKET_FILE_H
#define SWIFTCL_TICKET_FILE_H

#include <stdint.h>

/* Offsets count from the first byte of the header and are multiples of 64. */
typedef struct swiftcl_ticket_header {
  uint64_t magic;
  uint32_t endianness;
  uint32_t major;
  uint32_t minor;
  uint32_t flags;      /* what a reader must understand: 1 weights are int8 */
  uint64_t bytes;      /* of the whole ticket */
  uint64_t user_tag;
  int32_t task;
  uint32_t inputs;
  int32_t input_type;
  uint32_t input_channels;
  int32_t input_layout;
  uint32_t class_count;
  uint32_t layer_count;
  uint32_t reserved;
  uint64_t layers;     /* layer_count records */
  uint64_t classes;    /* class_count labels */
  uint64_t scale;      /* input_channels factors, then as many summands; 0: none */
  uint64_t ranges;     /* int8: 1 + layer_count ranges, then channels; else a hint */
  uint32_t hints[4];   /* for later versions; a reader may pass over them */
  uint32_t body_crc;   /* over everything behind the header */
  uint32_t header_crc; /* over the header before this field */
} swiftcl_ticket_header;

typedef struct swiftcl_ticket_layer {
  uint32_t kind;
  uint32_t element;    /* type of the weights */
  uint32_t flags;
  uint32_t block_size; /* units of which one passes a row; 1 without such a competition */
  uint32_t inputs;
  uint32_t units;
  uint32_t blocks;     /* blocks that competed for the task; 0 for the head */
  uint32_t reserved;
  uint64_t bias;       /* units padded to a multiple of 16; int8: then as many factors */
  uint64_t weights;    /* panels of 16 outputs */
  uint64_t winners;    /* blocks numbers; 0 where there are none */
  uint64_t window;     /* sixteen numbers: window over an image, pooling; 0 where there are none */
} swiftcl_ticket_layer;

/* Of the input, and of what each layer gives: integers from -largest to largest that stand for
   reals. Made by a 64-bit multiplication and a rounded shift (swiftcl_int8.h). */
typedef struct swiftcl_ticket_range {
  float scale;          /* what 1 stands for */
  int32_t largest;
  uint32_t shift;       /* behind the factors of the units, or of the channels */
  int32_t added_factor; /* of the layer that is added; 0 without */
  uint32_t added_shift;
  uint32_t reserved[3];
} swiftcl_ticket_range;

/* Of an input channel whose elements are integers: (element * factor + summand) >> shift. */
typedef struct swiftcl_ticket_channel {
  int64_t summand; /* with half of what is shifted away */
  int32_t factor;
  uint32_t reserved;
} swiftcl_ticket_channel;

typedef char swiftcl_ticket_range_is_32_bytes[sizeof(swiftcl_ticket_range) == 32 ? 1 : -1];
typedef char swiftcl_ticket_channel_is_16_bytes[sizeof(swiftcl_ticket_channel) == 16 ? 1 : -1];
typedef char swiftcl_ticket_header_is_128_bytes[sizeof(swiftcl_ticket_header) == 128 ? 1 : -1];
typedef char swiftcl_ticket_layer_is_64_bytes[sizeof(swiftcl_ticket_layer) == 64 ? 1 : -1];

#endif
