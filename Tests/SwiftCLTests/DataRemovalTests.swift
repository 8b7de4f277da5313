import CSwiftCL
import Testing

@testable import SwiftCL

/// What is known of examples by themselves, in memory of exactly the measured size.
private final class Followed {
  let memory: UnsafeMutableRawPointer
  var examples: FollowedExamples

  init(_ samples: Int, rule: Int32 = SWIFTCL_DATA_FORGETTING) {
    var options = Defaults.options
    options.data_samples = UInt32(samples)
    options.data_rule = rule
    var measure = Arena(measuring: ())
    _ = FollowedExamples(&measure, options)
    memory = .allocate(byteCount: measure.used, alignment: Arena.alignment)
    var arena = Arena(memory)
    examples = FollowedExamples(&arena, options)
    examples.begin(samples)
  }

  deinit { memory.deallocate() }

  var kept: [Int] { (0..<examples.samples).filter { examples.isKept($0) } }
}

/// docs/algorithms.md B.3, as it is told: a list for every example of whether it was right.
private struct PlainRemoval {
  var rule: Int32
  var history: [[Bool]]
  var kept: [Int]

  init(_ samples: Int, rule: Int32) {
    self.rule = rule
    history = Array(repeating: [], count: samples)
    kept = Array(0..<samples)
  }

  func hardness(_ example: Int) -> Int {
    let list = history[example]
    if rule == SWIFTCL_DATA_MISCLASSIFIED { return list.filter { !$0 }.count }
    if !list.contains(true) { return Int.max }
    return zip(list, list.dropFirst()).filter { $0 && !$1 }.count
  }

  /// Those that must go, and those of which some must: chance says which.
  func easiest(_ count: Int) -> (gone: Set<Int>, some: Set<Int>, left: Int) {
    let seen = kept.filter { !history[$0].isEmpty }
    let sorted = seen.map { hardness($0) }.sorted()
    guard count > 0, let limit = sorted.prefix(count).last else { return ([], [], 0) }
    let gone = Set(seen.filter { hardness($0) < limit })
    return (gone, Set(seen.filter { hardness($0) == limit }), min(count, seen.count) - gone.count)
  }

  mutating func remove(_ gone: Set<Int>) {
    kept.removeAll { gone.contains($0) }
    for example in history.indices { history[example] = [] }
  }
}

/// Dynamic data removal.
struct DataRemovalTests {
  private static let samples = 60

  private func network(
    rule: Int32 = SWIFTCL_DATA_FORGETTING, _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) throws -> TestNetwork {
    try TestNetwork([dense(10, 1), head(4)], inputs: 5) {
      $0.max_batch = 16
      $0.allocation = SWIFTCL_ALLOCATE_GROWING
      $0.data_samples = UInt32(DataRemovalTests.samples)
      $0.data_rule = rule
      configure(&$0)
    }
  }

  private func pick(_ data: TestRows, _ ids: [Int]) -> TestRows {
    TestRows(x: ids.flatMap { data.row($0) }, labels: ids.map { data.labels[$0] })
  }

  /// Which rows the open task has right now, over all its classes.
  private func hits(_ test: TestNetwork, _ data: TestRows) throws -> [Bool] {
    let logits = try test.openLogits(data)
    let classes = logits.count / data.count
    return (0..<data.count).map { n in
      let row = Array(logits[n * classes..<(n + 1) * classes])
      guard let largest = row.max() else { return false }
      return row.firstIndex(of: largest) == Int(data.labels[n])
    }
  }

