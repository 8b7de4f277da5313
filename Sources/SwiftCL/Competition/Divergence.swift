import CSwiftCL

/// The four KL forms of docs/algorithms.md A.3 for one block. `addGradients` receives,
/// per unit, dKL/da (analytic), dKL/dxi and dKL/dlog p; a form leaves 0 what it
/// does not depend on.
struct Divergence {
  var form: Int32
  var tau: Float

  /// Forms of the sample need a sample; without one (mean field) the gate is
  /// the posterior, and the analytic form is what they all tend to.
  @inline(never)
  func value(
    s: UnsafePointer<Float>, p: UnsafePointer<Float>, xi: UnsafePointer<Float>, _ range: Range<Int>
  ) -> Float {
    let logCount = Scalar.log(Float(range.count))
    var sum: Float = 0
    switch form {
    case SWIFTCL_KL_CATEGORICAL:
      for j in range { sum += xi[j] * (Scalar.log(p[j]) + logCount) }
    case SWIFTCL_KL_SAMPLE:
      for j in range { sum += xi[j] * (Scalar.log(xi[j] + 1e-8) + logCount) }
    case SWIFTCL_KL_RELAXED:
      for j in range { sum += Scalar.log(p[j]) + logCount }
      sum -= Float(range.count) * (spread(p, xi, range) - spread(nil, xi, range))
    default:
      for j in range where s[j] > 0 { sum += s[j] * (Scalar.log(s[j]) + logCount) }
    }
    return sum
  }

  /// LSE_j(log p_j - tau log xi_j); a nil p is the uniform prior.
  @inline(never)
  private func spread(
    _ p: UnsafePointer<Float>?, _ xi: UnsafePointer<Float>, _ range: Range<Int>
  ) -> Float {
    let uniform = -Scalar.log(Float(range.count))
    var largest = -Float.infinity
    for j in range { largest = max(largest, term(p, xi, j, uniform)) }
    var sum: Float = 0
    for j in range { sum += Scalar.exp(term(p, xi, j, uniform) - largest) }
    return largest + Scalar.log(sum)
  }

  @inline(__always)
  private func term(
    _ p: UnsafePointer<Float>?, _ xi: UnsafePointer<Float>, _ j: Int, _ uniform: Float
  ) -> Float {
    (p.map { Scalar.log($0[j]) } ?? uniform) - tau * logSample(xi[j])
  }

  /// A relaxed sample may underflow to 0, where its logarithm has no value.
  @inline(__always)
  private func logSample(_ xi: Float) -> Float { Scalar.log(max(xi, 1e-30)) }

  /// dKL/da of the analytic form: s_k (log s_k + H).
  @inline(never)
  func addToLogits(
    s: UnsafePointer<Float>, _ da: UnsafeMutablePointer<Float>, _ range: Range<Int>, weight: Float
  ) {
    guard form == SWIFTCL_KL_ANALYTIC else { return }
    var negativeEntropy: Float = 0
    for j in range where s[j] > 0 { negativeEntropy += s[j] * Scalar.log(s[j]) }
    for k in range where s[k] > 0 { da[k] += weight * s[k] * (Scalar.log(s[k]) - negativeEntropy) }
  }

  /// dKL/dxi of the forms that look at the sample.
  @inline(never)
  func addToSample(
    p: UnsafePointer<Float>, xi: UnsafePointer<Float>, _ dxi: UnsafeMutablePointer<Float>,
    _ range: Range<Int>, weight: Float
  ) {
    let logCount = Scalar.log(Float(range.count))
    switch form {
    case SWIFTCL_KL_CATEGORICAL:
      for j in range { dxi[j] += weight * (Scalar.log(p[j]) + logCount) }
    case SWIFTCL_KL_SAMPLE:
      for j in range {
        let inside = xi[j] + 1e-8
        dxi[j] += weight * (Scalar.log(inside) + logCount + xi[j] / inside)
      }
    case SWIFTCL_KL_RELAXED:
      // dKL/dlog xi = n tau (q_j - u_j), q and u the two softmaxes of `spread`.
      let scale = Float(range.count) * tau
      let q = spread(p, xi, range)
      let u = spread(nil, xi, range)
      for j in range where xi[j] > 1e-30 {
        let difference =
          Scalar.exp(term(p, xi, j, -logCount) - q) - Scalar.exp(term(nil, xi, j, -logCount) - u)
        dxi[j] += weight * scale * difference / xi[j]
      }
    default: break
    }
  }

  /// dKL/dlog p of the forms that look at the posterior beside the sample.
  @inline(never)
  func addToLogPosterior(
    p: UnsafePointer<Float>, xi: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
    _ range: Range<Int>, weight: Float
  ) {
    switch form {
    case SWIFTCL_KL_CATEGORICAL:
      for j in range { c[j] += weight * xi[j] }
    case SWIFTCL_KL_RELAXED:
      let n = Float(range.count)
      let q = spread(p, xi, range)
      for j in range { c[j] += weight * (1 - n * Scalar.exp(term(p, xi, j, 0) - q)) }
    default: break
    }
  }
}
