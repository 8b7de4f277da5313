/// The checkpoint format (docs/file-formats.md): eight bytes of magic, then
/// sections. A section is tag, zero, length, payload, zeros up to a multiple of
/// eight, CRC-32C over all of these, zero. Little endian, no time, no pointers,
/// no trace of the machine or the flavour that wrote it.
enum CheckpointFormat {
  /// "SWIFTCL1" in memory order.
  static let magic: UInt64 = 0x314C_4354_4649_5753
  static let major: UInt32 = 1
  /// Of a network that says how a step uses memory; 4 with masks, or one that follows examples; 3 where the open task raised the bound of the replay memory,
  /// 2 with a class head or new rows of their own, 1 with a replay memory alone, 0 without one, as
  /// earlier versions wrote it.
  static let minor: UInt32 = 5
  static let endianness: UInt32 = 0x0102_0304

  /// Tags are four letters in memory order.
  enum Tag {
    static let head: UInt32 = 0x4441_4548
    static let description: UInt32 = 0x4353_4544
    static let scale: UInt32 = 0x4C41_4353
    static let totals: UInt32 = 0x4C54_4F54
    static let task: UInt32 = 0x4B53_4154
    static let ticket: UInt32 = 0x544B_4354
    static let shared: UInt32 = 0x4452_4853
    static let open: UInt32 = 0x4E45_504F
    static let working: UInt32 = 0x4B52_4F57
    static let replay: UInt32 = 0x594C_5052
    static let classHead: UInt32 = 0x5341_4C43
    static let data: UInt32 = 0x4154_4144
    static let end: UInt32 = 0x2044_4E45
  }

  /// Bytes of a section beside its payload and padding.
  static let overhead: UInt64 = 24

  static func padding(_ length: UInt64) -> Int { Int(truncatingIfNeeded: (8 &- length % 8) % 8) }
}
