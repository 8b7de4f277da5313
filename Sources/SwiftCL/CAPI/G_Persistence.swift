import CSwiftCL

// MARK: - Save and load

/// Bytes that a checkpoint of the network takes now.
///
/// - Parameter network: a network.
/// - Parameter bytes: receives the number.
/// - Returns: SWIFTCL_OK or SWIFTCL_E_NULL. Since 0.1.
@c(swiftcl_checkpoint_size)
public func swiftcl_checkpoint_size(
  _ network: swiftcl_network_ref?, _ bytes: UnsafeMutablePointer<UInt64>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_checkpoint_size") else {
    return Boundary.refused
  }
  guard let bytes else { return net.pointee.failNull("bytes is NULL") }
  bytes.pointee = net.pointee.checkpointBytes()
  return SWIFTCL_OK
}

/// Saves the network to a file, whole or not at all: it is written beside `path` (path.part),
/// synced and renamed, so that a power cut leaves the old file or the new one. An open task is saved
/// with it; a run that is loaded goes on bit for bit.
///
/// - Parameter network: a network.
/// - Parameter path: file name, not empty, at most 4095 bytes.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for the path; SWIFTCL_E_IO with the
///   system's error number; SWIFTCL_E_UNSUPPORTED on firmware. Since 0.1.
@c(swiftcl_network_save)
public func swiftcl_network_save(_ network: swiftcl_network_ref?, _ path: UnsafePointer<CChar>?)
  -> swiftcl_status
{
  guard let net = Boundary.network(network, "swiftcl_network_save") else { return Boundary.refused }
  guard let path else { return net.pointee.failNull("path is NULL") }
  #if SWIFTCL_FIRMWARE
    return net.pointee.fail(
      SWIFTCL_E_UNSUPPORTED, "this build has no files; use swiftcl_network_save_to")
  #else
    return net.pointee.save(path: path)
  #endif
}

/// Saves the network into the caller's buffer.
///
/// - Parameter network: a network.
/// - Parameter buffer: receives the checkpoint.
/// - Parameter bytes: bytes `buffer` has room for; swiftcl_checkpoint_size tells.
/// - Parameter written: receives the bytes of the checkpoint; may be NULL.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_BUFFER with the bytes that would do. Since 0.1.
@c(swiftcl_network_save_memory)
public func swiftcl_network_save_memory(
  _ network: swiftcl_network_ref?, _ buffer: UnsafeMutableRawPointer?, _ bytes: UInt,
  _ written: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_network_save_memory") else {
    return Boundary.refused
  }
  guard let buffer else { return net.pointee.failNull("buffer is NULL") }
  let needed = net.pointee.checkpointBytes()
  if UInt64(bytes) < needed {
    return net.pointee.fail(
      SWIFTCL_E_BUFFER, "bytes", is: Int(shown: bytes), expected: "at least ", Int(shown: needed))
  }
  var span = MemorySpan(next: buffer, left: Int(shown: bytes))
  let status = net.pointee.save(through: MemorySpan.write, &span)
  if status == SWIFTCL_OK { written?.pointee = UInt(needed) }
  return status
}

/// Saves the network through a callback, piece by piece, without a second image in memory.
///
/// - Parameter network: a network. The callback must not call into it.
/// - Parameter write: called with the next bytes; anything but 0 stops the save.
/// - Parameter context: handed to `write`.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_IO when `write` refused. Since 0.1.
@c(swiftcl_network_save_to)
public func swiftcl_network_save_to(
  _ network: swiftcl_network_ref?, _ write: swiftcl_write_fn?, _ context: UnsafeMutableRawPointer?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_network_save_to") else {
    return Boundary.refused
  }
  guard let write else { return net.pointee.failNull("write is NULL") }
  return net.pointee.save(through: write, context)
}

/// Fills load options with the defaults: any description, memory from the C library.
///
/// - Parameter options: written, as far as `bytes` says.
/// - Parameter bytes: sizeof(swiftcl_load_options) in the caller's header; the macro without `_sized` gives it.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STRUCT for `bytes`. Any thread. Since 0.1.
@c(swiftcl_load_options_init_sized)
public func swiftcl_load_options_init_sized(
  _ options: UnsafeMutablePointer<swiftcl_load_options>?, _ bytes: UInt
) -> swiftcl_status {
  Boundary.initialize(options, bytes, Defaults.loadOptions, "swiftcl_load_options_init_sized")
}

