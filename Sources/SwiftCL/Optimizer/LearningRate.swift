import CSwiftCL

/// The rate of the next step and the optimiser's parameters for it.
extension Network {
  /// Linear from the base rate to `final_rate` of it over the expected steps,
  /// or constant: by choice, when their number is unknown, or once it was set.
  var learningRate: Float {
    let constant =
      task.rateIsSet || options.schedule == SWIFTCL_SCHEDULE_CONSTANT || task.expectedSteps <= 1
    if constant || !task.isOpen { return task.isOpen ? task.rate : options.learning_rate }
    let done = task.record.steps &- task.startStep
    let last = task.expectedSteps - 1
    let part = Float(min(done, last)) / Float(last)
    return task.rate * (1 + (options.final_rate - 1) * part)
  }

  /// `scale` multiplies the gradients: what clipping leaves of them.
  func updateRule(scale: Float) -> swiftcl_update {
    var rule = swiftcl_update()
    rule.kind = options.optimizer
    rule.rate = learningRate
    rule.momentum = options.momentum
    rule.beta1 = options.adam_beta1
    rule.beta2 = options.adam_beta2
    rule.epsilon = options.adam_epsilon
    if rule.kind == SWIFTCL_OPTIMIZER_ADAM {
      let step = task.record.steps &- task.startStep &+ 1
      rule.correction1 = 1 / (1 - Scalar.power(options.adam_beta1, step))
      rule.correction2 = 1 / (1 - Scalar.power(options.adam_beta2, step))
    }
    rule.decay = options.weight_decay
    rule.scale = scale
    rule.owned_rate = options.protection == SWIFTCL_PROTECT_SLOW ? options.slow_rate : 0
    return rule
  }

  /// Sum of squares of a layer's kept gradients, frozen edges left out.
  func squaredNorm(layer l: Int) -> Double {
    let layer = working[l]
    guard let gradient = layer.gradients.weights else { return 0 }
    let skips = layer.hasOwned && freezesOwned
    let weights =
      runningMask(l).map {
        // Before a choice all that it may take counts.
        squares(
          gradient, $0.live.floats,
          $0.hasStill && !choosesGradients($0) ? UnsafePointer($0.still) : nil)
      } ?? squares(gradient, layer.live.panels.count, skips ? layer.owned : nil)
    return weights
      + squares(
        layer.gradients.biases, layer.padded,
        skips && !shapes[l].normalises ? layer.biasOwned : nil)
      + (shapes[l].normalises ? squares(layer.gradients.scale, layer.padded, nil) : 0)
  }

  /// Sixteen interleaved sums of up to 64 squares each, folded and then added in double.
  private func squares(
    _ values: UnsafePointer<Float>, _ count: Int, _ owned: UnsafePointer<UInt16>?
  ) -> Double {
    var sum: Double = 0
    var part = Lanes.zero
    for word in 0..<count / 16 {
      var g = values.lanes(at: word * 16)
      if let owned, owned[word] != 0 {
        g = Lanes.zero.chosen(by: swiftcl_bits_mask(owned[word]), else: g)
      }
      part += g * g
      if word & 63 == 63 {
        sum += Double(folded(part))
        part = Lanes.zero
      }
    }
    return sum + Double(folded(part))
  }
}
