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

  /// Rows in a chosen order, gathered into the workspace with their labels.
  mutating func load(
    _ source: UnsafeRawPointer, _ labels: UnsafePointer<Int32>, count: Int, order: RowOrder
  ) -> InputRows? {
    let net = self
    for n in 0..<count {
      let row = order[n]
      if !net.loadLabel(labels, row: row, to: n) {
        _ = failLabel(labels, row: row)
        return nil
      }
      if !net.convert(source + row * inputCount * inputBytes, to: workspace.inputs + n * inputCount)
      {
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
    let whole = count & ~15
    switch options.input_type {
    case SWIFTCL_INPUT_U8:
      for e in stride(from: 0, to: whole, by: 16) {
        let v = (source + e).loadUnaligned(as: SIMD16<UInt8>.self)
        Lane.store(swiftcl_from_u8(v), row + e)
      }
      for e in whole..<count { row[e] = Float((source + e).load(as: UInt8.self)) }
    case SWIFTCL_INPUT_I8:
      for e in stride(from: 0, to: whole, by: 16) {
        let v = (source + e).loadUnaligned(as: SIMD16<Int8>.self)
        Lane.store(swiftcl_from_i8(v), row + e)
      }
      for e in whole..<count { row[e] = Float((source + e).load(as: Int8.self)) }
    case SWIFTCL_INPUT_I16:
      for e in stride(from: 0, to: whole, by: 16) {
        let v = (source + e * 2).loadUnaligned(as: SIMD16<Int16>.self)
        Lane.store(swiftcl_from_i16(v), row + e)
      }
      for e in whole..<count { row[e] = Float((source + e * 2).loadUnaligned(as: Int16.self)) }
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

  private func scale(
    _ values: UnsafeMutablePointer<Float>, _ count: Int, _ factor: Float, _ summand: Float
  ) {
    let whole = count & ~15
    for e in stride(from: 0, to: whole, by: 16) {
      Lane.store(Lane.load(values + e) * factor + summand, values + e)
    }
    for e in whole..<count { values[e] = values[e] * factor + summand }
  }

  private func scale(_ row: UnsafeMutablePointer<Float>) {
    guard let scale = options.input_scale, let offset = options.input_offset else { return }
    let channels = Int(options.input_channels)
    let count = inputCount
    if channels == 1 {
      let factor = scale[0]
      let summand = offset[0]
      self.scale(row, count, factor, summand)
    } else if options.input_layout == SWIFTCL_LAYOUT_PLANAR {
      let plane = count / channels
      for c in 0..<channels {
        self.scale(row + c * plane, plane, scale[c], offset[c])
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
