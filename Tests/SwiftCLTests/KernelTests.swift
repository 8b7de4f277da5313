import CSwiftCL
import Testing

@testable import SwiftCL

/// The products against plain loops that follow the same rounding rule.
struct KernelTests {
  @Test func forwardProductFollowsTheRoundingRule() {
    var numbers = KernelNumbers(seed: 1)
    for rows in 1...40 {
      let layer = KernelCase(&numbers, rows: rows)
      let relu = rows % 2 == 0
      let untouched = [Float](repeating: 7, count: rows * layer.yStride)
      var y = untouched
      forwardProduct(
        x: layer.x, xStride: layer.xStride, rows: rows, inputs: layer.inputs,
        weights: layer.weights, bias: layer.bias, padded: layer.padded, y: &y,
        yStride: layer.yStride, relu: relu)
      #expect(agree(y, layer.forward(relu: relu, into: untouched)), "\(layer.rows) rows")
    }
  }

  @Test func longSumsAreBlockedWithoutAnyTrace() {
    var numbers = KernelNumbers(seed: 2)
    var layer = KernelCase(&numbers, rows: 11)
    layer.inputs = 300
    layer.padded = 48
    layer.xStride = 301
    layer.yStride = 48
    layer.x = numbers.floats(11 * 301)
    layer.weights = numbers.floats(300 * 48)
    layer.bias = numbers.floats(48)
    var y = [Float](repeating: 7, count: 11 * 48)
    forwardProduct(
      x: layer.x, xStride: 301, rows: 11, inputs: 300, weights: layer.weights, bias: layer.bias,
      padded: 48, y: &y, yStride: 48, relu: true)
    #expect(agree(y, layer.forward(relu: true, into: y)))
  }

  @Test func aRowDoesNotDependOnItsBatch() {
    var numbers = KernelNumbers(seed: 3)
    let layer = KernelCase(&numbers, rows: 23)
    func product(_ first: Int, _ rows: Int, _ y: inout [Float]) {
      let x = Array(layer.x[(first * layer.xStride)...])
      var part = [Float](repeating: 0, count: rows * layer.yStride)
      forwardProduct(
        x: x, xStride: layer.xStride, rows: rows, inputs: layer.inputs, weights: layer.weights,
        bias: layer.bias, padded: layer.padded, y: &part, yStride: layer.yStride, relu: false)
      y += part
    }
    var whole: [Float] = []
    product(0, 23, &whole)
    for split in [1, 2, 3, 5, 8, 13] {
      var parts: [Float] = []
      var row = 0
      while row < 23 {
        product(row, min(split, 23 - row), &parts)
        row += split
      }
      #expect(agree(parts, whole), "by \(split)")
    }
  }

  @Test func theRectifierMakesNaNAndMinusZeroZero() {
    let x: [Float] = [.nan, -0.0, -1, 2]
    let weights = [Float](repeating: 1, count: 16)
    let bias = [Float](repeating: -0.0, count: 16)
    var y = [Float](repeating: 7, count: 64)
    forwardProduct(
      x: x, xStride: 1, rows: 4, inputs: 1, weights: weights, bias: bias, padded: 16, y: &y,
      yStride: 16, relu: true)
    #expect(y[0..<48].allSatisfy { $0.bitPattern == 0 })
    #expect(y[48..<64].allSatisfy { $0 == 2 })
  }

  @Test func inputGradientFollowsTheRoundingRule() {
    var numbers = KernelNumbers(seed: 4)
    for rows in 1...60 {
      let layer = KernelCase(&numbers, rows: rows)
      let masked = rows % 3 != 0
      let chained = rows % 2 == 0
      let untouched = [Float](repeating: 7, count: rows * layer.dxStride)
      var dx = untouched
      layer.mask.withUnsafeBufferPointer { mask in
        inputGradient(
          dy: layer.dy, dyStride: layer.yStride, rows: rows, padded: layer.padded,
          weights: layer.weights, panelStep: layer.inputs * 16, inputs: layer.inputs, dx: &dx,
          dxStride: layer.dxStride, mask: masked ? mask.baseAddress : nil, chained: chained)
      }
      let expected = layer.inputGradient(masked: masked, into: untouched, chained: chained)
      #expect(agree(dx, expected), "\(rows) rows")
    }
  }

  /// One row of a wide layer has a way of its own, in more than one block of inputs.
  @Test(arguments: [false, true])
  func aSingleRowOfAWideLayerFollowsTheSameRule(masked: Bool) {
    var numbers = KernelNumbers(seed: 15)
    var layer = KernelCase(&numbers, rows: 1)
    layer.inputs = 403
    layer.padded = 528
    layer.dxStride = 416
    layer.dy = numbers.floats(528)
    layer.weights = numbers.floats(403 * 528)
    layer.mask = numbers.floats(416)
    let untouched = [Float](repeating: 7, count: 416)
    var dx = untouched
    layer.mask.withUnsafeBufferPointer { mask in
      inputGradient(
        dy: layer.dy, dyStride: 528, rows: 1, padded: 528, weights: layer.weights,
        panelStep: 403 * 16, inputs: 403, dx: &dx, dxStride: 416,
        mask: masked ? mask.baseAddress : nil, chained: false)
    }
    #expect(agree(dx, layer.inputGradient(masked: masked, into: untouched, chained: false)))
  }

