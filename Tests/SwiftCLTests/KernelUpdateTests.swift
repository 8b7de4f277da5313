import CSwiftCL
import Testing

@testable import SwiftCL

/// The optimiser's step, fused and from a stored gradient, against the formulas.
struct KernelUpdateTests {
  /// Weights and optimiser state.
  struct State: Equatable {
    var weights: [Float]
    var first: [Float]
    var second: [Float]

    var bits: [[UInt32]] { [weights, first, second].map { $0.map(\.bitPattern) } }
  }

  /// Which weights are owned and how fast they may move.
  struct Owned {
    var words: [UInt16]?
    var rates: [Float]?
  }

  static func update(_ numbers: inout KernelNumbers, adam: Bool) -> swiftcl_update {
    var update = swiftcl_update()
    update.kind = adam ? SWIFTCL_OPTIMIZER_ADAM : SWIFTCL_OPTIMIZER_SGD
    update.rate = 0.03
    update.momentum = 0.9
    update.beta1 = 0.9
    update.beta2 = 0.999
    update.epsilon = 1e-8
    update.correction1 = 1.7
    update.correction2 = 2.3
    update.decay = numbers.int(0...1) == 0 ? 0 : 0.01
    update.scale = numbers.int(0...1) == 0 ? 1 : 0.37
    update.owned_rate = numbers.int(0...1) == 0 ? 0 : 0.25
    return update
  }

  static func state(_ numbers: inout KernelNumbers, _ layer: KernelCase) -> State {
    let count = layer.panels.count
    return State(
      weights: layer.weights, first: numbers.floats(count),
      second: numbers.floats(count).map(\.magnitude))
  }

  /// Words of all kinds: none, all, some; rates with whole zero vectors among them.
  static func owned(_ numbers: inout KernelNumbers, count: Int) -> Owned {
    var owned = Owned()
    if numbers.int(0...3) == 0 { return owned }
    let mostly = numbers.int(0...2)
    owned.words = (0..<count / 16).map { _ in
      switch mostly == 0 ? 1 : numbers.int(0...2) {
      case 0: return 0
      case 1: return 0xFFFF
      default: return UInt16(truncatingIfNeeded: numbers.word())
      }
    }
    if numbers.int(0...1) == 0 { return owned }
    owned.rates = (0..<count).map { i in
      i / 16 % 3 == 0 || numbers.int(0...1) == 0 ? 0 : numbers.float()
    }
    return owned
  }

  /// The formulas, one weight at a time.
  static func moved(_ old: State, _ sums: [Float], _ owned: Owned, _ u: swiftcl_update) -> State {
    var new = old
    for i in sums.indices {
      var factor: Float = 1
      let word = owned.words?[i / 16] ?? 0
      if word >> UInt16(i % 16) & 1 == 1 {
        factor = owned.rates?[i] ?? u.owned_rate
        if factor == 0 { continue }
      }
      var g = sums[i] * u.scale
      if u.decay != 0 { g = g + u.decay * old.weights[i] }
      if u.kind == SWIFTCL_OPTIMIZER_ADAM {
        new.first[i] = u.beta1 * old.first[i] + (1 - u.beta1) * g
        new.second[i] = u.beta2 * old.second[i] + ((1 - u.beta2) * g) * g
        let spread = (new.second[i] * u.correction2).squareRoot() + u.epsilon
        new.weights[i] =
          old.weights[i] - (u.rate * factor) * (new.first[i] * u.correction1) / spread
      } else {
        new.first[i] = u.momentum * old.first[i] + g
        new.weights[i] = old.weights[i] - (u.rate * factor) * new.first[i]
      }
    }
    return new
  }

  static func stored(
    _ old: State, _ sums: [Float], _ owned: Owned, _ update: swiftcl_update
  ) -> State {
    var new = old
    var update = update
    optional(owned.words) { words in
      optional(owned.rates) { rates in
        applyUpdate(
          gradient: sums, weights: &new.weights, first: &new.first, second: &new.second,
          owned: words, rates: rates, count: sums.count, update: &update)
      }
    }
    return new
  }