/// Reads the first sections of a checkpoint: what it holds and what loading it needs.
///
/// - Parameter read: delivers the next bytes.
/// - Parameter context: handed to `read`.
/// - Parameter info: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL or _STRUCT; SWIFTCL_E_IO, _FORMAT, _CORRUPT or _VERSION for
///   the checkpoint; SWIFTCL_E_MEMORY when it does not fit the address space. Any thread. Since 0.1.
@c(swiftcl_checkpoint_inspect)
public func swiftcl_checkpoint_inspect(
  _ read: swiftcl_read_fn?, _ context: UnsafeMutableRawPointer?,
  _ info: UnsafeMutablePointer<swiftcl_checkpoint_info>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_checkpoint_inspect"
  guard let read else { return failThread(SWIFTCL_E_NULL, call, "read is NULL") }
  guard let info else { return failThread(SWIFTCL_E_NULL, call, "info is NULL") }
  guard
    Boundary.accepts(
      info, MemoryLayout<swiftcl_checkpoint_info>.size, "info", call, Boundary.threadError)
  else { return SWIFTCL_E_STRUCT }
  let order = LoadOrder(call: call, error: Boundary.threadError, options: Defaults.loadOptions)
  var source = Source(read, context)
  var status = SWIFTCL_OK
  guard let found = Load.info(&source, order, &status) else { return status }
  Boundary.write(found, to: info)
  return SWIFTCL_OK
}

/// Loads a network from a file.
///
/// - Parameter path: file name.
/// - Parameter options: NULL is the defaults.
/// - Parameter network: receives the network, which the caller frees with swiftcl_network_free.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT or _ARGUMENT; SWIFTCL_E_IO for a missing or
///   unreadable file, _FORMAT, _CORRUPT or _VERSION for its content, _MISMATCH when options.expected
///   differs in layers, inputs (type, channels, layout, scale), loss, sharing, head, allocation,
///   protection or in which weights may be masked; SWIFTCL_E_MEMORY; SWIFTCL_E_UNSUPPORTED on firmware. Any thread. Since 0.1.
@c(swiftcl_network_load)
public func swiftcl_network_load(
  _ path: UnsafePointer<CChar>?, _ options: UnsafePointer<swiftcl_load_options>?,
  _ network: UnsafeMutablePointer<swiftcl_network_ref?>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_network_load"
  guard let path else { return failThread(SWIFTCL_E_NULL, call, "path is NULL") }
  guard network != nil else { return failThread(SWIFTCL_E_NULL, call, "network is NULL") }
  #if SWIFTCL_FIRMWARE
    return failThread(
      SWIFTCL_E_UNSUPPORTED, call, "this build has no files; use swiftcl_network_load_from")
  #else
    var file = swiftcl_host_file()
    let problem = swiftcl_host_open_read(&file, path)
    if problem != 0 {
      return ErrorRecord.fail(
        Boundary.threadError, SWIFTCL_E_IO, call, "cannot open ", path, systemError: problem)
    }
    let status = load(HostFile.read, &file, options, call, in: nil, network)
    swiftcl_host_close(&file)
    if status == SWIFTCL_E_IO {
      return ErrorRecord.fail(
        Boundary.threadError, status, call, "cannot read ", path, systemError: file.problem)
    }
    return status
  #endif
}

/// Loads a network from a checkpoint in memory.
///
/// - Parameter data: the checkpoint; read only, not needed afterwards.
/// - Parameter bytes: bytes of `data`; more than the checkpoint has is left alone.
/// - Parameter options: NULL is the defaults.
/// - Parameter network: receives the network.
/// - Returns: as swiftcl_network_load. Any thread. Since 0.1.
@c(swiftcl_network_load_memory)
public func swiftcl_network_load_memory(
  _ data: UnsafeRawPointer?, _ bytes: UInt, _ options: UnsafePointer<swiftcl_load_options>?,
  _ network: UnsafeMutablePointer<swiftcl_network_ref?>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_network_load_memory"
  guard let data else { return failThread(SWIFTCL_E_NULL, call, "data is NULL") }
  var span = MemorySpan(next: UnsafeMutableRawPointer(mutating: data), left: Int(shown: bytes))
  return load(MemorySpan.read, &span, options, call, in: nil, network)
}

