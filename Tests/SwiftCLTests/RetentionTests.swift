import CSwiftCL
import Testing

@testable import SwiftCL

/// Which rows the memory keeps, and what becomes of them.
struct RetentionTests {
  private func network(
    rows: Int = 10, policy: Int32 = SWIFTCL_RETAIN_RESERVOIR, ownMemory: Bool = false,
    _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) throws -> TestNetwork {
    try TestNetwork([dense(8, 2), head(6)], inputs: 3, ownMemory: ownMemory) {
      $0.max_batch = 16
      $0.expected_tasks = 16
      $0.unserved = SWIFTCL_UNSERVED_REUSE
      $0.replays(SWIFTCL_REPLAY_NONE, rows: rows, policy: policy)
      configure(&$0)
    }
  }

  private func rows(_ count: Int, _ classes: [Int32], seed: UInt64 = 1) -> TestRows {
    TestRows(count, inputs: 3, classes: classes, seed: seed)
  }

  /// docs/algorithms.md B.5, with the library's own draws.
  @Test func reservoirIsTheRule() throws {
    let test = try network(rows: 7)
    try test.begin()
    let data = rows(200, [0, 1, 2, 3, 4, 5])
    for n in 0..<20 { try test.step(data.batch(n, of: 10)) }
    var expected: [Int] = []
    let key = Random.key(
      Random.key(Random.mix(test.network.options.seed), Random.Domain.retain), 0)
    for n in 0..<200 {
      if n < 7 {
        expected.append(n)
        continue
      }
      let r = Random.below(n + 1, Random.key(key, UInt64(n)))
      if r < 7 { expected[r] = n }
    }
    #expect(test.exemplars.kept.seen == 200)
    for (place, n) in expected.enumerated() {
      #expect(test.keptRow(place) == Array(data.row(n)))
      #expect(test.keptLabels[place] == data.labels[n])
    }
  }

