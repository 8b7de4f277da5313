import CSwiftCL

/// What `Surface`, `Patches` and `Pooling` are for floats, for the sixteen-bit integers of int8
/// tickets: rows of pixels, padded to sixteen maps where a layer wrote them.
typealias ShortSurface = PixelRows<Int16>

/// Inputs under a window, gathered to rows of whole vectors; beyond the image there are zeros. As
/// in `Patches`, a vector may be written so far behind the last row.
struct ShortPatches {
  var window: Window
  var channels: Int
  /// From one gathered row to the next, a multiple of sixteen.
  var stride: Int

  @inline(never)
  func gather(
    _ surface: ShortSurface, first: Int, count: Int, to patches: UnsafeMutablePointer<Int16>
  ) {
    var place = WindowPlace(window, first)
    let width = window.kernelWidth &* channels
    // Pixels of a layer are padded to whole vectors; those of the caller's image lie together.
    let isPadded = surface.channelStride == 1 && surface.pixelStride % 16 == 0
    let isDense = surface.channelStride == 1 && surface.pixelStride == channels
    for row in 0..<count {
      let sample = surface.rows + place.sample &* surface.sampleStride
      let start = patches + row &* stride
      var to = start
      for y in place.top..<place.top &+ window.kernelHeight {
        let taps = y < 0 || y >= place.height ? 0..<0 : place.firstX..<place.lastX
        if taps.count < window.kernelWidth { ShortPatches.clear(to, width) }
        let from = sample + (y &* place.width &+ place.left) &* surface.pixelStride
        if isDense {
          let skipped = taps.lowerBound &* channels
          ShortPatches.copy(from + skipped, to + skipped, taps.count &* channels, overruns: false)
        } else {
          copyTaps(from, to, taps, surface, overruns: isPadded && taps.count == window.kernelWidth)
        }
        to += width
      }
      // Up to the last quad, whose weights may be those of no input.
      while to < start + stride {
        to.pointee = 0
        to += 1
      }
      place.advance()
    }
  }

  @inline(__always)
  private func copyTaps(
    _ from: UnsafePointer<Int16>, _ to: UnsafeMutablePointer<Int16>, _ taps: Range<Int>,
    _ surface: ShortSurface, overruns: Bool
  ) {
    for tap in taps {
      let pixel = from + tap &* surface.pixelStride
      let target = to + tap &* channels
      if surface.channelStride == 1 {
        ShortPatches.copy(pixel, target, channels, overruns: overruns)
      } else {
        for c in 0..<channels { target[c] = pixel[c &* surface.channelStride] }
      }
    }
  }

  /// Zeros, as many as whole vectors take.
  @inline(__always)
  private static func clear(_ to: UnsafeMutablePointer<Int16>, _ count: Int) {
    for at in Swift.stride(from: 0, to: count, by: 16) {
      UnsafeMutableRawPointer(to + at).storeBytes(
        of: SIMD16<Int16>(repeating: 0), as: SIMD16<Int16>.self)
    }
  }

  @inline(__always)
  private static func copy(
    _ from: UnsafePointer<Int16>, _ to: UnsafeMutablePointer<Int16>, _ count: Int, overruns: Bool
  ) {
    let whole = overruns ? count : count &- 15
    var at = 0
    while at < whole {
      let lanes = UnsafeRawPointer(from + at).loadUnaligned(as: SIMD16<Int16>.self)
      UnsafeMutableRawPointer(to + at).storeBytes(of: lanes, as: SIMD16<Int16>.self)
      at &+= 16
    }
    while at < count {
      to[at] = from[at]
      at &+= 1
    }
  }
}

/// Pooling. A mean is the sum times a reciprocal of 31 bits, rounded: a division a pixel.
struct ShortPooling {
  var transition: Transition
  var samples: Int
  /// Integers of a pixel, the same before and after; a multiple of sixteen.
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
      let reciprocal = (1 &<< 31 &+ taps / 2) / taps
      for u in Swift.stride(from: 0, to: stride, by: 16) {
        var sum = SIMD16<Int32>(repeating: 0)
        var largest = SIMD16<Int16>(repeating: Int16.min)
        for line in lines {
          for column in columns {
            let pixel = image + ((line &* place.width &+ column) &* stride &+ u)
            let value = UnsafeRawPointer(pixel).loadUnaligned(as: SIMD16<Int16>.self)
            if takesLargest {
              largest.replace(with: value, where: value .> largest)
            } else {
              sum &+= swiftcl_widen(value)
            }
          }
        }
        let to = y + (n &* stride &+ u)
        if takesLargest {
          UnsafeMutableRawPointer(to).storeBytes(of: largest, as: SIMD16<Int16>.self)
        } else {
          for lane in 0..<16 {
            let mean = (Int64(sum[lane]) &* reciprocal &+ 1 &<< 30) &>> 31
            to[lane] = Int16(truncatingIfNeeded: mean)
          }
        }
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
