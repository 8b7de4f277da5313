#if !(SWIFTCL_VARIANT_BASE || SWIFTCL_VARIANT_V3 || SWIFTCL_VARIANT_V4)
  import CSwiftCL

  // The kernels of masked layers that the rest of the library calls. The OpenBLAS flavour has the
  // built-in ones, too. What they compute in which order: swiftcl_kernels.h.

  /// y = bias + x * kept weights, then the rectifier if asked for.
  @inline(__always)
  func sparseRowsForward(_ pass: UnsafePointer<swiftcl_sparse_rows>) {
    #if SWIFTCL_DISPATCH
      swiftcl_kernels().pointee.sparse_rows_forward(pass)
    #else
      BuiltinKernels.sparseRowsForward(pass.pointee)
    #endif
  }

  /// dx += dy * transposed kept weights.
  @inline(__always)
  func sparseRowsInputGradient(_ pass: UnsafePointer<swiftcl_sparse_rows>) {
    #if SWIFTCL_DISPATCH
      swiftcl_kernels().pointee.sparse_rows_input_gradient(pass)
    #else
      BuiltinKernels.sparseRowsInputGradient(pass.pointee)
    #endif
  }

  /// The gradient of the kept weights, or of the active ones among them.
  @inline(__always)
  func sparseRowsWeightGradient(_ pass: UnsafePointer<swiftcl_sparse_rows>) {
    #if SWIFTCL_DISPATCH
      swiftcl_kernels().pointee.sparse_rows_weight_gradient(pass)
    #else
      BuiltinKernels.sparseRowsWeightGradient(pass.pointee)
    #endif
  }

  /// As `sparseRowsForward`, for planes.
  @inline(__always)
  func sparsePlanesForward(_ pass: UnsafePointer<swiftcl_sparse_planes>) {
    #if SWIFTCL_DISPATCH
      swiftcl_kernels().pointee.sparse_planes_forward(pass)
    #else
      BuiltinKernels.sparsePlanesForward(pass.pointee)
    #endif
  }

  /// As `sparseRowsInputGradient`, for planes.
  @inline(__always)
  func sparsePlanesInputGradient(_ pass: UnsafePointer<swiftcl_sparse_planes>) {
    #if SWIFTCL_DISPATCH
      swiftcl_kernels().pointee.sparse_planes_input_gradient(pass)
    #else
      BuiltinKernels.sparsePlanesInputGradient(pass.pointee)
    #endif
  }

  /// As `sparseRowsWeightGradient`, for planes.
  @inline(__always)
  func sparsePlanesWeightGradient(_ pass: UnsafePointer<swiftcl_sparse_planes>) {
    #if SWIFTCL_DISPATCH
      swiftcl_kernels().pointee.sparse_planes_weight_gradient(pass)
    #else
      BuiltinKernels.sparsePlanesWeightGradient(pass.pointee)
    #endif
  }

  /// Copies rows of samples to planes.
  @inline(__always)
  func planesFromRows(_ pass: UnsafePointer<swiftcl_plane_copy>) {
    #if SWIFTCL_DISPATCH
      swiftcl_kernels().pointee.planes_from_rows(pass)
    #else
      BuiltinKernels.planesFromRows(pass.pointee)
    #endif
  }

  /// Copies or adds planes to rows of samples.
  @inline(__always)
  func rowsFromPlanes(_ pass: UnsafePointer<swiftcl_plane_copy>) {
    #if SWIFTCL_DISPATCH
      swiftcl_kernels().pointee.rows_from_planes(pass)
    #else
      BuiltinKernels.rowsFromPlanes(pass.pointee)
    #endif
  }

  // From how many rows of a dense layer on planes are the faster layout, with the copies there and
  // back: measured on x86, with 800 inputs and outputs of which a tenth is kept. Every target decides
  // alike. Forward products and input gradients are the same bits either way.

  /// Whether a dense layer's forward product is faster on planes.
  @inline(__always)
  func sparseForwardUsesPlanes(rows: Int, width: Int) -> Bool { rows >= (width == 8 ? 12 : 3) }

  /// Whether a dense layer's input gradient is faster on planes.
  @inline(__always)
  func sparseInputGradientUsesPlanes(rows: Int) -> Bool { rows >= 3 }

  /// Whether a dense layer's weight gradient is faster on planes: only many rows make up for
  /// folding sixteen sums a weight, unless weights are single. The sums are other ones.
  @inline(__always)
  func sparseWeightGradientUsesPlanes(rows: Int, width: Int) -> Bool {
    rows >= (width == 8 ? 96 : 6)
  }
#endif