  /// Random batches and removals: the same examples go as those that lists of right and wrong name.
  @Test(arguments: [SWIFTCL_DATA_FORGETTING, SWIFTCL_DATA_MISCLASSIFIED], 0..<6 as Range<UInt64>)
  func isTheRule(rule: Int32, seed: UInt64) throws {
    let samples = DataRemovalTests.samples - Int(seed % 2)
    let data = TestRows(samples, inputs: 5, classes: [0, 1, 2, 3], seed: seed)
    let test = try network(rule: rule) {
      $0.seed = seed
      $0.learning_rate = 0.2
      $0.momentum = 0.5
    }
    try test.begin()
    #expect(test.net.pointee.beginData(samples: samples) == SWIFTCL_OK)
    var plain = PlainRemoval(samples, rule: rule)
    var transitions = 0
    for round in 0..<9 {
      let key = Random.key(Random.key(seed, 77), UInt64(round))
      let steps = 1 + Random.below(24, Random.key(key, 0))
      for step in 0..<steps {
        let order = Random.key(key, UInt64(1 + step))
        let count = min(plain.kept.count, 1 + Random.below(16, order))
        let ids = (0..<count).map {
          plain.kept[Random.permuted($0, of: plain.kept.count, key: order)]
        }
        let rows = pick(data, ids)
        let right = try hits(test, rows)
        let report = try test.step(rows, ids: ids)
        #expect(right.filter { $0 }.count == Int(report.correct))
        for (id, isRight) in zip(ids, right) { plain.history[id].append(isRight) }
      }
      transitions += plain.kept.reduce(0) { $0 + (plain.hardness($1) % 1000 > 0 ? 1 : 0) }
      #expect(test.dataInfo.seen == plain.kept.filter { !plain.history[$0].isEmpty }.count)
      let wanted = Random.below(min(12, plain.kept.count), Random.key(key, 99))
      let expected = plain.easiest(wanted)
      var gone = -1
      #expect(test.net.pointee.removeData(count: wanted, &gone) == SWIFTCL_OK)
      let now = Set(test.keptExamples)
      let removed = Set(plain.kept).subtracting(now)
      #expect(now.isSubset(of: plain.kept))
      #expect(gone == expected.gone.count + expected.left && removed.count == gone)
      #expect(expected.gone.isSubset(of: removed))
      #expect(removed.subtracting(expected.gone).isSubset(of: expected.some))
      plain.remove(removed)
      #expect(test.keptExamples == plain.kept && Int(test.dataInfo.kept) == plain.kept.count)
      #expect(test.dataInfo.seen == 0 && test.dataInfo.removals == UInt32(round + 1))
    }
    #expect(transitions > 20)
  }

