import CSwiftCL

/// What `Surface`, `Patches` and `Pooling` are for floats, for the sixteen-bit integers of int8
/// tickets: rows of pixels, padded to sixteen maps where a layer wrote them.
struct ShortSurface {
  var rows: UnsafePointer<Int16>
  var sampleStride: Int
  var pixelStride: Int
  var channelStride = 1
}

/// Inputs under a window, gathered to rows of whole quads; beyond the image there are zeros.
struct ShortPatches {
  var window: Window
  var channels: Int
  /// From one gathered row to the next, a multiple of four.
  var stride: Int

  @inline(never)
  func gather(
    _ surface: ShortSurface, first: Int, count: Int, to patches: UnsafeMutablePointer<Int16>
  ) {
    var place = WindowPlace(window, first)
    for row in 0..<count {
      let sample = surface.rows + place.sample &* surface.sampleStride
      let start = patches + row &* stride
      var to = start
      for y in place.top..<place.top &+ window.kernelHeight {
        let line = sample + (y &* place.width &+ place.left) &* surface.pixelStride
        let isOutside = y < 0 || y >= place.height
        for x in 0..<window.kernelWidth {
          if isOutside || x < place.firstX || x >= place.lastX {
            to.update(repeating: 0, count: channels)
          } else {
            copy(line + x &* surface.pixelStride, to, surface.channelStride)
          }
          to += channels
        }
      }
      to.update(repeating: 0, count: start + stride - to)
      place.advance()
    }
  }

  @inline(__always)
  private func copy(
    _ pixel: UnsafePointer<Int16>, _ to: UnsafeMutablePointer<Int16>, _ channelStride: Int
  ) {
    if channelStride == 1 {
      to.update(from: pixel, count: channels)
    } else {
      for c in 0..<channels { to[c] = pixel[c &* channelStride] }
    }
  }
}

/// Pooling. A mean is the sum times a reciprocal of 31 bits, rounded: a division a pixel.
struct ShortPooling {
  var transition: Transition
  var samples: Int
  /// Integers of a pixel, the same before and after.
  var stride: Int

  private var window: Window { transition.window }

  @inline(never)
  func forward(_ x: UnsafePointer<Int16>, _ y: UnsafeMutablePointer<Int16>) {
    let takesLargest = transition.kind == SWIFTCL_LAYER_MAX_POOL
    var place = WindowPlace(window, 0)
    for n in 0..<samples &* window.outPixels {
      let image = x + place.sample &* window.pixels &* stride
      let lines = max(0, place.top)..<min(place.height, place.top &+ window.kernelHeight)
      let columns = place.left &+ place.firstX..<place.left &+ place.lastX
      let taps = Int64(lines.count &* columns.count)
      let reciprocal = ((1 as Int64) << 31 + taps / 2) / taps
      for u in 0..<stride {
        var sum: Int32 = 0
        var largest = Int32(Int16.min)
        for line in lines {
          for column in columns {
            let value = Int32(image[(line &* place.width &+ column) &* stride &+ u])
            sum &+= value
            largest = max(largest, value)
          }
        }
        let mean = (Int64(sum) &* reciprocal &+ 1 &<< 30) &>> 31
        y[n &* stride &+ u] = Int16(truncatingIfNeeded: takesLargest ? largest : Int32(mean))
      }
      place.advance()
    }
  }
}

/// The largest response of each block passes, the first of equals, as `passLargest` does it.
func passLargest(
  _ rows: UnsafeMutablePointer<Int16>, stride rowStride: Int, count: Int, units: Int,
  blockSize: Int, relu: Bool
) {
  for n in 0..<count {
    let h = rows + n * rowStride
    for start in stride(from: 0, to: units, by: blockSize) {
      var winner = start
      for j in start..<start + blockSize where h[j] > h[winner] { winner = j }
      for j in start..<start + blockSize where j != winner || relu && h[j] < 0 { h[j] = 0 }
    }
  }
}
