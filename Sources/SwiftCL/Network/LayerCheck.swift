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
  struct Image {
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
    var isFlat = false

    var pixels: Int { height * width }
  }

  /// One image for every layer with parameters so far.
  struct Images {
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
      if status == SWIFTCL_OK && Features.all { status = checkSource(layer, i, &image, &images) }
      if status == SWIFTCL_OK { status = check(layer, i, &image) }
      if status != SWIFTCL_OK { return status }
      image.lastSlot = i
    }
    for l in 0..<images.count where Features.all && !images.all[l].isRead {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "layers", is: images.all[l].slot,
        expected: "a layer that another one reads")
    }
    return SWIFTCL_OK
  }

  private func checkKind(_ layer: swiftcl_layer, _ i: Int) -> swiftcl_status {
    if !Features.all
      && (layer.kind > SWIFTCL_LAYER_HEAD && layer.kind <= SWIFTCL_LAYER_ADD
        || layer.competition == SWIFTCL_COMPETITION_SAMPLE || layer.source != 0)
    {
      return ErrorRecord.fail(error, SWIFTCL_E_UNSUPPORTED, call, Features.refusal)
    }
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

  func refuse(
    _ i: Int, _ argument: StaticString, is value: UInt32, expected: StaticString,
    _ limit: Int? = nil
  ) -> swiftcl_status {
    ErrorRecord.fail(
      error, SWIFTCL_E_ARGUMENT, call, argument, at: i, is: Int(shown: UInt(value)),
      expected: expected, limit)
  }

  func refuse(_ i: Int, _ argument: StaticString, is value: Int32, expected: StaticString)
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
        Features.all && layer.kind == SWIFTCL_LAYER_CONV2D
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

  func checkSize(_ width: UInt32, _ i: Int, _ image: Image) -> swiftcl_status {
    let (elements, overflow) = image.pixels.multipliedReportingOverflow(
      by: Panels.pad(Int(width)))
    if !overflow && elements <= LayerCheck.largestMaps { return SWIFTCL_OK }
    return refuse(
      i, "layers.width", is: width,
      expected: "at most 67108864 elements of the maps of one row, maps rounded up to 16")
  }
}
