import CSwiftCL
import Testing

@testable import SwiftCL

/// The class head against the same in plain loops, and when it comes and goes.
struct ClassHeadTests {
  static let rows = TestRows(
    clouds: 400, inputs: 6, classes: [0, 1, 2, 3, 4, 5], noise: 0.6, seed: 5, draw: 0)
  static let tests = TestRows(
    clouds: 90, inputs: 6, classes: [0, 1, 2, 3, 4, 5], noise: 0.6, seed: 5, draw: 1)

  static func only(_ classes: [Int32], _ data: TestRows = rows) -> TestRows {
    let chosen = (0..<data.count).filter { classes.contains(data.labels[$0]) }
    return TestRows(x: chosen.flatMap { data.row($0) }, labels: chosen.map { data.labels[$0] })
  }

  /// Three tasks of two classes, each learned without the others.
  static func network(
    shared: Bool = false, ownMemory: Bool = false, tasks: Int = 3,
    _ change: (inout swiftcl_options) -> Void = { _ in }
  ) throws -> TestNetwork {
    let size = shared ? 1 : 4
    let test = try TestNetwork(
      [dense(24, size), dense(20, size), head(6)], inputs: 6, ownMemory: ownMemory
    ) {
      $0.max_batch = 48
      $0.max_tasks = 4
      $0.expected_tasks = 3
      $0.class_head = 1
      $0.replays(SWIFTCL_REPLAY_NONE, rows: 45, policy: SWIFTCL_RETAIN_BALANCED)
      if shared { $0.sharing = SWIFTCL_TICKETS_SHARED }
      change(&$0)
    }
    for t in 0..<tasks {
      let classes = [Int32(2 * t), Int32(2 * t + 1)]
      try test.learn(only(classes), steps: 40, classes: shared ? nil : classes)
    }
    return test
  }

  @Test(arguments: [false, true])
  func agreesWithPlainLoops(shared: Bool) throws {
    let test = try ClassHeadTests.network(shared: shared)
    let info = try test.fitClassHead()
    #expect(info.fitted == 1 && info.classes == 6 && info.rows == 45)
    #expect(info.tasks == (shared ? 1 : 3))
    let reference = try ReferenceClassHead(test)
    #expect(reference.labels == [0, 1, 2, 3, 4, 5])
    let scores = try test.scores(SWIFTCL_RULE_CLASS_HEAD, ClassHeadTests.tests)
    var largest = 0.0
    for n in 0..<ClassHeadTests.tests.count {
      let expected = try reference.logits(Array(ClassHeadTests.tests.row(n)))
      for c in 0..<6 { largest = max(largest, abs(expected[c] - Double(scores[n][c]))) }
    }
    #expect(largest < 2e-3, "largest difference \(largest)")
    let labels = try test.classes(SWIFTCL_RULE_CLASS_HEAD, ClassHeadTests.tests).labels
    let right = zip(labels, ClassHeadTests.tests.labels).filter { $0 == $1 }.count
    #expect(right > (shared ? 55 : 75), "right \(right) of 90")
  }

  /// Rows of the same batch in another order, in other batches and alone: the same bits.
  @Test func chunksDoNotMatter() throws {
    let test = try ClassHeadTests.network()
    try test.fitClassHead()
    let data = ClassHeadTests.tests
    let all = try test.scores(SWIFTCL_RULE_CLASS_HEAD, data)
    for n in [0, 31, 32, 89] {
      #expect(try test.scores(SWIFTCL_RULE_CLASS_HEAD, data.batch(n, of: 1))[0] == all[n])
    }
  }

  @Test func sameSeedSameBits() throws {
    let data = ClassHeadTests.tests
    let one = try ClassHeadTests.network()
    let other = try ClassHeadTests.network(ownMemory: true)
    try one.fitClassHead()
    try other.fitClassHead()
    let bits = try one.scores(SWIFTCL_RULE_CLASS_HEAD, data)
    #expect(try other.scores(SWIFTCL_RULE_CLASS_HEAD, data) == bits)
    try one.fitClassHead { $0.seed = 1 }
    #expect(try one.scores(SWIFTCL_RULE_CLASS_HEAD, data) != bits)
    try one.fitClassHead()
    #expect(try one.scores(SWIFTCL_RULE_CLASS_HEAD, data) == bits)
  }

