import CSwiftCL
import Testing

@testable import SwiftCL

/// The kernels of masked layers against plain loops in the written order, bit for bit: on every
/// flavour, as all have the built-in ones.
struct SparseKernelTests {
  private func same(_ a: [Float], _ b: [Float]) -> Bool {
    a.map(\.bitPattern) == b.map(\.bitPattern)
  }

  /// Runs a kernel on a copy of the arrays, of which it may change any.
  private func run(
    _ test: SparseRowsCase, values: [Float], active: Bool = false, relu: Bool = false,
    biased: Bool = false, continues: Bool = false,
    _ kernel: (UnsafePointer<swiftcl_sparse_rows>) -> Void
  ) -> (dx: [Float], y: [Float], values: [Float]) {
    var (dx, y, values) = (test.dx, test.y, values)
    test.x.withUnsafeBufferPointer { x in
      dx.withUnsafeMutableBufferPointer { dx in
        y.withUnsafeMutableBufferPointer { y in
          test.weights.bias.withUnsafeBufferPointer { bias in
            test.weights.lend(values: &values, active: active) { weights in
              var pass = swiftcl_sparse_rows(
                weights: weights, x: x.start, dx: dx.start, x_stride: test.xStride,
                y: y.start, y_stride: test.yStride, rows: test.rows,
                bias: biased ? bias.start : nil, relu: relu, continues: continues)
              kernel(&pass)
            }
          }
        }
      }
    }
    return (dx, y, values)
  }

  private func run(
    _ test: SparsePlanesCase, values: [Float], active: Bool = false, relu: Bool = false,
    biased: Bool = false, continues: Bool = false,
    _ kernel: (UnsafePointer<swiftcl_sparse_planes>) -> Void
  ) -> (dx: [Float], y: [Float], values: [Float]) {
    var (dx, y, values) = (test.dx, test.y, values)
    test.x.withUnsafeBufferPointer { x in
      dx.withUnsafeMutableBufferPointer { dx in
        y.withUnsafeMutableBufferPointer { y in
          test.offsets.withUnsafeBufferPointer { offsets in
            test.weights.bias.withUnsafeBufferPointer { bias in
              test.weights.lend(values: &values, active: active) { weights in
                var pass = swiftcl_sparse_planes(
                  weights: weights, offsets: offsets.start, x: x.start,
                  dx: dx.start, x_line: test.xLine, x_step: 16 * test.step,
                  y: y.start, y_plane: test.yPlane, lines: test.lines,
                  pixels: test.pixels, bias: biased ? bias.start : nil, relu: relu,
                  continues: continues)
                kernel(&pass)
              }
            }
          }
        }
      }
    }
    return (dx, y, values)
  }

  @Test(arguments: [1, 8])
  func rowsFollowTheWrittenOrder(width: Int) {
    var numbers = KernelNumbers(seed: 21)
    for rows in Array(1...20) + [33, 70] {
      let test = SparseRowsCase(&numbers, rows: rows, width: width)
      let values = test.weights.values
      let (relu, biased) = (rows % 2 == 0, rows % 3 > 0)
      let forward = run(test, values: values, relu: relu, biased: biased, sparseRowsForward)
      #expect(same(forward.y, test.forward(relu: relu, biased: biased)), "forward, \(rows)")
      let back = run(test, values: values, sparseRowsInputGradient)
      #expect(same(back.dx, test.inputGradient()), "input gradient, \(rows)")
      for (active, continues) in [(false, false), (true, false), (false, true), (true, true)] {
        let found = run(
          test, values: values, active: active, continues: continues, sparseRowsWeightGradient)
        let wanted = test.weightGradient(into: values, active: active, continues: continues)
        #expect(same(found.values, wanted), "weight gradient, \(rows)")
      }
    }
  }

  @Test(arguments: [1, 8])
  func planesFollowTheWrittenOrder(width: Int) {
    var numbers = KernelNumbers(seed: 22)
    for turn in 0..<40 {
      let test = SparsePlanesCase(&numbers, width: width)
      let values = test.weights.values
      let (relu, biased) = (turn % 2 == 0, turn % 3 > 0)
      let forward = run(test, values: values, relu: relu, biased: biased, sparsePlanesForward)
      #expect(same(forward.y, test.forward(relu: relu, biased: biased)), "forward, \(turn)")
      let back = run(test, values: values, sparsePlanesInputGradient)
      #expect(same(back.dx, test.inputGradient()), "input gradient, \(turn)")
      for (active, continues) in [(false, false), (true, false), (false, true), (true, true)] {
        let found = run(
          test, values: values, active: active, continues: continues, sparsePlanesWeightGradient)
        let wanted = test.weightGradient(into: values, active: active, continues: continues)
        #expect(same(found.values, wanted), "weight gradient, \(turn)")
      }
    }
  }

