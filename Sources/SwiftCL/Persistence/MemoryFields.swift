import CSwiftCL

/// What a description says of the memory of a step, behind what it says of masks.
extension swiftcl_options {
  /// Whether a description has these fields at all.
  var hasMemoryFields: Bool { recompute != 0 }

  func putMemoryFields(_ sink: inout Sink) {
    sink.put(recompute)
  }

  mutating func takeMemoryFields(_ source: inout Source) {
    recompute = source.u32()
  }
}
