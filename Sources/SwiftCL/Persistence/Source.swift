import CSwiftCL

/// Reads a checkpoint piece by piece. The first failure sticks: what is read
/// after it is zeros, and the caller looks at `status` once a section.
struct Source {
  private let read: swiftcl_read_fn
  private let context: UnsafeMutableRawPointer?
  private var crc = CRC32C()
  private var left: UInt64 = 0
  private(set) var length: UInt64 = 0
  private(set) var status = SWIFTCL_OK
  private(set) var reason: StaticString = ""

  init(_ read: @escaping swiftcl_read_fn, _ context: UnsafeMutableRawPointer?) {
    self.read = read
    self.context = context
  }

  mutating func refuse(_ status: swiftcl_status, _ reason: StaticString) {
    if self.status != SWIFTCL_OK { return }
    self.status = status
    self.reason = reason
  }

  @inline(never)
  private mutating func raw(_ data: UnsafeMutableRawPointer, _ count: Int) {
    if count == 0 { return }
    if status == SWIFTCL_OK {
      let answer = read(context, data, count)
      if answer < 0 { refuse(SWIFTCL_E_FORMAT, "the checkpoint ends too early") }
      if answer > 0 { refuse(SWIFTCL_E_IO, "reading failed") }
    }
    if status == SWIFTCL_OK {
      crc.update(data, count)
    } else {
      data.initializeMemory(as: UInt8.self, repeating: 0, count: count)
    }
  }

  /// Before the first section.
  mutating func magic() -> UInt64 {
    var value: UInt64 = 0
    raw(&value, 8)
    return UInt64(littleEndian: value)
  }

  // MARK: sections

  mutating func begin(_ tag: UInt32) {
    crc = CRC32C()
    var words: (UInt32, UInt32, UInt64) = (0, 0, 0)
    raw(&words, 16)
    left = UInt64(littleEndian: words.2)
    length = left
    // A damaged tag or length is found before the checksum can be reached.
    if UInt32(littleEndian: words.0) != tag || words.1 != 0 {
      refuse(SWIFTCL_E_CORRUPT, "a section's tag is not the one that must stand here")
    }
    if left > 1 << 46 { refuse(SWIFTCL_E_CORRUPT, "a section's length is impossible") }
  }

  /// Bytes of the payload not read yet: 0 where an older version ends.
  var hasMore: Bool { left > 0 && status == SWIFTCL_OK }

  mutating func end() {
    var waste: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    while hasMore { bytes(&waste, Int(min(left, 32))) }
    var zeros: UInt64 = 0
    raw(&zeros, CheckpointFormat.padding(length))
    let expected = crc.value
    var words: (UInt32, UInt32) = (0, 0)
    raw(&words, 8)
    if UInt32(littleEndian: words.0) != expected || words.1 != 0 || zeros != 0 {
      refuse(SWIFTCL_E_CORRUPT, "a checksum does not match")
    }
  }

  @inline(never)
  mutating func bytes(_ data: UnsafeMutableRawPointer, _ count: Int) {
    if UInt64(count) > left {
      refuse(SWIFTCL_E_CORRUPT, "a section is shorter than what it must hold")
    }
    left &-= min(left, UInt64(count))
    raw(data, count)
  }

  @inline(never)
  mutating func u32() -> UInt32 {
    var value: UInt32 = 0
    bytes(&value, 4)
    return UInt32(littleEndian: value)
  }

  @inline(never)
  mutating func u64() -> UInt64 {
    var value: UInt64 = 0
    bytes(&value, 8)
    return UInt64(littleEndian: value)
  }

  mutating func i32() -> Int32 { Int32(bitPattern: u32()) }
  mutating func f32() -> Float { Float(bitPattern: u32()) }

  mutating func take(_ values: UnsafeMutablePointer<Float>, _ n: Int) { bytes(values, n * 4) }
  mutating func take(_ values: UnsafeMutablePointer<Int32>, _ n: Int) { bytes(values, n * 4) }

  /// One row of inputs for each output, into panels; padding becomes 0.
  mutating func take(_ panels: Panels, _ values: UnsafeMutablePointer<Float>) {
    var piece = SIMD64<Float>(repeating: 0)
    for o in 0..<panels.padded {
      var k = 0
      while k < panels.inputs {
        let count = min(64, panels.inputs - k)
        if o < panels.outputs { bytes(&piece, count * 4) }
        for i in 0..<count { values[panels.index(k + i, o)] = o < panels.outputs ? piece[i] : 0 }
        k += count
      }
      if status != SWIFTCL_OK { return }
    }
  }

  mutating func take(padded values: UnsafeMutablePointer<Float>, _ n: Int) {
    take(values, n)
    for u in n..<Panels.pad(n) { values[u] = 0 }
  }

  /// The payload must hold exactly `bytes` more, else nothing of it is read.
  mutating func expect(atLeast bytes: UInt64) {
    if bytes > left { refuse(SWIFTCL_E_CORRUPT, "a section is shorter than what it must hold") }
  }
}
