extension BuiltinKernels {
  /// The sums of the columns of dy, rows ascending, by plain additions.
  static func biasGradient(
    dy: UnsafePointer<Float>, dyStride: Int, rows: Int, padded: Int,
    gradient: UnsafeMutablePointer<Float>
  ) {
    var output = 0
    while output < padded {
      // Four panels at once hide the latency of the addition where there are vectors.
      if TileShape.rows > 1 && padded &- output >= 64 {
        sumColumns(dy + output, dyStride, rows, gradient + output, Strip4.self)
        output &+= 64
      } else {
        sumColumns(dy + output, dyStride, rows, gradient + output, Strip1.self)
        output &+= 16
      }
    }
  }

  @inline(__always)
  private static func sumColumns<S: Strip>(
    _ dy: UnsafePointer<Float>, _ dyStride: Int, _ rows: Int,
    _ gradient: UnsafeMutablePointer<Float>, _: S.Type
  ) {
    var sums = S()
    var row = 0
    while row < rows {
      sums.add(S(from: dy + row &* dyStride, step: 16))
      row &+= 1
    }
    sums.store(to: gradient, step: 16)
  }
}
