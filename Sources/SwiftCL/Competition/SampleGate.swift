import CSwiftCL

/// Competition per sample (docs/algorithms.md A.9): the linear responses are the
/// logits, every row has winners of its own, and the ticket keeps all J units.
extension Network {
  func competesPerSample(_ l: Int) -> Bool {
    shapes[l].perSample && shapes[l].blockSize > 1
  }

  /// Gates `rows` rows of layer `l` from its sums.
  func openSampleGates(layer l: Int, rows: Int) {
    let layer = working[l]
    let stepKey = Random.key(gumbelKey, UInt64(l) | 1 << 32)
    for n in 0..<rows {
      let h = layer.sums.sum + n * layer.stride
      let p = layer.sums.samplePosterior + n * layer.stride
      let xi = layer.sums.sampleGate + n * layer.stride
      let rowKey = Random.key(stepKey, UInt64(n))
      for start in stride(from: 0, to: layer.units, by: shapes[l].blockSize) {
        let range = start..<start + shapes[l].blockSize
        if options.sampler == SWIFTCL_SAMPLER_RANDOM {
          Posterior.hard(h, xi, range)
          continue
        }
        Posterior.softmax(h, p, range)
        if !isRelaxed {
          for j in range { xi[j] = p[j] }
          continue
        }
        // The sample's softmax is kept where the floor was: the backward pass
        // needs the relaxed sample and recomputes the posterior.
        Posterior.floored(p, p, range, options.posterior_floor)
        Posterior.relaxed(p, xi, range, tau: options.temperature) {
          Scalar.gumbel(Random.uniform(Random.key(rowKey, UInt64($0))))
        }
        for j in range { p[j] = xi[j] }
        if options.sampler == SWIFTCL_SAMPLER_STRAIGHT_THROUGH { Posterior.hard(p, xi, range) }
      }
    }
  }

  /// Mean over rows and blocks of the KL term, times its weight.
  func sampleDivergence(layer l: Int, rows: Int) -> Float {
    if options.sampler == SWIFTCL_SAMPLER_RANDOM { return 0 }
    let layer = working[l]
    let size = shapes[l].blockSize
    let scratch = layer.sums.gateGradientOfRow
    var sum: Float = 0
    for n in 0..<rows {
      let h = layer.sums.sum + n * layer.stride
      for start in stride(from: 0, to: layer.units, by: size) {
        Posterior.softmax(h + start, scratch, 0..<size)
        Posterior.floored(
          scratch, scratch + size, 0..<size, isRelaxed ? options.posterior_floor : 0)
        sum += divergence.value(
          s: scratch, p: scratch + size, xi: layer.sums.samplePosterior + n * layer.stride + start,
          0..<size)
      }
    }
    return sum * options.kl_weight / Float(rows * shapes[l].blocks)
  }

  /// Turns dLoss/dy into dLoss/dh in place: the direct path xi * delta and the
  /// path through the posterior.
  func backThroughSampleGates(layer l: Int, rows: Int, _ delta: UnsafeMutablePointer<Float>) {
    let layer = working[l]
    let size = shapes[l].blockSize
    let scratch = layer.sums.gateGradientOfRow
    let kl = divergence
    let weight = options.kl_weight / Float(rows * shapes[l].blocks)
    for n in 0..<rows {
      for start in stride(from: 0, to: layer.units, by: size) {
        let h = layer.sums.sum + n * layer.stride + start
        let xi = layer.sums.sampleGate + n * layer.stride + start
        let d = delta + n * layer.stride + start
        if options.sampler == SWIFTCL_SAMPLER_RANDOM {
          for j in 0..<size { d[j] *= xi[j] }
          continue
        }
        let block = 0..<size
        let s = scratch
        let p = scratch + size
        let g = scratch + 2 * size
        Posterior.softmax(h, s, block)
        for j in block { g[j] = d[j] * h[j] }
        if isRelaxed {
          let relaxed = layer.sums.samplePosterior + n * layer.stride + start
          Posterior.floored(s, p, block, options.posterior_floor)
          kl.addToSample(p: p, xi: relaxed, g, block, weight: weight)
          Posterior.throughRelaxation(relaxed, g, block, tau: options.temperature)
          kl.addToLogPosterior(p: p, xi: relaxed, g, block, weight: weight)
          Posterior.throughFloor(s, g, block, options.posterior_floor)
        } else {
          Posterior.throughSoftmax(s, g, g, block)
        }
        kl.addToLogits(s: s, g, block, weight: weight)
        for j in block { d[j] = xi[j] * d[j] + g[j] }
      }
    }
  }
}

/// Prediction is deterministic: the largest response of each block passes, the
/// first of equals, and through the rectifier if `relu`.
func passLargest(
  _ rows: UnsafeMutablePointer<Float>, stride rowStride: Int, count: Int, units: Int,
  blockSize: Int, relu: Bool
) {
  for n in 0..<count {
    let h = rows + n * rowStride
    for start in stride(from: 0, to: units, by: blockSize) {
      let winner = Posterior.largest(h, start..<start + blockSize)
      for j in start..<start + blockSize where j != winner || relu && h[j] < 0 { h[j] = 0 }
    }
  }
}
