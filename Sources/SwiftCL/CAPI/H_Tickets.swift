import CSwiftCL

// MARK: - Tickets
// A ticket is a finished task's winners and their parameters as one piece of memory that runs by
// itself: no pointers in it, checked by checksums, used where it lies (a file mapping, flash) and
// never written to. It predicts the same bits as the network did, from any number of threads.
// docs/file-formats.md has the format.

/// Bytes that a finished task's ticket takes outside of the network.
///
/// - Parameter network: a network.
/// - Parameter task: a finished task, also while another is open.
/// - Parameter bytes: receives the number.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STATE for the open task; SWIFTCL_E_TASK. Since 0.1.
@c(swiftcl_ticket_bytes)
public func swiftcl_ticket_bytes(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ bytes: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_ticket_bytes") else { return Boundary.refused }
  guard let bytes else { return net.pointee.failNull("bytes is NULL") }
  guard let ticket = net.pointee.exportable(task) else { return net.pointee.error.status }
  bytes.pointee = UInt(net.pointee.ticketBytes(ticket))
  return SWIFTCL_OK
}

/// Writes a finished task's ticket into the caller's buffer. The head has the task's classes alone,
/// in their order. The same task gives the same bytes, on every target and flavour.
///
/// - Parameter network: a network.
/// - Parameter task: a finished task, also while another is open.
/// - Parameter buffer: receives the ticket; any alignment, though swiftcl_ticket_open wants
///   SWIFTCL_TICKET_ALIGNMENT.
/// - Parameter capacity: bytes `buffer` has room for; swiftcl_ticket_bytes tells.
/// - Parameter written: receives the bytes of the ticket; may be NULL.
/// - Returns: as swiftcl_ticket_bytes; SWIFTCL_E_BUFFER with the bytes that would do. Since 0.1.
@c(swiftcl_ticket_export)
public func swiftcl_ticket_export(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ buffer: UnsafeMutableRawPointer?,
  _ capacity: UInt, _ written: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_ticket_export") else {
    return Boundary.refused
  }
  guard let buffer else { return net.pointee.failNull("buffer is NULL") }
  guard let ticket = net.pointee.exportable(task) else { return net.pointee.error.status }
  let needed = net.pointee.ticketBytes(ticket)
  if Int(shown: capacity) < needed {
    return net.pointee.fail(
      SWIFTCL_E_BUFFER, "capacity", is: Int(shown: capacity), expected: "at least ", needed)
  }
  var span = MemorySpan(next: buffer, left: needed)
  let status = net.pointee.save(through: MemorySpan.write, &span, ticket)
  if status == SWIFTCL_OK { written?.pointee = UInt(needed) }
  return status
}

/// Writes a finished task's ticket to a file, whole or not at all, as swiftcl_network_save does.
///
/// - Parameter network: a network.
/// - Parameter task: a finished task, also while another is open.
/// - Parameter path: file name, not empty, at most 4095 bytes.
/// - Returns: as swiftcl_ticket_bytes; SWIFTCL_E_ARGUMENT for the path; SWIFTCL_E_IO with the system's
///   error number; SWIFTCL_E_UNSUPPORTED on firmware. Since 0.1.
@c(swiftcl_ticket_save)
public func swiftcl_ticket_save(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ path: UnsafePointer<CChar>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_ticket_save") else { return Boundary.refused }
  guard let path else { return net.pointee.failNull("path is NULL") }
  guard let ticket = net.pointee.exportable(task) else { return net.pointee.error.status }
  #if SWIFTCL_FIRMWARE
    return net.pointee.fail(
      SWIFTCL_E_UNSUPPORTED, "this build has no files; use swiftcl_ticket_export")
  #else
    return net.pointee.save(path: path, ticket)
  #endif
}

