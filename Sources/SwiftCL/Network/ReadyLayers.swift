import CSwiftCL

/// The layers of every ready description.
extension ReadyDescription {
  func write(to writer: inout LayerWriter) {
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
