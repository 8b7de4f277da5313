#if SWIFTCL_CBLAS
  import CSwiftCL

  /// The three products by OpenBLAS, for the flavour whose weights lie in plain rows.
  ///
  /// The caller has checked that all sizes fit the 32-bit integers of BLAS.
  enum CBLASKernels {
    private static var rowMajor: Int32 { 101 }
    private static var plain: Int32 { 111 }
    private static var transposed: Int32 { 112 }

    /// y = bias + x * weights, then the rectifier if `relu`.
    static func forwardProduct(
      x: UnsafePointer<Float>, xStride: Int, rows: Int, inputs: Int,
      weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, padded: Int,
      y: UnsafeMutablePointer<Float>, yStride: Int, relu: Bool
    ) {
      eachVector(rows: rows, columns: padded) { row, column in
        y.setLanes(bias.lanes(at: column), at: row &* yStride &+ column)
      }
      let n = Int32(truncatingIfNeeded: padded)
      let k = Int32(truncatingIfNeeded: inputs)
      if rows == 1 {
        cblas_sgemv(rowMajor, transposed, k, n, 1, weights, n, x, 1, 1, y, 1)
      } else {
        cblas_sgemm(
          rowMajor, plain, plain, Int32(truncatingIfNeeded: rows), n, k, 1, x,
          Int32(truncatingIfNeeded: xStride), weights, n, 1, y,
          Int32(truncatingIfNeeded: yStride))
      }
      if relu {
        eachVector(rows: rows, columns: padded) { row, column in
          let index = row &* yStride &+ column
          y.setLanes(y.lanes(at: index).rectified, at: index)
        }
      }
    }

    /// dx = dy * transposed weights, pads set to 0; 0 where `mask` is not positive.
    static func inputGradient(
      dy: UnsafePointer<Float>, dyStride: Int, rows: Int, padded: Int,
      weights: UnsafePointer<Float>, inputs: Int,
      dx: UnsafeMutablePointer<Float>, dxStride: Int, mask: UnsafePointer<Float>?
    ) {
      let n = Int32(truncatingIfNeeded: inputs)
      let k = Int32(truncatingIfNeeded: padded)
      if rows == 1 {
        cblas_sgemv(rowMajor, plain, n, k, 1, weights, k, dy, 1, 0, dx, 1)
      } else {
        cblas_sgemm(
          rowMajor, plain, transposed, Int32(truncatingIfNeeded: rows), n, k, 1, dy,
          Int32(truncatingIfNeeded: dyStride), weights, k, 0, dx,
          Int32(truncatingIfNeeded: dxStride))
      }
      var row = 0
      while row < rows {
        var input = inputs
        while input < Panels.pad(inputs) {
          dx[row &* dxStride &+ input] = 0
          input &+= 1
        }
        row &+= 1
      }
      if let mask {
        eachVector(rows: rows, columns: Panels.pad(inputs)) { row, column in
          let index = row &* dxStride &+ column
          dx.setLanes(dx.lanes(at: index).opened(by: mask.lanes(at: index)), at: index)
        }
      }
    }

    /// The gradient of the weights, in the same rows as the weights.
    static func weightGradient(
      x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
      inputs: Int, padded: Int, gradient: UnsafeMutablePointer<Float>, continues: Bool
    ) {
      let n = Int32(truncatingIfNeeded: padded)
      cblas_sgemm(
        rowMajor, transposed, plain, Int32(truncatingIfNeeded: inputs), n,
        Int32(truncatingIfNeeded: rows), 1, x, Int32(truncatingIfNeeded: xStride), dy,
        Int32(truncatingIfNeeded: dyStride), continues ? 1 : 0, gradient, n)
    }

    @inline(__always)
    private static func eachVector(rows: Int, columns: Int, _ body: (Int, Int) -> Void) {
      var row = 0
      while row < rows {
        var column = 0
        while column < columns {
          body(row, column)
          column &+= 16
        }
        row &+= 1
      }
    }
  }
#endif
