import CSwiftCL

/// The way back through a masked layer: only what it keeps has a gradient, and of that only what is
/// computed.
extension Network {
  /// Gradients of a masked layer's weights, biases and inputs, and what a mask update needs.
  func maskedGradients(
    layer l: Int, _ x: Surface, samples: Int, new: Int, _ delta: UnsafePointer<Float>
  ) {
    guard let mask = working[l].mask else { return }
    let below = shapes[l].input
    working[l].mask?.spent = 0
    if below >= 0 && !shapes[l].sharesInput {
      let count = samples * shapes[l].window.pixels * working[below].stride
      deltaAbove(below).update(repeating: 0, count: count)
    }
    if dueUpdate != nil { scoreGradients(layer: l, x, samples: samples, new: new, delta) }
    let chooses = choosesGradients(mask)
    let joins = below >= 0 && gradientForm(layer: l, samples: samples) == .planes
    if joins {
      spend(layer: l, samples: samples, all: chooses)
      planesGradients(layer: l, x, samples: samples, delta, all: chooses, below: true)
    } else {
      maskedWeightGradient(layer: l, x, first: 0, samples: samples, delta, all: chooses)
    }
    // A step that clips may yet fail.
    if chooses && options.clip_norm == 0 { chooseGradients(layer: l) }
    if below >= 0 {
      if !joins { maskedInputGradient(layer: l, samples: samples, delta) }
      if !shapes[below].isPooled && !shapes[below].masksItself {
        maskDelta(layer: below, rows: samples * shapes[l].window.pixels)
      }
    }
    gradientOfBias(layer: l, rows: samples * shapes[l].pixels, delta)
  }

  // MARK: weights

  /// The gradient of the kept weights over some samples: of those that are computed, or of all.
  @inline(never)
  func maskedWeightGradient(
    layer l: Int, _ surface: Surface, first: Int, samples: Int, _ delta: UnsafePointer<Float>,
    all: Bool
  ) {
    guard let mask = working[l].mask, let gradient = working[l].gradients.weights else { return }
    let layer = working[l]
    let shape = shapes[l]
    let weights = mask.live.view(gradient, active: all ? nil : mask)
    spend(layer: l, samples: samples, all: all)
    var x = surface
    x.rows += first * surface.sampleStride
    let dy = delta + first * shape.pixels * layer.stride
    let dyRows = UnsafeMutablePointer(mutating: dy)
    switch gradientForm(layer: l, samples: samples) {
    case .rows:
      func run(_ rows: UnsafePointer<Float>, _ stride: Int, from: Int, count: Int) {
        var pass = swiftcl_sparse_rows(
          weights: weights, x: rows, dx: nil, x_stride: stride, y: dyRows + from * layer.stride,
          y_stride: layer.stride, rows: count, bias: nil, relu: false, continues: from > 0)
        sparseRowsWeightGradient(&pass)
      }
      if !shape.gathers {
        run(x.rows, x.pixelStride, from: 0, count: samples * shape.pixels)
      } else {
        eachPatch(layer: l, x, inputs: layer.inputs, samples: samples) { patches, from, count in
          run(workspace.patches, patches.stride, from: from, count: count)
        }
      }
    case .planes:
      planesGradients(layer: l, x, samples: samples, dy, all: all, below: false)
    case .unmasked:
      panelGradient(layer: l, x, samples: samples, dy, to: workspace.unmaskedGradient)
      pickGradients(mask, gradient, layer.live.panels)
    }
  }

  /// Few rows of a dense layer are summed as they are, many in planes.
  private func gradientForm(layer l: Int, samples: Int) -> MaskedForm {
    let form = maskedForm(layer: l, samples: samples) ?? .rows
    let width = options.entryWidth
    let rows = samples * shapes[l].pixels
    if form == .planes, !shapes[l].gathers,
      !sparseWeightGradientUsesPlanes(rows: rows, width: width)
    {
      return .rows
    }
    return form
  }

  private func pickGradients(
    _ mask: LayerMask, _ gradient: UnsafeMutablePointer<Float>, _ panels: Panels
  ) {
    let live = mask.live
    for g in 0..<live.groups {
      for e in live.entries(g) {
        let k = Int(live.inputs[e])
        for lane in 0..<live.width {
          gradient[e &* live.width &+ lane] =
            workspace.unmaskedGradient[panels.index(k, g &* live.width &+ lane)]
        }
      }
    }
  }

  // MARK: inputs