  /// Every row has the same chance: 400 rows into 100 places, over 40 seeds.
  @Test func reservoirIsFair() throws {
    var kept = [Int](repeating: 0, count: 4)
    for seed in 0..<40 as Range<UInt64> {
      let test = try network(rows: 100) { $0.seed = seed }
      try test.begin()
      var data = rows(400, [0])
      for n in 0..<400 { data.x[n * 3] = Float(n) }
      #expect(test.addStatus(data) == SWIFTCL_OK)
      for place in 0..<100 { kept[Int(test.keptRow(place)[0]) / 100] += 1 }
    }
    for quarter in kept { #expect(abs(quarter - 1000) < 120, "\(kept)") }
  }

  @Test func balancedSharesAreRecut() throws {
    let test = try network(rows: 60, policy: SWIFTCL_RETAIN_BALANCED) { $0.max_tasks = 8 }
    func counts() -> [Int] { (0..<6).map { Int(test.exemplars.kept.classRows[$0]) } }
    for (n, classes) in ([[0, 1], [0, 1, 2], [3, 4]] as [[Int32]]).enumerated() {
      try test.begin(classes: classes)
      #expect(test.addStatus(rows(500, classes, seed: UInt64(n))) == SWIFTCL_OK)
      let kept = counts().filter { $0 > 0 }
      #expect(kept.reduce(0, +) == 60)
      #expect((kept.max() ?? 0) - (kept.min() ?? 0) <= 1, "\(kept)")
      try test.end()
    }
    #expect(counts()[5] == 0)
  }

  /// A class that comes late gets as many rows as there are, never another's share.
  @Test func rareClassKeepsAllItsRows() throws {
    let test = try network(rows: 20, policy: SWIFTCL_RETAIN_BALANCED)
    try test.begin()
    #expect(test.addStatus(rows(300, [0])) == SWIFTCL_OK)
    #expect(test.addStatus(rows(4, [1])) == SWIFTCL_OK)
    #expect(test.addStatus(rows(300, [0], seed: 2)) == SWIFTCL_OK)
    #expect(test.exemplars.kept.classRows[0] == 16 && test.exemplars.kept.classRows[1] == 4)
  }

  /// What waits joins as if it had been offered all along.
  @Test(arguments: [SWIFTCL_RETAIN_RESERVOIR, SWIFTCL_RETAIN_BALANCED])
  func joinsAtEnd(policy: Int32) throws {
    let test = try network(rows: 60, policy: policy) { $0.replay_store = SWIFTCL_STORE_AT_END }
    for t in 0..<3 {
      let classes = [Int32(2 * t), Int32(2 * t + 1)]
      let data = rows(320, classes, seed: UInt64(t))
      try test.begin(classes: classes)
      for n in 0..<20 { try test.step(data.batch(n, of: 16)) }
      #expect(test.exemplars.waiting.count == 60 && test.exemplars.waiting.seen == 320)
      #expect(!test.keptTasks.contains(Int32(t)))
      try test.end()
      #expect(test.exemplars.kept.count == 60 && test.exemplars.waiting.count == 0)
      #expect(test.exemplars.kept.seen == UInt64(320 * (t + 1)))
    }
    for t in 0..<3 {
      let share = test.keptTasks.filter { $0 == Int32(t) }.count
      let slack = policy == SWIFTCL_RETAIN_BALANCED ? 2 : 12
      #expect(abs(share - 20) <= slack, "task \(t) keeps \(share)")
    }
  }

  @Test func abortDropsTheTasksRows() throws {
    for store in [SWIFTCL_STORE_PRESENTED, SWIFTCL_STORE_AT_END] {
      let test = try network(rows: 30) { $0.replay_store = store }
      try test.learn(rows(160, [0, 1]), steps: 10)
      let before = test.checkpoint()
      try test.begin()
      for n in 0..<10 { try test.step(rows(160, [2, 3]).batch(n, of: 16)) }
      try test.abort()
      #expect(!test.keptTasks.contains(1))
      if store == SWIFTCL_STORE_AT_END { #expect(test.checkpoint() == before) }
    }
  }

  @Test func forgets() throws {
    let test = try network(rows: 40)
    try test.learn(rows(160, [0, 1, 2]), steps: 10)
    try test.begin()
    try test.step(rows(16, [3, 4]))
    let labels = test.keptLabels
    let last = test.keptRow(39)
    #expect(test.forget(SWIFTCL_FORGET_ROW, 5) == (SWIFTCL_OK, 1))
    #expect(test.exemplars.kept.count == 39 && test.keptRow(5) == last)
    #expect(test.keptRow(39) == [0, 0, 0])
    let ones = test.keptLabels.filter { $0 == 1 }.count
    #expect(test.forget(SWIFTCL_FORGET_CLASS, 1) == (SWIFTCL_OK, ones))
    #expect(test.forget(SWIFTCL_FORGET_CLASS, 1).status == SWIFTCL_E_LABEL)
    #expect(test.forget(SWIFTCL_FORGET_CLASS, 5).status == SWIFTCL_E_LABEL)
    let old = test.keptTasks.filter { $0 == 0 }.count
    #expect(test.exemplars.drawable == old)
    #expect(test.forget(SWIFTCL_FORGET_TASK, 0) == (SWIFTCL_OK, old))
    #expect(test.forget(SWIFTCL_FORGET_TASK, 0).status == SWIFTCL_E_TASK)
    #expect(test.exemplars.drawable == 0 && !test.keptTasks.contains(0))
    #expect(test.forget(SWIFTCL_FORGET_ROW, 39).status == SWIFTCL_E_ARGUMENT)
    #expect(test.forget(3, 0).status == SWIFTCL_E_ARGUMENT)
    #expect(labels.count == 40)
  }

  /// The bound is kept, and one more row would not fit.
  @Test(arguments: [2_000, 5_000, 123_456] as [UInt64])
  func boundOfBytes(bytes: UInt64) throws {
    for (kind, store) in [
      (SWIFTCL_REPLAY_ER, SWIFTCL_STORE_PRESENTED), (SWIFTCL_REPLAY_DERPP, SWIFTCL_STORE_AT_END),
    ] {
      let test = try network(rows: 0, ownMemory: true) {
        $0.replay = kind
        $0.replay_store = store
        $0.replay_bytes = bytes
        $0.replay_batch = 4
      }
      let options = test.network.options
      let rows = test.exemplars.kept.capacity
      #expect(rows >= 1 && test.network.plan.replay_bytes <= bytes)
      #expect(UInt64(options.replayBytes(rows: rows + 1) ?? 0) > bytes)
      #expect(test.network.plan.replay_bytes == UInt64(options.replayBytes(rows: rows) ?? 0))
    }
  }

  @Test func classesDoNotOutgrowTheCallersMemory() throws {
    let test = try network(ownMemory: true)
    #expect(test.beginStatus(classes: [2, 6]) == SWIFTCL_E_CAPACITY)
    #expect(test.message.contains("max_classes"))
  }
}
