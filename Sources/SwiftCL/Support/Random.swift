/// A counter-based generator: a value is a pure function of the seed and of
/// what it is for, so nothing has to be stored and every target draws the same.
/// The mixer is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
enum Random {
  /// What a draw is for. Numbers are part of the checkpoint format's promise
  /// that a resumed run goes on with the same draws: never change them.
  enum Domain {
    static let weight: UInt64 = 1
    static let logit: UInt64 = 2
    static let allocation: UInt64 = 3
    static let winner: UInt64 = 4
    static let gumbel: UInt64 = 5
    static let topK: UInt64 = 6
    static let order: UInt64 = 7
    static let floor: UInt64 = 8
    static let retain: UInt64 = 9
    static let recall: UInt64 = 10
    static let join: UInt64 = 11
    static let dropout: UInt64 = 12
    static let removal: UInt64 = 13
    static let classHead: UInt64 = 14
    static let mask: UInt64 = 15
  }

  @inline(__always)
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Extends a key by one more coordinate.
  @inline(__always)
  static func key(_ key: UInt64, _ coordinate: UInt64) -> UInt64 {
    mix(key ^ (coordinate &* 0xD6E8_FEB8_6659_FD93))
  }

  static func key(seed: UInt64, _ domain: UInt64, _ a: UInt64, _ b: UInt64) -> UInt64 {
    key(key(key(mix(seed), domain), a), b)
  }

  /// Uniform in (0, 1), never 0 or 1, 23 bits: with 24 the half would not be
  /// exact, and the largest would round to 1.
  @inline(__always)
  static func uniform(_ bits: UInt64) -> Float {
    (Float(UInt32(truncatingIfNeeded: bits >> 41)) + 0.5) * (1 / 8_388_608)
  }

  /// Near-normal with mean 0 and deviation 1: the sum of four 16-bit uniforms.
  /// One hash, integer sums and one product, so all targets agree to the bit;
  /// an initial weight needs the right variance, not the right tails.
  @inline(__always)
  static func normal(_ bits: UInt64) -> Float {
    let sum =
      Int32(truncatingIfNeeded: bits & 0xFFFF) &+ Int32(truncatingIfNeeded: (bits >> 16) & 0xFFFF)
      &+ Int32(truncatingIfNeeded: (bits >> 32) & 0xFFFF) &+ Int32(truncatingIfNeeded: bits >> 48)
    // Variance of the sum: 4 * (65536^2 - 1) / 12.
    return Float(sum &- 131_070) * 2.642_899_8e-5
  }

  /// Uniform in 0..<bound; the bias of 64 bits over small bounds is negligible.
  @inline(__always)
  static func below(_ bound: Int, _ bits: UInt64) -> Int {
    Int(truncatingIfNeeded: bits.multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// The index-th element of a random permutation of 0..<count, without a table:
  /// a four-round Feistel network over the next power of four, walked until it
  /// lands inside.
  static func permuted(_ index: Int, of count: Int, key: UInt64) -> Int {
    guard count > 1 else { return 0 }
    var half: UInt64 = 1
    while (1 as UInt64) << (2 * half) < UInt64(count) { half += 1 }
    let mask = ((1 as UInt64) << half) &- 1
    var value = UInt64(index)
    repeat {
      var left = value >> half
      var right = value & mask
      for round in 0..<4 as Range<UInt64> {
        let next = left ^ (mix(key ^ (right &* 4 &+ round) &* 0xD6E8_FEB8_6659_FD93) & mask)
        left = right
        right = next
      }
      value = left << half | right
    } while value >= UInt64(count)
    return Int(value)
  }
}
