import CSwiftCL

/// Pooling of a layer's maps, sixteen side by side.
struct Pooling {
  var transition: Transition
  var samples: Int
  /// Floats of a pixel, the same before and after.
  var stride: Int

  private var window: Window { transition.window }
  private var takesLargest: Bool { transition.kind == SWIFTCL_LAYER_MAX_POOL }

  @inline(never)
  func forward(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    var place = WindowPlace(window, 0)
    for n in 0..<samples &* window.outPixels {
      let image = x + place.sample &* window.pixels &* stride
      let to = y + n &* stride
      var u = 0
      while u < stride {
        var value = SIMD16<Float>(repeating: takesLargest ? -Float.infinity : 0)
        each(place) { pixel in
          let input = Lane.load(image + (pixel &* stride &+ u))
          if takesLargest {
            value = value.replacing(with: input, where: input .> value)
          } else {
            value += input
          }
        }
        Lane.store(takesLargest ? value : value / taps(place), to + u)
        u &+= 16
      }
      place.advance()
    }
  }

  /// Leaves in `dx` the gradient of what was pooled: the first of the largest has it, or
  /// all have a share.
  @inline(never)
  func backward(
    _ dy: UnsafePointer<Float>, x: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>
  ) {
    dx.update(repeating: 0, count: samples &* window.pixels &* stride)
    var place = WindowPlace(window, 0)
    for n in 0..<samples &* window.outPixels {
      let before = place.sample &* window.pixels &* stride
      let from = dy + n &* stride
      var u = 0
      while u < stride {
        let gradient = Lane.load(from + u)
        if takesLargest {
          giveLargest(gradient, place, x + (before &+ u), dx + (before &+ u))
        } else {
          share(gradient, place, dx + (before &+ u))
        }
        u &+= 16
      }
      place.advance()
    }
  }

  /// Calls `body` with the pixels under the window.
  @inline(__always)
  private func each(_ place: WindowPlace, _ body: (Int) -> Void) {
    for y in max(0, place.top)..<min(place.height, place.top &+ window.kernelHeight) {
      let line = y &* place.width &+ place.left
      for x in place.firstX..<place.lastX { body(line &+ x) }
    }
  }

  /// Pixels under the window.
  @inline(__always)
  private func taps(_ place: WindowPlace) -> Float {
    let lines = min(place.height, place.top &+ window.kernelHeight) &- max(0, place.top)
    return Float(lines &* (place.lastX &- place.firstX))
  }

  @inline(__always)
  private func giveLargest(
    _ gradient: SIMD16<Float>, _ place: WindowPlace, _ x: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>
  ) {
    var largest = SIMD16<Float>(repeating: -Float.infinity)
    each(place) { pixel in
      let input = Lane.load(x + pixel &* stride)
      largest = largest.replacing(with: input, where: input .> largest)
    }
    var left = gradient
    each(place) { pixel in
      let at = pixel &* stride
      let takes = Lane.load(x + at) .== largest
      let old = Lane.load(dx + at)
      Lane.store(old.replacing(with: old + left, where: takes), dx + at)
      left = left.replacing(with: 0, where: takes)
    }
  }

  @inline(__always)
  private func share(
    _ gradient: SIMD16<Float>, _ place: WindowPlace, _ dx: UnsafeMutablePointer<Float>
  ) {
    let part = gradient / taps(place)
    each(place) { pixel in
      let at = pixel &* stride
      Lane.store(Lane.load(dx + at) + part, dx + at)
    }
  }
}

extension Network {
  @inline(never)
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
