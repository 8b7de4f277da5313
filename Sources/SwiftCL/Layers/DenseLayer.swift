import CSwiftCL

/// Forward and backward pass of one layer of the working set: a product, whose rows are
/// samples or pixels.
extension Network {
  /// Sums, gate, activation: leaves the layer's rows in `output`.
  func forward(layer l: Int, _ x: Surface, samples: Int) {
    let layer = working[l]
    let rows = samples * shapes[l].pixels
    let relu = shapes[l].relu
    let gated = layer.competes || competesPerSample(l)
    product(
      layer: l, x, samples: samples, inputs: layer.inputs, weights: layer.live.weights,
      bias: layer.live.bias, padded: layer.padded, y: gated ? layer.sums.sum : layer.output,
      yStride: layer.stride, relu: relu && !gated)
    if !gated { return }
    if layer.competes {
      applyGate(layer, rows: rows, relu: relu)
    } else {
      openSampleGates(layer: l, rows: rows)
      applySampleGate(layer, rows: rows, relu: relu)
    }
  }

  /// output = act(xi * sum), one gate a unit.
  private func applyGate(_ layer: WorkingLayer, rows: Int, relu: Bool) {
    let gate = layer.gate
    for u in layer.units..<layer.padded { gate[u] = 0 }
    for n in 0..<rows {
      let h = layer.sums.sum + n * layer.stride
      let y = layer.output + n * layer.stride
      var u = 0
      while u < layer.padded {
        var v = Lane.load(gate + u) * Lane.load(h + u)
        if relu { v = v.replacing(with: 0, where: v .<= 0) }
        Lane.store(v, y + u)
        u += 16
      }
    }
  }

  private func applySampleGate(_ layer: WorkingLayer, rows: Int, relu: Bool) {
    for n in 0..<rows {
      let h = layer.sums.sum + n * layer.stride
      let xi = layer.sums.sampleGate + n * layer.stride
      let y = layer.output + n * layer.stride
      for u in 0..<layer.units {
        let v = xi[u] * h[u]
        y[u] = relu ? (v > 0 ? v : 0) : v
      }
      for u in layer.units..<layer.padded { y[u] = 0 }
    }
  }

  /// Turns dLoss/doutput, in place, into dLoss/dsum; collects dLoss/dxi.
  /// The activation's mask was applied by the kernel that made `delta`.
  func backThroughGate(layer l: Int, rows: Int, _ delta: UnsafeMutablePointer<Float>) {
    let layer = working[l]
    if competesPerSample(l) {
      backThroughSampleGates(layer: l, rows: rows, delta)
      return
    }
    if !layer.competes { return }
    for u in stride(from: 0, to: layer.padded, by: 16) {
      let gate = Lane.load(layer.gate + u)
      var sum = SIMD16<Float>(repeating: 0)
      for n in 0..<rows {
        let place = delta + n * layer.stride + u
        let d = Lane.load(place)
        sum += d * Lane.load(layer.sums.sum + n * layer.stride + u)
        Lane.store(d * gate, place)
      }
      Lane.store(sum, layer.gateGradient + u)
    }
  }

  /// The gradient of what lies below, in `delta` or, before its pooling, in `pooledDelta`.
  func gradientBelow(layer l: Int, rows: Int, _ delta: UnsafePointer<Float>) {
    let layer = working[l]
    let below = working[l - 1]
    let isPooled = shapes[l - 1].isPooled
    threads.inputGradient(
      dy: delta, dyStride: layer.stride, rows: rows, padded: layer.padded,
      weights: layer.live.weights, inputs: layer.inputs,
      dx: isPooled ? below.pooledDelta : below.delta, dxStride: below.stride,
      mask: isPooled ? nil : activationMask(layer: l - 1))
  }

