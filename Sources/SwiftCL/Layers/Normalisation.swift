import CSwiftCL

/// What a layer that normalises, or adds another to its own output, needs beside its sums:
/// one entry a unit, for the rows of one call.
struct NormStep {
  /// What products start from: the bias comes behind the normalisation.
  var zeros: UnsafeMutablePointer<Float>
  /// output = act(factor * sum + summand + what is added).
  var factor: UnsafeMutablePointer<Float>
  var summand: UnsafeMutablePointer<Float>
  /// Of the rows of a step.
  var mean: UnsafeMutablePointer<Float>
  var variance: UnsafeMutablePointer<Float>
  var inverse: UnsafeMutablePointer<Float>

  /// Below it a variance counts as this: PyTorch's number too.
  static let epsilon: Float = 1e-5

  init(_ arena: inout Arena, _ shape: LayerShape) {
    let all = shape.normalises || shape.added >= 0 ? Panels.pad(shape.liveWidth) : 0
    let own = shape.normalises ? all : 0
    zeros = arena.take(Float.self, own)
    factor = arena.take(Float.self, all)
    summand = arena.take(Float.self, all)
    mean = arena.take(Float.self, own)
    variance = arena.take(Float.self, own)
    inverse = arena.take(Float.self, own)
  }

  /// Factor and summand of the running statistics: the one rule by which networks and
  /// tickets predict.
  static func folded(_ norm: NormParameters, bias: UnsafePointer<Float>, _ u: Int)
    -> (factor: Float, summand: Float)
  {
    let scale = norm.scale[u] / (norm.variance[u] + epsilon).squareRoot()
    let shift = norm.mean[u] * scale
    return (scale, bias[u] - shift)
  }
}

/// Sums over rows, sixteen units side by side: up to 64 rows in one chain, chains added in
/// their order.
@inline(__always)
private func rowSum(_ rows: Int, _ row: (Int) -> SIMD16<Float>) -> SIMD16<Float> {
  var total = SIMD16<Float>(repeating: 0)
  var first = 0
  while first < rows {
    let end = min(first &+ 64, rows)
    var part = SIMD16<Float>(repeating: 0)
    for n in first..<end { part += row(n) }
    total += part
    first = end
  }
  return total
}

extension Network {
  /// Turns the sums of a step into what has mean 0 and variance 1 over its rows. A single
  /// row has no variance: it is normalised by the running statistics, which it then moves
  /// by its distance from them.
  @inline(never)
  func normalise(layer l: Int, rows: Int) {
    let layer = working[l]
    guard let norm = layer.live.norm?.values else { return }
    let stride = layer.stride
    let count = Float(rows)
    for u in Swift.stride(from: 0, to: layer.padded, by: 16) {
      let x = layer.sums.normal + u
      var mean = rowSum(rows) { Lane.load(x + $0 &* stride) } / count
      Lane.store(mean, layer.norm.mean + u)
      if rows == 1 { mean = Lane.load(norm.mean + u) }
      var variance =
        rowSum(rows) {
          let d = Lane.load(x + $0 &* stride) - mean
          return d * d
        } / count
      Lane.store(variance, layer.norm.variance + u)
      if rows == 1 { variance = Lane.load(norm.variance + u) }
      let inverse = 1 / (variance + NormStep.epsilon).squareRoot()
      for n in 0..<rows {
        let place = x + n &* stride
        Lane.store((Lane.load(place) - mean) * inverse, place)
      }
      Lane.store(inverse, layer.norm.inverse + u)
    }
  }

  /// From the gradient of what leaves the gate, in place, to that of the sums; with the
  /// gradients of gate, scale and bias.
  @inline(never)
  func backThroughNorm(layer l: Int, rows: Int, _ delta: UnsafeMutablePointer<Float>) {
    let layer = working[l]
    guard let norm = layer.live.norm else { return }
    let stride = layer.stride
    let count = Float(rows)
    for u in Swift.stride(from: 0, to: layer.padded, by: 16) {
      let x = layer.sums.normal + u
      let dy = delta + u
      let scale = Lane.load(norm.values.scale + u)
      let sum = rowSum(rows) { Lane.load(dy + $0 &* stride) }
      let product = rowSum(rows) { Lane.load(dy + $0 &* stride) * Lane.load(x + $0 &* stride) }
      var gate = SIMD16<Float>(repeating: 1)
      if layer.competes {
        gate = Lane.load(layer.gate + u)
        Lane.store(scale * product + Lane.load(layer.live.bias + u) * sum, layer.gateGradient + u)
      }
      Lane.store(gate * sum, layer.gradients.biases + u)
      Lane.store(gate * product, layer.gradients.scale + u)
      let factor = gate * scale * Lane.load(layer.norm.inverse + u)
      // Running statistics do not move with the row.
      let moves: Float = rows == 1 ? 0 : 1
      let (meanSum, meanProduct) = (moves * sum / count, moves * product / count)
      for n in 0..<rows {
        let place = dy + n &* stride
        let rest = Lane.load(place) - meanSum - Lane.load(x + n &* stride) * meanProduct
        Lane.store(factor * rest, place)
      }
    }
  }

  /// Statistics of the task's own training: from its winners' first step on, the mean of
  /// all steps until a step would count for less than `normRate`.
  func followStatistics(layer l: Int, rows: Int) {
    let since = task.phase == SWIFTCL_PHASE_SPECIALISE ? task.record.committedAt : 0
    let steps = task.record.steps &- since
    // A ticket that trains on keeps what it knows.
    let continues = task.reopens || (options.sharesTicket && store.shared != nil)
    let fresh = continues ? 0 : 1 / Float(steps &+ 1)
    // What few rows have is noise for the most part.
    let known = min(1, Float(rows) / 16)
    moveStatistics(layer: l, rows: rows, by: max(shapes[l].normRate * known, fresh))
  }

  @inline(never)
  private func moveStatistics(layer l: Int, rows: Int, by share: Float) {
    let layer = working[l]
    guard let norm = layer.live.norm?.values else { return }
    for u in 0..<layer.units {
      let variance = layer.norm.variance[u] * unbiased(rows)
      norm.mean[u] = mixed(norm.mean[u], layer.norm.mean[u], share)
      norm.variance[u] = mixed(norm.variance[u], variance, share)
    }
  }

  private func mixed(_ old: Float, _ new: Float, _ share: Float) -> Float {
    share >= 1 ? new : old + share * (new - old)
  }

  /// What makes of the variance of some rows an estimate of that of all.
  func unbiased(_ rows: Int) -> Float { rows > 1 ? Float(rows) / Float(rows - 1) : 1 }

  /// Whether the statistics of the rows at hand can be kept: where they are not finite, the
  /// loss may be.
  func statisticsAreFinite(layer l: Int) -> Bool {
    let layer = working[l]
    if !allFinite(layer.norm.mean, layer.units) { return false }
    // Twice: what it is multiplied with to be unbiased is no more.
    for u in 0..<layer.units where !(2 * layer.norm.variance[u]).isFinite { return false }
    return true
  }

  /// Of finished tasks and of an open one that only predicts.
  func foldStatistics(layer l: Int, _ norm: NormParameters, bias: UnsafePointer<Float>, _ n: Int) {
    let step = working[l].norm
    for u in 0..<n {
      (step.factor[u], step.summand[u]) = NormStep.folded(norm, bias: bias, u)
    }
  }
}
