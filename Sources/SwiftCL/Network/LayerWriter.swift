import CSwiftCL

/// Writes layers one after the other, or only counts them, and follows the image through them.
struct LayerWriter {
  var layers: UnsafeMutablePointer<swiftcl_layer>?
  let blockSize: UInt32
  var count: UInt32 = 0
  var image: (height: UInt32, width: UInt32)
  private var maps: UInt32 = 1
  /// Whether some layer has more elements or inputs than a description may have.
  var isTooLarge = false

  init(
    layers: UnsafeMutablePointer<swiftcl_layer>?, blockSize: UInt32, height: UInt32, width: UInt32
  ) {
    self.layers = layers
    self.blockSize = blockSize
    image = (height, width)
  }

  private mutating func append(_ layer: swiftcl_layer) {
    layers?[Int(count)] = layer
    count &+= 1
  }

  private func layer(_ kind: Int32) -> swiftcl_layer {
    var layer = swiftcl_layer()
    layer.kind = kind
    return layer
  }

  @inline(never)
  private func competing(_ kind: Int32, _ units: UInt32) -> swiftcl_layer {
    var layer = layer(kind)
    layer.width = units
    layer.block_size = blockSize
    layer.activation = SWIFTCL_ACTIVATION_RELU
    return layer
  }

  @inline(never)
  private mutating func appendWindow(
    _ layer: swiftcl_layer, _ kernel: UInt32, _ stride: UInt32, _ padding: UInt32
  ) {
    var layer = layer
    layer.kernel_height = kernel
    layer.kernel_width = kernel
    layer.stride = stride
    layer.padding = padding
    append(layer)
    let window = Window(layer, height: Int(image.height), width: Int(image.width))
    image = (UInt32(window.outHeight), UInt32(window.outWidth))
  }

  /// A layer whose units or maps have `taps` pixels of all maps below as inputs.
  private mutating func read(taps: UInt64, _ units: UInt32) {
    let inputs = taps * UInt64(maps)
    isTooLarge = isTooLarge || inputs > UInt64(DescriptionCheck.largestInputs)
    maps = units
  }

  private var pixels: UInt64 { UInt64(image.height) * UInt64(image.width) }

  /// A layer that reads the whole image.
  @inline(never)
  mutating func dense(_ units: UInt32, _ kind: Int32 = SWIFTCL_LAYER_DENSE) {
    var layer = competing(kind, units)
    if kind == SWIFTCL_LAYER_HEAD {
      layer.block_size = 1
      layer.activation = SWIFTCL_ACTIVATION_NONE
    }
    append(layer)
    read(taps: pixels, units)
    image = (1, 1)
  }

  /// `source` is 1 + the index of the layer it reads, 0 the one before.
  @inline(never)
  mutating func convolution(
    _ maps: UInt32, kernel: UInt32, stride: UInt32 = 1, padding: UInt32 = 0, isActive: Bool = true,
    source: UInt32 = 0
  ) {
    var layer = competing(SWIFTCL_LAYER_CONV2D, maps)
    if !isActive { layer.activation = SWIFTCL_ACTIVATION_NONE }
    if count == 0 {
      layer.input_height = image.height
      layer.input_width = image.width
    }
    layer.source = source
    appendWindow(layer, kernel, stride, padding)
    read(taps: UInt64(kernel &* kernel), maps)
    isTooLarge = isTooLarge || pixels * UInt64(maps) > UInt64(LayerCheck.largestMaps)
  }

  mutating func maxPool(kernel: UInt32, stride: UInt32, padding: UInt32) {
    appendWindow(layer(SWIFTCL_LAYER_MAX_POOL), kernel, stride, padding)
  }

  mutating func globalPool() {
    append(layer(SWIFTCL_LAYER_GLOBAL_POOL))
    image = (1, 1)
  }

  @inline(never)
  mutating func normalisation() { append(layer(SWIFTCL_LAYER_BATCH_NORM)) }

  @inline(never)
  mutating func dropout(_ rate: Float) {
    var layer = layer(SWIFTCL_LAYER_DROPOUT)
    layer.rate = rate
    append(layer)
  }

  /// `source` is 1 + the index of what is added.
  @inline(never)
  mutating func sum(of source: UInt32) {
    var layer = layer(SWIFTCL_LAYER_ADD)
    layer.activation = SWIFTCL_ACTIVATION_RELU
    layer.source = source
    append(layer)
  }
}