  /// Both gradients of a layer that gathers its inputs: those of the parameters, kept for a
  /// later update, and that of what lies below.
  func gatherGradients(
    layer l: Int, _ x: Surface, samples: Int, _ delta: UnsafePointer<Float>
  ) {
    let layer = working[l]
    guard let gradient = layer.gradients.weights else { return }
    let isPooled = l > 0 && shapes[l - 1].isPooled
    let below = l > 0 ? (isPooled ? working[l - 1].pooledDelta : working[l - 1].delta) : nil
    let stride = l > 0 ? working[l - 1].stride : 0
    below?.update(repeating: 0, count: samples * shapes[l].window.pixels * stride)
    eachPatch(layer: l, x, inputs: layer.inputs, samples: samples) { patches, first, count in
      let dy = delta + first * layer.stride
      threads.weightGradient(
        x: workspace.patches, xStride: patches.stride, dy: dy, dyStride: layer.stride, rows: count,
        inputs: layer.inputs, padded: layer.padded, gradient: gradient, continues: first > 0)
      guard let below else { return }
      threads.inputGradient(
        dy: dy, dyStride: layer.stride, rows: count, padded: layer.padded,
        weights: layer.live.weights, inputs: layer.inputs, dx: workspace.patchDeltas,
        dxStride: patches.stride, mask: nil)
      patches.scatter(
        workspace.patchDeltas, first: first, count: count, to: below, pixelStride: stride)
    }
    biasGradient(
      dy: delta, dyStride: layer.stride, rows: samples * shapes[l].pixels, padded: layer.padded,
      gradient: layer.gradients.biases)
    if l > 0 && !isPooled {
      maskDelta(layer: l - 1, rows: samples * shapes[l].window.pixels)
    }
  }

  /// Gradients of weights and biases, kept for a later update.
  func storeGradients(
    layer l: Int, _ x: UnsafePointer<Float>, stride: Int, rows: Int, _ delta: UnsafePointer<Float>
  ) {
    let layer = working[l]
    guard let gradient = layer.gradients.weights else { return }
    threads.weightGradient(
      x: x, xStride: stride, dy: delta, dyStride: layer.stride, rows: rows, inputs: layer.inputs,
      padded: layer.padded, gradient: gradient, continues: false)
    biasGradient(
      dy: delta, dyStride: layer.stride, rows: rows, padded: layer.padded,
      gradient: layer.gradients.biases)
  }

  /// Gradients and update in one pass over the weights.
  func updateWeights(
    layer l: Int, _ x: UnsafePointer<Float>, stride: Int, rows: Int, _ delta: UnsafePointer<Float>,
    _ update: swiftcl_update
  ) {
    let layer = working[l]
    var rule = update
    threads.weightUpdate(
      x: x, xStride: stride, dy: delta, dyStride: layer.stride, rows: rows, inputs: layer.inputs,
      padded: layer.padded, weights: layer.live.weights, first: layer.live.first,
      second: layer.live.second, owned: protects(layer) ? UnsafePointer(layer.owned) : nil,
      rates: layer.rates.map { UnsafePointer($0) }, update: &rule)
    biasGradient(
      dy: delta, dyStride: layer.stride, rows: rows, padded: layer.padded,
      gradient: layer.gradients.biases)
    updateBiases(layer, update)
  }

  /// The same from kept gradients.
  func applyGradients(layer l: Int, _ update: swiftcl_update) {
    let layer = working[l]
    guard let gradient = layer.gradients.weights else { return }
    var rule = update
    threads.applyUpdate(
      gradient: gradient, weights: layer.live.weights, first: layer.live.first,
      second: layer.live.second, owned: protects(layer) ? UnsafePointer(layer.owned) : nil,
      rates: layer.rates.map { UnsafePointer($0) }, count: layer.live.panels.count, update: &rule)
    updateBiases(layer, update)
  }

  private func updateBiases(_ layer: WorkingLayer, _ update: swiftcl_update) {
    var rule = update
    rule.decay = 0
    applyUpdate(
      gradient: layer.gradients.biases, weights: layer.live.bias, first: layer.live.biasFirst,
      second: layer.live.biasSecond, owned: protects(layer) ? UnsafePointer(layer.biasOwned) : nil,
      rates: layer.biasRates.map { UnsafePointer($0) }, count: layer.padded, update: &rule)
  }

  /// Under protection `none` owned edges learn as any other.
  private func protects(_ layer: WorkingLayer) -> Bool {
    layer.hasOwned && options.protection != SWIFTCL_PROTECT_NONE
  }
}

/// Sixteen floats at any address.
enum Lane {
  @inline(__always)
  static func load(_ p: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(p).loadUnaligned(as: SIMD16<Float>.self)
  }

  @inline(__always)
  static func load(_ p: UnsafeMutablePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(p).loadUnaligned(as: SIMD16<Float>.self)
  }

  @inline(__always)
  static func store(_ v: SIMD16<Float>, _ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMD16<Float>.self)
  }
}
