import CSwiftCL

/// Sizes that a struct once had.
struct OlderSizes {
  var first: Int32
  var second: Int32
  var third: Int32
  var fourth: Int32

  init(_ first: Int32 = -1, _ second: Int32 = -1, _ third: Int32 = -1, _ fourth: Int32 = -1) {
    self.first = first
    self.second = second
    self.third = third
    self.fourth = fourth
  }

  func contains(_ size: Int) -> Bool {
    size == Int(first) || size == Int(second) || size == Int(third) || size == Int(fourth)
  }
}

/// Structs that cross the boundary start with `struct_size`, so that they can
/// grow: this version's size is the smallest accepted, and what a newer header
/// added must be zero.
enum Boundary {
  /// Where swiftcl_options once ended.
  static var olderOptions: OlderSizes {
    OlderSizes(
      swiftcl_first_options_size(), swiftcl_second_options_size(), swiftcl_third_options_size(),
      swiftcl_fourth_options_size())
  }

  /// Copies the description in; fields that an older header does not have are the defaults.
  static func readOptions(
    _ pointer: UnsafePointer<swiftcl_options>, _ name: StaticString, _ call: StaticString,
    _ error: UnsafeMutablePointer<swiftcl_error>
  ) -> swiftcl_options? {
    let raw = UnsafeRawPointer(pointer)
    let given = raw.loadUnaligned(as: UInt32.self)
    if !olderOptions.contains(Int(given)) { return read(pointer, name, call, error) }
    var options = Defaults.options
    withUnsafeMutableBytes(of: &options) {
      $0.baseAddress?.copyMemory(from: raw, byteCount: Int(given))
    }
    options.struct_size = UInt32(MemoryLayout<swiftcl_options>.size)
    return options
  }

  /// Copies an option struct in; nil after writing a message.
  static func read<T>(
    _ pointer: UnsafePointer<T>, _ name: StaticString, _ call: StaticString,
    _ error: UnsafeMutablePointer<swiftcl_error>
  ) -> T? {
    let raw = UnsafeRawPointer(pointer)
    guard accepts(raw, MemoryLayout<T>.size, name, call, error) else { return nil }
    let given = Int(raw.loadUnaligned(as: UInt32.self))
    var i = MemoryLayout<T>.size
    while i < given {
      if raw.load(fromByteOffset: i, as: UInt8.self) != 0 {
        _ = ErrorRecord.fail(
          error, SWIFTCL_E_STRUCT, call, name, is: given,
          expected: "fields unknown to this version to be 0; it knows bytes: ", MemoryLayout<T>.size
        )
        return nil
      }
      i += 1
    }
    return raw.loadUnaligned(as: T.self)
  }

  /// Whether the struct at `raw` is one that this version can read or fill: of this size,
  /// larger as a newer version may have it, or of an `older` size it once had.
  @inline(never)
  static func accepts(
    _ raw: UnsafeRawPointer, _ size: Int, _ name: StaticString, _ call: StaticString,
    _ error: UnsafeMutablePointer<swiftcl_error>, older: OlderSizes = OlderSizes()
  ) -> Bool {
    let given = Int(raw.loadUnaligned(as: UInt32.self))
    if older.contains(given) || (given >= size && given <= size + 4096) { return true }
    var message = ErrorRecord(error)
    message.begin(SWIFTCL_E_STRUCT, call)
    message.append(name)
    message.append(".struct_size is ")
    message.append(given)
    message.append(", expected sizeof the struct: ")
    message.append(size)
    return false
  }

