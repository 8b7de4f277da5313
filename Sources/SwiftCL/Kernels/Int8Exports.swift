import CSwiftCL

#if SWIFTCL_VARIANT_BASE || SWIFTCL_VARIANT_V3
  // The doors of the kernels of int8 tickets, as those in KernelExports.swift. The widest variant
  // takes those of the narrower one.

  /// See `BuiltinKernels.int8Rows`.
  #if SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_int8_rows)
  #else
    @c(swiftcl_base_int8_rows)
  #endif
  public func int8RowsExport(_ pass: UnsafePointer<swiftcl_int8_rows>) {
    BuiltinKernels.int8Rows(pass)
  }

  /// See `BuiltinKernels.int8Input`.
  #if SWIFTCL_VARIANT_V3
    @c(swiftcl_v3_int8_input)
  #else
    @c(swiftcl_base_int8_input)
  #endif
  public func int8InputExport(_ pass: UnsafePointer<swiftcl_int8_input>) {
    BuiltinKernels.int8Input(pass)
  }
#elseif !SWIFTCL_VARIANT_V4
  /// The rows of one layer of an int8 ticket.
  @inline(__always)
  func int8Rows(_ pass: swiftcl_int8_rows) {
    var pass = pass
    #if SWIFTCL_DISPATCH
      swiftcl_kernels().pointee.int8_rows(&pass)
    #else
      BuiltinKernels.int8Rows(&pass)
    #endif
  }

  /// Elements of one channel of an int8 ticket's input.
  @inline(__always)
  func int8Input(_ pass: swiftcl_int8_input) {
    var pass = pass
    #if SWIFTCL_DISPATCH
      swiftcl_kernels().pointee.int8_input(&pass)
    #else
      BuiltinKernels.int8Input(&pass)
    #endif
  }
#endif
