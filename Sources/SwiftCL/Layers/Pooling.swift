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
  func backward(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, y: UnsafePointer<Float>,
    dx: UnsafeMutablePointer<Float>
  ) {
    dx.update(repeating: 0, count: samples &* window.pixels &* stride)
    eachPixel { pixel, before, after in
      var count: Float = 0
      window.eachTap(of: pixel) { _, _ in count += 1 }
      var u = 0
      while u < stride {
        var left = Lane.load(dy + (after &+ u))
        let largest = Lane.load(y + (after &+ u))
        if !takesLargest { left /= count }
        window.eachTap(of: pixel) { _, below in
          let at = before &+ below &* stride &+ u
          let old = Lane.load(dx + at)
          if takesLargest {
            let takes = Lane.load(x + at) .== largest
            Lane.store(old.replacing(with: old + left, where: takes), dx + at)
            left = left.replacing(with: 0, where: takes)
          } else {
            Lane.store(old + left, dx + at)
          }
        }
        u &+= 16
      }
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
    Pooling(transition: shapes[l].pool, samples: samples, stride: layer.stride)
      .backward(layer.pooledDelta, x: layer.output, y: layer.pooled, dx: layer.delta)
    maskDelta(layer: l, rows: samples * shapes[l].pixels)
  }

  /// Stops in `delta` what the activation stopped, where no kernel did so.
  func maskDelta(layer l: Int, rows: Int) {
    guard let mask = activationMask(layer: l) else { return }
    let layer = working[l]
    for at in stride(from: 0, to: rows * layer.stride, by: 16) {
      let open = Lane.load(mask + at) .> 0
      let kept = SIMD16<Float>(repeating: 0).replacing(
        with: Lane.load(layer.delta + at), where: open)
      Lane.store(kept, layer.delta + at)
    }
  }
}
