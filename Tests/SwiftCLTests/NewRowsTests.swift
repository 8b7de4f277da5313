import CSwiftCL
import Testing

@testable import SwiftCL

/// The loss of presented rows beside recalled ones, and classes that appear while there is a memory.
struct NewRowsTests {
  static let data = TestRows(64, inputs: 5, classes: [0, 1, 2], seed: 3)

  /// A network that knows classes 0 to 2 and has begun a task with 3 as well.
  private func begun(_ newRows: Int32, _ change: (inout swiftcl_options) -> Void = { _ in }) throws
    -> TestNetwork
  {
    let test = try TestNetwork([dense(12, 1), head(4)], inputs: 5) {
      $0.max_batch = 16
      $0.sampler = SWIFTCL_SAMPLER_RANDOM
      $0.allocation = SWIFTCL_ALLOCATE_GROWING
      $0.replays(SWIFTCL_REPLAY_ER, rows: 20, draw: 6)
      $0.replay_new_rows = newRows
      $0.momentum = 0
      change(&$0)
    }
    try test.learn(NewRowsTests.data, steps: 10, classes: [0, 1, 2])
    try test.begin(classes: [0, 1, 2, 3])
    return test
  }

  /// A row of the new class is alone among the masked classes: it has nothing to learn, and what it
  /// has learned of others is left alone.
  @Test func maskedRowsLeaveOtherClassesAlone() throws {
    let fresh = TestRows(8, inputs: 5, classes: [3], seed: 8)
    for (newRows, moves) in [(SWIFTCL_NEW_ROWS_PLAIN, true), (SWIFTCL_NEW_ROWS_MASKED, false)] {
      let test = try begun(newRows) { $0.replay_weight = 0 }
      let before = try test.parameters(SWIFTCL_TASK_OPEN, 1)
      let report = try test.step(fresh)
      #expect(report.replay_rows == 6)
      #expect((report.loss == 0) != moves)
      let after = try test.parameters(SWIFTCL_TASK_OPEN, 1)
      #expect((before.weights != after.weights) == moves)
    }
  }

  /// A row of a class that is not new is not masked.
  @Test func knownClassesAreNotMasked() throws {
    let known = TestRows(8, inputs: 5, classes: [1, 2], seed: 8)
    let plain = try begun(SWIFTCL_NEW_ROWS_PLAIN)
    let masked = try begun(SWIFTCL_NEW_ROWS_MASKED)
    let one = try plain.step(known)
    let other = try masked.step(known)
    #expect(abs(one.loss - other.loss) < 1e-6 && one.correct == other.correct)
    let data = NewRowsTests.data
    for (a, b) in zip(try plain.openLogits(data), try masked.openLogits(data)) {
      #expect(abs(a - b) < 1e-5)
    }
  }

