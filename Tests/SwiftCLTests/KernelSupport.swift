import Testing

@testable import SwiftCL

/// Numbers for kernel tests: repeatable, with zeros and widely different sizes.
struct KernelNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

  mutating func word() -> UInt32 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return UInt32(truncatingIfNeeded: z >> 32)
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(word()) % range.count
  }

  mutating func float() -> Float {
    let value = Float(Int32(bitPattern: word())) / 0x1p31
    switch word() & 15 {
    case 0: return 0
    case 1: return value * 0x1p-20
    case 2: return value * 100
    default: return value
    }
  }

  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }
}

/// The shape and the data of one layer's products.
struct KernelCase {
  var rows: Int
  var inputs: Int
  var padded: Int
  var xStride: Int
  var yStride: Int
  var dxStride: Int
  var x: [Float]
  var dy: [Float]
  var weights: [Float]
  var bias: [Float]
  var mask: [Float]

  var panels: Panels { Panels(inputs: inputs, outputs: padded) }

  init(_ numbers: inout KernelNumbers, rows: Int? = nil) {
    self.rows = rows ?? numbers.int(1...40)
    inputs = numbers.int(1...70)
    padded = 16 * numbers.int(1...6)
    xStride = inputs + numbers.int(0...3)
    yStride = padded + 16 * numbers.int(0...1)
    dxStride = Panels.pad(inputs) + 16 * numbers.int(0...1)
    x = numbers.floats(self.rows * xStride)
    dy = numbers.floats(self.rows * yStride)
    weights = numbers.floats(inputs * padded)
    bias = numbers.floats(padded)
    mask = numbers.floats(self.rows * dxStride)
  }

  /// One ascending chain per output.
  func forward(relu: Bool, into y: [Float]) -> [Float] {
    var y = y
    for n in 0..<rows {
      for o in 0..<padded {
        var sum = bias[o]
        for k in 0..<inputs {
          sum = sum.addingProduct(x[n * xStride + k], weights[panels.index(k, o)])
        }
        y[n * yStride + o] = relu ? (sum > 0 ? sum : 0) : sum
      }
    }
    return y
  }

  /// One ascending chain, or sixteen interleaved ones, added pairwise.
  func inputGradient(masked: Bool, into dx: [Float], chained: Bool) -> [Float] {
    var dx = dx
    for n in 0..<rows {
      for k in 0..<Panels.pad(inputs) {
        var lanes = [Float](repeating: 0, count: 16)
        if k < inputs {
          for o in 0..<padded {
            let lane = chained ? 0 : o % 16
            lanes[lane].addProduct(dy[n * yStride + o], weights[panels.index(k, o)])
          }
        }
        for span in chained ? [] : [8, 4, 2, 1] {
          for lane in 0..<span { lanes[lane] += lanes[lane + span] }
        }
        let open = !masked || mask[n * dxStride + k] > 0
        dx[n * dxStride + k] = open ? lanes[0] : 0
      }
    }
    return dx
  }

  /// One ascending chain over the rows per weight.
  func weightGradient() -> [Float] {
    var gradient = [Float](repeating: 0, count: panels.count)
    for k in 0..<inputs {
      for o in 0..<padded {
        var sum: Float = 0
        for n in 0..<rows { sum.addProduct(x[n * xStride + k], dy[n * yStride + o]) }
        gradient[panels.index(k, o)] = sum
      }
    }
    return gradient
  }

  /// The sums of the columns of dy.
  func biasGradient() -> [Float] {
    (0..<padded).map { o in
      var sum: Float = 0
      for n in 0..<rows { sum += dy[n * yStride + o] }
      return sum
    }
  }
}

/// Whether two results agree: bit for bit, or nearly on the OpenBLAS flavour, whose sums
/// have an order of their own.
func agree(_ a: [Float], _ b: [Float]) -> Bool {
  #if SWIFTCL_CBLAS
    return zip(a, b).allSatisfy { abs($0 - $1) <= 1e-2 + 1e-4 * abs($1) }
  #else
    return a.map(\.bitPattern) == b.map(\.bitPattern)
  #endif
}