  /// The order is part of what every target agrees on; wide layers have several blocks.
  @Test func inputGradientChoosesItsOrderByTheShapeAlone() {
    #expect(!chainsInputGradient(rows: 3, padded: 16) && chainsInputGradient(rows: 4, padded: 16))
    #expect(!chainsInputGradient(rows: 15, padded: 64) && chainsInputGradient(rows: 16, padded: 64))
    #expect(!chainsInputGradient(rows: 47, padded: 80) && chainsInputGradient(rows: 48, padded: 80))
    #expect(chainsInputGradient(rows: 16, padded: 528))
  }

  #if !SWIFTCL_CBLAS
    @Test(arguments: [false, true])
    func inputGradientOfAPartOfTheInputsIsThatOfTheWhole(chained: Bool) {
      var numbers = KernelNumbers(seed: 14)
      var layer = KernelCase(&numbers, rows: 17)
      layer.inputs = 131
      layer.padded = 320
      layer.dxStride = 144
      layer.yStride = 320
      layer.dy = numbers.floats(17 * 320)
      layer.weights = numbers.floats(131 * 320)
      let whole = layer.inputGradient(
        masked: false, into: [Float](repeating: 7, count: 17 * 144), chained: chained)
      var parts = [Float](repeating: 7, count: 17 * 144)
      for (first, count) in [(0, 48), (48, 16), (64, 67)] {
        layer.weights.withUnsafeBufferPointer { weights in
          parts.withUnsafeMutableBufferPointer { dx in
            inputGradient(
              dy: layer.dy, dyStride: 320, rows: 17, padded: 320,
              weights: weights.baseAddress! + first * 16, panelStep: 131 * 16, inputs: count,
              dx: dx.baseAddress! + first, dxStride: 144, mask: nil, chained: chained)
          }
        }
      }
      #expect(agree(parts, whole))
    }
  #endif

  @Test func weightGradientFollowsTheRoundingRule() {
    var numbers = KernelNumbers(seed: 5)
    for rows in Array(1...40) + [193, 300] {
      var layer = KernelCase(&numbers, rows: rows)
      if rows > 40 {
        // Many rows so far apart are packed.
        layer.yStride = 128
        layer.dy = numbers.floats(rows * 128)
      }
      var gradient = [Float](repeating: 7, count: layer.panels.count)
      weightGradient(
        x: layer.x, xStride: layer.xStride, dy: layer.dy, dyStride: layer.yStride, rows: rows,
        inputs: layer.inputs, padded: layer.padded, gradient: &gradient, continues: false)
      #expect(agree(gradient, layer.weightGradient()), "\(rows) rows")
    }
  }

  @Test func biasGradientIsThePlainSum() {
    var numbers = KernelNumbers(seed: 6)
    for rows in [1, 2, 7, 40] {
      let layer = KernelCase(&numbers, rows: rows)
      var gradient = [Float](repeating: 7, count: layer.padded)
      biasGradient(
        dy: layer.dy, dyStride: layer.yStride, rows: rows, padded: layer.padded,
        gradient: &gradient)
      #expect(agree(gradient, layer.biasGradient()))
    }
  }

  @Test func panelsArePackedAndUnpacked() {
    var numbers = KernelNumbers(seed: 7)
    let panels = Panels(inputs: 5, outputs: 19)
    #expect(panels.padded == 32 && panels.count == 160)
    let rows = numbers.floats(5 * 19)
    var packed = [Float](repeating: 7, count: panels.count)
    panels.pack(rows, to: &packed)
    #expect(packed[panels.index(3, 17)] == rows[17 * 5 + 3])
    #expect(packed[panels.index(4, 31)] == 0)
    var back = [Float](repeating: 7, count: rows.count)
    panels.unpack(packed, to: &back)
    #expect(back == rows)
  }

  @Test func theMultiplyAddIsRoundedOnce() {
    // Ties, cancellation, subnormal results, overflow, infinities: where an emulation
    // could round twice.
    let edges: [Float] = [
      0, -0.0, 1, -1, 0x1p-149, -0x1p-149, 0x1p-126, Float(bitPattern: 0x007F_FFFF), 0x1.fffffep127,
      0x1p-75,
      0x1.000002p0, 0x1.fffffep-1, 0x1p12, 0x1.002p12, -0x1.002p12, 0x1p-24, 0x1p-25, 0x1p104,
      0x1.8p-74, 0x1.000002p-75, .infinity, -.infinity,
    ]
    var numbers = KernelNumbers(seed: 8)
    for a in edges {
      for b in edges {
        for start in stride(from: 0, to: edges.count, by: 16) {
          var c = SIMD16<Float>()
          for lane in 0..<16 {
            c[lane] = start + lane < edges.count ? edges[start + lane] : numbers.float()
          }
          let result = fma16(SIMD16(repeating: a), SIMD16(repeating: b), c)
          for lane in 0..<16 {
            let wanted = c[lane].addingProduct(a, b)
            let same = result[lane].bitPattern == wanted.bitPattern
            #expect(same || (result[lane].isNaN && wanted.isNaN), "\(a) * \(b) + \(c[lane])")
          }
        }
      }
    }
  }
}
