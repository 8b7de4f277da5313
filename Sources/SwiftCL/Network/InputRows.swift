import CSwiftCL

/// The caller's rows as the kernels want them: f32, scaled, checked. Rows that
/// already are so are read where they lie.
struct InputRows {
  var rows: UnsafePointer<Float>
  var stride: Int
}

extension Network {
  var inputBytes: Int {
    switch options.input_type {
    case SWIFTCL_INPUT_F32: return 4
    case SWIFTCL_INPUT_I16: return 2
    default: return 1
    }
  }

  /// True when the caller's memory can be used as it is.
  private func isDirect(_ source: UnsafeRawPointer) -> Bool {
    options.input_type == SWIFTCL_INPUT_F32 && options.input_scale == nil
      && UInt(bitPattern: source) % 4 == 0
  }

  /// Consecutive rows; nil after a message when one is not finite.
  @inline(never)
  mutating func load(_ source: UnsafeRawPointer, first: Int, count: Int) -> InputRows? {
    let start = source + first * inputCount * inputBytes
    guard isDirect(source) else {
      for n in 0..<count {
        if !convert(start + n * inputCount * inputBytes, to: workspace.inputs + n * inputCount) {
          return failRow(first + n)
        }
      }
      return InputRows(rows: workspace.inputs, stride: inputCount)
    }
    let rows = start.assumingMemoryBound(to: Float.self)
    if !allFinite(rows, count * inputCount) {
      for n in 0..<count where !allFinite(rows + n * inputCount, inputCount) {
        return failRow(first + n)
      }
    }
    return InputRows(rows: rows, stride: inputCount)
  }

  /// Rows in a chosen order, gathered into the workspace.
  mutating func load(_ source: UnsafeRawPointer, count: Int, order: RowOrder) -> InputRows? {
    for n in 0..<count {
      let row = order[n]
      if !convert(source + row * inputCount * inputBytes, to: workspace.inputs + n * inputCount) {
        return failRow(row)
      }
    }
    return InputRows(rows: workspace.inputs, stride: inputCount)
  }

  private mutating func failRow(_ row: Int) -> InputRows? {
    _ = fail(SWIFTCL_E_NONFINITE, "inputs of row", is: row, expected: "finite numbers only")
    return nil
  }

  /// One row: element type, then scale and offset of its channel. False when
  /// the result is not finite.
  @inline(never)
  private func convert(_ source: UnsafeRawPointer, to row: UnsafeMutablePointer<Float>) -> Bool {
    let count = inputCount
    switch options.input_type {
    case SWIFTCL_INPUT_U8:
      let bytes = source.assumingMemoryBound(to: UInt8.self)
      for e in 0..<count { row[e] = Float(bytes[e]) }
    case SWIFTCL_INPUT_I8:
      let bytes = source.assumingMemoryBound(to: Int8.self)
      for e in 0..<count { row[e] = Float(bytes[e]) }
    case SWIFTCL_INPUT_I16:
      for e in 0..<count {
        row[e] = Float(source.loadUnaligned(fromByteOffset: e * 2, as: Int16.self))
      }
    default:
      UnsafeMutableRawPointer(row).copyMemory(from: source, byteCount: count * 4)
    }
    scale(row)
    // The description's check saw to it that scaled integers are finite.
    return options.input_type != SWIFTCL_INPUT_F32 || allFinite(row, count)
  }

  /// Finds a row that is not finite before anything is computed.
  mutating func checkRows(_ source: UnsafeRawPointer, count: Int) -> swiftcl_status {
    if options.input_type != SWIFTCL_INPUT_F32 { return SWIFTCL_OK }
    if isDirect(source), allFinite(source.assumingMemoryBound(to: Float.self), count * inputCount) {
      return SWIFTCL_OK
    }
    for n in 0..<count where !convert(source + n * inputCount * inputBytes, to: workspace.inputs) {
      _ = failRow(n)
      return error.status
    }
    return SWIFTCL_OK
  }

  private func scale(_ row: UnsafeMutablePointer<Float>) {
    guard let scale = options.input_scale, let offset = options.input_offset else { return }
    let channels = Int(options.input_channels)
    let count = inputCount
    if channels == 1 {
      let factor = scale[0]
      let summand = offset[0]
      for e in 0..<count { row[e] = row[e] * factor + summand }
    } else if options.input_layout == SWIFTCL_LAYOUT_PLANAR {
      let plane = count / channels
      for c in 0..<channels {
        for e in c * plane..<(c + 1) * plane { row[e] = row[e] * scale[c] + offset[c] }
      }
    } else {
      var e = 0
      while e < count {
        for c in 0..<channels { row[e + c] = row[e + c] * scale[c] + offset[c] }
        e += channels
      }
    }
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
