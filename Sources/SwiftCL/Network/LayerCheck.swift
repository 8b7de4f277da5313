import CSwiftCL

/// Checks the layers of a description one after the other, and that each fits the image
/// which the one before leaves.
struct LayerCheck {
  let call: StaticString
  let error: UnsafeMutablePointer<swiftcl_error>
  let options: swiftcl_options
  let layers: UnsafePointer<swiftcl_layer>

  /// Layers with parameters.
  static let mostStages = 32
  static let largestKernel = 255
  static let largestSide = 65_535
  /// Elements of the maps of one row, at most.
  static let largestMaps = 1 << 26

  /// What the layers up to a layer with parameters, and those behind it, leave.
  private struct Image {
    var height = 1
    var width = 1
    var maps = 0
    var blockSize: UInt32 = 1
    var isHead = false
    var isPerSample = false
    var isActive = false
    /// What happened to the layer's sums.
    var isNormalised = false
    var isAdded = false
    /// Its first and last layer of the description.
    var slot = 0
    var lastSlot = 0
    /// Whether some layer reads it.
    var isRead = false
    /// Whether its last layer is a pooling.
    var isPooled = false
    var isDropped = false

    var pixels: Int { height * width }
  }

  /// One image for every layer with parameters so far.
  private struct Images {
    var all = InlineArray<32, Image>(repeating: Image())
    var count = 0
  }

