import CSwiftCL

/// Inputs under a window, gathered row by row, tap by tap: what makes a convolution a
/// product. And back: what belongs to an input is added up from all windows over it.
struct Patches {
  var window: Window
  var channels: Int
  /// Floats from one gathered row to the next.
  var stride: Int

  /// A vector may be written, or read, so far behind the last row.
  static let slack = 16

  /// Gathers `count` output pixels from number `first` on, counted through all samples.
  @inline(never)
  func gather(_ surface: Surface, first: Int, count: Int, to patches: UnsafeMutablePointer<Float>) {
    var place = WindowPlace(window, first)
    let line = window.kernelWidth &* channels
    // Pixels of a layer are padded to whole vectors, which may be copied whole: what is
    // copied too much is written over by the next tap, or lies in the pads of the row.
    let isPadded = surface.channelStride == 1 && surface.pixelStride % 16 == 0
    let isDense = surface.channelStride == 1 && surface.pixelStride == channels
    for row in 0..<count {
      let sample = surface.rows + place.sample &* surface.sampleStride
      var to = patches + row &* stride
      for y in place.top..<place.top &+ window.kernelHeight {
        if y < 0 || y >= place.height {
          Patches.clear(to, line)
          to += line
          continue
        }
        let (firstX, lastX) = (place.firstX, place.lastX)
        Patches.clear(to, firstX &* channels)
        let from = sample + (y &* place.width &+ place.left &+ firstX) &* surface.pixelStride
        let target = to + firstX &* channels
        if isDense {
          Patches.copy(from, target, (lastX &- firstX) &* channels, overruns: isPadded)
        } else {
          copyTaps(
            from, target, lastX &- firstX, surface, overruns: isPadded)
        }
        if lastX < window.kernelWidth {
          Patches.clear(to + lastX &* channels, (window.kernelWidth &- lastX) &* channels)
        }
        to += line
      }
      place.advance()
    }
  }

  @inline(__always)
  private func copyTaps(
    _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ taps: Int,
    _ surface: Surface, overruns: Bool
  ) {
    for tap in 0..<taps {
      let pixel = from + tap &* surface.pixelStride
      let target = to + tap &* channels
      if surface.channelStride == 1 {
        Patches.copy(pixel, target, channels, overruns: overruns)
      } else {
        for c in 0..<channels { target[c] = pixel[c &* surface.channelStride] }
      }
    }
  }

  /// Zeros, as many as whole vectors take.
  @inline(__always)
  private static func clear(_ to: UnsafeMutablePointer<Float>, _ count: Int) {
    var at = 0
    while at < count {
      Lane.store(SIMD16<Float>(repeating: 0), to + at)
      at &+= 16
    }
  }

  @inline(__always)
  private static func copy(
    _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ count: Int, overruns: Bool
  ) {
    let whole = overruns ? count : count &- 15
    var at = 0
    while at < whole {
      Lane.store(Lane.load(from + at), to + at)
      at &+= 16
    }
    while at < count {
      to[at] = from[at]
      at &+= 1
    }
  }

  /// Adds gathered rows back to where they came from, rows and taps ascending. Pixels there
  /// are padded to whole vectors, and the pads stay as they are.
  @inline(never)
  func scatter(
    _ patches: UnsafePointer<Float>, first: Int, count: Int, to target: UnsafeMutablePointer<Float>,
    pixelStride: Int
  ) {
    var place = WindowPlace(window, first)
    // The bits of what a pixel's last vector has, of what follows in the row none.
    var exists = SIMD16<UInt32>(repeating: 0)
    for lane in 0..<channels % 16 { exists[lane] = ~0 }
    for row in 0..<count {
      let sample = target + place.sample &* window.pixels &* pixelStride
      let patch = patches + row &* stride
      for y in max(0, place.top)..<min(place.height, place.top &+ window.kernelHeight) {
        let (firstX, lastX) = (place.firstX, place.lastX)
        let to = sample + (y &* place.width &+ place.left &+ firstX) &* pixelStride
        let tap = (y &- place.top) &* window.kernelWidth &+ firstX
        let from = patch + tap &* channels
        for x in 0..<lastX &- firstX { add(from + x &* channels, to + x &* pixelStride, exists) }
      }
      place.advance()
    }
  }

  @inline(__always)
  private func add(
    _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ exists: SIMD16<UInt32>
  ) {
    var at = 0
    while at < channels &- 15 {
      Lane.store(Lane.load(to + at) + Lane.load(from + at), to + at)
      at &+= 16
    }
    if at == channels { return }
    let bits = unsafeBitCast(Lane.load(from + at), to: SIMD16<UInt32>.self) & exists
    Lane.store(Lane.load(to + at) + unsafeBitCast(bits, to: SIMD16<Float>.self), to + at)
  }
}

/// Where a window stands: over an output pixel of a sample, and then the next. The
/// divisions are made once.
struct WindowPlace {
  private(set) var sample: Int
  private(set) var top: Int
  private(set) var left: Int
  let height: Int
  let width: Int
  private let kernelWidth: Int
  private let step: Int
  private let firstLeft: Int
  private let endLeft: Int
  private let endTop: Int

  /// At output pixel number `first`, counted through all samples.
  init(_ window: Window, _ first: Int) {
    let (outWidth, outPixels) = (window.outWidth, window.outPixels)
    let pixel = first % outPixels
    sample = first / outPixels
    height = window.height
    width = window.width
    kernelWidth = window.kernelWidth
    step = window.stride
    firstLeft = 0 &- window.padding
    endLeft = firstLeft &+ outWidth &* step
    endTop = firstLeft &+ window.outHeight &* step
    top = pixel / outWidth &* step &+ firstLeft
    left = pixel % outWidth &* step &+ firstLeft
  }

  /// Columns of the window that lie on the image.
  var firstX: Int { max(0, 0 &- left) }
  var lastX: Int { min(kernelWidth, width &- left) }

  mutating func advance() {
    left &+= step
    if left < endLeft { return }
    left = firstLeft
    top &+= step
    if top < endTop { return }
    top = firstLeft
    sample &+= 1
  }
}
