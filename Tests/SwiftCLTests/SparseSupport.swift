import CSwiftCL

@testable import SwiftCL

/// A masked layer with random kept weights, some groups of which have none.
struct SparseWeights {
  var width: Int
  var groups: Int
  var inputs: Int
  var starts: [Int32] = [0]
  var kept: [Int32] = []
  var values: [Float] = []
  var bias: [Float] = []
  /// The entries that a gradient is computed for, where not all are.
  var active: [Int32] = []
  var activeStarts: [Int32] = [0]

  init(_ numbers: inout KernelNumbers, width: Int, groups: Int, inputs: Int) {
    self.width = width
    self.groups = groups
    self.inputs = inputs
    for group in 0..<groups {
      let share = group % 5 == 3 ? 0 : UInt32(numbers.int(1...9))
      for input in 0..<inputs where numbers.word() % 10 < share { kept.append(Int32(input)) }
      for entry in Int(starts[group])..<kept.count where numbers.word() % 3 > 0 {
        active.append(Int32(entry))
      }
      starts.append(Int32(kept.count))
      activeStarts.append(Int32(active.count))
    }
    values = numbers.floats(kept.count * width + 1)
    bias = numbers.floats(outputs)
    bias[0] = -0.0
  }

  var outputs: Int { width * groups }

  func entries(of group: Int) -> Range<Int> { Int(starts[group])..<Int(starts[group + 1]) }

  /// The entries of a group that a gradient is computed for.
  func computed(in group: Int, active listed: Bool) -> [Int] {
    if !listed { return Array(entries(of: group)) }
    return active[Int(activeStarts[group])..<Int(activeStarts[group + 1])].map(Int.init)
  }

  /// Lends the block that kernels read; `values` are the weights, or receive a gradient.
  func lend(
    values: inout [Float], active listed: Bool = false, _ body: (swiftcl_sparse) -> Void
  ) {
    // One more, as an empty array lies nowhere.
    let (kept, active) = (kept + [0], active + [0])
    starts.withUnsafeBufferPointer { starts in
      kept.withUnsafeBufferPointer { kept in
        active.withUnsafeBufferPointer { active in
          activeStarts.withUnsafeBufferPointer { activeStarts in
            values.withUnsafeMutableBufferPointer { values in
              body(
                swiftcl_sparse(
                  width: width, groups: groups, starts: starts.start, inputs: kept.start,
                  values: values.start, active: listed ? active.start : nil,
                  active_starts: listed ? activeStarts.start : nil))
            }
          }
        }
      }
    }
  }
}

extension UnsafeBufferPointer {
  /// Where the elements lie, of which there is one at least.
  var start: UnsafePointer<Element> {
    guard let baseAddress else { preconditionFailure("an empty array") }
    return baseAddress
  }
}

extension UnsafeMutableBufferPointer {
  /// Where the elements lie, of which there is one at least.
  var start: UnsafeMutablePointer<Element> {
    guard let baseAddress else { preconditionFailure("an empty array") }
    return baseAddress
  }
}

/// A layer for rows as they are.
struct SparseRowsCase {
  var weights: SparseWeights
  var rows: Int
  var xStride: Int
  var yStride: Int
  var x: [Float]
  var dx: [Float]
  var y: [Float]

  init(_ numbers: inout KernelNumbers, rows: Int, width: Int) {
    self.rows = rows
    let groups = width == 8 ? numbers.int(1...9) : numbers.int(1...40)
    // Now and then more inputs than the kernels take at a time.
    weights = SparseWeights(
      &numbers, width: width, groups: groups, inputs: numbers.int(1...(rows % 3 == 0 ? 700 : 90)))
    xStride = weights.inputs + numbers.int(0...5)
    yStride = weights.outputs + numbers.int(0...9)
    x = numbers.floats(rows * xStride)
    dx = numbers.floats(rows * xStride)
    y = numbers.floats(rows * yStride)
  }

  func forward(relu: Bool, biased: Bool) -> [Float] {
    var result = y
    for row in 0..<rows {
      for o in 0..<weights.outputs {
        var sum = biased ? weights.bias[o] : 0
        for e in weights.entries(of: o / weights.width) {
          sum.addProduct(
            x[row * xStride + Int(weights.kept[e])],
            weights.values[e * weights.width + o % weights.width])
        }
        result[row * yStride + o] = !relu || sum > 0 ? sum : 0
      }
    }
    return result
  }

