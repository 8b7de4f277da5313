import CSwiftCL

/// What a normalisation keeps of a layer's units beside the bias, which is added behind it:
/// the scale that is learned, and the running mean and variance of the linear responses.
struct NormParameters {
  var scale: UnsafeMutablePointer<Float>
  var mean: UnsafeMutablePointer<Float>
  var variance: UnsafeMutablePointer<Float>

  init(
    scale: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>,
    variance: UnsafeMutablePointer<Float>
  ) {
    self.scale = scale
    self.mean = mean
    self.variance = variance
  }

  /// Room for `padded` units.
  init(_ arena: inout Arena, _ padded: Int) {
    scale = arena.take(Float.self, padded)
    mean = arena.take(Float.self, padded)
    variance = arena.take(Float.self, padded)
  }

  func copy(_ other: NormParameters, _ padded: Int) {
    scale.update(from: other.scale, count: padded)
    mean.update(from: other.mean, count: padded)
    variance.update(from: other.variance, count: padded)
  }

  /// One unit's values from another's.
  @inline(__always)
  func copy(_ other: NormParameters, _ from: Int, to unit: Int) {
    scale[unit] = other.scale[from]
    mean[unit] = other.mean[from]
    variance[unit] = other.variance[from]
  }

  /// As before any training: nothing is known and nothing changes.
  func clear(_ padded: Int) {
    scale.update(repeating: 1, count: padded)
    mean.update(repeating: 0, count: padded)
    variance.update(repeating: 1, count: padded)
  }

  func areFinite(_ count: Int) -> Bool {
    allFinite(scale, count) && allFinite(mean, count) && allFinite(variance, count)
  }
}

/// The same of a set of candidates, with the optimiser's state of the scale.
struct LiveNorm {
  var values: NormParameters
  var first: UnsafeMutablePointer<Float>
  var second: UnsafeMutablePointer<Float>?

  init(_ arena: inout Arena, _ padded: Int, adam: Bool) {
    values = NormParameters(&arena, padded)
    first = arena.take(Float.self, padded)
    second = adam ? arena.take(Float.self, padded) : nil
  }

  func clearMoments(_ padded: Int) {
    first.update(repeating: 0, count: padded)
    second?.update(repeating: 0, count: padded)
  }
}

extension Sink {
  mutating func put(_ norm: NormParameters, _ units: Int) {
    put(norm.scale, units)
    put(norm.mean, units)
    put(norm.variance, units)
  }
}

extension Source {
  mutating func take(_ norm: NormParameters, _ units: Int) {
    take(padded: norm.scale, units)
    take(padded: norm.mean, units)
    take(padded: norm.variance, units)
    for u in 0..<units where !(norm.variance[u] >= 0 && norm.variance[u].isFinite) {
      refuse(SWIFTCL_E_CORRUPT, "a variance is negative or not finite")
    }
  }
}