/// Opens a ticket: checks every byte of it once, then uses it where it lies. Nothing is copied; the
/// handle takes SWIFTCL_TICKET_BYTES. Failures of this and all calls on a ticket are told by
/// swiftcl_last_error(NULL), per thread.
///
/// - Parameter data: a ticket, aligned to SWIFTCL_TICKET_ALIGNMENT (64 is faster), for example a
///   mapping of a file or flash; only read. It must stay, unchanged, until swiftcl_ticket_free.
/// - Parameter bytes: bytes at `data`; what lies behind the ticket is not looked at.
/// - Parameter allocator: where the handle comes from; copied. NULL is the C library.
/// - Parameter ticket: receives the ticket, which the caller frees with swiftcl_ticket_free.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for an allocator with one function of
///   two; SWIFTCL_E_ALIGNMENT; SWIFTCL_E_FORMAT for what is no ticket or ends too early; _CORRUPT for
///   a checksum, a size or an offset; _VERSION for a newer format; _UNSUPPORTED for a kind of layer, a
///   type of weights or a flag that this version lacks; _NONFINITE for a parameter; SWIFTCL_E_MEMORY.
///   Any thread. Since 0.1.
@c(swiftcl_ticket_open)
public func swiftcl_ticket_open(
  _ data: UnsafeRawPointer?, _ bytes: UInt, _ allocator: UnsafePointer<swiftcl_allocator>?,
  _ ticket: UnsafeMutablePointer<swiftcl_ticket_ref?>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_open"
  guard let ticket else { return failThread(SWIFTCL_E_NULL, call, "ticket is NULL") }
  let memory = Memory(hook: allocator?.pointee ?? swiftcl_allocator())
  if (memory.hook.allocate == nil) != (memory.hook.release == nil) {
    return failThread(
      SWIFTCL_E_ARGUMENT, call, "allocator has one function of two, expected both or none")
  }
  guard var opened = Boundary.open(data, bytes, call) else { return Boundary.refused }
  guard let block = memory.allocate(Int(SWIFTCL_TICKET_BYTES)) else {
    return failThread(SWIFTCL_E_MEMORY, call, "the allocator has no aligned memory for the handle")
  }
  opened.memory = memory
  opened.ownsHandle = true
  ticket.pointee = Boundary.place(opened, block)
  return SWIFTCL_OK
}

/// Opens a ticket with a handle in the caller's memory; nothing is allocated.
///
/// - Parameter data: as for swiftcl_ticket_open.
/// - Parameter bytes: bytes at `data`.
/// - Parameter memory: for the handle, aligned to SWIFTCL_TICKET_ALIGNMENT; it belongs to the ticket
///   until swiftcl_ticket_free, and stays the caller's to give back.
/// - Parameter memory_bytes: at least SWIFTCL_TICKET_BYTES.
/// - Parameter ticket: receives the ticket.
/// - Returns: as swiftcl_ticket_open; SWIFTCL_E_BUFFER with the bytes that would do. Since 0.1.
@c(swiftcl_ticket_open_in)
public func swiftcl_ticket_open_in(
  _ data: UnsafeRawPointer?, _ bytes: UInt, _ memory: UnsafeMutableRawPointer?,
  _ memory_bytes: UInt, _ ticket: UnsafeMutablePointer<swiftcl_ticket_ref?>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_open_in"
  guard let ticket else { return failThread(SWIFTCL_E_NULL, call, "ticket is NULL") }
  guard let memory else { return failThread(SWIFTCL_E_NULL, call, "memory is NULL") }
  if UInt(bitPattern: memory) % UInt(SWIFTCL_TICKET_ALIGNMENT) != 0 {
    return failThread(SWIFTCL_E_ALIGNMENT, call, "memory is not aligned to 16 bytes")
  }
  if memory_bytes < UInt(SWIFTCL_TICKET_BYTES) {
    return ErrorRecord.fail(
      Boundary.threadError, SWIFTCL_E_BUFFER, call, "memory_bytes", is: Int(shown: memory_bytes),
      expected: "at least ", Int(SWIFTCL_TICKET_BYTES))
  }
  guard let opened = Boundary.open(data, bytes, call) else { return Boundary.refused }
  ticket.pointee = Boundary.place(opened, memory)
  return SWIFTCL_OK
}

/// Frees a ticket's handle. Its data stay the caller's, and are no longer read.
///
/// - Parameter ticket: NULL does nothing. Not to be used afterwards, by any thread. Since 0.1.
@c(swiftcl_ticket_free)
public func swiftcl_ticket_free(_ ticket: swiftcl_ticket_ref?) {
  guard let ticket, Boundary.isTicket(ticket, "swiftcl_ticket_free") else { return }
  OpenTicket.release(UnsafeMutablePointer<OpenTicket>(ticket))
}

/// What a ticket is, and the scratch it needs.
///
/// - Parameter ticket: a ticket.
/// - Parameter info: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for what is no ticket or a freed one, as
///   far as that can be seen; SWIFTCL_E_STRUCT. Any thread. Since 0.1.
@c(swiftcl_ticket_info_get)
public func swiftcl_ticket_info_get(
  _ ticket: swiftcl_ticket_const_ref?, _ info: UnsafeMutablePointer<swiftcl_ticket_info>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_info_get"
  guard let opened = Boundary.ticket(ticket, call) else { return Boundary.refused }
  guard let info else { return failThread(SWIFTCL_E_NULL, call, "info is NULL") }
  guard
    Boundary.accepts(
      info, MemoryLayout<swiftcl_ticket_info>.size, "info", call, Boundary.threadError,
      older: OlderSizes(swiftcl_first_ticket_info_size()))
  else { return SWIFTCL_E_STRUCT }
  Boundary.write(opened.pointee.info(), to: info)
  return SWIFTCL_OK
}

