/* The ticket as constant data, in a section of its own: image.ld puts it into flash. */
  .section .ticket, "a"
  .balign 64
  .global ticket_data, ticket_end
ticket_data:
  .incbin "ticket.bin"
ticket_end:
  .balign 4
#ifdef __linux__
  .section .note.GNU-stack, "", %progbits
#endif
