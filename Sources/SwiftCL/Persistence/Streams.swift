import CSwiftCL

/// The caller's memory as a stream.
struct MemorySpan {
  var next: UnsafeMutableRawPointer
  var left: Int

  static let write: swiftcl_write_fn = { context, data, bytes in
    guard let context, let data else { return 1 }
    let span = context.assumingMemoryBound(to: MemorySpan.self)
    if bytes > span.pointee.left { return 1 }
    span.pointee.next.copyMemory(from: data, byteCount: Int(bytes))
    span.pointee.next += Int(bytes)
    span.pointee.left -= Int(bytes)
    return 0
  }

  static let read: swiftcl_read_fn = { context, data, bytes in
    guard let context, let data else { return 1 }
    let span = context.assumingMemoryBound(to: MemorySpan.self)
    if bytes > span.pointee.left { return -1 }
    data.copyMemory(from: span.pointee.next, byteCount: Int(bytes))
    span.pointee.next += Int(bytes)
    span.pointee.left -= Int(bytes)
    return 0
  }
}

#if !SWIFTCL_FIRMWARE
  /// A file as a stream.
  enum HostFile {
    static let write: swiftcl_write_fn = { context, data, bytes in
      guard let context else { return 1 }
      return swiftcl_host_write(
        context.assumingMemoryBound(to: swiftcl_host_file.self), data, bytes)
    }

    static let read: swiftcl_read_fn = { context, data, bytes in
      guard let context else { return 1 }
      return swiftcl_host_read(context.assumingMemoryBound(to: swiftcl_host_file.self), data, bytes)
    }
  }
#endif

extension Network {
  mutating func save(
    through write: @escaping swiftcl_write_fn, _ context: UnsafeMutableRawPointer?,
    _ ticket: UnsafeMutablePointer<Ticket>? = nil
  ) -> swiftcl_status {
    var sink = Sink(write, context)
    guard let ticket else { return save(&sink) }
    export(ticket, &sink)
    return sink.failed ? fail(SWIFTCL_E_IO, "writing the ticket failed") : SWIFTCL_OK
  }

  #if !SWIFTCL_FIRMWARE
    /// A ticket, or the whole network without one: beside the file, then in its place.
    mutating func save(
      path: UnsafePointer<CChar>, _ ticket: UnsafeMutablePointer<Ticket>? = nil
    ) -> swiftcl_status {
      var length = 0
      while length < 4096 && path[length] != 0 { length += 1 }
      if length == 0 || length == 4096 {
        return fail(SWIFTCL_E_ARGUMENT, "bytes of path", is: length, expected: "1 to 4095")
      }
      var file = swiftcl_host_file()
      var problem = swiftcl_host_open_write(&file, path)
      if problem == 0 {
        let status = save(through: HostFile.write, &file, ticket)
        if status == SWIFTCL_OK { problem = swiftcl_host_commit(&file) }
        swiftcl_host_close(&file)
        if status != SWIFTCL_OK { problem = file.problem }
      }
      if problem == 0 { return SWIFTCL_OK }
      let call = call
      return withUnsafeMutablePointer(to: &error) {
        ErrorRecord.fail($0, SWIFTCL_E_IO, call, "cannot write ", path, systemError: problem)
      }
    }
  #endif
}

extension Load {
  static func info(
    _ source: inout Source, _ order: LoadOrder, _ status: inout swiftcl_status
  ) -> swiftcl_checkpoint_info? {
    var layers = LayerList()
    return withUnsafeMutableBytes(of: &layers) { raw in
      guard let base = raw.baseAddress else { return nil }
      let list = base.assumingMemoryBound(to: swiftcl_layer.self)
      guard let head = head(&source, order, list, &status) else { return nil }
      var info = swiftcl_checkpoint_info()
      info.format_major = head.major
      info.format_minor = head.minor
      info.tasks = UInt32(head.tasks)
      info.open_phase = head.openPhase
      info.inputs = head.order.options.inputs
      info.layer_count = head.order.options.layer_count
      info.input_type = head.order.options.input_type
      info.file_bytes = head.fileBytes
      info.memory_bytes = UInt64(head.order.plan.totalBytes)
      return info
    }
  }
}
