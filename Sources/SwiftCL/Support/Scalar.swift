import CSwiftCL

/// exp and log in plain multiplications and additions of one written order:
/// every target computes the same bits, whatever its C library.
enum Scalar {
  /// e^x within 2 units in the last place; 0 below -87.3, infinity above 88.7.
  @inline(never)
  static func exp(_ x: Float) -> Float {
    if x.isNaN { return x }
    if x > 88.722_83 { return .infinity }
    if x < -87.336_54 { return 0 }
    // x = n ln 2 + r, |r| <= ln 2 / 2, with ln 2 in two parts.
    // Beside this number floats are whole, so that adding it rounds to the nearest.
    let n = (x * 1.442_695_04 + 12_582_912) - 12_582_912
    let r = (x - n * 0.693_359_375) - n * -2.121_944_4e-4
    var p: Float = 1.987_569_1e-4
    p = p * r + 1.398_199_9e-3
    p = p * r + 8.333_452e-3
    p = p * r + 4.166_579_6e-2
    p = p * r + 1.666_666_5e-1
    p = p * r + 5.000_000_1e-1
    let y = p * (r * r) + r + 1
    // Two factors, so that neither leaves the range of normal numbers.
    let whole = Int32(n)
    let first = whole / 2
    return y * power(first) * power(whole - first)
  }

  private static func power(_ n: Int32) -> Float {
    Float(bitPattern: UInt32(bitPattern: (n &+ 127)) << 23)
  }

  /// Natural logarithm of a positive normal number, within 2 units in the last place.
  @inline(never)
  static func log(_ x: Float) -> Float {
    if x.isNaN || x < 0 { return .nan }
    if x == 0 { return -.infinity }
    if x.isInfinite { return x }
    var bits = x.bitPattern
    var exponent: Int32 = 0
    if bits < 0x0080_0000 {
      bits = (x * 8_388_608).bitPattern
      exponent = -23
    }
    exponent += Int32(bits >> 23) - 127
    var m = Float(bitPattern: bits & 0x007F_FFFF | 0x3F80_0000)
    if m > 1.414_213_5 {
      m *= 0.5
      exponent += 1
    }
    let f = m - 1
    let z = f * f
    var p: Float = 7.037_683_6e-2
    p = p * f - 1.151_461_03e-1
    p = p * f + 1.167_699_87e-1
    p = p * f - 1.242_014_08e-1
    p = p * f + 1.424_932_28e-1
    p = p * f - 1.666_805_77e-1
    p = p * f + 2.000_071_5e-1
    p = p * f - 2.499_999_4e-1
    p = p * f + 3.333_333_1e-1
    let e = Float(exponent)
    let tail = p * f * z + e * -2.121_944_4e-4 - 0.5 * z
    return f + tail + e * 0.693_359_375
  }

  /// Standard Gumbel noise, -log(-log U), with the guards of docs/algorithms.md A.1.
  static func gumbel(_ uniform: Float) -> Float {
    -log(-log(uniform + 1e-8) + 1e-8)
  }
}

/// True when all values are finite; one pass, no branch per element.
#if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
  @inline(__always)
  func allFinite(_ values: UnsafePointer<Float>, _ count: Int) -> Bool {
    swiftcl_all_finite(values, count) != 0
  }
#else
  @inline(never)
  func allFinite(_ values: UnsafePointer<Float>, _ count: Int) -> Bool {
    // A finite number times zero is zero; infinity and NaN give NaN. The four quarters go
    // side by side: rows often come from afar, and memory serves several streams better.
    let quarter = count / 4 & ~15
    var sum = SIMD16<Float>(repeating: 0)
    var i = 0
    while i < quarter {
      var q = 0
      while q < 4 {
        sum += Lane.load(values + (q &* quarter &+ i)) * 0
        q &+= 1
      }
      i &+= 16
    }
    i = 4 &* quarter
    var rest: Float = 0
    while i < count {
      rest += values[i] * 0
      i &+= 1
    }
    return sum.sum() + rest == 0
  }
#endif
