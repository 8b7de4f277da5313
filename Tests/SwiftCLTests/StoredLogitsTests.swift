import CSwiftCL
import Testing

@testable import SwiftCL

/// Logits that are stored with rows: whose they are, and of which classes.
struct StoredLogitsTests {
  static let classes: [Int32] = [4, 0, 3]

  private func network(store: Int32) throws -> TestNetwork {
    try TestNetwork([dense(12, 3), dense(8, 2), head(6)], inputs: 3) {
      $0.max_batch = 7
      $0.replays(SWIFTCL_REPLAY_DERPP, rows: 50)
      $0.replay_store = store
    }
  }

  private func rows(_ count: Int) -> TestRows {
    TestRows(count, inputs: 3, classes: StoredLogitsTests.classes, seed: 7)
  }

  /// Stored logits of the first rows, in the order of the task's classes; the
  /// other classes have none.
  private func stored(_ test: TestNetwork, _ count: Int) throws -> [Float] {
    try (0..<count).flatMap { place in
      let row = try #require(test.exemplars.kept.logits(place))
      for c in [1, 2, 5] { #expect(row[c].isNaN) }
      return StoredLogitsTests.classes.map { row[Int($0)] }
    }
  }

  /// Those of the step that presented the row, before its update.
  @Test func presented() throws {
    let test = try network(store: SWIFTCL_STORE_PRESENTED)
    try test.begin(classes: StoredLogitsTests.classes)
    try test.commit()
    try test.step(rows(7))
    let more = TestRows(7, inputs: 3, classes: StoredLogitsTests.classes, seed: 8)
    let before = try test.openLogits(more)
    try test.step(more)
    #expect(try Array(stored(test, 14)[21...]) == before)
    #expect(try test.openLogits(more) != before)
  }

  /// Those of the open task as it stands, more rows than a batch.
  @Test func added() throws {
    let test = try network(store: SWIFTCL_STORE_EXPLICIT)
    try test.begin(classes: StoredLogitsTests.classes)
    try test.step(rows(7))
    #expect(test.addStatus(rows(20)) == SWIFTCL_OK)
    #expect(try stored(test, 20) == test.openLogits(rows(20)))
    let task = try test.end().task
    // Without an open task, those of the one finished last.
    #expect(test.forget(SWIFTCL_FORGET_TASK, Int(task)) == (SWIFTCL_OK, 20))
    #expect(test.addStatus(rows(20)) == SWIFTCL_OK)
    #expect(try stored(test, 20) == test.logits(task, rows(20)))
  }

  /// Those of the finished ticket.
  @Test func atEnd() throws {
    let test = try network(store: SWIFTCL_STORE_AT_END)
    let task = try test.begin(classes: StoredLogitsTests.classes)
    let data = rows(35)
    for n in 0..<5 { try test.step(data.batch(n, of: 7)) }
    try test.end()
    #expect(test.exemplars.kept.count == 35)
    let kept = TestRows(x: (0..<35).flatMap { test.keptRow($0) }, labels: test.keptLabels)
    #expect(try stored(test, 35) == test.logits(task, kept))
  }
}