  /// Fills an option struct of the caller's size, one that `accepts` would take, with the defaults:
  /// never more than the caller has, and what this version does not know with 0.
  @inline(never)
  static func initialize<T>(
    _ options: UnsafeMutablePointer<T>?, _ bytes: UInt, _ defaults: T, _ call: StaticString,
    older: OlderSizes = OlderSizes()
  ) -> swiftcl_status {
    guard let options else { return failThread(SWIFTCL_E_NULL, call, "options is NULL") }
    let size = UInt(MemoryLayout<T>.size)
    let given = Int(shown: bytes)
    if !older.contains(given) && (bytes < size || bytes > size + 4096) {
      return ErrorRecord.fail(
        threadError, SWIFTCL_E_STRUCT, call, "bytes", is: given,
        expected: "sizeof the struct: ", Int(size))
    }
    let raw = UnsafeMutableRawPointer(options)
    withUnsafeBytes(of: defaults) {
      raw.copyMemory(
        from: $0.baseAddress ?? UnsafeRawPointer(raw), byteCount: Int(min(size, bytes)))
    }
    if bytes > size {
      (raw + Int(size)).initializeMemory(as: UInt8.self, repeating: 0, count: Int(bytes - size))
    }
    raw.storeBytes(of: UInt32(bytes), as: UInt32.self)
    return SWIFTCL_OK
  }

  /// Fills an output struct as far as it goes, keeping the caller's `struct_size`.
  static func write<T>(_ value: T, to pointer: UnsafeMutablePointer<T>) {
    let raw = UnsafeMutableRawPointer(pointer)
    let given = raw.loadUnaligned(as: UInt32.self)
    withUnsafeBytes(of: value) {
      raw.copyMemory(
        from: $0.baseAddress ?? UnsafeRawPointer(raw), byteCount: min($0.count, Int(given)))
    }
    raw.storeBytes(of: given, as: UInt32.self)
  }

  /// The record of failures that no network can keep.
  static var threadError: UnsafeMutablePointer<swiftcl_error> {
    #if SWIFTCL_FIRMWARE
      // The record is static: its address outlives the closure.
      return withUnsafeMutablePointer(to: &firmwareError) { $0 }
    #else
      return swiftcl_host_thread_error()
    #endif
  }

  /// The network behind a handle; nil, with a message, for NULL and for memory
  /// that holds none.
  @inline(never)
  static func network(_ handle: swiftcl_network_ref?, _ call: StaticString) -> UnsafeMutablePointer<
    Network
  >? {
    guard let handle else {
      _ = ErrorRecord.fail(threadError, SWIFTCL_E_NULL, call, "network is NULL")
      return nil
    }
    let network = UnsafeMutablePointer<Network>(handle)
    guard network.pointee.magic == Network.sentinel else {
      _ = ErrorRecord.fail(threadError, SWIFTCL_E_ARGUMENT, call, "network is freed or no network")
      return nil
    }
    network.pointee.call = call
    network.pointee.threads.forgetAfterFork()
    return network
  }

  /// The status of the refusal that `network` just wrote.
  @inline(never)
  static var refused: swiftcl_status { threadError.pointee.status }

  static func handle(_ network: UnsafeMutablePointer<Network>) -> swiftcl_network_ref {
    swiftcl_network_ref(network)
  }
}

#if SWIFTCL_FIRMWARE
  /// Firmware has one record for all callers that have no network.
  private nonisolated(unsafe) var firmwareError = swiftcl_error()
#endif

extension Network {
  /// A pointer that must not be NULL is.
  @inline(never)
  mutating func failNull(_ what: StaticString) -> swiftcl_status {
    fail(SWIFTCL_E_NULL, what)
  }

  /// Checks the `struct_size` of an output struct.
  mutating func accepts<T>(
    _ output: UnsafeMutablePointer<T>, _ name: StaticString, older: OlderSizes = OlderSizes()
  ) -> Bool {
    let call = call
    return withUnsafeMutablePointer(to: &error) {
      Boundary.accepts(UnsafeRawPointer(output), MemoryLayout<T>.size, name, call, $0, older: older)
    }
  }

  /// Once it ended before replay_rows.
  mutating func accepts(step: UnsafeMutablePointer<swiftcl_step>) -> Bool {
    accepts(step, "step", older: OlderSizes(swiftcl_first_step_size()))
  }

  /// Copies an option struct in.
  mutating func read<T>(_ pointer: UnsafePointer<T>, _ name: StaticString) -> T? {
    let call = call
    return withUnsafeMutablePointer(to: &error) { Boundary.read(pointer, name, call, $0) }
  }
}
