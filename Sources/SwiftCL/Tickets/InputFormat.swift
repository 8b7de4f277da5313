import CSwiftCL

/// How the elements of a caller's rows become floats: a network and a ticket
/// have the same one, and the same code reads it.
struct InputFormat {
  /// Elements of one row.
  var elements: Int
  var type: Int32
  var layout: Int32
  var channels: Int
  /// One factor and one summand a channel; nil where inputs are used as they are.
  var scale: UnsafePointer<Float>?
  var offset: UnsafePointer<Float>?

  var elementBytes: Int {
    switch type {
    case SWIFTCL_INPUT_F32: return 4
    case SWIFTCL_INPUT_I16: return 2
    default: return 1
    }
  }

  var isFloat: Bool { type == SWIFTCL_INPUT_F32 }
  /// Rows that are floats already can be read where they lie.
  var isPlain: Bool { isFloat && scale == nil }
  var rowBytes: Int { elements * elementBytes }
  /// Rows are addressed by byte offsets.
  var mostRows: Int { Int.max / 4 / rowBytes }

  /// Whether two formats turn the same bytes into the same floats.
  func isSame(_ other: InputFormat) -> Bool {
    if elements != other.elements || type != other.type || layout != other.layout
      || channels != other.channels || (scale == nil) != (other.scale == nil)
    {
      return false
    }
    guard let scale, let offset, let theirs = other.scale, let those = other.offset else {
      return true
    }
    for c in 0..<channels
    where scale[c].bitPattern != theirs[c].bitPattern
      || offset[c].bitPattern != those[c].bitPattern
    {
      return false
    }
    return true
  }

  /// The first row whose elements are not all finite once converted; -1 if there is none.
  /// `row` is room for one row.
  func firstNonFinite(
    _ source: UnsafeRawPointer, rows: Int, _ row: UnsafeMutablePointer<Float>
  ) -> Int {
    // The description's check saw to it that scaled integers are finite.
    if !isFloat { return -1 }
    if isPlain && UInt(bitPattern: source) % 4 == 0 {
      let values = source.assumingMemoryBound(to: Float.self)
      if allFinite(values, rows * elements) { return -1 }
      for n in 0..<rows where !allFinite(values + n * elements, elements) { return n }
      return -1
    }
    return convert(source, rows: rows, to: row, step: 0)
  }

  /// Rows `step` floats apart, of which the first that is not finite is told; -1 if none is.
  func convert(
    _ source: UnsafeRawPointer, rows: Int, to target: UnsafeMutablePointer<Float>, step: Int
  ) -> Int {
    for n in 0..<rows where !convert(source + n * rowBytes, to: target + n * step) { return n }
    return -1
  }

  /// One row: element type, then scale and offset of its channel. False when
  /// the result is not finite.
  #if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
    @inline(never)
    func convert(_ source: UnsafeRawPointer, to row: UnsafeMutablePointer<Float>) -> Bool {
      // What is not scaled stays as it is, the sign of 0 too.
      var one: Float = 1
      var nothing: Float = -0.0
      let channels = scale == nil ? 1 : self.channels
      let count = elements / channels
      let isPlanar = layout == SWIFTCL_LAYOUT_PLANAR
      withUnsafePointer(to: &one) { factor in
        withUnsafePointer(to: &nothing) { summand in
          var work = swiftcl_row(
            source: source, type: type, channels: channels, count: count,
            step: isPlanar ? 1 : channels, between: isPlanar ? count : 1, factor: scale ?? factor,
            summand: offset ?? summand)
          swiftcl_row_convert(&work, row)
        }
      }
      return !isFloat || allFinite(row, elements)
    }
  #else
    @inline(never)
    func convert(_ source: UnsafeRawPointer, to row: UnsafeMutablePointer<Float>) -> Bool {
      let count = elements
      let whole = count & ~15
      switch type {
      case SWIFTCL_INPUT_U8:
        for e in stride(from: 0, to: whole, by: 16) {
          let v = (source + e).loadUnaligned(as: SIMD16<UInt8>.self)
          row.setLanes(swiftcl_from_u8(v), at: e)
        }
        for e in whole..<count {
          row[e] = swiftcl_from_int(Int32((source + e).load(as: UInt8.self)))
        }
      case SWIFTCL_INPUT_I8:
        for e in stride(from: 0, to: whole, by: 16) {
          let v = (source + e).loadUnaligned(as: SIMD16<Int8>.self)
          row.setLanes(swiftcl_from_i8(v), at: e)
        }
        for e in whole..<count {
          row[e] = swiftcl_from_int(Int32((source + e).load(as: Int8.self)))
        }
      case SWIFTCL_INPUT_I16:
        for e in stride(from: 0, to: whole, by: 16) {
          let v = (source + e * 2).loadUnaligned(as: SIMD16<Int16>.self)
          row.setLanes(swiftcl_from_i16(v), at: e)
        }
        for e in whole..<count {
          row[e] = swiftcl_from_int(Int32((source + e * 2).loadUnaligned(as: Int16.self)))
        }
      default:
        UnsafeMutableRawPointer(row).copyMemory(from: source, byteCount: count * 4)
      }
      scale(row)
      return !isFloat || allFinite(row, count)
    }

    private func scale(
      _ values: UnsafeMutablePointer<Float>, _ count: Int, _ factor: Float, _ summand: Float
    ) {
      let whole = count & ~15
      for e in stride(from: 0, to: whole, by: 16) {
        values.setLanes(values.lanes(at: e) * factor + summand, at: e)
      }
      for e in whole..<count { values[e] = values[e] * factor + summand }
    }

    private func scale(_ row: UnsafeMutablePointer<Float>) {
      guard let scale, let offset else { return }
      if channels == 1 {
        self.scale(row, elements, scale[0], offset[0])
      } else if layout == SWIFTCL_LAYOUT_PLANAR {
        let plane = elements / channels
        for c in 0..<channels { self.scale(row + c * plane, plane, scale[c], offset[c]) }
      } else {
        var e = 0
        while e < elements {
          for c in 0..<channels { row[e + c] = row[e + c] * scale[c] + offset[c] }
          e += channels
        }
      }
    }
  #endif
}
