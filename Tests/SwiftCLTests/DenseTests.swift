import CSwiftCL
import Testing

@testable import SwiftCL

/// With one unit a block and one ticket for all tasks the network is a plain
/// perceptron, trained on and on.
struct DenseTests {
  private func network(_ configure: (inout swiftcl_options) -> Void = { _ in }) throws
    -> TestNetwork
  {
    try TestNetwork([dense(20, 1), dense(17, 1), head(6)], inputs: 7) {
      $0.sharing = SWIFTCL_TICKETS_SHARED
      $0.schedule = SWIFTCL_SCHEDULE_CONSTANT
      $0.max_batch = 16
      configure(&$0)
    }
  }

  private func rows(_ classes: [Int32], _ seed: UInt64 = 1) -> TestRows {
    TestRows(64, inputs: 7, classes: classes, seed: seed)
  }

  struct Training: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var tolerance: Double
    var configure: @Sendable (inout swiftcl_options) -> Void

    static let all = [
      Training(testDescription: "SGD", tolerance: 2e-5) {
        $0.momentum = 0
        $0.learning_rate = 0.1
      },
      Training(testDescription: "momentum", tolerance: 1e-4) { _ in },
      Training(testDescription: "decay", tolerance: 1e-4) { $0.weight_decay = 0.05 },
      Training(testDescription: "Adam", tolerance: 5e-4) {
        $0.optimizer = SWIFTCL_OPTIMIZER_ADAM
        $0.learning_rate = 0.01
        $0.adam_epsilon = 1e-4
        $0.weight_decay = 0.01
      },
      Training(testDescription: "one norm", tolerance: 1e-4) { $0.clip_norm = 0.3 },
      Training(testDescription: "a norm a layer", tolerance: 1e-4) {
        $0.clip_norm = 0.2
        $0.clip_scope = SWIFTCL_CLIP_LAYER
      },
    ]
  }

  @Test(arguments: Training.all)
  func fiftyStepsAsAPlainNetwork(training: Training) throws {
    let test = try network(training.configure)
    let clips = test.network.options.clip_norm > 0
    try test.begin()
    var plain = try PlainNetwork(test)
    let data = rows([0, 1, 2, 3, 4, 5])
    for n in 0..<50 {
      let batch = data.batch(n, of: 13)
      let (loss, norm) = plain.step(batch, columns: Array(0..<6))
      let step = try test.step(batch)
      #expect(abs(Double(step.loss) - loss) < training.tolerance, "step \(n)")
      #expect(abs(Double(step.gradient_norm) - (clips ? norm : 0)) < 1e-3, "step \(n)")
    }
    let distance = try plain.distance(to: test)
    #expect(distance < training.tolerance, "\(distance)")
  }

  /// The same without sharing: one unit a block, first task.
  @Test func aFirstTaskOfSingleUnitsToo() throws {
    let test = try network {
      $0.sharing = SWIFTCL_TICKETS_SEPARATE
      $0.expected_tasks = 1
    }
    try test.begin()
    var plain = try PlainNetwork(test)
    let data = rows([0, 1, 2, 3, 4, 5])
    for n in 0..<50 {
      _ = plain.step(data.batch(n, of: 16), columns: Array(0..<6))
      try test.step(data.batch(n, of: 16))
    }
    #expect(try plain.distance(to: test) < 1e-4)
    #expect(test.network.accounting().macs_vs_dense == 1)
  }

  @Test func tasksGoOnWithTheSameParameters() throws {
    let test = try network()
    #expect(test.network.plan.warnings & SWIFTCL_WARN_FORGETS != 0)
    try test.begin(classes: [4, 1])
    for n in 0..<20 { try test.step(rows([4, 1]).batch(n, of: 16)) }
    let learned = try PlainNetwork(test)
    try test.end()
    try test.begin(classes: [1, 5, 0])
    // Momentum starts anew, parameters do not.
    var plain = try PlainNetwork(test)
    for l in 0..<3 { #expect(plain.layers[l].weights == learned.layers[l].weights) }
    let data = rows([1, 5, 0], 2)
    for n in 0..<20 {
      _ = plain.step(data.batch(n, of: 16), columns: [1, 5, 0])
      try test.step(data.batch(n, of: 16))
    }
    #expect(try plain.distance(to: test) < 1e-4)
    try test.end()
    // Both tasks look at the one ticket, each at its classes.
    for (task, columns) in [(0, [4, 1]), (1, [1, 5, 0])] as [(swiftcl_task, [Int])] {
      let logits = try test.logits(task, data)
      for n in 0..<4 {
        let expected = plain.logits(data.row(n).map(Double.init))
        for (c, column) in columns.enumerated() {
          #expect(abs(Double(logits[n * columns.count + c]) - expected[column]) < 1e-3)
        }
      }
    }
    // Rows of classes that no task had are as they were drawn.
    let (weights, _) = try test.parameters(1, 2)
    #expect(
      weights[3 * 17..<4 * 17].map(Double.init) == Array(learned.layers[2].weights[3 * 17..<4 * 17])
    )
    #expect(test.network.accounting().macs_vs_dense == 1)
  }

  @Test func labelsOutsideTheTaskAreRefused() throws {
    let test = try network()
    try test.begin(classes: [4, 1])
    let before = try test.parameters(SWIFTCL_TASK_OPEN, 0).weights
    #expect(throws: Refusal.self) { try test.step(rows([4, 2]).batch(0, of: 16)) }
    #expect(test.message.contains("labels["))
    #expect(try test.parameters(SWIFTCL_TASK_OPEN, 0).weights == before)
  }

  @Test func removingTheLastTaskStartsAnew() throws {
    let test = try network()
    try test.begin()
    let fresh = try test.parameters(SWIFTCL_TASK_OPEN, 0).weights
    try test.step(rows([0, 1]).batch(0, of: 16))
    try test.end()
    try test.learn(rows([0, 1], 2), steps: 3)
    try test.remove(0)
    let kept = try test.parameters(1, 0).weights
    try test.begin()
    #expect(try test.parameters(SWIFTCL_TASK_OPEN, 0).weights == kept && kept != fresh)
    try test.abort()
    try test.remove(1)
    try test.begin()
    #expect(try test.parameters(SWIFTCL_TASK_OPEN, 0).weights == fresh)
  }
}
