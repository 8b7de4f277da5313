import CSwiftCL

/// Gradients of a masked layer on planes, a band at a time.
extension Network {
  /// The gradient of the weights and, where `below`, that of the inputs, from one copy of a band's output
  /// gradient. Inputs and their gradients take turns in the same bytes, which stay in the cache.
  @inline(never)
  func planesGradients(
    layer l: Int, _ x: Surface, samples: Int, _ delta: UnsafePointer<Float>, all: Bool, below: Bool
  ) {
    guard let mask = working[l].mask, let gradient = working[l].gradients.weights else { return }
    let layer = working[l]
    let weights = mask.live.view(gradient, active: all ? nil : mask)
    let planes = Planes(shapes[l], inputs: layer.inputs, samples: batchRows)
    let (offsets, rows) = planePlaces(layer.inputs)
    planes.place(layer.inputs, offsets)
    planes.each(samples: samples, pixels: shapes[l].pixels) { band in
      takeDelta(layer: l, planes, band, delta)
      if below { giveBelow(layer: l, planes, band, offsets, rows) }
      planes.input(x, band, planes: rows, adds: false)
      var pass = planes.pass(
        weights, band, offsets: offsets, x: rows, dx: nil, y: workspace.planeOutputs,
        continues: !band.isFirst)
      sparsePlanesWeightGradient(&pass)
    }
  }

  /// The gradient of the inputs alone.
  func planesInputGradient(layer l: Int, samples: Int, _ delta: UnsafePointer<Float>) {
    let layer = working[l]
    let planes = Planes(shapes[l], inputs: layer.inputs, samples: batchRows)
    let (offsets, rows) = planePlaces(layer.inputs)
    planes.place(layer.inputs, offsets)
    planes.each(samples: samples, pixels: shapes[l].pixels) { band in
      takeDelta(layer: l, planes, band, delta)
      giveBelow(layer: l, planes, band, offsets, rows)
    }
  }

  private func takeDelta(
    layer l: Int, _ planes: Planes, _ band: Planes.Band, _ delta: UnsafePointer<Float>
  ) {
    let layer = working[l]
    planes.output(
      UnsafeMutablePointer(mutating: delta), stride: layer.stride, outputs: layer.padded,
      pixels: shapes[l].pixels, band, planes: workspace.planeOutputs, writes: false)
  }

  /// Adds the gradient of a band's inputs to what lies below.
  private func giveBelow(
    layer l: Int, _ planes: Planes, _ band: Planes.Band, _ offsets: UnsafePointer<Int32>,
    _ dx: UnsafeMutablePointer<Float>
  ) {
    guard let mask = working[l].mask else { return }
    let shape = shapes[l]
    let stride = working[shape.input].stride
    dx.update(repeating: 0, count: planes.channels * planes.planeStride)
    var pass = planes.pass(
      mask.live.view(), band, offsets: offsets, x: dx, dx: dx, y: workspace.planeOutputs)
    sparsePlanesInputGradient(&pass)
    planes.input(
      Surface(
        rows: UnsafePointer(deltaAbove(shape.input)), sampleStride: shape.window.pixels * stride,
        pixelStride: stride),
      band, planes: dx, adds: true)
  }
}
