import CSwiftCL
import Testing

@testable import SwiftCL

/// Learning rates over a task, and what clipping leaves of a step.
struct ScheduleTests {
  private let rows = TestRows(16, inputs: 6, classes: [0, 1, 2], seed: 4)

  private func network(_ configure: (inout swiftcl_options) -> Void = { _ in }) throws
    -> TestNetwork
  {
    try TestNetwork([dense(16, 4), head(3)], inputs: 6) {
      $0.sampler = SWIFTCL_SAMPLER_RANDOM
      $0.learning_rate = 0.08
      $0.final_rate = 0.25
      $0.max_batch = 16
      configure(&$0)
    }
  }

  private func rates(_ test: TestNetwork, _ count: Int) throws -> [Float] {
    try (0..<count).map { _ in try test.step(rows).learning_rate }
  }

  private func near(_ a: [Float], _ b: [Float]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-7 }
  }

  @Test func linearFromTheBaseToItsFraction() throws {
    let test = try network()
    try test.begin(steps: 5)
    // Beyond the expected steps it stays where it ended.
    #expect(try near(rates(test, 7), [0.08, 0.065, 0.05, 0.035, 0.02, 0.02, 0.02]))
  }

  @Test func everyTaskStartsAtTheBase() throws {
    let test = try network()
    for _ in 0..<2 {
      try test.begin(steps: 3)
      #expect(try near(rates(test, 3), [0.08, 0.05, 0.02]))
      try test.end()
    }
    // A reopened task knows no number of steps here.
    #expect(test.reopenStatus(1) == SWIFTCL_OK)
    #expect(try near(rates(test, 2), [0.08, 0.08]))
  }

  @Test func constantByChoiceOrForWantOfANumber() throws {
    let test = try network { $0.schedule = SWIFTCL_SCHEDULE_CONSTANT }
    try test.begin(steps: 3)
    #expect(try near(rates(test, 4), [0.08, 0.08, 0.08, 0.08]))
    let unknown = try network()
    try unknown.begin()
    #expect(try near(rates(unknown, 3), [0.08, 0.08, 0.08]))
    let single = try network()
    try single.begin(steps: 1)
    #expect(try near(rates(single, 2), [0.08, 0.08]))
  }

  @Test func setInTheMiddleOfATask() throws {
    let test = try network()
    try test.begin(steps: 5)
    #expect(try near(rates(test, 2), [0.08, 0.065]))
    #expect(swiftcl_set_learning_rate(test.handle, 0.5) == SWIFTCL_OK)
    #expect(try near(rates(test, 2), [0.5, 0.5]))
    #expect(swiftcl_set_learning_rate(test.handle, 0) == SWIFTCL_OK)
    let before = try test.parameters(SWIFTCL_TASK_OPEN, 0).weights
    #expect(try near(rates(test, 1), [0]))
    #expect(try test.parameters(SWIFTCL_TASK_OPEN, 0).weights == before)
    try test.end()
    // The next task has the description's rate again.
    try test.begin(steps: 3)
    #expect(try near(rates(test, 3), [0.08, 0.05, 0.02]))
  }

  @Test func setBetweenTasks() throws {
    let test = try network()
    for bad in [-0.1, 2e6, Float.nan, .infinity] {
      #expect(swiftcl_set_learning_rate(test.handle, bad) == SWIFTCL_E_ARGUMENT)
    }
    #expect(swiftcl_set_learning_rate(test.handle, 0.04) == SWIFTCL_OK)
    var rate: Float = -1
    #expect(swiftcl_learning_rate_get(test.handle, &rate) == SWIFTCL_OK && rate == 0.04)
    try test.begin(steps: 3)
    #expect(try near(rates(test, 3), [0.04, 0.025, 0.01]))
  }

  /// A fit whose task was begun without a number of steps takes its own.
  @Test func aFitKnowsItsSteps() throws {
    let test = try network()
    try test.begin()
    var options = Defaults.fitOptions
    options.batch = 4
    options.epochs = 2
    var report = swiftcl_fit_report()
    #expect(test.net.pointee.fit(rows.x, rows.labels, rows: 16, options, &report) == SWIFTCL_OK)
    #expect(report.steps == 8 && report.rows == 32 && report.epochs == 2)
    #expect(abs(test.network.learningRate - 0.02) < 1e-7)
  }

  // MARK: clipping

  /// How far each layer's parameters moved in one plain step.
  private func moves(_ test: TestNetwork) throws -> (lengths: [Double], report: swiftcl_step) {
    func all() throws -> [[Float]] {
      try (0..<2).map { l in
        let (weights, biases) = try test.parameters(SWIFTCL_TASK_OPEN, l)
        return weights + biases
      }
    }
    let before = try all()
    let report = try test.step(rows)
    let lengths = try zip(before, all()).map { old, new in
      zip(old, new).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
    }
    return (lengths, report)
  }

  private func clipping(_ longest: Float, _ scope: Int32) throws -> TestNetwork {
    let test = try network {
      $0.momentum = 0
      $0.schedule = SWIFTCL_SCHEDULE_CONSTANT
      $0.learning_rate = 1
      $0.clip_norm = longest
      $0.clip_scope = scope
    }
    try test.begin()
    return test
  }

  @Test func aStepIsAsLongAsItsBound() throws {
    let free = try moves(clipping(0, SWIFTCL_CLIP_GLOBAL))
    #expect(free.report.gradient_norm == 0)
    let whole = (free.lengths[0] * free.lengths[0] + free.lengths[1] * free.lengths[1]).squareRoot()

    let longest = Float(whole / 3)
    let (clipped, report) = try moves(clipping(longest, SWIFTCL_CLIP_GLOBAL))
    #expect(abs(Double(report.gradient_norm) - whole) < 1e-4 * whole)
    for l in 0..<2 { #expect(abs(clipped[l] - free.lengths[l] / 3) < 1e-3 * free.lengths[l]) }

    let shortest = min(free.lengths[0], free.lengths[1]) / 2
    let (each, _) = try moves(clipping(Float(shortest), SWIFTCL_CLIP_LAYER))
    for l in 0..<2 { #expect(abs(each[l] - shortest) < 1e-3 * shortest) }

    // A bound that is not reached changes nothing.
    let (wide, wideReport) = try moves(clipping(Float(whole * 2), SWIFTCL_CLIP_GLOBAL))
    for l in 0..<2 { #expect(abs(wide[l] - free.lengths[l]) < 1e-5 * free.lengths[l]) }
    #expect(abs(Double(wideReport.gradient_norm) - whole) < 1e-4 * whole)
  }

  /// Stored and fused steps are the same step.
  @Test func anUnreachedBoundIsNoneBitForBit() throws {
    func learned(_ longest: Float) throws -> [UInt32] {
      let test = try network { $0.clip_norm = longest }
      try test.learn(rows, steps: 20)
      return try test.logits(0, rows).bits
    }
    #expect(try learned(0) == learned(1e30))
  }

  /// Edges that must not move do not count.
  @Test func frozenEdgesHaveNoLength() throws {
    let test = try network {
      $0.clip_norm = 1e30
      $0.momentum = 0
      $0.learning_rate = 1
      $0.schedule = SWIFTCL_SCHEDULE_CONSTANT
      $0.expected_tasks = 1
      $0.unserved = SWIFTCL_UNSERVED_REUSE
      $0.allocation = SWIFTCL_ALLOCATE_ANY
    }
    try test.learn(rows, steps: 3)
    try test.begin()
    #expect(test.network.frozenEdges() > 0)
    let (lengths, report) = try moves(test)
    let moved = (lengths[0] * lengths[0] + lengths[1] * lengths[1]).squareRoot()
    #expect(abs(Double(report.gradient_norm) - moved) < 1e-3 * moved)
  }
}
