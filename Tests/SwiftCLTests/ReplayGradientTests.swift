import CSwiftCL
import Foundation
import Testing

@testable import SwiftCL

/// Losses of a step that recalls rows, from the formulas alone, and their
/// gradients against central differences.
struct ReplayGradientTests {
  /// One case of swiftcl_options.replay.
  struct Case: CustomTestStringConvertible {
    var replay: Int32
    var teacher = SWIFTCL_TEACHER_TICKET
    var store = SWIFTCL_STORE_PRESENTED
    var sampler = SWIFTCL_SAMPLER_MEAN
    var shared = false
    var testDescription: String {
      "replay \(replay), teacher \(teacher), store \(store), sampler \(sampler), shared \(shared)"
    }
  }

  static let cases = [
    Case(replay: SWIFTCL_REPLAY_ER), Case(replay: SWIFTCL_REPLAY_ER, shared: true),
    Case(replay: SWIFTCL_REPLAY_ER, sampler: SWIFTCL_SAMPLER_GUMBEL),
    Case(replay: SWIFTCL_REPLAY_DER), Case(replay: SWIFTCL_REPLAY_DER, shared: true),
    Case(replay: SWIFTCL_REPLAY_DERPP),
    Case(replay: SWIFTCL_REPLAY_DERPP, store: SWIFTCL_STORE_AT_END),
    Case(replay: SWIFTCL_REPLAY_DERPP, shared: true),
    Case(replay: SWIFTCL_REPLAY_DISTILL),
    Case(replay: SWIFTCL_REPLAY_DISTILL, sampler: SWIFTCL_SAMPLER_STRAIGHT_THROUGH),
    Case(replay: SWIFTCL_REPLAY_DISTILL, teacher: SWIFTCL_TEACHER_ALL_ROWS),
    Case(replay: SWIFTCL_REPLAY_DISTILL, teacher: SWIFTCL_TEACHER_ALL_ROWS, shared: true),
    Case(replay: SWIFTCL_REPLAY_DISTILL, teacher: SWIFTCL_TEACHER_STORED),
  ]

  @Test(arguments: cases)
  func gradients(given: Case) throws {
    let size = given.shared ? 1 : 4
    let test = try TestNetwork([dense(24, size), dense(20, size), head(7)], inputs: 5) {
      GradientCheck.configure(&$0)
      $0.sampler = given.sampler
      $0.sharing = given.shared ? SWIFTCL_TICKETS_SHARED : SWIFTCL_TICKETS_SEPARATE
      $0.replays(given.replay, rows: 30, draw: 9)
      $0.replay_store = given.store
      $0.distill_teacher = given.teacher
      ($0.replay_weight, $0.replay_alpha, $0.replay_beta) = (0.7, 0.6, 0.8)
      ($0.distill_temperature, $0.distill_weight) = (1.7, 0.9)
    }
    let old = TestRows(64, inputs: 5, classes: [4, 1], seed: 3)
    try test.learn(old, steps: 12, classes: [4, 1])
    try test.begin(classes: [1, 2, 4, 0], competes: competeAlways)
    let data = TestRows(11, inputs: 5, classes: [2, 0], seed: 9)
    var check = ReplayReference(test, data, given)
    let report = try test.step(data)
    let draws: UInt32 = given.replay == SWIFTCL_REPLAY_DERPP ? 2 : 1
    #expect(report.replay_rows == 9 * draws && report.rows == 11)
    let expected = check.run()
    #expect(abs(Double(report.loss) - expected.loss) < 1e-4 * (1 + expected.loss))
    #expect(abs(Double(report.replay_loss) - expected.replayed) < 1e-4 * (1 + expected.replayed))
    #expect(expected.replayed > 1e-3)
    for l in 0..<3 {
      let gradient = try #require(test.network.working[l].gradients.weights)
      let panels = test.network.working[l].live.panels
      for i in 0..<24 {
        let place = Random.permuted(i, of: panels.inputs * panels.outputs, key: UInt64(l))
        let slope = check.slope(l, place)
        let found = Double(gradient[panels.index(place % panels.inputs, place / panels.inputs)])
        #expect(abs(found - slope) < 1e-3 * max(abs(slope), 0.02), "layer \(l) weight \(place)")
      }
    }
  }

