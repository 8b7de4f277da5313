import CSwiftCL

/// How the products of a masked layer are made.
enum MaskedForm {
  /// Entry by entry on rows as they are: few rows.
  case rows
  /// On planes: many.
  case planes
  /// On all weights, those that are masked as 0: where a mask keeps so many single weights that it is
  /// dearer than none.
  case unmasked
}

extension MaskedForm {
  /// Samples of a convolution from which on planes, of sixteen, are faster.
  static let leastSamples = 8

  /// Whether so many single weights of a layer take longer than all of them. By what was measured, and
  /// never by the clock: the same masks give the same bits.
  static func isDense(_ kept: Int, inputs: Int, outputs: Int, _ shape: LayerShape) -> Bool {
    Double(kept) > Double(inputs) * Double(outputs) * (shape.gathers ? 0.3 : 0.5)
  }
}

extension swiftcl_options {
  /// Whether a mask of this layer may ever keep that many.
  func unmasks(_ shape: LayerShape) -> Bool {
    let (inputs, outputs) = (shape.winnerInputs, shape.winnerWidth)
    return !masksBlocks
      && MaskedForm.isDense(
        mostEntries(inputs: inputs, outputs: outputs), inputs: inputs, outputs: outputs, shape)
  }
}

/// The product of a masked layer.
extension Network {
  func maskedForm(
    layer l: Int, _ weights: SparseWeights, samples: Int, inputs: Int, outputs: Int
  ) -> MaskedForm {
    let width = options.entryWidth
    let rows = samples * shapes[l].pixels
    let isMany =
      shapes[l].gathers
      ? samples >= MaskedForm.leastSamples : sparseForwardUsesPlanes(rows: rows, width: width)
    if !isMany { return .rows }
    let isDense = MaskedForm.isDense(
      weights.count, inputs: inputs, outputs: outputs, shapes[l])
    return isDense && options.unmasks(shapes[l]) ? .unmasked : .planes
  }

  /// That of the open task.
  func maskedForm(layer l: Int, samples: Int) -> MaskedForm? {
    guard let mask = runningMask(l) else { return nil }
    return maskedForm(
      layer: l, mask.live, samples: samples, inputs: working[l].inputs, outputs: working[l].units)
  }

  /// Weights of the open task that the products of so many samples multiply by: with those that are
  /// unmasked for it.
  func multipliedEdges(layer l: Int, samples: Int) -> UInt64 {
    maskedForm(layer: l, samples: samples) == .unmasked ? working[l].edges : keptEdges(layer: l)
  }

  /// As `product`, of kept weights alone.
  @inline(never)
  func maskedProduct(
    layer l: Int, _ surface: Surface, samples: Int, inputs: Int, outputs: Int,
    weights: SparseWeights, bias: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>,
    yStride: Int, relu: Bool
  ) {
    switch maskedForm(
      layer: l, weights, samples: samples, inputs: inputs, outputs: outputs)
    {
    case .rows:
      rowsProduct(
        layer: l, surface, samples: samples, inputs: inputs, weights: weights, bias: bias, y: y,
        yStride: yStride, relu: relu)
    case .planes:
      planesProduct(
        layer: l, surface, samples: samples, inputs: inputs, outputs: outputs, weights: weights,
        bias: bias, y: y, yStride: yStride, relu: relu)
    case .unmasked:
      unmask(weights, inputs: inputs, outputs: outputs)
      product(
        layer: l, surface, samples: samples, inputs: inputs, weights: workspace.unmasked,
        bias: bias, padded: Panels.pad(outputs), y: y, yStride: yStride, relu: relu)
    }
  }

  private func rowsProduct(
    layer l: Int, _ surface: Surface, samples: Int, inputs: Int, weights: SparseWeights,
    bias: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, yStride: Int, relu: Bool
  ) {
    func run(_ x: UnsafePointer<Float>, _ xStride: Int, first: Int, count: Int) {
      var pass = swiftcl_sparse_rows(
        weights: weights.view(), x: x, dx: nil, x_stride: xStride, y: y + first * yStride,
        y_stride: yStride, rows: count, bias: bias, relu: relu, continues: false)
      sparseRowsForward(&pass)
    }
    if !shapes[l].gathers {
      run(surface.rows, surface.pixelStride, first: 0, count: samples * shapes[l].pixels)
      return
    }
    eachPatch(layer: l, surface, inputs: inputs, samples: samples) { patches, first, count in
      run(workspace.patches, patches.stride, first: first, count: count)
    }
  }

  private func planesProduct(
    layer l: Int, _ surface: Surface, samples: Int, inputs: Int, outputs: Int,
    weights: SparseWeights, bias: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>,
    yStride: Int, relu: Bool
  ) {
    let planes = Planes(shapes[l], inputs: inputs, samples: batchRows)
    let (offsets, x) = planePlaces(inputs)
    planes.place(inputs, offsets)
    planes.each(samples: samples, pixels: shapes[l].pixels) { band in
      planes.input(surface, band, planes: x, adds: false)
      var pass = planes.pass(
        weights.view(), band, offsets: offsets, x: x, dx: nil, y: workspace.planeOutputs,
        bias: bias, relu: relu)
      sparsePlanesForward(&pass)
      planes.output(
        y, stride: yStride, outputs: Panels.pad(outputs), pixels: shapes[l].pixels, band,
        planes: workspace.planeOutputs, writes: true)
    }
  }

  /// Rows of the largest step.
  var batchRows: Int { options.stepRows }

  /// Offsets lie before the planes.
  func planePlaces(_ inputs: Int) -> (
    UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Float>
  ) {
    let offsets = UnsafeMutableRawPointer(workspace.planes).assumingMemoryBound(to: Int32.self)
    return (offsets, workspace.planes + Panels.pad(inputs))
  }

  /// Lays all weights of a layer in panels, in `workspace.unmasked`.
  @inline(never)
  func unmask(_ weights: SparseWeights, inputs: Int, outputs: Int) {
    let panels = Panels(inputs: inputs, outputs: outputs)
    let target = workspace.unmasked
    target.update(repeating: 0, count: panels.count)
    for g in 0..<weights.groups {
      for e in weights.entries(g) {
        let k = Int(weights.inputs[e])
        for lane in 0..<weights.width {
          target[panels.index(k, g &* weights.width &+ lane)] =
            weights.values[e &* weights.width &+ lane]
        }
      }
    }
  }
}
