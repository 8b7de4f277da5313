import CSwiftCL

/// Layers over an image: whether their windows fit what they read.
extension LayerCheck {
  func checkDense(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image) -> swiftcl_status {
    let status = checkNoWindow(layer, i)
    if status != SWIFTCL_OK { return status }
    let inputs = image.pixels * image.maps
    if inputs > DescriptionCheck.largestInputs {
      return refuse(
        i, "layers.width", is: layer.width,
        expected: "at most 1048576 inputs of a unit; the image gives ", inputs)
    }
    image = Image()
    return SWIFTCL_OK
  }

  func checkConvolution(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image)
    -> swiftcl_status
  {
    if image.isFlat { return refuseFlat(layer, i) }
    var status = i == 0 ? checkInputImage(layer, &image) : checkSameImage(layer, i, image)
    if status == SWIFTCL_OK { status = checkWindow(layer, i, image) }
    if status != SWIFTCL_OK { return status }
    let taps = Int(layer.kernel_height) * Int(layer.kernel_width)
    if taps > DescriptionCheck.largestInputs / image.maps {
      return refuse(
        i, "layers.kernel_height", is: layer.kernel_height,
        expected: "at most 1048576 inputs of a map; there are so many maps below: ", image.maps)
    }
    shrink(&image, layer)
    return SWIFTCL_OK
  }

  /// The first layer says what image the network's input is.
  func checkInputImage(_ layer: swiftcl_layer, _ image: inout Image) -> swiftcl_status {
    if layer.input_height < 1 || layer.input_height > UInt32(LayerCheck.largestSide) {
      return refuse(0, "layers.input_height", is: layer.input_height, expected: "1 to 65535")
    }
    let channels = max(1, options.input_channels)
    let pixels = options.inputs / channels
    if options.inputs % channels != 0 || pixels > UInt32(DescriptionCheck.largestInputs)
      || pixels % layer.input_height != 0 || pixels / layer.input_height != layer.input_width
    {
      return refuse(
        0, "layers.input_width", is: layer.input_width,
        expected: "inputs / (input_height * input_channels); inputs is ",
        Int(shown: UInt(options.inputs)))
    }
    if layer.input_width < 1 || channels > UInt32(DescriptionCheck.largestInputs) {
      return refuse(0, "layers.input_width", is: layer.input_width, expected: "1 or more")
    }
    image = Image(
      height: Int(layer.input_height), width: Int(layer.input_width), maps: Int(channels))
    return SWIFTCL_OK
  }

  func checkSameImage(_ layer: swiftcl_layer, _ i: Int, _ image: Image) -> swiftcl_status {
    if layer.input_height != 0 && Int(layer.input_height) != image.height {
      return refuse(
        i, "layers.input_height", is: layer.input_height,
        expected: "0 or what the layer below gives: ", image.height)
    }
    if layer.input_width != 0 && Int(layer.input_width) != image.width {
      return refuse(
        i, "layers.input_width", is: layer.input_width,
        expected: "0 or what the layer below gives: ", image.width)
    }
    return SWIFTCL_OK
  }

  func checkWindow(_ layer: swiftcl_layer, _ i: Int, _ image: Image) -> swiftcl_status {
    let most = UInt32(LayerCheck.largestKernel)
    if layer.padding > most {
      return refuse(i, "layers.padding", is: layer.padding, expected: "0 to 254")
    }
    let around = 2 * Int(layer.padding)
    if layer.kernel_height < 1 || layer.kernel_height > most
      || Int(layer.kernel_height) > image.height + around
    {
      return refuse(
        i, "layers.kernel_height", is: layer.kernel_height,
        expected: "1 to 255, no more than the image and its padding: ", image.height + around)
    }
    if layer.kernel_width < 1 || layer.kernel_width > most
      || Int(layer.kernel_width) > image.width + around
    {
      return refuse(
        i, "layers.kernel_width", is: layer.kernel_width,
        expected: "1 to 255, no more than the image and its padding: ", image.width + around)
    }
    if layer.stride < 1 || layer.stride > most {
      return refuse(i, "layers.stride", is: layer.stride, expected: "1 to 255")
    }
    if layer.padding >= min(layer.kernel_height, layer.kernel_width) {
      return refuse(
        i, "layers.padding", is: layer.padding,
        expected: "less than the kernel, which must touch the image")
    }
    return SWIFTCL_OK
  }

  func checkNoWindow(_ layer: swiftcl_layer, _ i: Int) -> swiftcl_status {
    let window =
      layer.kernel_height | layer.kernel_width | layer.stride | layer.padding | layer.input_height
      | layer.input_width
    if window == 0 { return SWIFTCL_OK }
    return refuse(
      i, "layers.kernel_height", is: layer.kernel_height,
      expected: "0, as in all fields of a window: this kind of layer has none")
  }

  func shrink(_ image: inout Image, _ layer: swiftcl_layer) {
    let window = Window(layer, height: image.height, width: image.width)
    image.height = window.outHeight
    image.width = window.outWidth
  }
}