  /// Adds the gradient of what the layer reads to what lies there.
  @inline(never)
  private func maskedInputGradient(
    layer l: Int, samples: Int, _ delta: UnsafePointer<Float>
  ) {
    guard let mask = working[l].mask else { return }
    let layer = working[l]
    let target = deltaAbove(shapes[l].input)
    let dyRows = UnsafeMutablePointer(mutating: delta)
    switch maskedForm(layer: l, samples: samples) ?? .rows {
    case .rows:
      rowsInputGradient(layer: l, mask, samples: samples, dyRows, target, unmasks: false)
    case .unmasked:
      unmask(mask.live, inputs: layer.inputs, outputs: layer.units)
      if shapes[l].gathers {
        rowsInputGradient(layer: l, mask, samples: samples, dyRows, target, unmasks: true)
      } else {
        let rows = samples * shapes[l].pixels
        gradientBelow(layer: l, rows: rows, delta, weights: workspace.unmasked)
      }
    case .planes:
      planesInputGradient(layer: l, samples: samples, delta)
    }
  }

  /// On rows: where windows are gathered, gradients of gathered rows, added up.
  private func rowsInputGradient(
    layer l: Int, _ mask: LayerMask, samples: Int, _ dy: UnsafeMutablePointer<Float>,
    _ target: UnsafeMutablePointer<Float>, unmasks: Bool
  ) {
    let layer = working[l]
    let shape = shapes[l]
    let stride = working[shape.input].stride
    func run(_ dx: UnsafeMutablePointer<Float>, _ dxStride: Int, first: Int, count: Int) {
      let dy = dy + first * layer.stride
      if unmasks {
        threads.inputGradient(
          dy: dy, dyStride: layer.stride, rows: count, padded: layer.padded,
          weights: workspace.unmasked, inputs: layer.inputs, dx: dx, dxStride: dxStride, mask: nil)
        return
      }
      var pass = swiftcl_sparse_rows(
        weights: mask.live.view(), x: dx, dx: dx, x_stride: dxStride, y: dy,
        y_stride: layer.stride, rows: count, bias: nil, relu: false, continues: false)
      sparseRowsInputGradient(&pass)
    }
    let rows = samples * shape.pixels
    if !shape.gathers {
      run(target, stride, first: 0, count: rows)
      return
    }
    let patches = Patches(
      window: shape.window, channels: layer.inputs / shape.taps,
      stride: Panels.pad(layer.inputs))
    let most = max(1, shape.patchFloats(batch: batch) / patches.stride)
    var first = 0
    while first < rows {
      let count = min(most, rows - first)
      if !unmasks {
        workspace.patchDeltas.update(repeating: 0, count: count * patches.stride)
      }
      run(workspace.patchDeltas, patches.stride, first: first, count: count)
      patches.scatter(
        workspace.patchDeltas, first: first, count: count, to: target, pixelStride: stride)
      first += count
    }
  }

  // MARK: scores

  /// What gradients add to the scores of a mask update: those of the rows given and those of rows
  /// recalled, each by itself; and which dead weights would have the largest.
  @inline(never)
  private func scoreGradients(
    layer l: Int, _ x: Surface, samples: Int, new: Int, _ delta: UnsafePointer<Float>
  ) {
    guard let mask = working[l].mask else { return }
    mask.scores.update(repeating: 0, count: mask.count)
    if options.score_current > 0 {
      maskedWeightGradient(layer: l, x, first: 0, samples: new, delta, all: true)
      addScores(layer: l, options.score_current)
    }
    if options.score_replay > 0, samples > new {
      maskedWeightGradient(layer: l, x, first: new, samples: samples - new, delta, all: true)
      addScores(layer: l, options.score_replay)
    }
    if options.regrowth == SWIFTCL_REGROW_GRADIENT {
      panelGradient(layer: l, x, samples: samples, delta, to: workspace.unmaskedGradient)
      working[l].mask?.spent &+= UInt64(samples) &* working[l].edges
      findCandidates(layer: l)
    }
  }

  /// Counts the gradients of some samples, which are to be computed; what lies behind them is 0.
  private func spend(layer l: Int, samples: Int, all: Bool) {
    // On all weights there is nothing to be left out.
    let isDense = maskedForm(layer: l, samples: samples) == .unmasked
    working[l].mask?.spent &+=
      UInt64(samples) &* (isDense ? working[l].edges : computedGradientEdges(layer: l, all: all))
    guard let mask = working[l].mask, let gradient = working[l].gradients.weights else { return }
    for at in mask.count * mask.live.width..<mask.live.floats { gradient[at] = 0 }
  }

  private func addScores(layer l: Int, _ factor: Float) {
    guard let mask = working[l].mask, let gradient = working[l].gradients.weights else { return }
    for e in 0..<mask.count { mask.scores[e] += factor * mask.live.magnitude(e, of: gradient) }
  }
}
