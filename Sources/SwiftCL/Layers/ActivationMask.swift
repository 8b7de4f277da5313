import CSwiftCL

/// What ReLU let pass, on the way back.
extension Network {
  /// For the kernel of the layer above; nil where no ReLU is, and where the layer stops
  /// gradients itself.
  func activationMask(layer l: Int) -> UnsafePointer<Float>? {
    shapes[l].relu && !shapes[l].masksItself ? passed(layer: l) : nil
  }

  /// Its sign says what passed: that of the sum behind a gate, which a closed gate does not
  /// hide, so that losers of a hard sample still learn what they miss.
  private func passed(layer l: Int) -> UnsafePointer<Float> {
    let gated = working[l].competes || competesPerSample(l)
    return UnsafePointer(gated ? working[l].sums.sum : working[l].output)
  }

  /// Stops in `delta` what the activation stopped, where no kernel did so.
  func maskDelta(layer l: Int, rows: Int) {
    let shape = shapes[l]
    if !shape.relu { return }
    let delta = working[l].delta
    let hidesSums = shape.added >= 0 || (shape.normalises && !competesPerSample(l))
    if hidesSums {
      maskByOutput(layer: l, rows: rows)
      return
    }
    let mask = passed(layer: l)
    for at in stride(from: 0, to: rows * working[l].stride, by: 16) {
      let open = Lane.load(mask + at) .> 0
      let kept = SIMD16<Float>(repeating: 0).replacing(with: Lane.load(delta + at), where: open)
      Lane.store(kept, delta + at)
    }
  }

  /// By the sign of what came out; behind a gate that is shut, by that of what it shut out.
  private func maskByOutput(layer l: Int, rows: Int) {
    let layer = working[l]
    let zero = SIMD16<Float>(repeating: 0)
    let norm = layer.live.norm?.values
    for u in stride(from: 0, to: layer.padded, by: 16) {
      let gate = layer.competes ? Lane.load(layer.gate + u) : zero + 1
      let isShut = gate .== 0
      let scale = norm.map { Lane.load($0.scale + u) } ?? zero + 1
      let bias = norm == nil ? zero : Lane.load(layer.live.bias + u)
      for n in 0..<rows {
        let at = n &* layer.stride &+ u
        var value = Lane.load(layer.output + at)
        if layer.competes {
          value.replace(with: scale * Lane.load(layer.sums.sum + at) + bias, where: isShut)
        }
        let kept = zero.replacing(with: Lane.load(layer.delta + at), where: value .> 0)
        Lane.store(kept, layer.delta + at)
      }
    }
  }
}
