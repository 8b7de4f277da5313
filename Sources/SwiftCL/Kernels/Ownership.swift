import CSwiftCL

/// Which weights of a matrix lie on earlier tickets, and how far they may still move.
struct Ownership {
  /// One word for each sixteen weights in storage order; bit l is lane l.
  var words: UnsafePointer<UInt16>
  /// A factor for each weight; nil if all owned weights have the same.
  var rates: UnsafePointer<Float>?
  /// The factor where there are no rates.
  var rate: Float

  /// What happens to sixteen weights.
  enum Fate {
    /// None is owned: the plain step.
    case free
    /// All are owned and frozen: nothing to do.
    case frozen
    /// Each lane's rate has its factor; the lanes of the mask keep their bits.
    case mixed(factor: Lanes, kept: SIMD16<Int32>)
  }

  /// The fate of the sixteen weights from number `index` on.
  @inline(__always)
  func fate(at index: Int) -> Fate {
    let word = words[index >> 4]
    if word == 0 { return .free }
    if word == 0xFFFF && rates == nil && rate == 0 { return .frozen }
    let given = rates?.lanes(at: index) ?? Lanes(repeating: rate)
    let owned = swiftcl_bits_mask(word)
    let kept = owned & swiftcl_zero_mask(given)
    if swiftcl_all(kept) != 0 { return .frozen }
    return .mixed(factor: given.chosen(by: owned, else: Lanes(repeating: 1)), kept: kept)
  }

  /// The factor of one weight: 0 if it is frozen, nil if it is not owned.
  @inline(__always)
  func factor(at index: Int) -> Float? {
    if words[index >> 4] >> UInt16(truncatingIfNeeded: index & 15) & 1 == 0 { return nil }
    return rates?[index] ?? rate
  }

  /// Whether all of `count` weights from number `index` on are frozen.
  @inline(__always)
  func allFrozen(at index: Int, count: Int) -> Bool {
    var next = index
    while next < index &+ count {
      if words[next >> 4] != 0xFFFF { return false }
      if let rates {
        var lane = 0
        while lane < 16 {
          if rates[next &+ lane] != 0 { return false }
          lane &+= 1
        }
      } else if rate != 0 {
        return false
      }
      next &+= 16
    }
    return true
  }
}