  /// One new class beside three: presented rows weigh a half, recalled ones one and a half.
  @Test func balancedRowsWeighTheirClasses() throws {
    let mixed = TestRows(9, inputs: 5, classes: [3, 1], seed: 8)
    let balanced = try begun(SWIFTCL_NEW_ROWS_BALANCED)
    let plain = try begun(SWIFTCL_NEW_ROWS_PLAIN) {
      $0.learning_rate *= 0.5
      $0.replay_weight = 3
    }
    // The task before had no recalled rows: it must not have learned at half the rate.
    for l in 0..<2 {
      let (weights, biases) = try balanced.parameters(SWIFTCL_TASK_OPEN, l)
      #expect(
        plain.net.pointee.setParameters(
          SWIFTCL_TASK_OPEN, layer: UInt32(l), weights, weightCount: weights.count, biases,
          biasCount: biases.count) == SWIFTCL_OK)
    }
    let one = try balanced.step(mixed)
    let other = try plain.step(mixed)
    #expect(abs(one.loss - other.loss) < 1e-6)
    #expect(abs(one.replay_loss - other.replay_loss / 2) < 1e-5)
    let data = NewRowsTests.data
    for (a, b) in zip(try balanced.openLogits(data), try plain.openLogits(data)) {
      #expect(abs(a - b) < 1e-5)
    }
  }

  /// Classes that nobody planned for: the same bits as where they were.
  @Test(arguments: [SWIFTCL_REPLAY_ER, SWIFTCL_REPLAY_DERPP, SWIFTCL_REPLAY_DISTILL], [0, 4000])
  func classesMayAppear(replay: Int32, bytes: Int) throws {
    let all = TestRows(96, inputs: 5, classes: [0, 1, 2, 3, 4, 5, 6], seed: 1)
    var logits: [[Float]] = []
    var labels: [[Int32]] = []
    for planned in [7, 2] {
      let test = try TestNetwork([dense(16, 4), head(2)], inputs: 5) {
        $0.max_classes = UInt32(planned)
        $0.max_batch = 16
        $0.expected_tasks = 4
        // Bounds in bytes are of the planned classes; rows are what the two shall have alike.
        $0.replays(replay, rows: 25, draw: 8, policy: SWIFTCL_RETAIN_BALANCED)
        $0.replay_bytes = UInt64(bytes)
        $0.distill_teacher = SWIFTCL_TEACHER_STORED
        ($0.replay_alpha, $0.clip_norm) = (0.1, 1)
      }
      for count in [2, 3, 7] {
        let classes = (0..<Int32(count)).map { $0 }
        try test.learn(ClassHeadTests.only(classes, all), steps: 8, classes: classes)
      }
      #expect(test.exemplars.kept.capacity == 25)
      logits.append(try test.logits(2, all))
      labels.append(test.keptLabels)
      #expect(Set(test.keptLabels) == Set(0..<7))
    }
    #expect(logits[0] == logits[1])
    #expect(labels[0] == labels[1])
  }

  /// What an aborted task brought is gone, and what comes again finds its place.
  @Test func abortedClassesAreForgotten() throws {
    let all = TestRows(96, inputs: 5, classes: [0, 1, 2, 3], seed: 1)
    let test = try TestNetwork([dense(16, 4), head(2)], inputs: 5) {
      $0.max_batch = 16
      $0.replays(SWIFTCL_REPLAY_DERPP, rows: 25, draw: 8, policy: SWIFTCL_RETAIN_BALANCED)
      $0.replay_bytes = 1500
    }
    try test.learn(ClassHeadTests.only([0, 1], all), steps: 4, classes: [0, 1])
    let before = test.network.options
    let capacity = test.exemplars.kept.capacity
    try test.begin(classes: [0, 1, 2, 3])
    #expect(test.network.options.max_classes == 4)
    #expect(test.network.options.replay_bytes > before.replay_bytes)
    try test.step(all.batch(0, of: 16))
    #expect(test.keptLabels.contains(3))
    try test.abort()
    #expect(test.network.options.max_classes == 2)
    #expect(test.network.options.replay_bytes == before.replay_bytes)
    #expect(test.network.options.replay_rows == before.replay_rows)
    #expect(test.exemplars.kept.capacity == capacity)
    #expect(test.network.replayInfo().classes == 2)
    #expect(!test.keptLabels.contains(3) && !test.keptLabels.contains(2))
    try test.learn(all, steps: 8, classes: [0, 1, 2, 3])
    #expect(test.network.replayInfo().classes == 4)
    #expect(test.keptLabels.contains(3))
  }

  /// In the caller's memory max_classes is the bound.
  @Test func ownMemoryDoesNotGrow() throws {
    let test = try TestNetwork([dense(8, 2), head(2)], inputs: 5, ownMemory: true) {
      $0.max_classes = 3
      $0.replays(SWIFTCL_REPLAY_ER, rows: 9)
    }
    #expect(test.beginStatus(classes: [0, 3]) == SWIFTCL_E_CAPACITY)
    #expect(test.beginStatus(classes: [0, 2]) == SWIFTCL_OK)
  }
}
