import CSwiftCL

/// Writes a checkpoint piece by piece, or only counts what it would write.
struct Sink {
  private let write: swiftcl_write_fn?
  private let context: UnsafeMutableRawPointer?
  private var crc = CRC32C()
  private(set) var count: UInt64 = 0
  private(set) var failed = false

  init(_ write: @escaping swiftcl_write_fn, _ context: UnsafeMutableRawPointer?) {
    self.write = write
    self.context = context
  }

  init(counting: Void) {
    write = nil
    context = nil
  }

  var counts: Bool { write == nil }
  /// Over everything written since the start, or since the last section.
  var checksum: UInt32 { crc.value }

  @inline(never)
  mutating func bytes(_ data: UnsafeRawPointer, _ length: Int) {
    count &+= UInt64(length)
    guard let write, !failed, length > 0 else { return }
    crc.update(data, length)
    if write(context, data, length) != 0 { failed = true }
  }

  @inline(never)
  mutating func put(_ value: UInt32) {
    withUnsafeBytes(of: value.littleEndian) { raw in
      if let base = raw.baseAddress { bytes(base, 4) }
    }
  }

  @inline(never)
  mutating func put(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { raw in
      if let base = raw.baseAddress { bytes(base, 8) }
    }
  }

  mutating func put(_ value: Int32) { put(UInt32(bitPattern: value)) }
  mutating func put(_ value: Float) { put(value.bitPattern) }
  mutating func put(_ values: UnsafePointer<Float>, _ n: Int) { bytes(values, n * 4) }
  mutating func put(_ values: UnsafePointer<Int32>, _ n: Int) { bytes(values, n * 4) }

  /// One row of inputs for each output: no padding, no panels.
  mutating func put(_ panels: Panels, _ values: UnsafePointer<Float>) {
    if counts {
      count &+= UInt64(panels.outputs) * UInt64(panels.inputs) * 4
      return
    }
    // In pieces, so that a stream is not called for every weight.
    var piece = SIMD64<Float>(repeating: 0)
    var filled = 0
    for o in 0..<panels.outputs {
      for k in 0..<panels.inputs {
        piece[filled] = values[panels.index(k, o)]
        filled += 1
        if filled == 64 || k == panels.inputs - 1 {
          bytes(&piece, filled * 4)
          filled = 0
        }
      }
    }
  }

  /// Begins a section whose payload takes `length` bytes; false when it is only
  /// counted, and done.
  mutating func begin(_ tag: UInt32, _ length: UInt64) -> Bool {
    if counts {
      count &+= CheckpointFormat.overhead &+ length &+ UInt64(CheckpointFormat.padding(length))
      return false
    }
    crc = CRC32C()
    put(tag)
    put(0 as UInt32)
    put(length)
    return true
  }

  /// Ends it, behind the payload.
  mutating func end(_ length: UInt64) {
    var zeros: UInt64 = 0
    bytes(&zeros, CheckpointFormat.padding(length))
    put(crc.value)
    put(0 as UInt32)
  }
}
