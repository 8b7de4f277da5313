import CSwiftCL

/// A well-known network as the layers of a description.
struct ReadyDescription {
  enum Shape {
    case mlp, lenet, alexnet, resnet18
  }

  let shape: Shape
  let call: StaticString
  let error: UnsafeMutablePointer<swiftcl_error>
  var height: UInt32 = 1
  var width: UInt32 = 1
  /// NULL: those of the paper.
  var widths: UnsafePointer<UInt32>?
  var widthCount: UInt32 = 0
  var blockSize: UInt32
  var classes: UInt32
  var isNormalised = false

  private static let lenetWidths: InlineArray<5, UInt32> = [20, 50, 800, 500, 0]
  private static let alexnetWidths: InlineArray<5, UInt32> = [64, 128, 256, 2048, 2048]
  private static let largestWidth: UInt32 = 65_536
  /// ResNet's last stage is eight times as wide as its first.
  private static let largestStem: UInt32 = 8192
  /// With less, some window of the AlexNet-like network would be larger than its image.
  private static let alexnetSide: UInt32 = 19
  /// With the head 32 layers that have parameters.
  private static let mostHidden: UInt32 = 31

  /// Writes the layers if there are any to write to, and their number; nothing on failure.
  func describe(
    into layers: UnsafeMutablePointer<swiftcl_layer>?, _ capacity: UInt32,
    _ count: UnsafeMutablePointer<UInt32>?
  ) -> swiftcl_status {
    guard let count else { return ErrorRecord.fail(error, SWIFTCL_E_NULL, call, "count is NULL") }
    if layers == nil && capacity > 0 {
      return ErrorRecord.fail(
        error, SWIFTCL_E_NULL, call, "layers is NULL, but there is a capacity")
    }
    let status = check()
    if status != SWIFTCL_OK { return status }
    var counted = LayerWriter(layers: nil, blockSize: blockSize, height: height, width: width)
    write(to: &counted)
    if counted.isTooLarge {
      return refuse(
        "height", height, "less, or narrower layers: one has too many elements or inputs")
    }
    if let layers {
      if capacity < counted.count {
        return ErrorRecord.fail(
          error, SWIFTCL_E_BUFFER, call, "capacity", is: Int(shown: UInt(capacity)),
          expected: "at least ", Int(counted.count))
      }
      var written = LayerWriter(layers: layers, blockSize: blockSize, height: height, width: width)
      write(to: &written)
    }
    count.pointee = counted.count
    return SWIFTCL_OK
  }

  // MARK: arguments

  private func check() -> swiftcl_status {
    let side = UInt32(LayerCheck.largestSide)
    let least = shape == .alexnet ? ReadyDescription.alexnetSide : 1
    if height < least || height > side {
      return refuse("height", height, "at most 65535, and at least ", Int(least))
    }
    if width < least || width > side {
      return refuse("width", width, "at most 65535, and at least ", Int(least))
    }
    if UInt64(height) * UInt64(width) > UInt64(DescriptionCheck.largestInputs) {
      return refuse("height", height, "an image of at most 1048576 pixels; width is ", Int(width))
    }
    if blockSize < 1 || blockSize > ReadyDescription.largestWidth {
      return refuse("block_size", blockSize, "1 to 65536")
    }
    if classes < 1 || classes > ReadyDescription.largestWidth {
      return refuse("classes", classes, "1 to 65536")
    }
    return checkWidths()
  }

