import CSwiftCL

// MARK: - Describe well-known networks
// Each call fills an array with the layers of a network that papers use: for options.layers, as it is or
// changed. With layers NULL and capacity 0 it only counts them. Every hidden layer competes per task in
// blocks of block_size, has biases, and ReLU behind it; weights of the papers' networks have none.
// options.inputs is the caller's to set: height * width * input_channels. There is no network yet:
// failures are read with swiftcl_last_error(NULL).

/// Dense layers one behind the other, and the head.
///
/// - Parameter layers: written on success, width_count + 1 of them; NULL to count.
/// - Parameter capacity: layers there is room for; more is left alone.
/// - Parameter count: receives the number of layers.
/// - Parameter widths: units of each hidden layer, 1 to 65536 and a multiple of block_size.
/// - Parameter width_count: hidden layers, 1 to 31.
/// - Parameter block_size: J, 1 to 65536.
/// - Parameter classes: width of the head, 1 to 65536.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT naming the number; SWIFTCL_E_BUFFER with
///   the layers that would do. Any thread. Since 0.1.
@c(swiftcl_describe_mlp)
public func swiftcl_describe_mlp(
  _ layers: UnsafeMutablePointer<swiftcl_layer>?, _ capacity: UInt32,
  _ count: UnsafeMutablePointer<UInt32>?, _ widths: UnsafePointer<UInt32>?, _ width_count: UInt32,
  _ block_size: UInt32, _ classes: UInt32
) -> swiftcl_status {
  ReadyDescription(
    shape: .mlp, call: "swiftcl_describe_mlp", error: Boundary.threadError, widths: widths,
    widthCount: width_count, blockSize: block_size, classes: classes
  ).describe(into: layers, capacity, count)
}

/// LeNet: two convolutions 5 x 5, each with a max-pooling 3 x 3 of stride 2 behind it, two dense
/// layers, the head; 7 layers. Images of any size. Widths used with it: 20, 50, 800, 500 (RGB), large
/// 64, 128, 2500, 1500, small 10, 20, 500, 300; their block sizes divide 10, 4 and 10.
///
/// - Parameter layers: written on success; NULL to count.
/// - Parameter capacity: layers there is room for; more is left alone.
/// - Parameter count: receives the number of layers.
/// - Parameter height: of the image, 1 to 65535.
/// - Parameter width: of the image, 1 to 65535; at most 1048576 pixels.
/// - Parameter widths: maps, maps, units, units, each 1 to 65536 and a multiple of block_size; NULL is 20,
///   50, 800, 500.
/// - Parameter width_count: 4; 0 where widths is NULL.
/// - Parameter block_size: J, 1 to 65536.
/// - Parameter classes: width of the head, 1 to 65536.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT naming the number; SWIFTCL_E_BUFFER with
///   the layers that would do. Any thread. Since 0.1.
@c(swiftcl_describe_lenet)
public func swiftcl_describe_lenet(
  _ layers: UnsafeMutablePointer<swiftcl_layer>?, _ capacity: UInt32,
  _ count: UnsafeMutablePointer<UInt32>?, _ height: UInt32, _ width: UInt32,
  _ widths: UnsafePointer<UInt32>?, _ width_count: UInt32, _ block_size: UInt32, _ classes: UInt32
) -> swiftcl_status {
  ReadyDescription(
    shape: .lenet, call: "swiftcl_describe_lenet", error: Boundary.threadError, height: height,
    width: width, widths: widths, widthCount: width_count, blockSize: block_size, classes: classes
  ).describe(into: layers, capacity, count)
}

/// The AlexNet-like network of papers on CIFAR: convolutions 4 x 4, 3 x 3 and 2 x 2 without padding, a
/// max-pooling 2 x 2 behind each, two dense layers, the head; dropout .2, .2, .5, .5, .5. It has 14
/// layers, or 19 with normalisation.
///
/// - Parameter layers: written on success; NULL to count.
/// - Parameter capacity: layers there is room for; more is left alone.
/// - Parameter count: receives the number of layers.
/// - Parameter height: of the image, 19 to 65535.
/// - Parameter width: of the image, 19 to 65535; at most 1048576 pixels.
/// - Parameter widths: maps of three layers, units of two, each 1 to 65536 and a multiple of block_size;
///   NULL is 64, 128, 256, 2048, 2048.
/// - Parameter width_count: 5; 0 where widths is NULL.
/// - Parameter block_size: J, 1 to 65536.
/// - Parameter classes: width of the head, 1 to 65536.
/// - Parameter normalised: 1: a batch normalisation before each ReLU; 0: none.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT naming the number; SWIFTCL_E_BUFFER with
///   the layers that would do. Any thread. Since 0.1.
@c(swiftcl_describe_alexnet)
public func swiftcl_describe_alexnet(
  _ layers: UnsafeMutablePointer<swiftcl_layer>?, _ capacity: UInt32,
  _ count: UnsafeMutablePointer<UInt32>?, _ height: UInt32, _ width: UInt32,
  _ widths: UnsafePointer<UInt32>?, _ width_count: UInt32, _ block_size: UInt32,
  _ classes: UInt32, _ normalised: Int32
) -> swiftcl_status {
  let call: StaticString = "swiftcl_describe_alexnet"
  if normalised != 0 && normalised != 1 {
    return ErrorRecord.fail(
      Boundary.threadError, SWIFTCL_E_ARGUMENT, call, "normalised", is: Int(normalised),
      expected: "0 or 1")
  }
  return ReadyDescription(
    shape: .alexnet, call: call, error: Boundary.threadError, height: height, width: width,
    widths: widths, widthCount: width_count, blockSize: block_size, classes: classes,
    isNormalised: normalised == 1
  ).describe(into: layers, capacity, count)
}

/// ResNet-18 as it is used on CIFAR: a convolution 3 x 3, four stages of two blocks, each with a
/// normalisation behind every convolution, the mean of each map, the head; 50 layers. Stages have maps, 2
/// maps, 4 maps and 8 maps, strides 1, 2, 2, 2; where the shape changes, the shortcut is a normalised
/// convolution 1 x 1. Images of any size.
///
/// - Parameter layers: written on success; NULL to count.
/// - Parameter capacity: layers there is room for; more is left alone.
/// - Parameter count: receives the number of layers.
/// - Parameter height: of the image, 1 to 65535.
/// - Parameter width: of the image, 1 to 65535; at most 1048576 pixels.
/// - Parameter maps: of the first stage, 1 to 8192 and a multiple of block_size; 64, or 20 in the reduced
///   network.
/// - Parameter block_size: J, 1 to 8192.
/// - Parameter classes: width of the head, 1 to 65536.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT naming the number; SWIFTCL_E_BUFFER with
///   the layers that would do. Any thread. Since 0.1.
@c(swiftcl_describe_resnet18)
public func swiftcl_describe_resnet18(
  _ layers: UnsafeMutablePointer<swiftcl_layer>?, _ capacity: UInt32,
  _ count: UnsafeMutablePointer<UInt32>?, _ height: UInt32, _ width: UInt32, _ maps: UInt32,
  _ block_size: UInt32, _ classes: UInt32
) -> swiftcl_status {
  withUnsafePointer(to: maps) {
    ReadyDescription(
      shape: .resnet18, call: "swiftcl_describe_resnet18", error: Boundary.threadError,
      height: height, width: width, widths: $0, widthCount: 1, blockSize: block_size,
      classes: classes
    ).describe(into: layers, capacity, count)
  }
}
