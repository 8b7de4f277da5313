import CSwiftCL

/// Competition per task: one gate a unit, the same for every row of a step.
extension Network {
  func blockRange(_ l: Int, _ i: Int) -> Range<Int> {
    Int(working[l].live.blockStart[i])..<Int(working[l].live.blockStart[i + 1])
  }

  /// True when the sampler adds noise, and so has a relaxed sample.
  var isRelaxed: Bool {
    Features.all
      && (options.sampler == SWIFTCL_SAMPLER_GUMBEL
        || options.sampler == SWIFTCL_SAMPLER_STRAIGHT_THROUGH)
  }

  /// Noise of a unit at this step, the same however often it is asked.
  private func gumbel(layer l: Int, unit u: Int, stepKey: UInt64) -> Float {
    let live = working[l].live
    let unit =
      UInt64(UInt32(bitPattern: live.unitBlock[u])) << 32
      | UInt64(UInt32(bitPattern: live.unitId[u]))
    let key = Random.key(stepKey, UInt64(shapes[l].leader))
    return Scalar.gumbel(Random.uniform(Random.key(key, unit)))
  }

  var gumbelKey: UInt64 {
    Random.key(
      seed: options.seed, Random.Domain.gumbel, UInt64(UInt32(bitPattern: task.record.task)),
      task.record.steps)
  }

  /// Computes posterior and gate of every unit of layer `l` for this step.
  func openGates(layer l: Int) {
    let layer = working[l]
    let stepKey = gumbelKey
    for i in 0..<shapes[l].blocks {
      let range = blockRange(l, i)
      if range.isEmpty { continue }
      Posterior.softmax(layer.live.logits, layer.posterior, range)
      if range.count == 1 {
        layer.gate[range.lowerBound] = 1
        layer.relaxed[range.lowerBound] = 1
        layer.floored[range.lowerBound] = 1
        continue
      }
      if !isRelaxed {
        for j in range {
          layer.gate[j] = layer.posterior[j]
          layer.relaxed[j] = layer.posterior[j]
          layer.floored[j] = layer.posterior[j]
        }
        continue
      }
      Posterior.floored(layer.posterior, layer.floored, range, options.posterior_floor)
      Posterior.relaxed(layer.floored, layer.relaxed, range, tau: options.temperature) {
        gumbel(layer: l, unit: $0, stepKey: stepKey)
      }
      if options.sampler == SWIFTCL_SAMPLER_GUMBEL {
        for j in range { layer.gate[j] = layer.relaxed[j] }
      } else {
        Posterior.hard(layer.relaxed, layer.gate, range)
      }
    }
  }

  var divergence: Divergence {
    Divergence(form: isRelaxed ? options.kl_form : SWIFTCL_KL_ANALYTIC, tau: options.temperature)
  }

  /// kl_weight times the mean over the layer's blocks (A.3).
  func divergence(layer l: Int) -> Float {
    let layer = working[l]
    var sum: Float = 0
    for i in 0..<shapes[l].blocks {
      let range = blockRange(l, i)
      if range.count > 1 {
        sum += divergence.value(s: layer.posterior, p: layer.floored, xi: layer.relaxed, range)
      }
    }
    return sum * options.kl_weight / Float(shapes[l].blocks)
  }

  /// Turns dLoss/dxi into dLoss/da, KL term included. Layers of one stream have one gate:
  /// its gradient is the sum of theirs, and their logits, always the same, stay so.
  func gradientsOfLogits() {
    for l in 0..<hidden where working[l].competes && shapes[l].leader != l {
      let sum = working[shapes[l].leader].gateGradient
      for u in 0..<working[l].units { sum[u] += working[l].gateGradient[u] }
    }
    for l in 0..<hidden where working[l].competes {
      let leader = shapes[l].leader
      if leader == l {
        gradientOfLogits(layer: l)
      } else {
        working[l].gateGradient.update(
          from: working[leader].gateGradient, count: working[l].units)
      }
    }
  }

  /// The same of one layer, in place.
  private func gradientOfLogits(layer l: Int) {
    let layer = working[l]
    let kl = divergence
    let weight = options.kl_weight / Float(shapes[l].blocks)
    for i in 0..<shapes[l].blocks {
      let range = blockRange(l, i)
      if range.count <= 1 {
        for j in range { layer.gateGradient[j] = 0 }
        continue
      }
      let g = layer.gateGradient
      if isRelaxed {
        kl.addToSample(p: layer.floored, xi: layer.relaxed, g, range, weight: weight)
        Posterior.throughRelaxation(layer.relaxed, g, range, tau: options.temperature)
        kl.addToLogPosterior(p: layer.floored, xi: layer.relaxed, g, range, weight: weight)
        Posterior.throughFloor(layer.posterior, g, range, options.posterior_floor)
      } else {
        Posterior.throughSoftmax(layer.posterior, g, g, range)
      }
      kl.addToLogits(s: layer.posterior, g, range, weight: weight)
    }
  }

  /// Adam on the logits, with an epsilon that only guards division (A.2).
  func updateLogits(layer l: Int) {
    let live = working[l].live
    let gradient = working[l].gateGradient
    let step = task.record.steps &+ 1
    let correction1 = 1 / (1 - Scalar.power(0.9, step))
    let correction2 = 1 / (1 - Scalar.power(0.999, step))
    for u in 0..<live.units {
      // A gradient may overflow where the loss did not: it says nothing of who should win.
      let g = gradient[u].isFinite ? gradient[u] : 0
      live.logitFirst[u] = 0.9 * live.logitFirst[u] + (1 - 0.9) * g
      live.logitSecond[u] = 0.999 * live.logitSecond[u] + (1 - 0.999) * g * g
      let m = live.logitFirst[u] * correction1
      let v = live.logitSecond[u] * correction2
      live.logits[u] -= options.logit_learning_rate * m / (v.squareRoot() + 1e-12)
    }
  }
}

extension Scalar {
  /// base^n by squaring: the same multiplications on every target.
  static func power(_ base: Float, _ n: UInt64) -> Float {
    var result: Float = 1
    var factor = base
    var rest = n
    while rest > 0 {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return result
  }
}
