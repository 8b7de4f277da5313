import CSwiftCL

/// The built-in kernels of this variant.
enum BuiltinKernels {}

#if !(SWIFTCL_VARIANT_BASE || SWIFTCL_VARIANT_V3 || SWIFTCL_VARIANT_V4)
  // What the rest of the library calls. The OpenBLAS flavour has its own products in
  // CBLASBackend.swift; a dispatching build asks the table that was chosen for this
  // processor; any other build calls its only variant.

  /// The name of the kernels that run here: base, avx2, avx512, neon, scalar or openblas.
  ///
  /// NUL-terminated and static.
  func kernelName() -> UnsafePointer<CChar> {
    #if SWIFTCL_CBLAS
      let name: StaticString = "openblas"
    #elseif SWIFTCL_DISPATCH
      return swiftcl_kernels().pointee.name
    #elseif arch(arm64)
      let name: StaticString = "neon"
    #elseif arch(x86_64) && SWIFTCL_FMA
      let name: StaticString = "avx2"
    #elseif arch(x86_64)
      let name: StaticString = "base"
    #else
      let name: StaticString = "scalar"
    #endif
    #if SWIFTCL_CBLAS || !SWIFTCL_DISPATCH
      return UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    #endif
  }

  /// y = bias + x * weights, then the rectifier if `relu`: one ascending chain of fused
  /// multiply-adds per output, whatever the number of rows.
  @inline(__always)
  func forwardProduct(
    x: UnsafePointer<Float>, xStride: Int, rows: Int, inputs: Int, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, padded: Int, y: UnsafeMutablePointer<Float>, yStride: Int,
    relu: Bool
  ) {
    #if SWIFTCL_DISPATCH && !SWIFTCL_CBLAS
      swiftcl_kernels().pointee.forward_product(
        x, xStride, rows, inputs, weights, bias, padded, y, yStride, relu)
    #elseif SWIFTCL_CBLAS
      CBLASKernels.forwardProduct(
        x: x, xStride: xStride, rows: rows, inputs: inputs, weights: weights, bias: bias,
        padded: padded, y: y, yStride: yStride, relu: relu)
    #else
      BuiltinKernels.forwardProduct(
        x: x, xStride: xStride, rows: rows, inputs: inputs, weights: weights, bias: bias,
        padded: padded, y: y, yStride: yStride, relu: relu)
    #endif
  }

  /// Which of the two written orders an input gradient has. Every target decides alike, by
  /// what was faster on x86: transposing pays for many rows, or for few outputs, and
  /// where the weights are too many for a cache that the other order reads them from.
  @inline(__always)
  func chainsInputGradient(rows: Int, padded: Int) -> Bool {
    rows >= 48 || (rows >= 16 && (padded <= 64 || padded > 512)) || (rows >= 4 && padded == 16)
  }

  /// dx = dy * transposed weights, pads set to 0; 0 where `mask` is given and not positive.
  /// OpenBLAS takes all of a layer's inputs.
  @inline(__always)
  func inputGradient(
    dy: UnsafePointer<Float>, dyStride: Int, rows: Int, padded: Int, weights: UnsafePointer<Float>,
    panelStep: Int, inputs: Int, dx: UnsafeMutablePointer<Float>, dxStride: Int,
    mask: UnsafePointer<Float>?, chained: Bool
  ) {
    #if SWIFTCL_DISPATCH && !SWIFTCL_CBLAS
      swiftcl_kernels().pointee.input_gradient(
        dy, dyStride, rows, padded, weights, panelStep, inputs, dx, dxStride, mask, chained)
    #elseif SWIFTCL_CBLAS
      CBLASKernels.inputGradient(
        dy: dy, dyStride: dyStride, rows: rows, padded: padded, weights: weights, inputs: inputs,
        dx: dx, dxStride: dxStride, mask: mask)
    #else
      BuiltinKernels.inputGradient(
        dy: dy, dyStride: dyStride, rows: rows, padded: padded, weights: weights,
        panelStep: panelStep, inputs: inputs, dx: dx, dxStride: dxStride, mask: mask,
        chained: chained)
    #endif
  }

  /// The gradient of the weights in panels, rows ascending; where it `continues`, added to
  /// what is there, in one chain with it.
  @inline(__always)
  func weightGradient(
    x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
    inputs: Int, padded: Int, gradient: UnsafeMutablePointer<Float>, continues: Bool
  ) {
    #if SWIFTCL_DISPATCH && !SWIFTCL_CBLAS
      swiftcl_kernels().pointee.weight_gradient(
        x, xStride, dy, dyStride, rows, inputs, padded, gradient, continues)
    #elseif SWIFTCL_CBLAS
      CBLASKernels.weightGradient(
        x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows, inputs: inputs,
        padded: padded, gradient: gradient, continues: continues)
    #else
      BuiltinKernels.weightGradient(
        x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows, inputs: inputs,
        padded: padded, gradient: gradient, continues: continues)
    #endif
  }

  /// The weight gradient and the optimiser's step in one pass; bit for bit what
  /// `weightGradient` and `applyUpdate` do. Not for the OpenBLAS flavour.
  @inline(__always)
  func weightUpdate(
    x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
    inputs: Int, padded: Int, weights: UnsafeMutablePointer<Float>,
    first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>?,
    owned: UnsafePointer<UInt16>?, rates: UnsafePointer<Float>?,
    update: UnsafePointer<swiftcl_update>
  ) {
    #if SWIFTCL_DISPATCH && !SWIFTCL_CBLAS
      swiftcl_kernels().pointee.weight_update(
        x, xStride, dy, dyStride, rows, inputs, padded, weights, first, second, owned, rates,
        update)
    #else
      BuiltinKernels.weightUpdate(
        x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows, inputs: inputs,
        padded: padded, weights: weights, first: first, second: second, owned: owned, rates: rates,
        update: update)
    #endif
  }

  /// The optimiser's step from a stored gradient; `count` is a multiple of 16.
  @inline(__always)
  func applyUpdate(
    gradient: UnsafePointer<Float>, weights: UnsafeMutablePointer<Float>,
    first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>?,
    owned: UnsafePointer<UInt16>?, rates: UnsafePointer<Float>?, count: Int,
    update: UnsafePointer<swiftcl_update>
  ) {
    #if SWIFTCL_DISPATCH && !SWIFTCL_CBLAS
      swiftcl_kernels().pointee.apply_update(
        gradient, weights, first, second, owned, rates, count, update)
    #else
      BuiltinKernels.applyUpdate(
        gradient: gradient, weights: weights, first: first, second: second, owned: owned,
        rates: rates, count: count, update: update)
    #endif
  }

  /// The sums of the columns of dy, rows ascending.
  @inline(__always)
  func biasGradient(
    dy: UnsafePointer<Float>, dyStride: Int, rows: Int, padded: Int,
    gradient: UnsafeMutablePointer<Float>
  ) {
    #if SWIFTCL_DISPATCH && !SWIFTCL_CBLAS
      swiftcl_kernels().pointee.bias_gradient(
        dy, dyStride, rows, padded, gradient)
    #else
      BuiltinKernels.biasGradient(
        dy: dy, dyStride: dyStride, rows: rows, padded: padded, gradient: gradient)
    #endif
  }
#endif
