import CSwiftCL

extension LayerShape {
  /// Whether layer `l` of those with parameters is one that a mask thins out, as options.masked_layers
  /// says; whether there are masks at all is for options.sparsity to say.
  static func isMasked(_ l: Int, _ shape: LayerShape, _ options: swiftcl_options) -> Bool {
    if shape.isHead { return false }
    if options.masked_layers != 0 { return l < 32 && options.masked_layers >> UInt32(l) & 1 == 1 }
    // Stems and projections of shortcuts have few weights, and all depends on them.
    let isConvolution = options.layers?[shape.slot].kind == SWIFTCL_LAYER_CONV2D
    return !isConvolution || (shape.taps > 1 && shape.input >= 0)
  }
}
