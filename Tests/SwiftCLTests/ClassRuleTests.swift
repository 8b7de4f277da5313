import CSwiftCL
import Testing

@testable import SwiftCL

/// Classes and tasks by every rule, against the definitions applied to the tasks' own logits.
struct ClassRuleTests {
  /// Whose classes: apart, growing, again, the same.
  static let protocols: [[[Int32]]] = [
    [[0, 1], [2, 3], [4, 5]], [[1, 0], [0, 1, 3, 2], [5, 0, 1, 2, 3, 4]],
    [[0, 1, 2], [2, 3], [1, 2]], [[0, 1], [0, 1], [1, 0]],
  ]

  static func network(_ classes: [[Int32]]) throws -> TestNetwork {
    let test = try TestNetwork([dense(16, 4), head(7)], inputs: 6) {
      $0.max_batch = 80
      $0.expected_tasks = 3
    }
    for list in classes {
      try test.learn(ClassHeadTests.only(list), steps: 15, classes: list)
    }
    return test
  }

  /// What a rule says of one row, from the logits of every task.
  private func expected(
    _ rule: Int32, _ test: TestNetwork, _ logits: [[Double]]
  ) -> (label: Int32, task: Int32, margin: Double) {
    let lists = logits.indices.map { test.taskClasses(swiftcl_task($0)) }
    var offers: [(score: Double, label: Int32, task: Int32)] = []
    if rule == SWIFTCL_RULE_LAST_MASK {
      let last = logits.count - 1
      offers = lists[last].indices.map { c in
        let first = lists.firstIndex { $0.contains(lists[last][c]) } ?? -1
        return (logits[last][c], lists[last][c], Int32(first))
      }
    } else {
      for t in logits.indices {
        let own = test.answersFor(swiftcl_task(t))
        let p = PlainMath.softmax(logits[t])
        let among = lists[t].indices.filter { own.contains(lists[t][$0]) }
        switch rule {
        case SWIFTCL_RULE_MAX_LOGIT:
          offers += among.map { (logits[t][$0], lists[t][$0], Int32(t)) }
        case SWIFTCL_RULE_MAX_PROBABILITY:
          offers += among.map { (p[$0], lists[t][$0], Int32(t)) }
        default:
          let part = PlainMath.softmax(among.map { logits[t][$0] })
          // log by its series' inverse is not needed: Scalar.log is tested by itself.
          let entropy = part.reduce(0) { $0 - $1 * Double(Scalar.log(Float(max($1, 1e-30)))) }
          let best = among.max { logits[t][$0] < logits[t][$1] } ?? 0
          offers.append((-entropy, lists[t][best], Int32(t)))
        }
      }
    }
    let sorted = offers.sorted { $0.score > $1.score }
    let margin = sorted.count > 1 ? sorted[0].score - sorted[1].score : 1
    return (sorted[0].label, sorted[0].task, margin)
  }

  @Test(arguments: 0..<4)
  func followTheirDefinitions(number: Int) throws {
    let lists = ClassRuleTests.protocols[number]
    let test = try ClassRuleTests.network(lists)
    let data = ClassHeadTests.only(Array(Set(lists.joined())), ClassHeadTests.tests)
    let logits = try lists.indices.map { try test.logits(swiftcl_task($0), data) }
    for rule in [
      SWIFTCL_RULE_LAST_MASK, SWIFTCL_RULE_MAX_LOGIT, SWIFTCL_RULE_MAX_PROBABILITY,
      SWIFTCL_RULE_LOWEST_ENTROPY,
    ] {
      let found = try test.classes(rule, data)
      var compared = 0
      for n in 0..<data.count {
        let rows = lists.indices.map { t in
          let width = lists[t].count
          return logits[t][n * width..<(n + 1) * width].map(Double.init)
        }
        let wanted = expected(rule, test, rows)
        if wanted.margin < 1e-5 { continue }
        compared += 1
        #expect(found.labels[n] == wanted.label && found.tasks[n] == wanted.task)
      }
      #expect(compared > data.count / 2)
      if rule == SWIFTCL_RULE_LOWEST_ENTROPY { continue }
      let scores = try test.scores(rule, data)
      for n in 0..<data.count {
        let best = scores[n].indices.max { scores[n][$0] < scores[n][$1] }
        #expect(scores[n].filter { $0.isFinite }.count > 1)
        #expect(scores[n][best ?? 0] == scores[n][Int(found.labels[n])])
        #expect(scores[n][6] == -.infinity)
      }
    }
  }

