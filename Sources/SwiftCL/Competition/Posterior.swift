import CSwiftCL

/// Posteriors, gates and their gradients of one block of candidates. Formulas
/// are those of docs/algorithms.md A.1 to A.3; all sums run in ascending order.
enum Posterior {
  /// s = softmax(a).
  @inline(never)
  static func softmax(
    _ logits: UnsafePointer<Float>, _ s: UnsafeMutablePointer<Float>, _ range: Range<Int>
  ) {
    var largest = -Float.infinity
    for j in range { largest = max(largest, logits[j]) }
    var sum: Float = 0
    for j in range {
      s[j] = Scalar.exp(logits[j] - largest)
      sum += s[j]
    }
    for j in range { s[j] /= sum }
  }

  /// Without a floor a posterior may underflow to 0, where its logarithm has no value.
  private static let least: Float = 1e-30

  /// p = (s + eta) / (1 + n eta).
  @inline(never)
  static func floored(
    _ s: UnsafePointer<Float>, _ p: UnsafeMutablePointer<Float>, _ range: Range<Int>, _ eta: Float
  ) {
    let scale = 1 / (1 + Float(range.count) * eta)
    for j in range { p[j] = max((s[j] + eta) * scale, least) }
  }

  /// xi = softmax((log p + g) / tau); `noise` gives g of a unit.
  static func relaxed(
    _ p: UnsafePointer<Float>, _ xi: UnsafeMutablePointer<Float>, _ range: Range<Int>, tau: Float,
    noise: (Int) -> Float
  ) {
    for j in range { xi[j] = (Scalar.log(p[j]) + noise(j)) / tau }
    softmax(xi, xi, range)
  }

  /// One-hot of the largest relaxed sample.
  @inline(never)
  static func hard(
    _ xi: UnsafePointer<Float>, _ gate: UnsafeMutablePointer<Float>, _ range: Range<Int>
  ) {
    let winner = largest(xi, range)
    for j in range { gate[j] = j == winner ? 1 : 0 }
  }

  /// First place of the largest value.
  @inline(never)
  static func largest(_ values: UnsafePointer<Float>, _ range: Range<Int>) -> Int {
    var best = range.lowerBound
    for j in range where values[j] > values[best] { best = j }
    return best
  }

  /// dL/da from dL/ds, through s = softmax(a): s_k (d_k - sum_j s_j d_j).
  /// `d` may be `da`.
  @inline(never)
  static func throughSoftmax(
    _ s: UnsafePointer<Float>, _ d: UnsafePointer<Float>, _ da: UnsafeMutablePointer<Float>,
    _ range: Range<Int>
  ) {
    var mean: Float = 0
    for j in range { mean += s[j] * d[j] }
    for j in range { da[j] = s[j] * (d[j] - mean) }
  }

  /// Turns dL/dlog p into dL/da in place: sum_j c_j s_j/(s_j + eta) (1[j=k] - s_k).
  @inline(never)
  static func throughFloor(
    _ s: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ range: Range<Int>, _ eta: Float
  ) {
    var sum: Float = 0
    for j in range {
      c[j] *= s[j] / max(s[j] + eta, least)
      sum += c[j]
    }
    for k in range { c[k] -= s[k] * sum }
  }

  /// Turns dL/dxi into dL/dlog p in place: (1/tau) xi_j (G_j - sum_k xi_k G_k).
  @inline(never)
  static func throughRelaxation(
    _ xi: UnsafePointer<Float>, _ g: UnsafeMutablePointer<Float>, _ range: Range<Int>, tau: Float
  ) {
    throughSoftmax(xi, g, g, range)
    for j in range { g[j] /= tau }
  }
}
