import CSwiftCL

/// Rows that a layer reads: the pixels of some samples, their channels, and how far one is
/// from the next.
struct Surface {
  var rows: UnsafePointer<Float>
  var sampleStride: Int
  var pixelStride: Int
  var channelStride = 1
}

/// Inputs under a window, gathered row by row, tap by tap: what makes a convolution a
/// product. And back: what belongs to an input is added up from all windows over it.
struct Patches {
  var window: Window
  var channels: Int
  /// Floats from one gathered row to the next.
  var stride: Int

  /// Gathers `count` output pixels from number `first` on, counted through all samples.
  @inline(never)
  func gather(_ surface: Surface, first: Int, count: Int, to patches: UnsafeMutablePointer<Float>) {
    let pixels = window.outPixels
    for row in 0..<count {
      let sample = surface.rows + (first &+ row) / pixels &* surface.sampleStride
      let patch = patches + row &* stride
      if !window.staysInside { patch.update(repeating: 0, count: window.taps &* channels) }
      window.eachTap(of: (first &+ row) % pixels) { tap, below in
        let from = sample + below &* surface.pixelStride
        let to = patch + tap &* channels
        if surface.channelStride == 1 {
          to.update(from: from, count: channels)
        } else {
          for c in 0..<channels { to[c] = from[c &* surface.channelStride] }
        }
      }
    }
  }

  /// Adds gathered rows back to where they came from, rows and taps ascending.
  @inline(never)
  func scatter(
    _ patches: UnsafePointer<Float>, first: Int, count: Int, to target: UnsafeMutablePointer<Float>,
    pixelStride: Int
  ) {
    let pixels = window.outPixels
    for row in 0..<count {
      let sample = target + (first &+ row) / pixels &* window.pixels &* pixelStride
      let patch = patches + row &* stride
      window.eachTap(of: (first &+ row) % pixels) { tap, below in
        let to = sample + below &* pixelStride
        let from = patch + tap &* channels
        for c in 0..<channels { to[c] += from[c] }
      }
    }
  }
}

extension Network {
  /// What the layer above reads.
  func surface(above l: Int) -> Surface {
    let layer = working[l]
    return Surface(
      rows: shapes[l].isPooled ? layer.pooled : layer.output,
      sampleStride: shapes[l].surfacePixels * layer.stride, pixelStride: layer.stride)
  }

  /// What the first layer reads.
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
  @inline(never)
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