  /// The first status that is not OK, or OK.
  func check() -> swiftcl_status {
    var images = Images()
    var image = Image()
    for i in 0..<Int(options.layer_count) {
      let layer = layers[i]
      if layer.hasParameters && i > 0 && image.maps > 0 {
        images.all[images.count] = image
        images.count += 1
      }
      var status = checkKind(layer, i)
      if status == SWIFTCL_OK && layer.hasParameters && images.count == LayerCheck.mostStages {
        status = refuse(
          i, "layers.kind", is: layer.kind, expected: "at most 32 layers with parameters")
      }
      if status == SWIFTCL_OK { status = checkSource(layer, i, &image, &images) }
      if status == SWIFTCL_OK { status = check(layer, i, &image) }
      if status != SWIFTCL_OK { return status }
      image.lastSlot = i
    }
    for l in 0..<images.count where !images.all[l].isRead {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "layers", is: images.all[l].slot,
        expected: "a layer that another one reads")
    }
    return SWIFTCL_OK
  }

  private func checkKind(_ layer: swiftcl_layer, _ i: Int) -> swiftcl_status {
    let isLast = i == Int(options.layer_count) - 1
    let isHead = layer.kind == SWIFTCL_LAYER_HEAD
    if layer.kind < SWIFTCL_LAYER_DENSE || layer.kind > SWIFTCL_LAYER_ADD || isHead != isLast {
      return refuse(
        i, "layers.kind", is: layer.kind,
        expected: isLast
          ? "SWIFTCL_LAYER_HEAD as the last layer"
          : "a SWIFTCL_LAYER_ constant; the head is the last layer")
    }
    var status = checkReserved(layer, i)
    if status == SWIFTCL_OK { status = checkRate(layer, i) }
    if status != SWIFTCL_OK || layer.hasParameters || i > 0 { return status }
    return refuse(
      i, "layers.kind", is: layer.kind, expected: "a layer with parameters as the first")
  }

  /// What a layer reads besides, or instead of, the layer before; a layer with parameters
  /// goes on with the image that it reads.
  private func checkSource(
    _ layer: swiftcl_layer, _ i: Int, _ image: inout Image, _ images: inout Images
  ) -> swiftcl_status {
    let adds = layer.kind == SWIFTCL_LAYER_ADD
    if layer.source == 0 {
      if adds {
        return refuse(
          i, "layers.source", is: 0 as UInt32, expected: "1 + the index of the layer that is added")
      }
      if layer.hasParameters && images.count > 0 { images.all[images.count - 1].isRead = true }
      return SWIFTCL_OK
    }
    if !adds && !layer.hasParameters {
      return refuse(
        i, "layers.source", is: layer.source,
        expected: "0 in a layer that has no parameters and adds nothing")
    }
    for l in 0..<images.count where images.all[l].lastSlot + 1 == Int(shown: UInt(layer.source)) {
      if adds {
        let status = checkSum(i, image, images.all[l])
        if status != SWIFTCL_OK { return status }
      } else {
        image = images.all[l]
      }
      images.all[l].isRead = true
      return SWIFTCL_OK
    }
    return refuse(
      i, "layers.source", is: layer.source,
      expected: "1 + the index of an earlier layer behind which one with parameters follows")
  }

  /// Whether two layers can be added: same maps, same pixels, same blocks.
  private func checkSum(_ i: Int, _ image: Image, _ other: Image) -> swiftcl_status {
    if image.height != other.height || image.width != other.width || image.maps != other.maps {
      return refuse(
        i, "layers.source", is: layers[i].source,
        expected: "a layer of the same shape; its elements are ", other.maps * other.pixels)
    }
    if image.blockSize != other.blockSize {
      return refuse(
        i, "layers.source", is: layers[i].source,
        expected: "a layer of the same blocks; its block_size is ", Int(other.blockSize))
    }
    if image.isPerSample || other.isPerSample {
      return refuse(
        i, "layers.source", is: layers[i].source, expected: "layers that compete per task")
    }
    return SWIFTCL_OK
  }

  private func refuse(
    _ i: Int, _ argument: StaticString, is value: UInt32, expected: StaticString,
    _ limit: Int? = nil
  ) -> swiftcl_status {
    ErrorRecord.fail(
      error, SWIFTCL_E_ARGUMENT, call, argument, at: i, is: Int(shown: UInt(value)),
      expected: expected, limit)
  }

  private func refuse(_ i: Int, _ argument: StaticString, is value: Int32, expected: StaticString)
    -> swiftcl_status
  {
    ErrorRecord.fail(
      error, SWIFTCL_E_ARGUMENT, call, argument, at: i, is: Int(value), expected: expected)
  }

  private func check(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image) -> swiftcl_status {
    if !layer.hasParameters { return checkWithoutParameters(layer, i, &image) }
    var status = checkUnits(layer, i, isLast: layer.kind == SWIFTCL_LAYER_HEAD)
    if status == SWIFTCL_OK {
      status =
        layer.kind == SWIFTCL_LAYER_CONV2D
        ? checkConvolution(layer, i, &image) : checkDense(layer, i, &image)
    }
    if status != SWIFTCL_OK { return status }
    let (height, width) = (image.height, image.width)
    image = Image()
    image.height = height
    image.width = width
    image.maps = Int(layer.width)
    image.blockSize = layer.block_size
    image.isPerSample = layer.competition == SWIFTCL_COMPETITION_SAMPLE
    image.isActive = layer.activation != SWIFTCL_ACTIVATION_NONE
    image.slot = i
    return checkSize(layer.width, i, image)
  }

  private func checkReserved(_ layer: swiftcl_layer, _ i: Int) -> swiftcl_status {
    let reserved = layer.reserved
    if reserved.0 | reserved.1 | reserved.2 == 0 { return SWIFTCL_OK }
    return refuse(i, "layers.reserved", is: 1 as UInt32, expected: "0 in every field")
  }

  private func checkUnits(_ layer: swiftcl_layer, _ i: Int, isLast: Bool) -> swiftcl_status {
    if layer.width < 1 || layer.width > UInt32(DescriptionCheck.largestWidth) {
      return refuse(i, "layers.width", is: layer.width, expected: "1 to 65536")
    }
    if layer.block_size < 1 || layer.width % layer.block_size != 0
      || (isLast && layer.block_size != 1)
    {
      return refuse(
        i, "layers.block_size", is: layer.block_size,
        expected: isLast ? "1 for the head" : "a divisor of the layer's width")
    }
    if layer.activation < 0 || layer.activation > 1 || (isLast && layer.activation != 0) {
      return refuse(
        i, "layers.activation", is: layer.activation,
        expected: isLast ? "0 for the head" : "a SWIFTCL_ACTIVATION_ constant")
    }
    if layer.competition < 0 || layer.competition > 1 || (isLast && layer.competition != 0) {
      return refuse(
        i, "layers.competition", is: layer.competition,
        expected: isLast ? "0 for the head" : "a SWIFTCL_COMPETITION_ constant")
    }
    if layer.competition == SWIFTCL_COMPETITION_SAMPLE, options.sampler == SWIFTCL_SAMPLER_TOP_K {
      return refuse(
        i, "layers.competition", is: layer.competition,
        expected: "competition per task with SWIFTCL_SAMPLER_TOP_K")
    }
    if options.sharing == SWIFTCL_TICKETS_SHARED, layer.block_size != 1 {
      return refuse(
        i, "layers.block_size", is: layer.block_size, expected: "1 with SWIFTCL_TICKETS_SHARED")
    }
    return SWIFTCL_OK
  }

  private func checkDense(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image) -> swiftcl_status
  {
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

  private func checkConvolution(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image)
    -> swiftcl_status
  {
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
  private func checkInputImage(_ layer: swiftcl_layer, _ image: inout Image) -> swiftcl_status {
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

  private func checkSameImage(_ layer: swiftcl_layer, _ i: Int, _ image: Image) -> swiftcl_status {
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

  private func checkWindow(_ layer: swiftcl_layer, _ i: Int, _ image: Image) -> swiftcl_status {
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

  private func checkNoWindow(_ layer: swiftcl_layer, _ i: Int) -> swiftcl_status {
    let window =
      layer.kernel_height | layer.kernel_width | layer.stride | layer.padding | layer.input_height
      | layer.input_width
    if window == 0 { return SWIFTCL_OK }
    return refuse(
      i, "layers.kernel_height", is: layer.kernel_height,
      expected: "0, as in all fields of a window: this kind of layer has none")
  }

  private func checkWithoutParameters(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image)
    -> swiftcl_status
  {
    let adds = layer.kind == SWIFTCL_LAYER_ADD
    if layer.width != 0 || layer.block_size != 0 || layer.competition != 0
      || !adds && layer.activation != 0
    {
      return refuse(
        i, "layers.width", is: layer.width,
        expected: "0, as in block_size, activation and competition of a layer without parameters")
    }
    if adds { return checkAdd(layer, i, &image) }
    if layer.kind == SWIFTCL_LAYER_BATCH_NORM { return checkNorm(layer, i, &image) }
    if layer.kind == SWIFTCL_LAYER_FLATTEN { return checkNoWindow(layer, i) }
    if layer.kind == SWIFTCL_LAYER_DROPOUT { return checkDropout(layer, i, &image) }
    if image.isPooled {
      return refuse(
        i, "layers.kind", is: layer.kind,
        expected: "at most one pooling between two layers with parameters")
    }
    image.isPooled = true
    if layer.kind == SWIFTCL_LAYER_GLOBAL_POOL {
      image.height = 1
      image.width = 1
      return checkNoWindow(layer, i)
    }
    var status = checkSameImage(layer, i, image)
    if status == SWIFTCL_OK { status = checkWindow(layer, i, image) }
    if status != SWIFTCL_OK { return status }
    shrink(&image, layer)
    return SWIFTCL_OK
  }

  /// Both stand between the sums and what is made of them.
  private func checkNorm(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image) -> swiftcl_status {
    if image.isNormalised || image.isAdded || image.isPooled || image.isDropped {
      return refuse(
        i, "layers.kind", is: layer.kind,
        expected: "a batch normalisation right behind its dense layer or convolution")
    }
    image.isNormalised = true
    return checkNoWindow(layer, i)
  }

  private func checkAdd(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image) -> swiftcl_status {
    if layer.activation < 0 || layer.activation > 1 {
      return refuse(
        i, "layers.activation", is: layer.activation, expected: "a SWIFTCL_ACTIVATION_ constant")
    }
    if image.isAdded || image.isPooled || image.isDropped || image.isActive {
      return refuse(
        i, "layers.kind", is: layer.kind,
        expected:
          "one sum behind a dense layer or convolution without activation, or its normalisation")
    }
    image.isAdded = true
    return checkNoWindow(layer, i)
  }

  private func checkDropout(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image)
    -> swiftcl_status
  {
    if image.isDropped {
      return refuse(
        i, "layers.kind", is: layer.kind,
        expected: "at most one dropout between two layers with parameters")
    }
    image.isDropped = true
    return checkNoWindow(layer, i)
  }

  /// Dropout and batch normalisation alone have a rate.
  private func checkRate(_ layer: swiftcl_layer, _ i: Int) -> swiftcl_status {
    if layer.kind == SWIFTCL_LAYER_BATCH_NORM {
      if layer.rate >= 0 && layer.rate <= 1 { return SWIFTCL_OK }
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "layers.rate", is: layer.rate,
        expected: "0 to 1 in a batch normalisation")
    }
    let drops = layer.kind == SWIFTCL_LAYER_DROPOUT
    if drops ? layer.rate >= 0 && layer.rate < 1 : layer.rate == 0 { return SWIFTCL_OK }
    return ErrorRecord.fail(
      error, SWIFTCL_E_ARGUMENT, call, "layers.rate", is: layer.rate,
      expected: drops ? "0 to below 1" : "0 in a layer that is no dropout")
  }

  private func shrink(_ image: inout Image, _ layer: swiftcl_layer) {
    let window = Window(layer, height: image.height, width: image.width)
    image.height = window.outHeight
    image.width = window.outWidth
  }

  private func checkSize(_ width: UInt32, _ i: Int, _ image: Image) -> swiftcl_status {
    let (elements, overflow) = image.pixels.multipliedReportingOverflow(by: Int(width))
    if !overflow && elements <= LayerCheck.largestMaps { return SWIFTCL_OK }
    return refuse(
      i, "layers.width", is: width, expected: "at most 67108864 elements of the maps of one row")
  }
}
