import CSwiftCL

/// Layers that change what another one gives, and layers that read or add one that is not
/// the one before.
extension LayerCheck {
  /// What a layer reads besides, or instead of, the layer before; a layer with parameters
  /// goes on with the image that it reads.
  func checkSource(
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
  func checkSum(_ i: Int, _ image: Image, _ other: Image) -> swiftcl_status {
    if other.isFlat && other.pixels > 1 { return refuseFlat(layers[i], i) }
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

  func checkWithoutParameters(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image)
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
    if layer.kind == SWIFTCL_LAYER_FLATTEN {
      image.isFlat = true
      return checkNoWindow(layer, i)
    }
    if layer.kind == SWIFTCL_LAYER_DROPOUT { return checkDropout(layer, i, &image) }
    if image.isFlat { return refuseFlat(layer, i) }
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
    return checkSize(UInt32(truncatingIfNeeded: image.maps), i, image)
  }

  func refuseFlat(_ layer: swiftcl_layer, _ i: Int) -> swiftcl_status {
    refuse(
      i, "layers.kind", is: layer.kind,
      expected: "a dense layer, dropout or the head behind SWIFTCL_LAYER_FLATTEN")
  }

  /// Both stand between the sums and what is made of them.
  func checkNorm(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image) -> swiftcl_status {
    if image.isNormalised || image.isAdded || image.isPooled || image.isDropped || image.isFlat {
      return refuse(
        i, "layers.kind", is: layer.kind,
        expected: "a batch normalisation right behind its dense layer or convolution")
    }
    image.isNormalised = true
    return checkNoWindow(layer, i)
  }

  func checkAdd(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image) -> swiftcl_status {
    if layer.activation < 0 || layer.activation > 1 {
      return refuse(
        i, "layers.activation", is: layer.activation, expected: "a SWIFTCL_ACTIVATION_ constant")
    }
    if image.isAdded || image.isPooled || image.isDropped || image.isFlat || image.isActive {
      return refuse(
        i, "layers.kind", is: layer.kind,
        expected:
          "one sum behind a dense layer or convolution without activation, or its normalisation")
    }
    image.isAdded = true
    return checkNoWindow(layer, i)
  }

  func checkDropout(_ layer: swiftcl_layer, _ i: Int, _ image: inout Image)
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
}
