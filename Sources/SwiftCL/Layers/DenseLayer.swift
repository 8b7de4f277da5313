import CSwiftCL

/// Forward and backward pass of one layer of the working set: a product, whose rows are
/// samples or pixels.
extension Network {
  /// Sums, normalisation, gate, what is added, activation: leaves the layer's rows in
  /// `output`. A step normalises by its own rows, a prediction by running statistics.
  @inline(never)
  func forward(layer l: Int, _ x: Surface, samples: Int, trains: Bool) {
    let layer = working[l]
    let shape = shapes[l]
    let rows = samples * shape.pixels
    let gated = layer.competes || competesPerSample(l)
    let finishes = shape.normalises || shape.added >= 0
    if shape.normalises { layer.norm.zeros.update(repeating: 0, count: layer.padded) }
    let sums = gated || shape.normalises ? layer.sums.normal : layer.output
    product(
      layer: l, x, samples: samples, inputs: layer.inputs, weights: layer.live.weights,
      bias: shape.normalises ? layer.norm.zeros : layer.live.bias, padded: layer.padded, y: sums,
      yStride: layer.stride, relu: shape.relu && !gated && !finishes)
    if trains && shape.normalises { normalise(layer: l, rows: rows) }
    if competesPerSample(l) {
      if shape.normalises { scaleSums(layer: l, rows: rows, trains: trains) }
      openSampleGates(layer: l, rows: rows)
      applySampleGate(layer, rows: rows, relu: shape.relu)
    } else if finishes {
      finish(layer: l, sums, rows: rows, trains: trains)
    } else if gated {
      applyGate(layer, rows: rows, relu: shape.relu)
    }
  }

  /// output = act(xi * (scale * normal + bias) + what is added).
  private func finish(
    layer l: Int, _ sums: UnsafePointer<Float>, rows: Int, trains: Bool
  ) {
    let layer = working[l]
    fillFactors(layer: l, trains: trains)
    if layer.competes {
      for u in 0..<layer.units {
        layer.norm.factor[u] *= layer.gate[u]
        layer.norm.summand[u] *= layer.gate[u]
      }
      for u in layer.units..<layer.padded { layer.gate[u] = 0 }
    }
    let added = shapes[l].added
    Finish(
      padded: layer.padded, stride: layer.stride, factor: layer.norm.factor,
      summand: layer.norm.summand, added: added < 0 ? nil : surface(above: added).rows,
      relu: shapes[l].relu
    ).run(sums, rows: rows, layer.output)
  }

  /// What rows compete by, where they do: normalised, with scale and bias.
  @inline(never)
  func scaleSums(layer l: Int, rows: Int, trains: Bool) {
    let layer = working[l]
    fillFactors(layer: l, trains: trains)
    Finish(
      padded: layer.padded, stride: layer.stride, factor: layer.norm.factor,
      summand: layer.norm.summand, added: nil, relu: false
    ).run(layer.sums.normal, rows: rows, layer.sums.sum)
  }

  /// Factor and summand of each unit before its gate.
  private func fillFactors(layer l: Int, trains: Bool) {
    let layer = working[l]
    let step = layer.norm
    if let norm = layer.live.norm?.values {
      if !trains {
        foldStatistics(layer: l, norm, bias: layer.live.bias, layer.padded)
        return
      }
      step.factor.update(from: norm.scale, count: layer.padded)
      step.summand.update(from: layer.live.bias, count: layer.padded)
    } else {
      // The product began with the bias.
      step.factor.update(repeating: 1, count: layer.padded)
      step.summand.update(repeating: 0, count: layer.padded)
    }
    for u in layer.units..<layer.padded {
      step.factor[u] = 0
      step.summand[u] = 0
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
    if shapes[l].added >= 0 { giveAdded(layer: l, rows: rows, delta) }
    if competesPerSample(l) { backThroughSampleGates(layer: l, rows: rows, delta) }
    if shapes[l].normalises {
      backThroughNorm(layer: l, rows: rows, delta)
      return
    }
    if !layer.competes || competesPerSample(l) { return }
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

  /// Where the gradient of what a layer gives to others goes.
  func deltaAbove(_ l: Int) -> UnsafeMutablePointer<Float> {
    shapes[l].isPooled ? working[l].pooledDelta : working[l].delta
  }

  /// What is added has the gradient of the sum.
  private func giveAdded(layer l: Int, rows: Int, _ delta: UnsafePointer<Float>) {
    let target = deltaAbove(shapes[l].added)
    let count = rows * working[l].stride
    if shapes[l].sharesAdded {
      add(delta, to: target, count)
    } else {
      target.update(from: delta, count: count)
    }
  }

  /// `count` is a multiple of 16.
  private func add(
    _ values: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    for at in stride(from: 0, to: count, by: 16) {
      Lane.store(Lane.load(target + at) + Lane.load(values + at), target + at)
    }
  }

  /// Rows whose gradients are made at a time where they are added to others.
  static let addedRows = 48

  /// The gradient of what lies below, in `delta` or, before its pooling, in `pooledDelta`.
  func gradientBelow(layer l: Int, rows: Int, _ delta: UnsafePointer<Float>) {
    let layer = working[l]
    let input = shapes[l].input
    let below = working[input]
    let target = deltaAbove(input)
    if !shapes[l].sharesInput {
      threads.inputGradient(
        dy: delta, dyStride: layer.stride, rows: rows, padded: layer.padded,
        weights: layer.live.weights, inputs: layer.inputs, dx: target,
        dxStride: below.stride,
        mask: shapes[input].isPooled ? nil : activationMask(layer: input))
      return
    }
    let stride = below.stride
    var first = 0
    while first < rows {
      let count = min(Network.addedRows, rows - first)
      threads.inputGradient(
        dy: delta + first * layer.stride, dyStride: layer.stride, rows: count,
        padded: layer.padded, weights: layer.live.weights, inputs: layer.inputs,
        dx: workspace.patchDeltas, dxStride: stride, mask: nil)
      add(workspace.patchDeltas, to: target + first * stride, count * stride)
      first += count
    }
  }

  /// Both gradients of a layer that gathers its inputs: those of the parameters, kept for a
  /// later update, and that of what lies below.
  func gatherGradients(
    layer l: Int, _ x: Surface, samples: Int, _ delta: UnsafePointer<Float>
  ) {
    let layer = working[l]
    guard let gradient = layer.gradients.weights else { return }
    let input = shapes[l].input
    let below = l > 0 ? deltaAbove(input) : nil
    let stride = l > 0 ? working[input].stride : 0
    if !shapes[l].sharesInput {
      below?.update(repeating: 0, count: samples * shapes[l].window.pixels * stride)
    }
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
    gradientOfBias(layer: l, rows: samples * shapes[l].pixels, delta)
    if l > 0 && !shapes[input].isPooled && !shapes[input].masksItself {
      maskDelta(layer: input, rows: samples * shapes[l].window.pixels)
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
    gradientOfBias(layer: l, rows: rows, delta)
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
    gradientOfBias(layer: l, rows: rows, delta)
    updateBiases(layer: l, update)
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
    updateBiases(layer: l, update)
  }

  /// A layer that normalises has it from there.
  private func gradientOfBias(layer l: Int, rows: Int, _ delta: UnsafePointer<Float>) {
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
      count: layer.padded, update: &rule)
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
