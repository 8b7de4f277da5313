import CSwiftCL

/// CRC-32C (Castagnoli), a byte at a time.
struct CRC32C {
  private var state: UInt32 = 0xFFFF_FFFF

  var value: UInt32 { ~state }

  mutating func update(_ data: UnsafeRawPointer, _ count: Int) {
    var crc = state
    for i in 0..<count {
      crc = swiftcl_crc_step(crc, data.load(fromByteOffset: i, as: UInt8.self))
    }
    state = crc
  }
}
