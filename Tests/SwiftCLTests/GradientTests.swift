import CSwiftCL
import Testing

@testable import SwiftCL

/// Gradients of weights, biases and logits under competition per task.
struct GradientTests {
  static let samplers = [
    SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_STRAIGHT_THROUGH,
    SWIFTCL_SAMPLER_TOP_K, SWIFTCL_SAMPLER_RANDOM,
  ]
  static let forms = [
    SWIFTCL_KL_ANALYTIC, SWIFTCL_KL_CATEGORICAL, SWIFTCL_KL_SAMPLE, SWIFTCL_KL_RELAXED,
  ]
  static let labels = (0..<21).map(Int32.init)

  /// Two hidden layers of different block sizes and a head of 21 rows, so that
  /// every tensor has twenty entries.
  private func network(
    relu: Bool = true, _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) throws -> TestNetwork {
    try TestNetwork([dense(24, 4, relu: relu), dense(40, 8, relu: relu), head(21)], inputs: 7) {
      GradientCheck.configure(&$0)
      configure(&$0)
    }
  }

  private func rows(_ seed: UInt64 = 5, classes: [Int32] = labels) -> TestRows {
    TestRows(13, inputs: 7, classes: classes, seed: seed)
  }

  @Test(arguments: samplers, [true, false])
  func crossEntropy(sampler: Int32, relu: Bool) throws {
    let test = try network(relu: relu) { $0.sampler = sampler }
    try test.begin(competes: competeAlways)
    try GradientCheck.run(test, rows())
    // The next step has other noise and unequal logits.
    try GradientCheck.run(test, rows(6))
  }

  @Test(arguments: samplers, [true, false])
  func squaredError(sampler: Int32, relu: Bool) throws {
    let test = try network(relu: relu) {
      $0.sampler = sampler
      $0.loss = SWIFTCL_LOSS_MSE
    }
    try test.begin(competes: competeAlways)
    let targets = TestRows(13, inputs: 21, classes: [0], seed: 8).x
    try GradientCheck.run(test, rows(), targets: targets)
    try GradientCheck.run(test, rows(6), targets: targets)
  }

  /// Without data nothing but the KL term moves the logits.
  @Test(arguments: samplers.prefix(3), forms)
  func divergence(sampler: Int32, form: Int32) throws {
    let test = try network {
      $0.sampler = sampler
      $0.kl_form = form
      $0.kl_weight = 3
    }
    try test.begin(competes: competeAlways)
    for seed in 5..<8 as Range<UInt64> { try GradientCheck.run(test, rows(seed)) }
  }

  @Test(arguments: [Float(0.3), 1, 2])
  func temperature(tau: Float) throws {
    let test = try network {
      $0.sampler = SWIFTCL_SAMPLER_GUMBEL
      $0.temperature = tau
      $0.posterior_floor = 1e-2
    }
    try test.begin(competes: competeAlways)
    try GradientCheck.run(test, rows())
  }

  /// Pruning leaves blocks of different sizes, some of them decided.
  @Test(arguments: samplers.prefix(4))
  func unequalBlocks(sampler: Int32) throws {
    let test = try network {
      $0.sampler = sampler
      $0.logit_init = 2
      $0.prune_threshold = 0.1
      $0.prune_interval = 1_000_000
      $0.top_k = 3
    }
    try test.begin(competes: competeAlways)
    test.net.pointee.prune()
    let sizes = (0..<5).map { test.network.blockRange(1, $0).count }
    #expect(Set(sizes).count > 1, "\(sizes)")
    try GradientCheck.run(test, rows())
    test.net.pointee.prune()
    try GradientCheck.run(test, rows(6))
  }

  @Test func committed() throws {
    let test = try network()
    try test.begin(competes: competeAlways)
    try test.step(rows())
    try test.commit()
    try GradientCheck.run(test, rows(6))
    #expect(test.network.working[0].units == 6 && test.network.working[1].units == 5)
  }

  /// Some blocks abstain, the others have few units left.
  @Test(arguments: samplers)
  func abstainingBlocks(sampler: Int32) throws {
    let test = try network {
      $0.sampler = sampler
      $0.expected_tasks = 16
    }
    try test.begin(competes: competeAlways)
    #expect(test.network.servedBlocks(layer: 0) < 6 || test.network.servedBlocks(layer: 1) < 5)
    try GradientCheck.run(test, rows())
  }

  /// The gradients of edges that lie on earlier tickets are those of any edge.
  @Test(arguments: [SWIFTCL_HEAD_SHARED, SWIFTCL_HEAD_TASK, SWIFTCL_HEAD_AUTO])
  func laterTasks(head: Int32) throws {
    let test = try network {
      $0.head = head
      $0.allocation = SWIFTCL_ALLOCATE_ANY
    }
    try test.learn(rows(1), steps: 20)
    try test.begin(competes: competeAlways)
    #expect(test.network.ownedEdges() > 0)
    try GradientCheck.run(test, rows())
    try test.commit()
    try GradientCheck.run(test, rows(6))
  }

  @Test(arguments: [SWIFTCL_HEAD_SHARED, SWIFTCL_HEAD_TASK])
  func maskedClasses(head: Int32) throws {
    let test = try network { $0.head = head }
    for classes in [[4, 2, 19], [2, 20, 0, 7]] as [[Int32]] {
      try test.begin(classes: classes, competes: competeAlways)
      try GradientCheck.run(test, rows(classes: classes))
      #expect(test.network.working[2].units == classes.count)
      try test.end()
    }
  }

  @Test func scaledIntegerInputs() throws {
    let scale: [Float] = [0.02]
    let offset: [Float] = [-1.5]
    let test = try scale.withUnsafeBufferPointer { scale in
      try offset.withUnsafeBufferPointer { offset in
        try network {
          $0.input_type = SWIFTCL_INPUT_U8
          $0.input_scale = scale.baseAddress
          $0.input_offset = offset.baseAddress
        }
      }
    }
    try test.begin(competes: competeAlways)
    let bytes = (0..<13 * 7).map { UInt8(truncatingIfNeeded: Random.mix($0)) }
    // The same rows for the library, as it reads them: four bytes to a float.
    let packed = stride(from: 0, to: 13 * 7, by: 4).map { start -> Float in
      var bits: UInt32 = 0
      for (n, byte) in bytes[start..<min(start + 4, bytes.count)].enumerated() {
        bits |= UInt32(byte) << UInt32(8 * n)
      }
      return Float(bitPattern: bits)
    }
    var data = rows()
    data.x = packed
    try GradientCheck.run(test, data, inputs: bytes.map { Double(Float($0) * 0.02 - 1.5) })
  }
}
