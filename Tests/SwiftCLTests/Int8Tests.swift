import CSwiftCL
import Testing

@testable import SwiftCL

/// The integer forms of layers without weights; whole tickets are numpy's matter (test_int8.py).
@Suite struct Int8Tests {
  private let window = Window(
    height: 3, width: 4, kernelHeight: 2, kernelWidth: 3, stride: 2, padding: 1)

  /// Three rows of four pixels with two maps, padded to sixteen.
  private func pixels(_ map: (Int, Int) -> Int16) -> [Int16] {
    var rows = [Int16](repeating: 0, count: 12 * 16)
    for pixel in 0..<12 { for c in 0..<2 { rows[pixel * 16 + c] = map(pixel, c) } }
    return rows
  }

  /// Pixels under the window over an output pixel; nil beyond the image.
  private func taps(_ out: Int) -> [Int?] {
    let top = out / window.outWidth * 2 - 1
    let left = out % window.outWidth * 2 - 1
    var taps: [Int?] = []
    for y in top..<top + 2 {
      for x in left..<left + 3 {
        taps.append(y >= 0 && y < 3 && x >= 0 && x < 4 ? y * 4 + x : nil)
      }
    }
    return taps
  }

  @Test func gathersWithZerosAround() {
    let rows = pixels { Int16(10 * $0 + $1 + 1) }
    let patches = ShortPatches(window: window, channels: 2, stride: 16)
    var gathered = [Int16](repeating: -7, count: 16 * window.outPixels + Patches.slack)
    rows.withUnsafeBufferPointer { rows in
      let surface = ShortSurface(
        rows: rows.baseAddress!, sampleStride: 12 * 16, pixelStride: 16)
      patches.gather(surface, first: 0, count: window.outPixels, to: &gathered)
    }
    for out in 0..<window.outPixels {
      for (t, pixel) in taps(out).enumerated() {
        for c in 0..<2 {
          let wanted = pixel.map { Int16(10 * $0 + c + 1) } ?? 0
          #expect(gathered[out * 16 + t * 2 + c] == wanted)
        }
      }
      #expect(gathered[out * 16 + 12..<out * 16 + 16].allSatisfy { $0 == 0 })
    }
  }

  @Test(arguments: [SWIFTCL_LAYER_MAX_POOL, SWIFTCL_LAYER_AVERAGE_POOL])
  func poolsAsIntegers(kind: Int32) {
    let rows = pixels { Int16(($0 * 7919 + $1 * 104_729) % 60_000 - 30_000) }
    var pooled = [Int16](repeating: 0, count: 16 * window.outPixels)
    ShortPooling(transition: Transition(kind: kind, window: window), samples: 1, stride: 16)
      .forward(rows, &pooled)
    for out in 0..<window.outPixels {
      for c in 0..<2 {
        let seen = taps(out).compactMap { $0.map { Int(rows[$0 * 16 + c]) } }
        if kind == SWIFTCL_LAYER_MAX_POOL {
          #expect(Int(pooled[out * 16 + c]) == seen.max()!)
        } else {
          let mean = Double(seen.reduce(0, +)) / Double(seen.count)
          #expect(abs(Double(pooled[out * 16 + c]) - mean) <= 0.5001)
        }
      }
    }
  }

  @Test func theFirstOfEqualsPasses() {
    var rows: [Int16] = [3, 5, 5, -1, -2, -2, 0, 0]
    passLargest(&rows, stride: 8, count: 1, units: 6, blockSize: 3, relu: false)
    #expect(rows == [0, 5, 0, -1, 0, 0, 0, 0])
    passLargest(&rows, stride: 8, count: 1, units: 6, blockSize: 6, relu: true)
    #expect(rows == [0, 5, 0, 0, 0, 0, 0, 0])
  }
}