  /// So that the number of rows may choose the layout of a dense layer.
  @Test(arguments: [1, 8])
  func denseLayersHaveTheSameBitsOnRowsAndPlanes(width: Int) {
    var numbers = KernelNumbers(seed: 25)
    var planes = SparsePlanesCase(&numbers, width: width)
    planes.lines = 1
    planes.pixels = 5
    planes.step = 1
    planes.offsets = (0..<planes.weights.inputs).map { Int32(80 * $0) }
    planes.yPlane = 80
    planes.x = numbers.floats(80 * planes.weights.inputs)
    planes.dx = numbers.floats(80 * planes.weights.inputs)
    planes.y = numbers.floats(80 * planes.weights.outputs)
    var rows = SparseRowsCase(&numbers, rows: 80, width: width)
    rows.weights = planes.weights
    (rows.xStride, rows.yStride) = (planes.weights.inputs, planes.weights.outputs)
    func turned(_ planes: [Float], _ count: Int) -> [Float] {
      (0..<80 * count).map { planes[$0 % count * 80 + $0 / count] }
    }
    rows.x = turned(planes.x, rows.xStride)
    rows.dx = turned(planes.dx, rows.xStride)
    rows.y = turned(planes.y, rows.yStride)
    let values = planes.weights.values
    let y = run(planes, values: values, relu: true, biased: true, sparsePlanesForward).y
    let dx = run(planes, values: values, sparsePlanesInputGradient).dx
    #expect(
      same(
        run(rows, values: values, relu: true, biased: true, sparseRowsForward).y,
        turned(y, rows.yStride)))
    #expect(
      same(run(rows, values: values, sparseRowsInputGradient).dx, turned(dx, rows.xStride)))
  }

  /// Which layout a layer has is part of what every target agrees on.
  @Test func rowsChooseTheLayout() {
    #expect(!sparseForwardUsesPlanes(rows: 11, width: 8))
    #expect(sparseForwardUsesPlanes(rows: 12, width: 8))
    #expect(!sparseForwardUsesPlanes(rows: 2, width: 1))
    #expect(sparseForwardUsesPlanes(rows: 3, width: 1))
    #expect(!sparseInputGradientUsesPlanes(rows: 2) && sparseInputGradientUsesPlanes(rows: 3))
    #expect(!sparseWeightGradientUsesPlanes(rows: 95, width: 8))
    #expect(sparseWeightGradientUsesPlanes(rows: 96, width: 8))
    #expect(sparseWeightGradientUsesPlanes(rows: 6, width: 1))
  }

  /// Where a chain has no product, minus zero stays what it is.
  @Test func aBiasIsNotTouchedWhereNothingIsKept() {
    var numbers = KernelNumbers(seed: 23)
    var test = SparsePlanesCase(&numbers, width: 8)
    test.weights.starts = test.weights.starts.map { _ in 0 }
    test.weights.bias = test.weights.bias.map { _ in -0.0 }
    let y = run(test, values: test.weights.values, biased: true, sparsePlanesForward).y
    #expect(same(y, test.forward(relu: false, biased: true)))
    #expect(y[0].bitPattern == (-Float.zero).bitPattern)
  }

  /// Rows of both kinds of images, with fewer samples than lanes, and lines beyond the image.
  @Test(arguments: [false, true])
  func planesAreSplitAndJoined(planar: Bool) {
    var numbers = KernelNumbers(seed: 24)
    for turn in 0..<30 {
      let samples = turn % 3 == 0 ? 16 : numbers.int(1...15)
      let channels = numbers.int(1...40)
      let (height, width) = (numbers.int(1...6), numbers.int(1...40))
      let pad = Panels.pad(channels)
      let padding = numbers.int(0...2)
      let (first, end) = (numbers.int(-2...1), height + numbers.int(-1...2))
      let lineStride = 16 * (width + 2 * padding)
      let planeStride = lineStride * max(end - first, 0) + 16
      let pixelStride = planar ? 1 : pad
      let channelStride = planar ? height * width : 1
      let sampleStride = height * width * pad + 3
      var rows = numbers.floats(samples * sampleStride)
      let old = rows
      var planes = [Float](repeating: 7, count: channels * planeStride + 16)
      var expected = planes
      for c in 0..<channels {
        for line in first..<max(end, first) {
          for at in 0..<width + 2 * padding {
            for s in 0..<16 {
              let pixel = at - padding
              let inside =
                s < samples && line >= 0 && line < height && pixel >= 0 && pixel < width
              expected[c * planeStride + (line - first) * lineStride + at * 16 + s] =
                inside
                ? rows[
                  s * sampleStride + (line * width + pixel) * pixelStride + c * channelStride] : 0
            }
          }
        }
      }
      func copy(adds: Bool, _ kernel: (UnsafePointer<swiftcl_plane_copy>) -> Void) {
        rows.withUnsafeMutableBufferPointer { rows in
          planes.withUnsafeMutableBufferPointer { planes in
            var copy = swiftcl_plane_copy(
              rows: rows.start, sample_stride: sampleStride, pixel_stride: pixelStride,
              channel_stride: channelStride, samples: samples, channels: channels, height: height,
              width: width, planes: planes.start, plane_stride: planeStride,
              line_stride: lineStride, padding: padding, first_line: first, end_line: end,
              adds: adds)
            kernel(&copy)
          }
        }
      }
      copy(adds: false, planesFromRows)
      #expect(same(planes, expected), "\(turn)")
      #expect(same(rows, old))
      if planar { continue }
      let adds = turn % 2 == 0
      planes = numbers.floats(planes.count)
      copy(adds: adds, rowsFromPlanes)
      var joined = old
      for s in 0..<samples {
        for line in max(first, 0)..<max(min(end, height), max(first, 0)) {
          for pixel in 0..<width {
            for c in 0..<(adds ? channels : pad) {
              let at = s * sampleStride + (line * width + pixel) * pad + c
              let from =
                c * planeStride + (line - first) * lineStride + (padding + pixel) * 16 + s
              joined[at] = c < channels ? (adds ? old[at] + planes[from] : planes[from]) : 0
            }
          }
        }
      }
      #expect(same(rows, joined), "\(turn), back")
    }
  }
}
