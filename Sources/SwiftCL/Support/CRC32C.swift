/// CRC-32C (Castagnoli), four bits at a time: a table of 16 words is small
/// enough for flash and needs no set-up.
struct CRC32C {
  private var state: UInt32 = 0xFFFF_FFFF

  var value: UInt32 { ~state }

  mutating func update(_ data: UnsafeRawPointer, _ count: Int) {
    var crc = state
    for i in 0..<count {
      crc ^= UInt32(data.load(fromByteOffset: i, as: UInt8.self))
      crc = crc >> 4 ^ CRC32C.step(crc & 15)
      crc = crc >> 4 ^ CRC32C.step(crc & 15)
    }
    state = crc
  }

  /// Remainder of a nibble, by the reflected polynomial 0x82F63B78.
  @inline(__always)
  private static func step(_ nibble: UInt32) -> UInt32 {
    let polynomial: UInt32 = 0x82F6_3B78
    var r: UInt32 = 0
    r ^= (0 &- (nibble >> 3 & 1)) & polynomial
    r ^= (0 &- (nibble >> 2 & 1)) & (polynomial >> 1)
    r ^= (0 &- (nibble >> 1 & 1)) & (polynomial >> 2)
    r ^= (0 &- (nibble & 1)) & (polynomial >> 3)
    return r
  }
}