  static func fused(
    _ old: State, _ layer: KernelCase, _ owned: Owned, _ update: swiftcl_update
  ) -> State {
    var new = old
    var update = update
    optional(owned.words) { words in
      optional(owned.rates) { rates in
        weightUpdate(
          x: layer.x, xStride: layer.xStride, dy: layer.dy, dyStride: layer.yStride,
          rows: layer.rows, inputs: layer.inputs, padded: layer.padded, weights: &new.weights,
          first: &new.first, second: &new.second, owned: words, rates: rates, update: &update)
      }
    }
    return new
  }

  static func optional<T>(_ array: [T]?, _ body: (UnsafePointer<T>?) -> Void) {
    guard let array else { return body(nil) }
    array.withUnsafeBufferPointer { body($0.baseAddress) }
  }

  @Test(arguments: [false, true])
  func theStoredStepFollowsTheFormulas(adam: Bool) {
    var numbers = KernelNumbers(seed: 11)
    for _ in 0..<40 {
      let layer = KernelCase(&numbers, rows: 1)
      let old = Self.state(&numbers, layer)
      let sums = numbers.floats(layer.panels.count)
      let owned = Self.owned(&numbers, count: sums.count)
      let update = Self.update(&numbers, adam: adam)
      let new = Self.stored(old, sums, owned, update)
      #expect(new.bits == Self.moved(old, sums, owned, update).bits)
    }
  }

  #if !SWIFTCL_CBLAS
    @Test(arguments: [false, true])
    func theFusedStepIsTheStoredOne(adam: Bool) {
      var numbers = KernelNumbers(seed: 12)
      for rows in Array(1...40) + [193, 300] {
        var layer = KernelCase(&numbers, rows: rows)
        if rows > 40 {
          // Many rows so far apart are packed.
          layer.yStride = 128
          layer.dy = numbers.floats(rows * 128)
        }
        let old = Self.state(&numbers, layer)
        let owned = Self.owned(&numbers, count: layer.panels.count)
        let update = Self.update(&numbers, adam: adam)
        var sums = [Float](repeating: 0, count: layer.panels.count)
        weightGradient(
          x: layer.x, xStride: layer.xStride, dy: layer.dy, dyStride: layer.yStride, rows: rows,
          inputs: layer.inputs, padded: layer.padded, gradient: &sums, continues: false)
        let one = Self.fused(old, layer, owned, update)
        #expect(one.bits == Self.stored(old, sums, owned, update).bits, "\(rows) rows")
      }
    }
  #endif

  /// Momentum and nothing else has a loop of its own.
  @Test func theCommonStepFollowsTheFormulas() {
    var numbers = KernelNumbers(seed: 16)
    let layer = KernelCase(&numbers, rows: 1)
    let old = Self.state(&numbers, layer)
    let sums = numbers.floats(layer.panels.count)
    var update = Self.update(&numbers, adam: false)
    update.decay = 0
    update.scale = 1
    let owned = Owned()
    let new = Self.stored(old, sums, owned, update)
    #expect(new.bits == Self.moved(old, sums, owned, update).bits)
    #expect(new != old)
  }

  @Test(arguments: [false, true])
  func frozenWeightsKeepTheirBitsWhateverTheGradient(adam: Bool) {
    var numbers = KernelNumbers(seed: 13)
    let layer = KernelCase(&numbers, rows: 3)
    let old = Self.state(&numbers, layer)
    let count = layer.panels.count
    let sums = (0..<count).map { $0 % 2 == 0 ? Float.infinity : Float.nan }
    var update = Self.update(&numbers, adam: adam)
    update.owned_rate = 0
    let all = Owned(words: [UInt16](repeating: 0xFFFF, count: count / 16), rates: nil)
    #expect(Self.stored(old, sums, all, update).bits == old.bits)
    let half = Owned(words: [UInt16](repeating: 0x0FF0, count: count / 16), rates: nil)
    let new = Self.stored(old, sums, half, update)
    for i in 0..<count where (4..<12).contains(i % 16) {
      #expect(new.weights[i].bitPattern == old.weights[i].bitPattern)
      #expect(new.first[i].bitPattern == old.first[i].bitPattern)
      #expect(new.second[i].bitPattern == old.second[i].bitPattern)
    }
    let zero = Owned(words: all.words, rates: [Float](repeating: 0, count: count))
    update.owned_rate = 1
    #expect(Self.stored(old, sums, zero, update).bits == old.bits)
  }
}
