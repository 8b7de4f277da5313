import CSwiftCL

/// What gradients do to a layer's parameters.
extension Network {
  /// Gradients and update in one pass over the weights.
  func updateWeights(
    layer l: Int, _ x: UnsafePointer<Float>, stride: Int, rows: Int, _ delta: UnsafePointer<Float>,
    _ update: swiftcl_update
  ) {
    let layer = working[l]
    var rule = update
    threads.weightUpdate(
      x: x, xStride: stride, dy: delta, dyStride: layer.stride, rows: rows, inputs: layer.inputs,
      padded: Panels.computed(layer.units), weights: layer.live.weights, first: layer.live.first,
      second: layer.live.second, owned: protects(layer) ? UnsafePointer(layer.owned) : nil,
      rates: layer.rates.map { UnsafePointer($0) }, update: &rule)
    gradientOfBias(layer: l, rows: rows, delta)
    updateBiases(layer: l, update)
  }

  /// The same from kept gradients.
  func applyGradients(layer l: Int, _ update: swiftcl_update) {
    let layer = working[l]
    guard let gradient = layer.gradients.weights else { return }
    var rule = update
    if let mask = runningMask(l) {
      // What stands still does so under any protection: it has no gradient.
      rule.owned_rate = 0
      threads.applyUpdate(
        gradient: gradient, weights: mask.live.values, first: mask.first, second: mask.second,
        owned: mask.hasStill ? UnsafePointer(mask.still) : nil, rates: nil,
        count: mask.live.floats, update: &rule)
      updateBiases(layer: l, update)
      return
    }
    threads.applyUpdate(
      gradient: gradient, weights: layer.live.weights, first: layer.live.first,
      second: layer.live.second, owned: protects(layer) ? UnsafePointer(layer.owned) : nil,
      rates: layer.rates.map { UnsafePointer($0) }, count: layer.live.panels.count, update: &rule)
    updateBiases(layer: l, update)
  }

  /// A layer that normalises has it from there.
  func gradientOfBias(layer l: Int, rows: Int, _ delta: UnsafePointer<Float>) {
    let layer = working[l]
    if shapes[l].normalises { return }
    biasGradient(
      dy: delta, dyStride: layer.stride, rows: rows, padded: layer.padded,
      gradient: layer.gradients.biases)
  }

  private func updateBiases(layer l: Int, _ update: swiftcl_update) {
    let layer = working[l]
    var rule = update
    rule.decay = 0
    // What normalises is each task's own, scale and bias with it.
    let isOwned = protects(layer) && !shapes[l].normalises
    applyUpdate(
      gradient: layer.gradients.biases, weights: layer.live.bias, first: layer.live.biasFirst,
      second: layer.live.biasSecond, owned: isOwned ? UnsafePointer(layer.biasOwned) : nil,
      rates: shapes[l].normalises ? nil : layer.biasRates.map { UnsafePointer($0) },
      count: Panels.computed(layer.units), update: &rule)
    guard let norm = layer.live.norm else { return }
    applyUpdate(
      gradient: layer.gradients.scale, weights: norm.values.scale, first: norm.first,
      second: norm.second, owned: nil, rates: nil, count: layer.padded, update: &rule)
  }

  /// Under protection `none` owned edges learn as any other.
  private func protects(_ layer: WorkingLayer) -> Bool {
    layer.hasOwned && options.protection != SWIFTCL_PROTECT_NONE
  }
}