  /// Equals go with the same chance, exactly as many as are asked for.
  @Test func tiesAreFair() {
    var times = [Int](repeating: 0, count: 21)
    for key in 0..<3000 as Range<UInt64> {
      let followed = Followed(21)
      // Example 20 is harder than the others.
      for example in 0..<21 { followed.examples.note(example, isRight: true) }
      followed.examples.note(20, isRight: false)
      #expect(followed.examples.removeEasiest(5, Random.mix(key)) == 5)
      #expect(followed.kept.count == 16 && followed.examples.kept == 16)
      for example in 0..<21 where !followed.examples.isKept(example) { times[example] += 1 }
    }
    #expect(times[20] == 0)
    for share in times[..<20] { #expect(abs(share - 750) < 110, "\(times)") }
  }

  /// A counter stays at 255, below what was never right.
  @Test(arguments: [SWIFTCL_DATA_FORGETTING, SWIFTCL_DATA_MISCLASSIFIED])
  func countersSaturate(rule: Int32) {
    let followed = Followed(3, rule: rule)
    for n in 0..<700 {
      followed.examples.note(0, isRight: n % 2 == 0)
      followed.examples.note(1, isRight: false)
      if n < 40 { followed.examples.note(2, isRight: n % 2 == 0) }
    }
    #expect(followed.examples.counters[0] == 255)
    #expect(followed.examples.counters[1] == (rule == SWIFTCL_DATA_FORGETTING ? 0 : 255))
    #expect(followed.examples.counters[2] == 20)
    #expect(followed.examples.removeEasiest(1, 1) == 1 && followed.kept == [0, 1])
    // Nothing is known any more: a miss is no forgetting after the window.
    followed.examples.note(0, isRight: false)
    #expect(followed.examples.counters[0] == (rule == SWIFTCL_DATA_FORGETTING ? 0 : 1))
    followed.examples.note(1, isRight: true)
    #expect(followed.examples.removeEasiest(1, 1) == 1 && followed.kept == [0])
  }

  /// 30 % of the examples in four parts after epochs 5, 10, 15 and 20 of 50: 77.5 % of the data.
  @Test func paperSchedule() {
    let followed = Followed(1000)
    for epoch in 1...50 {
      for example in followed.kept { followed.examples.note(example, isRight: example % 3 > 0) }
      if epoch % 5 == 0 && epoch <= 20 { #expect(followed.examples.removeEasiest(75, 5) == 75) }
    }
    #expect(followed.examples.kept == 700 && followed.examples.presented == 38_750)
    #expect(abs(Double(followed.examples.presented) / followed.examples.whole - 0.775) < 1e-9)
  }

  /// Only what was seen can go, and one is always left.
  @Test func unseenExamplesStay() throws {
    let test = try network()
    let data = TestRows(20, inputs: 5, classes: [0, 1], seed: 4)
    try test.begin()
    #expect(test.net.pointee.beginData(samples: 20) == SWIFTCL_OK)
    try test.step(pick(data, [3, 5, 8]), ids: [3, 5, 8])
    var gone = 0
    #expect(test.net.pointee.removeData(count: 20, &gone) == SWIFTCL_E_ARGUMENT)
    #expect(test.net.pointee.removeData(count: 19, &gone) == SWIFTCL_OK)
    #expect(gone == 3 && !test.keptExamples.contains(where: [3, 5, 8].contains))
    #expect(test.net.pointee.removeData(count: 10, &gone) == SWIFTCL_OK && gone == 0)
    #expect(test.stepStatus(pick(data, [5]), ids: [5]) == SWIFTCL_E_ARGUMENT)
    #expect(test.message.contains("ids[0] is 5") && test.message.contains("removed"))
  }

  /// The loss leaves old classes out, the count of who is right does not.
  @Test func maskedLossIsNoExcuse() throws {
    let test = try network {
      $0.replays(SWIFTCL_REPLAY_ER, rows: 20, draw: 6)
      $0.replay_new_rows = SWIFTCL_NEW_ROWS_MASKED
    }
    let old = TestRows(64, inputs: 5, classes: [0, 1, 2], seed: 3)
    try test.learn(old, steps: 60, start: SWIFTCL_START_FRESH, classes: [0, 1, 2])
    try test.begin(classes: [0, 1, 2, 3], start: SWIFTCL_START_WARM)
    let fresh = TestRows(16, inputs: 5, classes: [3], seed: 3)
    #expect(test.net.pointee.beginData(samples: 16) == SWIFTCL_OK)
    let right = try hits(test, fresh)
    let report = try test.step(fresh, ids: Array(0..<16))
    #expect(report.correct == 16 && report.replay_rows == 6)
    #expect(right.contains(false))
    let data = test.followed
    for n in 0..<16 {
      #expect((data.state(n) & FollowedExamples.Flag.right != 0) == right[n])
    }
    #expect(test.dataInfo.presented == 16 && test.dataInfo.seen == 16)
  }

  /// What the replay memory keeps does not depend on what is removed.
  @Test func replayIsLeftAlone() throws {
    let test = try network { $0.replays(SWIFTCL_REPLAY_DERPP, rows: 12, draw: 4) }
    let data = TestRows(32, inputs: 5, classes: [0, 1], seed: 6)
    try test.learn(data, steps: 4)
    try test.begin()
    #expect(test.net.pointee.beginData(samples: 32) == SWIFTCL_OK)
    try test.step(pick(data, Array(0..<16)), ids: Array(0..<16))
    func memory() -> ([[Float]], [Int32], UInt64, Int) {
      let rows = (0..<test.exemplars.kept.count).map { test.keptRow($0) }
      return (rows, test.keptTasks, test.exemplars.kept.seen, test.exemplars.drawable)
    }
    let before = memory()
    var gone = 0
    #expect(test.net.pointee.removeData(count: 14, &gone) == SWIFTCL_OK && gone == 14)
    #expect(memory() == before)
    let report = try test.step(pick(data, [20, 21]), ids: [20, 21])
    #expect(report.replay_rows == 8 && test.dataInfo.presented == 18 && test.dataInfo.seen == 2)
  }

  /// Following changes nothing of what a step learns; other steps are not followed.
  @Test func stepsAreTheSame() throws {
    let data = TestRows(16, inputs: 5, classes: [0, 1, 2], seed: 9)
    let plain = try network()
    let followed = try network()
    try plain.begin()
    try followed.begin()
    #expect(followed.net.pointee.beginData(samples: 16) == SWIFTCL_OK)
    for _ in 0..<5 {
      let one = try plain.step(data)
      let other = try followed.step(data, ids: Array((0..<16).reversed()))
      #expect(one.loss == other.loss && one.correct == other.correct)
    }
    #expect(try plain.openLogits(data) == followed.openLogits(data))
    #expect(followed.dataInfo.presented == 80)
    try followed.step(data)
    #expect(followed.dataInfo.presented == 80)
  }

  /// A task begins with nothing followed, and leaves nothing behind.
  @Test func endsWithTheTask() throws {
    let test = try network()
    let data = TestRows(16, inputs: 5, classes: [0, 1, 2], seed: 9)
    let empty = test.checkpoint()
    for ends in [false, true] {
      try test.begin()
      #expect(test.stepStatus(data, ids: Array(0..<16)) == SWIFTCL_E_STATE)
      #expect(test.net.pointee.beginData(samples: 16) == SWIFTCL_OK)
      try test.step(data, ids: Array(0..<16))
      var gone = 0
      #expect(test.net.pointee.removeData(count: 3, &gone) == SWIFTCL_OK)
      if ends { try test.end() } else { try test.abort() }
      #expect(test.dataInfo.samples == 0 && test.dataInfo.presented == 0)
      #expect(test.net.pointee.beginData(samples: 16) == SWIFTCL_E_STATE)
      if !ends { #expect(test.checkpoint() == empty) }
    }
    #expect(test.reopenStatus(1) == SWIFTCL_OK || test.reopenStatus(0) == SWIFTCL_OK)
    #expect(test.dataInfo.samples == 0)
    #expect(test.net.pointee.beginData(samples: 16) == SWIFTCL_OK)
  }

  /// A byte and a half an example, and no part of another.
  @Test func planTellsTheBytes() throws {
    func plan(_ samples: UInt32) throws -> swiftcl_plan {
      try network { $0.data_samples = samples }.network.plan
    }
    let none = try plan(0)
    let many = try plan(100_000)
    #expect(none.data_bytes == 0)
    #expect(many.data_bytes > 150_000 && many.data_bytes < 151_000)
    #expect(many.total_bytes == none.total_bytes + many.data_bytes)
    #expect(many.network_bytes == none.network_bytes)
  }
}

extension TestNetwork {
  fileprivate var followed: FollowedExamples {
    guard let data = network.data else { fatalError("no examples are followed") }
    return data.pointee
  }

  fileprivate var dataInfo: swiftcl_data_info { network.dataInfo() }

  fileprivate var keptExamples: [Int] {
    var count = 0
    var ids = [UInt32](repeating: 0, count: followed.samples)
    _ = net.pointee.keptData(&ids, capacity: ids.count, &count)
    return ids.prefix(count).map { Int($0) }
  }

  fileprivate func stepStatus(_ data: TestRows, ids: [Int]) -> swiftcl_status {
    var report = swiftcl_step()
    return net.pointee.trainStep(
      data.x, data.labels, ids: ids.map { UInt32($0) }, rows: data.count, &report)
  }

  @discardableResult
  fileprivate func step(_ data: TestRows, ids: [Int]) throws -> swiftcl_step {
    var report = swiftcl_step()
    let status = net.pointee.trainStep(
      data.x, data.labels, ids: ids.map { UInt32($0) }, rows: data.count, &report)
    if status != SWIFTCL_OK { throw Refusal(status: status, message: message) }
    return report
  }
}