  @Test func oneCallEvaluatesAll() throws {
    let lists = ClassRuleTests.protocols[1]
    let test = try TestNetwork([dense(16, 4), head(7)], inputs: 6) {
      $0.max_batch = 20
      $0.expected_tasks = 3
    }
    let pairs: [[Int32]] = [[0, 1], [2, 3], [4, 5]]
    var matrix = [Double](repeating: .nan, count: 16)
    var known = matrix
    var confusion = [UInt64](repeating: 9, count: 64)
    var rows: [[Double]] = []
    var knownRows: [[Double]] = []
    for t in 0..<3 {
      try test.learn(ClassHeadTests.only(lists[t]), steps: 15, classes: lists[t])
      let sets = (0...t).map { ClassHeadTests.only(pairs[$0], ClassHeadTests.tests) }
      let report = try evaluate(test, sets, &matrix, &known, &confusion)
      var wanted = [UInt64](repeating: 0, count: 64)
      var row: [Double] = []
      var knownRow: [Double] = []
      var inferred = 0
      for (i, set) in sets.enumerated() {
        let found = try test.classes(SWIFTCL_RULE_MAX_LOGIT, set)
        for n in 0..<set.count { wanted[Int(set.labels[n]) * 8 + Int(found.labels[n])] += 1 }
        let hits = zip(found.labels, set.labels).filter { $0 == $1 }.count
        row.append(100 * Double(hits) / Double(set.count))
        inferred += found.tasks.filter { $0 == Int32(i) }.count
        let logits = try test.logits(swiftcl_task(i), set)
        let width = lists[i].count
        let right = (0..<set.count).filter { n in
          func logit(_ label: Int32) -> Float {
            logits[n * width + (lists[i].firstIndex(of: label) ?? 0)]
          }
          let best = pairs[i].max { logit($0) < logit($1) }
          return best == set.labels[n]
        }
        knownRow.append(100 * Double(right.count) / Double(set.count))
      }
      rows.append(row)
      knownRows.append(knownRow)
      #expect(confusion == wanted)
      #expect(Array(matrix[4 * t...4 * t + t]) == row)
      #expect(Array(known[4 * t...4 * t + t]) == knownRow)
      #expect(matrix[4 * t + t + 1].isNaN)
      let count = sets.reduce(0) { $0 + $1.count }
      #expect(report.tasks == UInt32(t + 1) && report.rows == UInt64(count))
      #expect(abs(report.inferred_accuracy - 100 * Double(inferred) / Double(count)) < 1e-9)
      check(report.class_accuracy, report.class_forgetting, report.class_transfer, rows)
      check(report.task_accuracy, report.task_forgetting, report.task_transfer, knownRows)
    }
    #expect(knownRows[2][0] == knownRows[0][0])
  }

  /// docs/algorithms.md C.1 and C.3.
  private func check(
    _ accuracy: Double, _ forgetting: Double, _ transfer: Double, _ rows: [[Double]]
  ) {
    let last = rows[rows.count - 1]
    #expect(abs(accuracy - last.reduce(0, +) / Double(last.count)) < 1e-9)
    if rows.count == 1 {
      #expect(forgetting == 0 && transfer == 0)
      return
    }
    let others = 0..<rows.count - 1
    let lost = others.map { i in ((i..<rows.count).map { rows[$0][i] }.max() ?? 0) - last[i] }
    let moved = others.map { last[$0] - rows[$0][$0] }
    #expect(abs(forgetting - lost.reduce(0, +) / Double(others.count)) < 1e-9)
    #expect(abs(transfer - moved.reduce(0, +) / Double(others.count)) < 1e-9)
  }

  private func evaluate(
    _ test: TestNetwork, _ sets: [TestRows], _ matrix: inout [Double], _ known: inout [Double],
    _ confusion: inout [UInt64]
  ) throws -> swiftcl_evaluation {
    var given = Defaults.evaluateOptions
    given.rule = SWIFTCL_RULE_MAX_LOGIT
    given.matrix_tasks = 4
    given.confusion_classes = 8
    var report = swiftcl_evaluation()
    let x = sets.flatMap(\.x)
    let labels = sets.flatMap(\.labels)
    let status = x.withUnsafeBufferPointer { x in
      labels.withUnsafeBufferPointer { labels in
        matrix.withUnsafeMutableBufferPointer { matrix in
          known.withUnsafeMutableBufferPointer { known in
            confusion.withUnsafeMutableBufferPointer { confusion in
              given.class_il = matrix.baseAddress
              given.task_il = known.baseAddress
              given.confusion = confusion.baseAddress
              var first = 0
              let list = sets.indices.map { i in
                defer { first += sets[i].count }
                return swiftcl_dataset(
                  inputs: x.baseAddress.map { $0 + first * 6 },
                  labels: labels.baseAddress.map { $0 + first }, rows: sets[i].count,
                  task: swiftcl_task(i))
              }
              return test.net.pointee.evaluateAll(list, list.count, given, &report)
            }
          }
        }
      }
    }
    if status != SWIFTCL_OK { throw Refusal(status: status, message: test.message) }
    return report
  }
}
