/// Numbers that are asked for by index, none negative: scores.
protocol Ranked {
  /// Its bits ascend with it.
  func bits(_ index: Int) -> UInt32
}

/// The largest of many scores without sorting them: their bits are counted, a few at a time,
/// from the highest down, so that five walks tell where the line is.
struct Selection {
  /// Bits of the smallest score that is taken.
  private(set) var threshold: UInt32 = 0
  /// How many of those that equal it are taken: the first.
  private(set) var ties = 0

  /// Draws the line so that `keep` of `count` scores are taken.
  @inline(never)
  init<S: Ranked>(_ scores: S, count: Int, keep: Int) {
    if keep <= 0 {
      threshold = .max
      return
    }
    if keep >= count {
      ties = count
      return
    }
    var prefix: UInt32 = 0
    var left = keep
    var shift: UInt32 = 32
    while shift > 0 {
      let bits: UInt32 = shift == 32 ? 8 : 6
      shift &-= bits
      var counts = InlineArray<256, Int32>(repeating: 0)
      let mask = (1 as UInt32) << bits &- 1
      for i in 0..<count {
        let value = scores.bits(i)
        if shift &+ bits < 32 && value >> (shift &+ bits) != prefix { continue }
        counts[Int(value >> shift & mask)] &+= 1
      }
      var digit = Int(mask)
      while digit > 0 && Int(counts[digit]) < left {
        left &-= Int(counts[digit])
        digit &-= 1
      }
      prefix = prefix << bits | UInt32(digit)
    }
    threshold = prefix
    ties = left
  }

  /// Whether the next score, in order, is taken.
  @inline(__always)
  mutating func takes(_ bits: UInt32) -> Bool {
    if bits != threshold { return bits > threshold }
    ties &-= 1
    return ties >= 0
  }
}