  private func checkWidths() -> swiftcl_status {
    let wanted = standardCount
    if widths == nil && (wanted == 0 || widthCount > 0) {
      return ErrorRecord.fail(error, SWIFTCL_E_NULL, call, "widths is NULL")
    }
    if wanted == 0 && (widthCount < 1 || widthCount > ReadyDescription.mostHidden) {
      return refuse("width_count", widthCount, "1 to 31")
    }
    if wanted > 0 && widths != nil && widthCount != wanted {
      return refuse("width_count", widthCount, "the widths of all layers: ", Int(wanted))
    }
    let largest =
      shape == .resnet18 ? ReadyDescription.largestStem : ReadyDescription.largestWidth
    for i in 0..<Int(wanted == 0 ? widthCount : wanted) {
      let value = units(i)
      let isMultiple = value % blockSize == 0
      if value >= 1 && value <= largest && isMultiple { continue }
      let expected: StaticString = isMultiple ? "1 to " : "a multiple of block_size = "
      let limit = Int(isMultiple ? largest : blockSize)
      if shape == .resnet18 { return refuse("maps", value, expected, limit) }
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "widths", at: i, is: Int(shown: UInt(value)),
        expected: expected, limit)
    }
    return SWIFTCL_OK
  }

  /// How many widths this shape has; 0 is any number.
  private var standardCount: UInt32 {
    switch shape {
    case .mlp: 0
    case .lenet: 4
    case .alexnet: 5
    case .resnet18: 1
    }
  }

  /// Units of the hidden layer number `i`.
  private func units(_ i: Int) -> UInt32 {
    if let widths { return widths[i] }
    return shape == .lenet
      ? ReadyDescription.lenetWidths[i] : ReadyDescription.alexnetWidths[i]
  }

  private func refuse(
    _ argument: StaticString, _ value: UInt32, _ expected: StaticString, _ limit: Int? = nil
  ) -> swiftcl_status {
    ErrorRecord.fail(
      error, SWIFTCL_E_ARGUMENT, call, argument, is: Int(shown: UInt(value)), expected: expected,
      limit)
  }

  // MARK: layers

  private func write(to writer: inout LayerWriter) {
    switch shape {
    case .mlp:
      for i in 0..<Int(widthCount) { writer.dense(units(i)) }
    case .lenet:
      for i in 0..<2 as Range<Int> {
        writer.convolution(units(i), kernel: 5, padding: 2)
        writer.maxPool(kernel: 3, stride: 2, padding: 1)
      }
      for i in 2..<4 as Range<Int> { writer.dense(units(i)) }
    case .alexnet: writeAlexnet(to: &writer)
    case .resnet18: writeResnet(to: &writer)
    }
    writer.dense(classes, SWIFTCL_LAYER_HEAD)
  }

  private func writeAlexnet(to writer: inout LayerWriter) {
    for i in 0..<5 as Range<Int> {
      if i < 3 {
        writer.convolution(units(i), kernel: UInt32(4 &- i))
      } else {
        writer.dense(units(i))
      }
      if isNormalised { writer.normalisation() }
      writer.dropout(i < 2 ? 0.2 : 0.5)
      if i < 3 { writer.maxPool(kernel: 2, stride: 2, padding: 0) }
    }
  }

  private func writeResnet(to writer: inout LayerWriter) {
    var maps = units(0)
    writer.convolution(maps, kernel: 3, padding: 1)
    writer.normalisation()
    for block in 0..<8 as Range<Int> {
      let isNewStage = block > 0 && block % 2 == 0
      if isNewStage { maps &*= 2 }
      let stride: UInt32 = isNewStage ? 2 : 1
      let (shortcut, before) = (writer.count, writer.image)
      writer.convolution(maps, kernel: 3, stride: stride, padding: 1)
      writer.normalisation()
      writer.convolution(maps, kernel: 3, padding: 1, isActive: false)
      writer.normalisation()
      guard isNewStage else {
        writer.sum(of: shortcut)
        continue
      }
      // The shape changed: the shortcut is projected, and what the block made is added to that.
      let made = writer.count
      writer.image = before
      writer.convolution(maps, kernel: 1, stride: stride, isActive: false, source: shortcut)
      writer.normalisation()
      writer.sum(of: made)
    }
    writer.globalPool()
  }
}

/// Writes layers one after the other, or only counts them, and follows the image through them.
private struct LayerWriter {
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
