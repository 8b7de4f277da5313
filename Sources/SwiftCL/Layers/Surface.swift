import CSwiftCL

/// Rows that a layer reads: the pixels of some samples, their channels, and how far one is
/// from the next.
struct PixelRows<Element> {
  var rows: UnsafePointer<Element>
  var sampleStride: Int
  var pixelStride: Int
  var channelStride = 1
}

typealias Surface = PixelRows<Float>

extension Network {
  /// What the layer above reads.
  @inline(never)
  func surface(above l: Int) -> Surface {
    let layer = working[l]
    return Surface(
      rows: shapes[l].isPooled ? layer.pooled : layer.output,
      sampleStride: shapes[l].surfacePixels * layer.stride, pixelStride: layer.stride)
  }

  /// What layer `l` reads in a step.
  @inline(never)
  func surface(below l: Int, _ x: InputRows) -> Surface {
    shapes[l].input < 0 ? surface(of: x) : surface(above: shapes[l].input)
  }

  /// What the layers above `l` read of a finished task whose layer has `stride` floats a pixel.
  func surface(predicted l: Int, stride: Int) -> Surface {
    let layer = working[l]
    return Surface(
      rows: shapes[l].isPooled ? layer.predictedPooled : layer.predicted,
      sampleStride: shapes[l].surfacePixels * stride, pixelStride: stride)
  }

  /// What the first layer reads.
  @inline(never)
  func surface(of x: InputRows) -> Surface {
    let pixels = shapes[0].window.pixels
    if shapes[0].isPlanar {
      return Surface(rows: x.rows, sampleStride: x.stride, pixelStride: 1, channelStride: pixels)
    }
    return Surface(rows: x.rows, sampleStride: x.stride, pixelStride: x.stride / pixels)
  }

  /// Calls `body` with the gathered rows of one stretch of output pixels after the other.
  func eachPatch(
    layer l: Int, _ surface: Surface, inputs: Int, samples: Int,
    _ body: (_ patches: Patches, _ first: Int, _ count: Int) -> Void
  ) {
    let shape = shapes[l]
    let patches = Patches(
      window: shape.window, channels: inputs / shape.taps, stride: Panels.pad(inputs))
    let rows = samples * shape.pixels
    let most = max(1, shape.patchFloats(batch: batch) / patches.stride)
    var first = 0
    while first < rows {
      let count = min(most, rows - first)
      patches.gather(surface, first: first, count: count, to: workspace.patches)
      body(patches, first, count)
      first += count
    }
  }

  /// The product of a layer with the rows of a surface, gathered where its window says so.
  #if SWIFTCL_DENSE
    @inline(__always)
  #else
    @inline(never)
  #endif
  func product(
    layer l: Int, _ surface: Surface, samples: Int, inputs: Int, weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, padded: Int, y: UnsafeMutablePointer<Float>, yStride: Int,
    relu: Bool
  ) {
    if !shapes[l].gathers {
      threads.forwardProduct(
        x: surface.rows, xStride: surface.pixelStride, rows: samples * shapes[l].pixels,
        inputs: inputs, weights: weights, bias: bias, padded: padded, y: y, yStride: yStride,
        relu: relu)
      return
    }
    eachPatch(layer: l, surface, inputs: inputs, samples: samples) { patches, first, count in
      threads.forwardProduct(
        x: workspace.patches, xStride: patches.stride, rows: count, inputs: inputs,
        weights: weights, bias: bias, padded: padded, y: y + first * yStride, yStride: yStride,
        relu: relu)
    }
  }
}
