extension BuiltinKernels {
  /// The gradient of the weights in panels: one ascending chain over the rows per weight.
  static func weightGradient(
    x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
    inputs: Int, padded: Int, gradient: UnsafeMutablePointer<Float>
  ) {
    var panel = 0
    while panel < padded >> 4 {
      let panels = evenShare(
        of: padded >> 4 &- panel, atMost: TileShape.panels(rows: min(inputs, TileShape.rows)))
      gradientBlock(
        x: x, xStride: xStride, dy: dy + panel &* 16, dyStride: dyStride, rows: rows,
        inputs: inputs, panels: panels, gradient: gradient + panel &* inputs &* 16,
        panelStep: inputs &* 16)
      panel &+= panels
    }
  }

  /// The gradient of `inputs` inputs to a few panels, written `panelStep` floats apart.
  ///
  /// `panels` must suit a tile of `min(inputs, TileShape.rows)` rows.
  @inline(__always)
  static func gradientBlock(
    x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
    inputs: Int, panels: Int, gradient: UnsafeMutablePointer<Float>, panelStep: Int
  ) {
    var input = 0
    while input < inputs {
      let share = evenShare(of: inputs &- input, atMost: TileShape.rows)
      let work = GradientWork(
        x: x + input, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows,
        gradient: gradient + input &* 16, panelStep: panelStep)
      TileShape.run(work, rows: share, panels: panels)
      input &+= share
    }
  }
}

/// The gradient of one tile of inputs and panels.
private struct GradientWork: TileWork {
  var x: UnsafePointer<Float>
  var xStride: Int
  var dy: UnsafePointer<Float>
  var dyStride: Int
  var rows: Int
  var gradient: UnsafeMutablePointer<Float>
  var panelStep: Int

  @inline(never)
  func run<T: Tile>(_ tile: T.Type) {
    var sums = T()
    var x = x
    var dy = dy
    var row = 0
    while row < rows {
      sums.accumulate(x, step: 1, T.Row(from: dy, step: 16))
      x += xStride
      dy += dyStride
      row &+= 1
    }
    sums.store(to: gradient, rowStep: 16, panelStep: panelStep)
  }
}
