#if SWIFTCL_VARIANT_BASE || SWIFTCL_VARIANT_V3 || SWIFTCL_VARIANT_V4
  import CSwiftCL

  // The doors of the sparse kernels, as those in KernelExports.swift.

  /// See `BuiltinKernels.sparsePlanesForward`.
  #if SWIFTCL_VARIANT_V4
    @c(swiftcl_v4_sparse_planes_forward)
  #elseif SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_sparse_planes_forward)
  #else
    @c(swiftcl_base_sparse_planes_forward)
  #endif
  public func sparsePlanesForwardExport(pass: UnsafePointer<swiftcl_sparse_planes>) {
    BuiltinKernels.sparsePlanesForward(pass.pointee)
  }

  /// See `BuiltinKernels.sparsePlanesInputGradient`.
  #if SWIFTCL_VARIANT_V4
    @c(swiftcl_v4_sparse_planes_input_gradient)
  #elseif SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_sparse_planes_input_gradient)
  #else
    @c(swiftcl_base_sparse_planes_input_gradient)
  #endif
  public func sparsePlanesInputGradientExport(pass: UnsafePointer<swiftcl_sparse_planes>) {
    BuiltinKernels.sparsePlanesInputGradient(pass.pointee)
  }

  /// See `BuiltinKernels.sparsePlanesWeightGradient`.
  #if SWIFTCL_VARIANT_V4
    @c(swiftcl_v4_sparse_planes_weight_gradient)
  #elseif SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_sparse_planes_weight_gradient)
  #else
    @c(swiftcl_base_sparse_planes_weight_gradient)
  #endif
  public func sparsePlanesWeightGradientExport(pass: UnsafePointer<swiftcl_sparse_planes>) {
    BuiltinKernels.sparsePlanesWeightGradient(pass.pointee)
  }

  // Those of rows work on eight floats at a time, and the copies wait for memory: for both the
  // widest variant leaves the work to the narrower one.
  #if !SWIFTCL_VARIANT_V4
    /// See `BuiltinKernels.sparseRowsForward`.
    #if SWIFTCL_VARIANT_V3
      @c(swiftcl_v3_sparse_rows_forward)
    #else
      @c(swiftcl_base_sparse_rows_forward)
    #endif
    public func sparseRowsForwardExport(pass: UnsafePointer<swiftcl_sparse_rows>) {
      BuiltinKernels.sparseRowsForward(pass.pointee)
    }

    /// See `BuiltinKernels.sparseRowsInputGradient`.
    #if SWIFTCL_VARIANT_V3
      @c(swiftcl_v3_sparse_rows_input_gradient)
    #else
      @c(swiftcl_base_sparse_rows_input_gradient)
    #endif
    public func sparseRowsInputGradientExport(pass: UnsafePointer<swiftcl_sparse_rows>) {
      BuiltinKernels.sparseRowsInputGradient(pass.pointee)
    }

    /// See `BuiltinKernels.sparseRowsWeightGradient`.
    #if SWIFTCL_VARIANT_V3
      @c(swiftcl_v3_sparse_rows_weight_gradient)
    #else
      @c(swiftcl_base_sparse_rows_weight_gradient)
    #endif
    public func sparseRowsWeightGradientExport(pass: UnsafePointer<swiftcl_sparse_rows>) {
      BuiltinKernels.sparseRowsWeightGradient(pass.pointee)
    }

    /// See `BuiltinKernels.planesFromRows`.
    #if SWIFTCL_VARIANT_V3
      @c(swiftcl_v3_planes_from_rows)
    #else
      @c(swiftcl_base_planes_from_rows)
    #endif
    public func planesFromRowsExport(pass: UnsafePointer<swiftcl_plane_copy>) {
      BuiltinKernels.planesFromRows(pass.pointee)
    }

    /// See `BuiltinKernels.rowsFromPlanes`.
    #if SWIFTCL_VARIANT_V3
      @c(swiftcl_v3_rows_from_planes)
    #else
      @c(swiftcl_base_rows_from_planes)
    #endif
    public func rowsFromPlanesExport(pass: UnsafePointer<swiftcl_plane_copy>) {
      BuiltinKernels.rowsFromPlanes(pass.pointee)
    }
  #endif
#endif
