import CSwiftCL

/// One layer of the working set: a product, whose rows are samples or pixels, and what is
/// made of it.
extension Network {
  /// Sums, normalisation, gate, what is added, activation: leaves the layer's rows in
  /// `output`. A step normalises by its own rows, a prediction by running statistics; where
  /// rows compete, a step draws their winners and a prediction takes the largest.
  @inline(never)
  func forward(layer l: Int, _ x: Surface, samples: Int, trains: Bool) {
    let layer = working[l]
    let shape = shapes[l]
    let rows = samples * shape.pixels
    let perSample = competesPerSample(l)
    let gated = layer.competes || perSample
    let finishes = shape.normalises || shape.added >= 0
    if shape.normalises { layer.norm.zeros.update(repeating: 0, count: layer.padded) }
    let keepsSums = perSample ? trains : gated || shape.normalises
    let sums = keepsSums ? layer.sums.normal : layer.output
    let bias = shape.normalises ? layer.norm.zeros : layer.live.bias
    let relu = shape.relu && !gated && !finishes
    let started = trains ? layerClock : 0
    if let mask = runningMask(l) {
      maskedProduct(
        layer: l, x, samples: samples, inputs: layer.inputs, outputs: layer.units,
        weights: mask.live, bias: bias, y: sums, yStride: layer.stride, relu: relu)
    } else {
      product(
        layer: l, x, samples: samples, inputs: layer.inputs, weights: layer.live.weights,
        bias: bias, padded: Panels.computed(layer.units), y: sums, yStride: layer.stride, relu: relu
      )
    }
    if trains { working[l].forwardSeconds += layerClock - started }
    if trains && shape.normalises { normalise(layer: l, rows: rows) }
    if perSample {
      let responses = trains ? layer.sums.sum : layer.output
      if shape.normalises { scale(layer: l, sums, rows: rows, to: responses, trains: trains) }
      if trains {
        openSampleGates(layer: l, rows: rows)
        applySampleGate(layer, rows: rows, relu: shape.relu)
      } else {
        passLargest(
          responses, stride: layer.stride, count: rows, units: layer.units,
          blockSize: shape.blockSize, relu: shape.relu)
      }
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
  private func scale(
    layer l: Int, _ sums: UnsafePointer<Float>, rows: Int,
    to responses: UnsafeMutablePointer<Float>,
    trains: Bool
  ) {
    let layer = working[l]
    fillFactors(layer: l, trains: trains)
    Finish(
      padded: layer.padded, stride: layer.stride, factor: layer.norm.factor,
      summand: layer.norm.summand, added: nil, relu: false
    ).run(sums, rows: rows, responses)
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
}