  /// With as many rows drawn as there are, every row is drawn once.
  @Test func drawsWithoutReplacement() throws {
    let test = try TestNetwork([dense(8, 2), head(4)], inputs: 3) {
      $0.max_batch = 16
      $0.replays(SWIFTCL_REPLAY_ER, rows: 12, draw: 20)
    }
    try test.learn(TestRows(64, inputs: 3, classes: [0, 1], seed: 1), steps: 4)
    try test.begin()
    let report = try test.step(TestRows(1, inputs: 3, classes: [2], seed: 2))
    #expect(report.replay_rows == UInt32(12))
    #expect(Set((0..<12).map { test.exemplars.drawn[$0] }).count == 12)
  }

  /// Rows of the open task, and of classes that it does not have, stay where they are.
  @Test func recallsOnlyWhatItMay() throws {
    for recall in [SWIFTCL_RECALL_FINISHED, SWIFTCL_RECALL_ANY] {
      let test = try TestNetwork([dense(8, 2), head(4)], inputs: 3) {
        $0.max_batch = 16
        $0.replays(SWIFTCL_REPLAY_ER, rows: 40, draw: 50)
        $0.replay_recall = recall
      }
      let any = recall == SWIFTCL_RECALL_ANY
      try test.begin(classes: [0, 1])
      let first = TestRows(16, inputs: 3, classes: [0, 1], seed: 1)
      #expect(try test.step(first).replay_rows == 0)
      #expect(try test.step(first).replay_rows == (any ? 16 : 0))
      try test.end()
      try test.begin(classes: [1, 2])
      let ones = test.keptLabels.filter { $0 == 1 }.count
      let second = TestRows(5, inputs: 3, classes: [2], seed: 1)
      #expect(try test.step(second).replay_rows == UInt32(ones))
      #expect(try test.step(second).replay_rows == UInt32(ones + (any ? 5 : 0)))
    }
  }

  /// A memory that is not replayed changes nothing of what is learned.
  @Test func memoryAloneChangesNothing() throws {
    let data = TestRows(64, inputs: 3, classes: [0, 1, 2], seed: 4)
    var logits: [[Float]] = []
    for rows in [0, 20] {
      let test = try TestNetwork([dense(8, 2), head(4)], inputs: 3) {
        $0.max_batch = 16
        if rows > 0 { $0.replays(SWIFTCL_REPLAY_NONE, rows: rows) }
      }
      try test.learn(data, steps: 30)
      logits.append(try test.logits(0, data))
    }
    #expect(logits[0] == logits[1])
  }
}

/// The step's losses in double precision; rows are those that the step drew.
struct ReplayReference {
  private var network: ReferenceNetwork
  private let test: TestNetwork
  private let data: TestRows
  private let given: ReplayGradientTests.Case
  private let classes: [Int]

  /// Before the step: the draw of the step's rows is a function of what stands there.
  init(_ test: TestNetwork, _ data: TestRows, _ given: ReplayGradientTests.Case) {
    self.test = test
    self.data = data
    self.given = given
    let count = given.replay == SWIFTCL_REPLAY_DERPP ? 18 : 9
    network = ReferenceNetwork(test.network, rows: data.count + count)
    classes = (0..<test.network.task.classCount).map { Int(test.network.workspace.classes[$0]) }
    let memory = test.exemplars
    var places = [Int32](repeating: 0, count: count)
    let key = Random.key(seed: 1, Random.Domain.recall, 1, 0)
    for d in 0..<count / 9 {
      places.withUnsafeMutableBufferPointer {
        if let base = $0.baseAddress {
          #expect(memory.draw(9, Random.key(key, UInt64(d + 1)), to: base + 9 * d) == 9)
        }
      }
    }
    recalled = TestRows(
      x: places.flatMap { test.keptRow(Int($0)) }, labels: places.map { test.keptLabels[Int($0)] })
    let width = memory.classes
    stored = places.map { place in
      memory.kept.logits(Int(place)).map { row in (0..<width).map { Double(row[$0]) } } ?? []
    }
    // The teacher's classes are 4 and 1.
    let all = TestRows(x: data.x + recalled.x, labels: data.labels + recalled.labels)
    let logits = (try? test.logits(0, all)) ?? []
    taught = (0..<all.count).map { [4: Double(logits[2 * $0]), 1: Double(logits[2 * $0 + 1])] }
  }

