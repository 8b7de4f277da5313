import CSwiftCL

/// The way back through one layer of the working set: from the gradient of its output to
/// those of its parameters and of what it read.
extension Network {
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
  func gradientBelow(
    layer l: Int, rows: Int, _ delta: UnsafePointer<Float>, weights: UnsafePointer<Float>
  ) {
    let layer = working[l]
    let input = shapes[l].input
    let below = working[input]
    let target = deltaAbove(input)
    if !shapes[l].sharesInput {
      threads.inputGradient(
        dy: delta, dyStride: layer.stride, rows: rows, padded: Panels.computed(layer.units),
        weights: weights, inputs: layer.inputs, dx: target,
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
        padded: layer.padded, weights: weights, inputs: layer.inputs,
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
    layer l: Int, _ x: Surface, samples: Int, _ delta: UnsafePointer<Float>
  ) {
    guard let gradient = working[l].gradients.weights else { return }
    panelGradient(layer: l, x, samples: samples, delta, to: gradient)
    gradientOfBias(layer: l, rows: samples * shapes[l].pixels, delta)
  }

  /// The gradient of all weights of a layer, in panels.
  @inline(never)
  func panelGradient(
    layer l: Int, _ x: Surface, samples: Int, _ delta: UnsafePointer<Float>,
    to gradient: UnsafeMutablePointer<Float>
  ) {
    let layer = working[l]
    if !shapes[l].gathers {
      threads.weightGradient(
        x: x.rows, xStride: x.pixelStride, dy: delta, dyStride: layer.stride,
        rows: samples * shapes[l].pixels, inputs: layer.inputs, padded: layer.padded,
        gradient: gradient, continues: false)
      return
    }
    eachPatch(layer: l, x, inputs: layer.inputs, samples: samples) { patches, first, count in
      threads.weightGradient(
        x: workspace.patches, xStride: patches.stride, dy: delta + first * layer.stride,
        dyStride: layer.stride, rows: count, inputs: layer.inputs, padded: layer.padded,
        gradient: gradient, continues: first > 0)
    }
  }
}
