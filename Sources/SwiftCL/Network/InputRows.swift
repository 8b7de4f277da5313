import CSwiftCL

/// The caller's rows as the kernels want them: f32, scaled, checked. Rows that
/// already are so are read where they lie.
struct InputRows {
  var rows: UnsafePointer<Float>
  var stride: Int
}

extension Network {
  var input: InputFormat {
    InputFormat(
      elements: inputCount, type: options.input_type, layout: options.input_layout,
      channels: Int(options.input_channels), scale: options.input_scale,
      offset: options.input_offset)
  }

  /// Consecutive rows; nil after a message when one is not finite.
  @inline(never)
  mutating func load(_ source: UnsafeRawPointer, first: Int, count: Int) -> InputRows? {
    let format = input
    let start = source + first * format.rowBytes
    var rows = UnsafePointer(workspace.inputs)
    let bad: Int
    if format.isPlain && UInt(bitPattern: source) % 4 == 0 {
      rows = start.assumingMemoryBound(to: Float.self)
      if allFinite(rows, count * inputCount) { return InputRows(rows: rows, stride: inputCount) }
      bad = format.firstNonFinite(start, rows: count, workspace.inputs)
    } else {
      bad = format.convert(start, rows: count, to: workspace.inputs, step: inputCount)
    }
    if bad >= 0 { return failRow(first + bad) }
    return InputRows(rows: rows, stride: inputCount)
  }

  /// Rows in a chosen order, gathered into the workspace with their labels.
  mutating func load(
    _ source: UnsafeRawPointer, _ labels: UnsafePointer<Int32>, count: Int, order: RowOrder
  ) -> InputRows? {
    let net = self
    let format = input
    for n in 0..<count {
      let row = order[n]
      if !net.loadLabel(labels, row: row, to: n) {
        _ = failLabel(labels, row: row)
        return nil
      }
      if !format.convert(source + row * format.rowBytes, to: workspace.inputs + n * inputCount) {
        return failRow(row)
      }
    }
    return InputRows(rows: workspace.inputs, stride: inputCount)
  }

  private mutating func failRow(_ row: Int) -> InputRows? {
    _ = fail(SWIFTCL_E_NONFINITE, "inputs of row", is: row, expected: "finite numbers only")
    return nil
  }

  /// Finds a row that is not finite before anything is computed.
  mutating func checkRows(_ source: UnsafeRawPointer, count: Int) -> swiftcl_status {
    let bad = input.firstNonFinite(source, rows: count, workspace.inputs)
    if bad < 0 { return SWIFTCL_OK }
    _ = failRow(bad)
    return error.status
  }
}

/// Which row of a data set comes n-th.
struct RowOrder {
  var first = 0
  var rows = 0
  var key: UInt64 = 0
  var shuffles = false

  subscript(n: Int) -> Int {
    shuffles ? Random.permuted(first + n, of: rows, key: key) : first + n
  }
}
