import CSwiftCL

/// What a description says of how memory is spared, behind what it says of masks.
extension swiftcl_options {
  /// Whether a description has these fields at all.
  var hasMemoryFields: Bool { recompute != 0 || replay_u8 != 0 || replay_low != replay_high }

  func putMemoryFields(_ sink: inout Sink) {
    sink.put(recompute)
    sink.put(replay_u8)
    sink.put(replay_low)
    sink.put(replay_high)
  }

  mutating func takeMemoryFields(_ source: inout Source) {
    recompute = source.u32()
    replay_u8 = source.u32()
    replay_low = source.f32()
    replay_high = source.f32()
  }
}
