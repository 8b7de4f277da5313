import CSwiftCL

/// The examples that are followed in a checkpoint, behind the class head. What follows from the
/// flags is counted anew.
extension Network {
  func putData(_ sink: inout Sink) {
    guard let data = data?.pointee else { return }
    sink.put(UInt32(data.samples))
    sink.put(data.removals)
    sink.put(data.presented)
    sink.put(data.whole.bitPattern)
    sink.bytes(data.flags, FollowedExamples.flagBytes(data.samples))
    sink.bytes(data.counters, data.samples)
  }

  mutating func restoreData(_ source: inout Source) {
    guard let data else { return }
    source.begin(CheckpointFormat.Tag.data)
    let samples = Int(shown: UInt(source.u32()))
    let removals = source.u32()
    let presented = source.u64()
    let whole = Double(bitPattern: source.u64())
    if samples > data.pointee.capacity || (samples > 0 && !task.isOpen) {
      source.refuse(SWIFTCL_E_CORRUPT, "the examples followed are more than there can be")
    }
    if source.status == SWIFTCL_OK {
      data.pointee.begin(samples)
      data.pointee.removals = removals
      data.pointee.presented = presented
      data.pointee.whole = whole
      source.bytes(data.pointee.flags, FollowedExamples.flagBytes(samples))
      source.bytes(data.pointee.counters, samples)
      if source.status == SWIFTCL_OK && !data.pointee.recount() {
        source.refuse(SWIFTCL_E_CORRUPT, "what is known of the examples followed is impossible")
      }
    }
    source.end()
  }
}

extension FollowedExamples {
  /// Counts what is kept and seen; false where flags, counters or sums cannot have come about.
  fileprivate mutating func recount() -> Bool {
    kept = 0
    seen = 0
    for example in 0..<samples {
      if !isPossible(example) { return false }
      if isKept(example) { kept += 1 }
      if state(example) & Flag.seen != 0 { seen += 1 }
    }
    if samples & 1 == 1 && state(samples) != 0 { return false }
    // Every row counts for one or more, and for no more than there are examples; sums are rounded.
    let rows = Double(presented)
    let adds = whole >= rows * 0.999 && whole <= rows * Double(samples) * 1.001
    if presented > UInt64(1) << 52 || !adds || (seen > 0 && presented == 0) { return false }
    return samples == 0 ? removals == 0 : kept > 0 && (kept == samples || removals > 0)
  }

  private func isPossible(_ example: Int) -> Bool {
    let state = state(example)
    // Statistics are those of examples kept that were seen.
    if state & Flag.removed != 0 || state & Flag.seen == 0 {
      return state & ~Flag.removed == 0 && counters[example] == 0
    }
    if state & Flag.everRight == 0 {
      return state & Flag.right == 0 && (countsMisses || counters[example] == 0)
    }
    return true
  }
}