  func inputGradient() -> [Float] {
    var result = dx
    for row in 0..<rows {
      for o in 0..<weights.outputs {
        for e in weights.entries(of: o / weights.width) {
          result[row * xStride + Int(weights.kept[e])].addProduct(
            y[row * yStride + o], weights.values[e * weights.width + o % weights.width])
        }
      }
    }
    return result
  }

  func weightGradient(into values: [Float], active: Bool, continues: Bool) -> [Float] {
    var result = values
    for group in 0..<weights.groups {
      for e in weights.computed(in: group, active: active) {
        for part in 0..<weights.width {
          let at = e * weights.width + part
          var sum = continues ? result[at] : 0
          for row in 0..<rows {
            sum.addProduct(
              x[row * xStride + Int(weights.kept[e])],
              y[row * yStride + group * weights.width + part])
          }
          result[at] = sum
        }
      }
    }
    return result
  }
}

/// A convolution, or something like one, on planes.
struct SparsePlanesCase {
  var weights: SparseWeights
  var lines: Int
  var pixels: Int
  var step: Int
  var xLine: Int
  var yPlane: Int
  var offsets: [Int32] = []
  var x: [Float]
  var dx: [Float]
  var y: [Float]

  init(_ numbers: inout KernelNumbers, width: Int) {
    lines = numbers.int(1...4)
    pixels = numbers.int(1...21)
    step = numbers.int(1...2)
    let taps = numbers.int(1...3)
    let channels = numbers.int(1...9)
    let wide = pixels * step + taps
    xLine = 16 * wide * step
    let plane = xLine * lines + 16 * wide * taps
    for tap in 0..<taps * taps {
      for channel in 0..<channels {
        offsets.append(Int32(channel * plane + 16 * (tap / taps * wide + tap % taps)))
      }
    }
    let groups = width == 8 ? numbers.int(1...5) : numbers.int(1...19)
    weights = SparseWeights(&numbers, width: width, groups: groups, inputs: offsets.count)
    yPlane = 16 * (lines * pixels + numbers.int(0...2))
    x = numbers.floats(channels * plane)
    dx = numbers.floats(channels * plane)
    y = numbers.floats(weights.outputs * yPlane)
  }

  /// The places of a pixel in x and in a plane of y.
  private func places(_ line: Int, _ pixel: Int) -> (Int, Int) {
    (line * xLine + pixel * step * 16, (line * pixels + pixel) * 16)
  }

  private func place(of entry: Int) -> Int { Int(offsets[Int(weights.kept[entry])]) }

  func forward(relu: Bool, biased: Bool) -> [Float] {
    var result = y
    for o in 0..<weights.outputs {
      for line in 0..<lines {
        for pixel in 0..<pixels {
          let (from, to) = places(line, pixel)
          for lane in 0..<16 {
            var sum = biased ? weights.bias[o] : 0
            for e in weights.entries(of: o / weights.width) {
              sum.addProduct(
                x[from + place(of: e) + lane],
                weights.values[e * weights.width + o % weights.width])
            }
            result[o * yPlane + to + lane] = !relu || sum > 0 ? sum : 0
          }
        }
      }
    }
    return result
  }

  func inputGradient() -> [Float] {
    var result = dx
    for group in 0..<weights.groups {
      for line in 0..<lines {
        var pixel = 0
        while pixel < pixels {
          let share = evenShare(of: pixels - pixel, atMost: 3)
          for e in weights.entries(of: group) {
            for next in pixel..<pixel + share {
              let (to, from) = places(line, next)
              for part in 0..<weights.width {
                let o = group * weights.width + part
                for lane in 0..<16 {
                  result[to + place(of: e) + lane].addProduct(
                    y[o * yPlane + from + lane], weights.values[e * weights.width + part])
                }
              }
            }
          }
          pixel += share
        }
      }
    }
    return result
  }

  func weightGradient(into values: [Float], active: Bool, continues: Bool) -> [Float] {
    var result = values
    for group in 0..<weights.groups {
      for e in weights.computed(in: group, active: active) {
        for part in 0..<weights.width {
          let o = group * weights.width + part
          var lanes = [Float](repeating: 0, count: 16)
          for line in 0..<lines {
            for pixel in 0..<pixels {
              let (a, b) = places(line, pixel)
              for lane in 0..<16 {
                lanes[lane].addProduct(x[a + place(of: e) + lane], y[o * yPlane + b + lane])
              }
            }
          }
          for span in [8, 4, 2, 1] {
            for lane in 0..<span { lanes[lane] += lanes[lane + span] }
          }
          let at = e * weights.width + part
          result[at] = continues ? result[at] + lanes[0] : lanes[0]
        }
      }
    }
    return result
  }
}
