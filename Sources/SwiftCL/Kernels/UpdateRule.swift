import CSwiftCL

/// A number that the optimiser's arithmetic is written for: sixteen lanes, or a single
/// float where a processor has no vectors.
protocol UpdateNumber {
  init(repeating value: Float)
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  /// The correctly rounded square root.
  var root: Self { get }
  /// Itself, or 0 where it is so small that it only costs time.
  var withoutDust: Self { get }
}

extension SIMD16<Float>: UpdateNumber {
  @inline(__always)
  var root: SIMD16<Float> { swiftcl_square_root(self) }

  @inline(__always)
  var withoutDust: SIMD16<Float> { swiftcl_without_dust(self) }
}

extension Float: UpdateNumber {
  @inline(__always)
  init(repeating value: Float) { self = value }

  @inline(__always)
  var root: Float { swiftcl_square_root_single(self) }

  @inline(__always)
  var withoutDust: Float { swiftcl_without_dust_single(self) }
}

/// Weights with their optimiser state.
struct WeightState<Number: UpdateNumber> {
  var weight: Number
  /// The velocity, or Adam's first moment.
  var first: Number
  /// Adam's second moment; SGD leaves it alone.
  var second: Number
}

/// One step of an optimiser.
///
/// The arithmetic is plain, unfused, in the written order, so that every target agrees.
protocol UpdateRule {
  /// Whether the optimiser has a second moment.
  static var hasSecond: Bool { get }
  var update: swiftcl_update { get }
  /// Moves the state along the gradient, at a rate that protection may have lowered.
  func step<Number: UpdateNumber>(
    _ state: inout WeightState<Number>, _ gradient: Number, rate: Number)
}

extension UpdateRule {
  /// g = G * scale + decay * w; without decay the second term is left out.
  @inline(__always)
  func gradient<Number: UpdateNumber>(_ sum: Number, weight: Number) -> Number {
    let scaled = sum * Number(repeating: update.scale)
    return update.decay == 0 ? scaled : scaled + Number(repeating: update.decay) * weight
  }
}

/// v = momentum * v + g; w = w - rate * v. Moments below 1e-30 become 0.
struct SGDRule: UpdateRule {
  let update: swiftcl_update

  @inline(__always)
  static var hasSecond: Bool { false }

  @inline(__always)
  func step<Number: UpdateNumber>(
    _ state: inout WeightState<Number>, _ gradient: Number, rate: Number
  ) {
    state.first = (Number(repeating: update.momentum) * state.first + gradient).withoutDust
    state.weight = state.weight - rate * state.first
  }
}

/// m = beta1 * m + (1 - beta1) * g; s = beta2 * s + ((1 - beta2) * g) * g;
/// w = w - (rate * (m * correction1)) / (sqrt(s * correction2) + epsilon).
struct AdamRule: UpdateRule {
  let update: swiftcl_update

  @inline(__always)
  static var hasSecond: Bool { true }

  @inline(__always)
  func step<Number: UpdateNumber>(
    _ state: inout WeightState<Number>, _ gradient: Number, rate: Number
  ) {
    state.first =
      (Number(repeating: update.beta1) * state.first
      + Number(repeating: 1 - update.beta1) * gradient).withoutDust
    state.second =
      (Number(repeating: update.beta2) * state.second
      + (Number(repeating: 1 - update.beta2) * gradient) * gradient).withoutDust
    let mean = state.first * Number(repeating: update.correction1)
    let spread =
      (state.second * Number(repeating: update.correction2)).root
      + Number(repeating: update.epsilon)
    state.weight = state.weight - (rate * mean) / spread
  }
}
