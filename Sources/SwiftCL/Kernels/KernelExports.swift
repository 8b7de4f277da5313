#if SWIFTCL_VARIANT_BASE || SWIFTCL_VARIANT_V3 || SWIFTCL_VARIANT_V4
  import CSwiftCL

  // The doors of one variant of the kernels for the table in kernels_x86.c. `@c` wants
  // literal names and public functions; the linker keeps them inside the library.

  /// See `BuiltinKernels.forwardProduct`.
  #if SWIFTCL_VARIANT_V4
    @c(swiftcl_v4_forward_product)
  #elseif SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_forward_product)
  #else
    @c(swiftcl_base_forward_product)
  #endif
  public func forwardProductExport(
    x: UnsafePointer<Float>, xStride: Int, rows: Int, inputs: Int, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, padded: Int, y: UnsafeMutablePointer<Float>, yStride: Int,
    relu: Bool
  ) {
    BuiltinKernels.forwardProduct(
      x: x, xStride: xStride, rows: rows, inputs: inputs, weights: weights, bias: bias,
      padded: padded, y: y, yStride: yStride, relu: relu)
  }

  /// See `BuiltinKernels.inputGradient`.
  #if SWIFTCL_VARIANT_V4
    @c(swiftcl_v4_input_gradient)
  #elseif SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_input_gradient)
  #else
    @c(swiftcl_base_input_gradient)
  #endif
  public func inputGradientExport(
    dy: UnsafePointer<Float>, dyStride: Int, rows: Int, padded: Int,
    weights: UnsafePointer<Float>, panelStep: Int, inputs: Int, dx: UnsafeMutablePointer<Float>,
    dxStride: Int, mask: UnsafePointer<Float>?, chained: Bool
  ) {
    BuiltinKernels.inputGradient(
      dy: dy, dyStride: dyStride, rows: rows, padded: padded, weights: weights,
      panelStep: panelStep, inputs: inputs, dx: dx, dxStride: dxStride, mask: mask, chained: chained
    )
  }

  /// See `BuiltinKernels.weightGradient`.
  #if SWIFTCL_VARIANT_V4
    @c(swiftcl_v4_weight_gradient)
  #elseif SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_weight_gradient)
  #else
    @c(swiftcl_base_weight_gradient)
  #endif
  public func weightGradientExport(
    x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
    inputs: Int, padded: Int, gradient: UnsafeMutablePointer<Float>, continues: Bool
  ) {
    BuiltinKernels.weightGradient(
      x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows, inputs: inputs,
      padded: padded, gradient: gradient, continues: continues)
  }

  /// See `BuiltinKernels.weightUpdate`.
  #if SWIFTCL_VARIANT_V4
    @c(swiftcl_v4_weight_update)
  #elseif SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_weight_update)
  #else
    @c(swiftcl_base_weight_update)
  #endif
  public func weightUpdateExport(
    x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
    inputs: Int, padded: Int, weights: UnsafeMutablePointer<Float>,
    first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>?,
    owned: UnsafePointer<UInt16>?, rates: UnsafePointer<Float>?,
    update: UnsafePointer<swiftcl_update>
  ) {
    BuiltinKernels.weightUpdate(
      x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows, inputs: inputs,
      padded: padded, weights: weights, first: first, second: second, owned: owned, rates: rates,
      update: update)
  }

  /// See `BuiltinKernels.applyUpdate`.
  #if SWIFTCL_VARIANT_V4
    @c(swiftcl_v4_apply_update)
  #elseif SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_apply_update)
  #else
    @c(swiftcl_base_apply_update)
  #endif
  public func applyUpdateExport(
    gradient: UnsafePointer<Float>, weights: UnsafeMutablePointer<Float>,
    first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>?,
    owned: UnsafePointer<UInt16>?, rates: UnsafePointer<Float>?, count: Int,
    update: UnsafePointer<swiftcl_update>
  ) {
    BuiltinKernels.applyUpdate(
      gradient: gradient, weights: weights, first: first, second: second, owned: owned,
      rates: rates, count: count, update: update)
  }

  /// See `BuiltinKernels.biasGradient`.
  #if SWIFTCL_VARIANT_V4
    @c(swiftcl_v4_bias_gradient)
  #elseif SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_bias_gradient)
  #else
    @c(swiftcl_base_bias_gradient)
  #endif
  public func biasGradientExport(
    dy: UnsafePointer<Float>, dyStride: Int, rows: Int, padded: Int,
    gradient: UnsafeMutablePointer<Float>
  ) {
    BuiltinKernels.biasGradient(
      dy: dy, dyStride: dyStride, rows: rows, padded: padded, gradient: gradient)
  }
#endif
