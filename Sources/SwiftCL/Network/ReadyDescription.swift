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
  func units(_ i: Int) -> UInt32 {
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
}
