import CSwiftCL

@testable import SwiftCL

/// The geometry of a layer of the reference: its window, and the pooling behind it.
struct ReferenceImage {
  typealias Size = (y: Int, x: Int)
  var before: Size
  var after: Size
  var kernel: Size
  var stride: Int
  var padding: Int
  var isPlanar: Bool
  var pool: Transition

  init(_ shape: LayerShape, pixelsBelow: Int) {
    let window = shape.window
    before = (window.height, window.width)
    kernel = (window.kernelHeight, window.kernelWidth)
    stride = window.stride
    padding = window.padding
    isPlanar = shape.isPlanar
    pool = shape.pool
    after = (
      (before.y + 2 * padding - kernel.y) / stride + 1,
      (before.x + 2 * padding - kernel.x) / stride + 1
    )
    assert(pixelsBelow == 0 || pixelsBelow == before.y * before.x)
  }

  var pixels: Int { after.y * after.x }

  /// Where a channel of a pixel of a row is.
  func index(_ n: Int, _ pixel: Int, _ c: Int, of channels: Int) -> Int {
    let all = before.y * before.x
    return isPlanar ? (n * channels + c) * all + pixel : (n * all + pixel) * channels + c
  }

  /// The maps after the pooling, if there is one.
  func pooled(_ x: [Double], maps: Int) -> [Double] {
    if pool.kind == 0 { return x }
    let w = pool.window
    var out: [Double] = []
    for n in 0..<x.count / (pixels * maps) {
      for y in 0..<w.outHeight {
        for x0 in 0..<w.outWidth {
          for c in 0..<maps {
            var found: [Double] = []
            for py in y * w.stride - w.padding..<y * w.stride - w.padding + w.kernelHeight
            where py >= 0 && py < w.height {
              for px in x0 * w.stride - w.padding..<x0 * w.stride - w.padding + w.kernelWidth
              where px >= 0 && px < w.width {
                found.append(x[((n * w.height + py) * w.width + px) * maps + c])
              }
            }
            out.append(
              pool.kind == SWIFTCL_LAYER_MAX_POOL
                ? found.max() ?? 0 : found.reduce(0, +) / Double(found.count))
          }
        }
      }
    }
    return out
  }
}
