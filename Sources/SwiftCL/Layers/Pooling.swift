import CSwiftCL

/// Pooling of a layer's maps, sixteen side by side.
struct Pooling {
  var transition: Transition
  var samples: Int
  /// Floats of a pixel, the same before and after.
  var stride: Int

  private var window: Window { transition.window }
  private var takesLargest: Bool { transition.kind == SWIFTCL_LAYER_MAX_POOL }

  @inline(__always)
  private func eachPixel(_ body: (_ pixel: Int, _ before: Int, _ after: Int) -> Void) {
    for sample in 0..<samples {
      for pixel in 0..<window.outPixels {
        body(
          pixel, sample &* window.pixels &* stride,
          (sample &* window.outPixels &+ pixel) &* stride)
      }
    }
  }

  @inline(never)
  func forward(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    eachPixel { pixel, before, after in
      var u = 0
      while u < stride {
        var value = SIMD16<Float>(repeating: takesLargest ? -Float.infinity : 0)
        var count: Float = 0
        window.eachTap(of: pixel) { _, below in
          let input = Lane.load(x + (before &+ below &* stride &+ u))
          if takesLargest {
            value = value.replacing(with: input, where: input .> value)
          } else {
            value += input
            count += 1
          }
        }
        Lane.store(takesLargest ? value : value / count, y + (after &+ u))
        u &+= 16
      }
    }
  }

  /// Leaves in `dx` the gradient of what was pooled: the first of the largest has it, or
  /// all have a share.
  @inline(never)
  func backward(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>
  ) {
    dx.update(repeating: 0, count: samples &* window.pixels &* stride)
    eachPixel { pixel, before, after in
      var u = 0
      while u < stride {
        let gradient = Lane.load(dy + (after &+ u))
        if takesLargest {
          giveLargest(gradient, pixel, x + (before &+ u), dx + (before &+ u))
        } else {
          share(gradient, pixel, dx + (before &+ u))
        }
        u &+= 16
      }
    }
  }

  @inline(__always)
  private func giveLargest(
    _ gradient: SIMD16<Float>, _ pixel: Int, _ x: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>
  ) {
    var largest = SIMD16<Float>(repeating: -Float.infinity)
    window.eachTap(of: pixel) { _, below in
      let input = Lane.load(x + below &* stride)
      largest = largest.replacing(with: input, where: input .> largest)
    }
    var left = gradient
    window.eachTap(of: pixel) { _, below in
      let at = below &* stride
      let takes = Lane.load(x + at) .== largest
      let old = Lane.load(dx + at)
      Lane.store(old.replacing(with: old + left, where: takes), dx + at)
      left = left.replacing(with: 0, where: takes)
    }
  }

  @inline(__always)
  private func share(
    _ gradient: SIMD16<Float>, _ pixel: Int, _ dx: UnsafeMutablePointer<Float>
  ) {
    var count: Float = 0
    window.eachTap(of: pixel) { _, _ in count += 1 }
    let part = gradient / count
    window.eachTap(of: pixel) { _, below in
      let at = below &* stride
      Lane.store(Lane.load(dx + at) + part, dx + at)
    }
  }
}

extension Network {
  func pool(layer l: Int, samples: Int) {
    let layer = working[l]
    Pooling(transition: shapes[l].pool, samples: samples, stride: layer.stride)
      .forward(layer.output, layer.pooled)
  }

  /// From the gradient of a layer's pooled maps to that of its output.
  func backThroughPool(layer l: Int, samples: Int) {
    let layer = working[l]
    let shape = shapes[l]
    let looksBehindGate =
      layer.competes && !shape.dropsBeforePool && !shape.normalises && shape.added < 0
    // One gate for a whole map, never negative, leaves the largest where it was; but one
    // that is shut hides it. What was normalised or added to has no such place to look.
    Pooling(transition: shapes[l].pool, samples: samples, stride: layer.stride)
      .backward(
        layer.pooledDelta,
        x: looksBehindGate ? layer.sums.sum : layer.output,
        dx: layer.delta)
    maskDelta(layer: l, rows: samples * shapes[l].pixels)
  }
}