/// Loads a network through a callback, without a second image in memory.
///
/// - Parameter read: delivers exactly the next bytes.
/// - Parameter context: handed to `read`.
/// - Parameter options: NULL is the defaults.
/// - Parameter network: receives the network.
/// - Returns: as swiftcl_network_load. Any thread. Since 0.1.
@c(swiftcl_network_load_from)
public func swiftcl_network_load_from(
  _ read: swiftcl_read_fn?, _ context: UnsafeMutableRawPointer?,
  _ options: UnsafePointer<swiftcl_load_options>?,
  _ network: UnsafeMutablePointer<swiftcl_network_ref?>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_network_load_from"
  guard let read else { return failThread(SWIFTCL_E_NULL, call, "read is NULL") }
  return load(read, context, options, call, in: nil, network)
}

/// Loads a network into the caller's memory, without any allocation, then or later.
///
/// - Parameter read: delivers exactly the next bytes.
/// - Parameter context: handed to `read`.
/// - Parameter options: NULL is the defaults; the allocator is not used.
/// - Parameter memory: at least memory_bytes of swiftcl_checkpoint_inspect, aligned to
///   SWIFTCL_ALIGNMENT; what it held is lost, also on failure.
/// - Parameter bytes: size of `memory`.
/// - Parameter network: receives the network.
/// - Returns: as swiftcl_network_load; SWIFTCL_E_ALIGNMENT; SWIFTCL_E_BUFFER with the bytes that
///   would do. Any thread. Since 0.1.
@c(swiftcl_network_load_in)
public func swiftcl_network_load_in(
  _ read: swiftcl_read_fn?, _ context: UnsafeMutableRawPointer?,
  _ options: UnsafePointer<swiftcl_load_options>?,
  _ memory: UnsafeMutableRawPointer?, _ bytes: UInt,
  _ network: UnsafeMutablePointer<swiftcl_network_ref?>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_network_load_in"
  guard let read else { return failThread(SWIFTCL_E_NULL, call, "read is NULL") }
  guard let memory else { return failThread(SWIFTCL_E_NULL, call, "memory is NULL") }
  return load(read, context, options, call, in: (memory, Int(shown: bytes)), network)
}

/// What all loads share: options in, network out.
@inline(never)
private func load(
  _ read: @escaping swiftcl_read_fn, _ context: UnsafeMutableRawPointer?,
  _ options: UnsafePointer<swiftcl_load_options>?, _ call: StaticString,
  in memory: (UnsafeMutableRawPointer, Int)?, _ network: UnsafeMutablePointer<swiftcl_network_ref?>?
) -> swiftcl_status {
  guard let network else { return failThread(SWIFTCL_E_NULL, call, "network is NULL") }
  var given = Defaults.loadOptions
  if let options {
    guard let found = Boundary.read(options, "options", call, Boundary.threadError) else {
      return SWIFTCL_E_STRUCT
    }
    given = found
  }
  if given.reserved != 0 {
    return failThread(SWIFTCL_E_ARGUMENT, call, "options.reserved is not 0")
  }
  if (given.allocator.allocate == nil) != (given.allocator.release == nil) {
    return failThread(
      SWIFTCL_E_ARGUMENT, call, "allocator has one function of two, expected both or none")
  }
  var order = LoadOrder(call: call, error: Boundary.threadError, options: given)
  if let memory {
    order.memory = memory.0
    order.bytes = memory.1
    order.fitsInMemory = true
    order.options.allocator = swiftcl_allocator()
  }
  var source = Source(read, context)
  var status = SWIFTCL_OK
  guard let loaded = Load.network(&source, order, &status) else { return status }
  network.pointee = Boundary.handle(loaded)
  return SWIFTCL_OK
}
