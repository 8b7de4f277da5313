import CSwiftCL
import Testing

@testable import SwiftCL

/// Gradients under competition per sample (docs/algorithms.md A.9), alone and below or
/// above a layer that competes per task, and of tickets that all tasks share.
struct SampleGradientTests {
  private static let samplers = [
    SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_STRAIGHT_THROUGH,
    SWIFTCL_SAMPLER_RANDOM,
  ]

  private func rows(_ seed: UInt64 = 5, classes: [Int32] = GradientTests.labels) -> TestRows {
    TestRows(11, inputs: 7, classes: classes, seed: seed)
  }

  private func network(
    _ layers: [swiftcl_layer], _ configure: (inout swiftcl_options) -> Void
  ) throws -> TestNetwork {
    try TestNetwork(layers + [head(21)], inputs: 7) {
      GradientCheck.configure(&$0)
      configure(&$0)
    }
  }

  @Test(arguments: samplers, [true, false])
  func everySampler(sampler: Int32, relu: Bool) throws {
    let layers = [
      dense(24, 4, relu: relu, perSample: true), dense(20, 2, relu: relu, perSample: true),
    ]
    let test = try network(layers) { $0.sampler = sampler }
    try test.begin()
    try GradientCheck.run(test, rows())
    try GradientCheck.run(test, rows(6))
  }

  @Test(arguments: samplers.prefix(3), GradientTests.forms)
  func everyForm(sampler: Int32, form: Int32) throws {
    let test = try network([dense(24, 3, perSample: true)]) {
      $0.sampler = sampler
      $0.kl_form = form
      $0.kl_weight = 3
    }
    try test.begin()
    try GradientCheck.run(test, rows())
  }

  @Test(arguments: samplers, [true, false])
  func besideCompetitionPerTask(sampler: Int32, first: Bool) throws {
    let layers = [dense(24, 4, perSample: first), dense(20, 4, perSample: !first)]
    let test = try network(layers) {
      $0.sampler = sampler
      $0.kl_form = SWIFTCL_KL_CATEGORICAL
    }
    try test.begin(competes: competeAlways)
    try GradientCheck.run(test, rows())
    try GradientCheck.run(test, rows(6))
    try test.commit()
    try GradientCheck.run(test, rows(7))
  }

  @Test func squaredError() throws {
    let test = try network([dense(24, 4, relu: false, perSample: true)]) {
      $0.loss = SWIFTCL_LOSS_MSE
    }
    try test.begin()
    try GradientCheck.run(
      test, rows(), targets: TestRows(11, inputs: 21, classes: [0], seed: 8).x)
  }

  /// A shared ticket keeps all rows of the head and trains the task's only.
  @Test(arguments: [SWIFTCL_LOSS_CROSS_ENTROPY, SWIFTCL_LOSS_MSE])
  func sharedTicket(loss: Int32) throws {
    let test = try network([dense(24, 1), dense(20, 1)]) {
      $0.sharing = SWIFTCL_TICKETS_SHARED
      $0.loss = loss
    }
    for classes in [[3, 11, 5], [20, 3]] as [[Int32]] {
      try test.begin(classes: classes)
      let targets = TestRows(11, inputs: classes.count, classes: [0], seed: 8).x
      try GradientCheck.run(
        test, rows(classes: classes), targets: loss == SWIFTCL_LOSS_MSE ? targets : nil)
      let head = test.network.working[2]
      for c in 0..<21 as Range<Int32> where !classes.contains(c) {
        #expect(head.gradients.biases[Int(c)] == 0)
      }
      try test.end()
    }
  }
}