  private let recalled: TestRows
  private let stored: [[Double]]
  private let taught: [[Int: Double]]

  mutating func run() -> (loss: Double, replayed: Double, all: Double) {
    let x = (data.x + recalled.x).map(Double.init)
    let rows = data.count + recalled.count
    let result = network.run(x, .labels([Int](repeating: 0, count: rows)))
    let width = result.logits.count / rows
    func logits(_ n: Int) -> [Double] {
      network.columns.map { result.logits[n * width + $0] }
    }
    func entropy(_ range: Range<Int>, _ labels: ArraySlice<Int32>) -> Double {
      zip(range, labels).reduce(0) { sum, row in
        let z = logits(row.0)
        let total = Foundation.log(z.reduce(0) { $0 + Foundation.exp($1) })
        return sum + total - z[classes.firstIndex(of: Int(row.1)) ?? 0]
      } / Double(range.count)
    }
    let b = data.count
    let loss = entropy(0..<b, data.labels[...])
    var replayed = 0.0
    switch given.replay {
    case SWIFTCL_REPLAY_DER, SWIFTCL_REPLAY_DERPP:
      for n in 0..<9 {
        let known = classes.indices.filter { !stored[n][classes[$0]].isNaN }
        let z = logits(b + n)
        let squares = known.reduce(0) { $0 + pow(z[$1] - stored[n][classes[$1]], 2) }
        replayed += 0.6 * squares / Double(known.count) / 9
      }
      if given.replay == SWIFTCL_REPLAY_DERPP {
        replayed += 0.8 * entropy(b + 9..<b + 18, recalled.labels[9...])
      }
    default:
      replayed += 0.7 * entropy(b..<b + 9, recalled.labels[...])
      if given.replay == SWIFTCL_REPLAY_DISTILL {
        let first = given.teacher == SWIFTCL_TEACHER_ALL_ROWS ? 0 : b
        for n in first..<rows { replayed += 0.9 * distance(n, logits(n)) / Double(rows - first) }
      }
    }
    return (loss, replayed, loss + replayed + result.kl)
  }

  private func distance(_ n: Int, _ z: [Double]) -> Double {
    let t = 1.7
    let known = classes.indices.filter { [4, 1].contains(classes[$0]) }
    let target = known.map { c in
      given.teacher == SWIFTCL_TEACHER_STORED
        ? stored[n - data.count][classes[c]] : taught[n][classes[c]] ?? .nan
    }
    func softmax(_ values: [Double]) -> [Double] {
      let parts = values.map { Foundation.exp($0 / t) }
      return parts.map { $0 / parts.reduce(0, +) }
    }
    let wanted = softmax(target)
    let found = softmax(known.map { z[$0] })
    return -t * t * zip(wanted, found).reduce(0) { $0 + $1.0 * Foundation.log($1.1) }
  }

  mutating func slope(_ l: Int, _ place: Int) -> Double {
    let value = network.layers[l].weights[place]
    network.layers[l].weights[place] = value + 1e-6
    let above = run().all
    network.layers[l].weights[place] = value - 1e-6
    let below = run().all
    network.layers[l].weights[place] = value
    return (above - below) / 2e-6
  }
}
