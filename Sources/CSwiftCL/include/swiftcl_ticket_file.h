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
  uint32_t flags;      /* what a reader must understand; none so far */
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
  uint32_t hints[6];   /* for later versions; a reader may pass over them */
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
  uint64_t bias;       /* units padded to a multiple of 16 */
  uint64_t weights;    /* panels of 16 outputs */
  uint64_t winners;    /* blocks numbers; 0 where there are none */
  uint64_t window;     /* sixteen numbers: window over an image, pooling; 0 where there are none */
} swiftcl_ticket_layer;

typedef char swiftcl_ticket_header_is_128_bytes[sizeof(swiftcl_ticket_header) == 128 ? 1 : -1];
typedef char swiftcl_ticket_layer_is_64_bytes[sizeof(swiftcl_ticket_layer) == 64 ? 1 : -1];

#endif
