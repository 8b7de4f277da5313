import CSwiftCL
import Testing

@testable import SwiftCL

/// Initial values are a function of the seed and the edge, never stored.
struct InitialValueTests {
  private func network(_ configure: (inout swiftcl_options) -> Void = { _ in }) throws
    -> TestNetwork
  {
    try TestNetwork([dense(400, 4), dense(400, 4), head(5)], inputs: 50) {
      $0.expected_tasks = 4
      $0.max_batch = 8
      configure(&$0)
    }
  }

  private func spread(_ values: [Float]) -> (mean: Float, deviation: Float) {
    let mean = values.reduce(0, +) / Float(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (squares / Float(values.count)).squareRoot())
  }

  /// He's deviation, over the units that will feed the layer: its winners.
  @Test func deviationsFollowTheWinners() throws {
    let test = try network()
    try test.begin()
    for (l, fan) in [(0, 50), (1, 100), (2, 100)] {
      let (weights, biases) = try test.parameters(SWIFTCL_TASK_OPEN, l)
      let expected = (2 / Float(fan)).squareRoot()
      let (mean, deviation) = spread(weights)
      #expect(abs(deviation - expected) < 0.05 * expected, "layer \(l): \(deviation)")
      #expect(abs(mean) < 0.05 * expected)
      #expect(biases.allSatisfy { $0 == 0 })
    }
  }

  /// Units that lose in one task are as new in the next.
  @Test func losersAreForgotten() throws {
    let test = try network()
    let rows = TestRows(8, inputs: 50, classes: [0, 1, 2, 3, 4], seed: 4)
    func initial() -> [Int: [Float]] {
      let live = test.network.working[0].live
      return Dictionary(
        uniqueKeysWithValues: (0..<live.units).map { u in
          let unit = Int(live.unitBlock[u]) << 8 | Int(live.unitId[u])
          return (unit, (0..<50).map { live.weights[live.panels.index($0, u)] })
        })
    }
    try test.begin(competes: competeAlways)
    let before = initial()
    for _ in 0..<10 { try test.step(rows) }
    #expect(initial() != before)
    try test.end()
    try test.begin()
    let after = initial()
    // All but the winners are on offer again.
    #expect(before.count == 400 && after.count == 300)
    for (unit, weights) in after { #expect(weights == before[unit]) }
  }

  @Test func seedsDiffer() throws {
    func weights(_ seed: UInt64) throws -> [Float] {
      let test = try network { $0.seed = seed }
      try test.begin()
      return try test.parameters(SWIFTCL_TASK_OPEN, 1).weights
    }
    #expect(try weights(1) == weights(1))
    #expect(try weights(1) != weights(2))
  }

  /// Private heads are drawn for each task, shared ones for each class.
  @Test(arguments: [SWIFTCL_HEAD_SHARED, SWIFTCL_HEAD_TASK])
  func headsOfTwoTasks(head: Int32) throws {
    let test = try network {
      $0.head = head
      $0.allocation = SWIFTCL_ALLOCATE_ANY
      $0.sampler = SWIFTCL_SAMPLER_MEAN
    }
    try test.begin()
    let first = try test.parameters(SWIFTCL_TASK_OPEN, 2).weights
    try test.end()
    try test.begin()
    let second = try test.parameters(SWIFTCL_TASK_OPEN, 2).weights
    #expect((first == second) == (head == SWIFTCL_HEAD_SHARED))
  }
}