/// Labels of a ticket's classes, in the order of its logits.
///
/// - Parameter ticket: a ticket.
/// - Parameter classes: receives the labels.
/// - Parameter capacity: labels `classes` has room for; swiftcl_ticket_info.class_count tells.
/// - Parameter count: receives how many there are; may be NULL.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for no ticket; SWIFTCL_E_BUFFER with the
///   labels that would do. Any thread. Since 0.1.
@c(swiftcl_ticket_classes)
public func swiftcl_ticket_classes(
  _ ticket: swiftcl_ticket_const_ref?, _ classes: UnsafeMutablePointer<Int32>?, _ capacity: UInt,
  _ count: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_classes"
  guard let opened = Boundary.ticket(ticket, call) else { return Boundary.refused }
  guard let classes else { return failThread(SWIFTCL_E_NULL, call, "classes is NULL") }
  return Boundary.copy(
    opened.pointee.classes, opened.pointee.classCount, to: classes, capacity, count, call)
}

/// The winner of every block of a competing layer, as swiftcl_winners told when the ticket was
/// exported.
///
/// - Parameter ticket: a ticket.
/// - Parameter layer: 0 to layer_count - 2, of the layers with parameters; the head has no blocks.
/// - Parameter winners: receives, per block, the winner's index in the block, or -1 where the block
///   abstains.
/// - Parameter capacity: entries `winners` has room for.
/// - Parameter count: receives the layer's blocks; may be NULL.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for no ticket or for the layer;
///   SWIFTCL_E_BUFFER with the entries that would do. Any thread. Since 0.1.
@c(swiftcl_ticket_winners)
public func swiftcl_ticket_winners(
  _ ticket: swiftcl_ticket_const_ref?, _ layer: UInt32, _ winners: UnsafeMutablePointer<Int32>?,
  _ capacity: UInt, _ count: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_winners"
  guard let opened = Boundary.ticket(ticket, call) else { return Boundary.refused }
  guard let winners else { return failThread(SWIFTCL_E_NULL, call, "winners is NULL") }
  if Int(layer) >= opened.pointee.layerCount - 1 {
    return ErrorRecord.fail(
      Boundary.threadError, SWIFTCL_E_ARGUMENT, call, "layer", is: Int(layer),
      expected: "a competing layer; how many there are: ", opened.pointee.layerCount - 1)
  }
  let record = opened.pointee.layers[Int(layer)]
  return Boundary.copy(
    opened.pointee.section(record.winners, Int32.self), Int(record.blocks), to: winners, capacity,
    count, call)
}

// What the calls above share; every failure goes to the thread's record.
extension Boundary {
  fileprivate static func open(_ data: UnsafeRawPointer?, _ bytes: UInt, _ call: StaticString)
    -> OpenTicket?
  {
    guard let data else {
      _ = failThread(SWIFTCL_E_NULL, call, "data is NULL")
      return nil
    }
    return TicketCheck(data: data, given: Int(shown: bytes), call: call, error: threadError).open()
  }

  fileprivate static func place(_ ticket: OpenTicket, _ block: UnsafeMutableRawPointer)
    -> swiftcl_ticket_ref
  {
    let handle = block.assumingMemoryBound(to: OpenTicket.self)
    handle.initialize(to: ticket)
    return swiftcl_ticket_ref(handle)
  }

  fileprivate static func isTicket(_ handle: OpaquePointer, _ call: StaticString) -> Bool {
    if UnsafePointer<OpenTicket>(handle).pointee.magic == OpenTicket.sentinel { return true }
    _ = failThread(SWIFTCL_E_ARGUMENT, call, "ticket is freed or no ticket")
    return false
  }

  @inline(never)
  static func ticket(_ handle: swiftcl_ticket_const_ref?, _ call: StaticString)
    -> UnsafePointer<OpenTicket>?
  {
    guard let handle else {
      _ = failThread(SWIFTCL_E_NULL, call, "ticket is NULL")
      return nil
    }
    return isTicket(handle, call) ? UnsafePointer<OpenTicket>(handle) : nil
  }

  /// A list of the ticket's into the caller's array.
  @inline(never)
  fileprivate static func copy(
    _ list: UnsafePointer<Int32>, _ needed: Int, to target: UnsafeMutablePointer<Int32>,
    _ capacity: UInt, _ count: UnsafeMutablePointer<UInt>?, _ call: StaticString
  ) -> swiftcl_status {
    if capacity < UInt(needed) {
      return ErrorRecord.fail(
        threadError, SWIFTCL_E_BUFFER, call, "capacity", is: Int(shown: capacity),
        expected: "at least ", needed)
    }
    for i in 0..<needed { target[i] = list[i] }
    count?.pointee = UInt(needed)
    return SWIFTCL_OK
  }
}