  /// Winners of maps under a head that reads the whole image, or their means.
  @Test(arguments: [false, true])
  func readsWhatTheHeadReads(pooled: Bool) throws {
    var layers = [conv(8, 2, kernel: 2, image: (4, 5))]
    if pooled { layers.append(pool(SWIFTCL_LAYER_GLOBAL_POOL)) }
    let test = try TestNetwork(layers + [head(4)], inputs: 20) {
      $0.max_batch = 16
      $0.class_head = 1
      $0.replays(SWIFTCL_REPLAY_NONE, rows: 40)
    }
    let data = TestRows(
      clouds: 200, inputs: 20, classes: [0, 1, 2, 3], noise: 0.5, seed: 2, draw: 0)
    try test.learn(ClassHeadTests.only([0, 1], data), steps: 20, classes: [0, 1])
    try test.learn(ClassHeadTests.only([2, 3], data), steps: 20, classes: [2, 3])
    let info = try test.fitClassHead()
    let winners = try test.winners(0, 0).filter { $0 >= 0 }.count
    let others = try test.winners(1, 0).filter { $0 >= 0 }.count
    #expect(info.features == UInt64((winners + others) * (pooled ? 1 : 12)))
    // A head whose only features are the first task's, on the first task's classes, is the task's
    // own head when it gets its parameters: the features are in its order.
    let (weights, biases) = try test.parameters(0, layers.count)
    let head = test.network.classHead
    let panels = head.panels
    head.weights.update(repeating: 0, count: panels.count)
    head.bias.update(repeating: 0, count: panels.padded)
    let inputs = weights.count / 2
    for o in 0..<2 {
      head.bias[o] = biases[o]
      for k in 0..<inputs { head.weights[panels.index(k, o)] = weights[o * inputs + k] }
    }
    let scores = try test.scores(SWIFTCL_RULE_CLASS_HEAD, data)
    let logits = try test.logits(0, data)
    for n in 0..<data.count { #expect(Array(scores[n][0..<2]) == Array(logits[2 * n..<2 * n + 2])) }
  }

  @Test func comesAndGoes() throws {
    let test = try ClassHeadTests.network(tasks: 2)
    let data = ClassHeadTests.tests
    try test.fitClassHead()
    let bits = try test.scores(SWIFTCL_RULE_CLASS_HEAD, data)
    // A later task, open, aborted or finished, does not touch it; nor does forgetting exemplars.
    try test.begin(classes: [4, 5])
    #expect(test.fitStatus() == SWIFTCL_E_STATE)
    try test.step(ClassHeadTests.only([4, 5]).batch(0, of: 16))
    #expect(try test.scores(SWIFTCL_RULE_CLASS_HEAD, data) == bits)
    try test.abort()
    try test.learn(ClassHeadTests.only([4, 5]), steps: 10, classes: [4, 5])
    _ = test.forget(SWIFTCL_FORGET_CLASS, 0)
    #expect(try test.scores(SWIFTCL_RULE_CLASS_HEAD, data) == bits)
    // A task that it does not look at may go; one that it looks at takes it along.
    try test.remove(2)
    #expect(try test.scores(SWIFTCL_RULE_CLASS_HEAD, data) == bits)
    let info = try test.fitClassHead()
    #expect(info.classes == 3 && info.tasks == 2)
    #expect(try test.classes(SWIFTCL_RULE_CLASS_HEAD, data).labels.allSatisfy { $0 > 0 && $0 < 4 })
    try test.remove(0)
    #expect(test.network.classHead.isFitted == false)
    #expect(throws: Refusal.self) { try test.scores(SWIFTCL_RULE_CLASS_HEAD, data) }
    // Exemplars of the removed task stay, but no finished task has their classes.
    #expect(try test.fitClassHead().classes == 2)
  }

  @Test func changedTicketsDropIt() throws {
    for (protection, drops) in [(SWIFTCL_PROTECT_FROZEN, false), (SWIFTCL_PROTECT_NONE, true)] {
      let test = try ClassHeadTests.network(tasks: 2) { $0.protection = protection }
      try test.fitClassHead()
      try test.learn(ClassHeadTests.only([4, 5]), steps: 4, classes: [4, 5])
      #expect(test.network.classHead.isFitted == !drops)
    }
    let test = try ClassHeadTests.network(tasks: 1)
    try test.fitClassHead()
    #expect(test.reopenStatus(0) == SWIFTCL_OK)
    try test.abort()
    #expect(test.network.classHead.isFitted)
    #expect(test.reopenStatus(0) == SWIFTCL_OK)
    try test.end()
    #expect(!test.network.classHead.isFitted)
  }

  /// On a refusal the old head stays.
  @Test func refusals() throws {
    let test = try ClassHeadTests.network(tasks: 2)
    try test.fitClassHead()
    let data = ClassHeadTests.tests
    let bits = try test.scores(SWIFTCL_RULE_CLASS_HEAD, data)
    let changes: [(inout swiftcl_class_head_options) -> Void] = [
      { $0.epochs = 0 }, { $0.epochs = 10_001 }, { $0.epochs = .max }, { $0.learning_rate = 0 },
      { $0.learning_rate = .nan }, { $0.learning_rate = 1.5 }, { $0.weight_decay = -1 },
      { $0.weight_decay = .nan }, { $0.deviation_floor = 0 }, { $0.deviation_floor = .infinity },
      { $0.reserved = .max },
    ]
    for change in changes { #expect(test.fitStatus(change) == SWIFTCL_E_ARGUMENT) }
    #expect(try test.scores(SWIFTCL_RULE_CLASS_HEAD, data) == bits)
    // An exemplar whose features cannot be standardised.
    let huge = TestRows(x: [Float](repeating: 1e38, count: 6), labels: [0])
    var added = 0
    for _ in 0..<200 where test.addStatus(TestRows(x: huge.x, labels: [2])) == SWIFTCL_OK {
      added += 1
    }
    #expect(added == 200 && test.fitStatus() == SWIFTCL_E_NONFINITE)
    #expect(try test.scores(SWIFTCL_RULE_CLASS_HEAD, data) == bits)
    for c in 0..<4 { _ = test.forget(SWIFTCL_FORGET_CLASS, c) }
    #expect(test.fitStatus() == SWIFTCL_E_STATE)
    #expect(try test.scores(SWIFTCL_RULE_CLASS_HEAD, data) == bits)
  }

  /// Tasks and classes beyond the plan, in memory of the allocator.
  @Test func growsBeyondThePlan() throws {
    let test = try TestNetwork([dense(12, 1), head(2)], inputs: 6) {
      $0.max_tasks = 1
      $0.allocation = SWIFTCL_ALLOCATE_GROWING
      $0.class_head = 1
      $0.max_batch = 16
      $0.replays(SWIFTCL_REPLAY_NONE, rows: 60, policy: SWIFTCL_RETAIN_BALANCED)
    }
    for t in 0..<3 {
      let classes = [Int32(2 * t), Int32(2 * t + 1)]
      try test.learn(ClassHeadTests.only(classes), steps: 40, classes: classes)
      let info = try test.fitClassHead()
      #expect(info.classes == UInt32(2 * t + 2) && info.tasks == UInt32(t + 1))
    }
    let data = ClassHeadTests.tests
    let labels = try test.classes(SWIFTCL_RULE_CLASS_HEAD, data).labels
    #expect(zip(labels, data.labels).filter { $0 == $1 }.count > 70)
    #expect(test.network.classHead.bytes > Int(test.network.plan.class_head_bytes) - 1)
  }
}
