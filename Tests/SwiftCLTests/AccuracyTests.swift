import CSwiftCL
import Testing

@testable import SwiftCL

/// Small problems with accuracies that must be reached and kept.
struct AccuracyTests {
  /// Four corners, opposite ones alike; the second task turns them by an eighth.
  private func corners(turned: Bool, seed: UInt64) -> TestRows {
    var rows = TestRows(200, inputs: 2, classes: [0, 1], seed: seed)
    for n in 0..<rows.count {
      let corner = Random.below(4, Random.key(seed, UInt64(n)))
      let centre: [(Float, Float)] =
        turned ? [(1.4, 0), (0, 1.4), (-1.4, 0), (0, -1.4)] : [(1, 1), (-1, 1), (-1, -1), (1, -1)]
      rows.x[2 * n] = centre[corner].0 + 0.15 * rows.x[2 * n]
      rows.x[2 * n + 1] = centre[corner].1 + 0.15 * rows.x[2 * n + 1]
      rows.labels[n] = Int32(corner % 2)
    }
    return rows
  }

  private func learnCorners(
    relu: Bool, perSample: Bool = false, sampler: Int32 = SWIFTCL_SAMPLER_MEAN
  ) throws -> (accuracies: [Double], warnings: UInt32, forgets: Bool) {
    let layers = [
      dense(64, 4, relu: relu, perSample: perSample), dense(64, 4, relu: relu), head(2),
    ]
    let test = try TestNetwork(layers, inputs: 2) {
      $0.expected_tasks = 2
      $0.max_batch = 16
      $0.sampler = sampler
    }
    let sets = [corners(turned: false, seed: 1), corners(turned: true, seed: 2)]
    var first: [UInt32] = []
    for (number, rows) in sets.enumerated() {
      try test.learn(rows, steps: 400)
      if number == 0 { first = try test.logits(0, rows).bits }
    }
    return (
      try sets.indices.map { try test.accuracy(swiftcl_task($0), sets[$0]) },
      test.network.plan.warnings, try test.logits(0, sets[0]).bits != first
    )
  }

  @Test(arguments: [
    SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_STRAIGHT_THROUGH,
    SWIFTCL_SAMPLER_TOP_K, SWIFTCL_SAMPLER_RANDOM,
  ])
  func oppositeCornersAreLearnedAndKept(sampler: Int32) throws {
    let (accuracies, warnings, forgets) = try learnCorners(relu: true, sampler: sampler)
    #expect(accuracies == [100, 100])
    #expect(warnings == 0 && !forgets)
  }

  /// Without a non-linearity the network is one linear map, and says so.
  @Test func aLinearStackCannotAndWarns() throws {
    let (accuracies, warnings, _) = try learnCorners(relu: false)
    #expect(accuracies.allSatisfy { $0 < 80 }, "\(accuracies)")
    #expect(warnings == SWIFTCL_WARN_LINEAR_STACK | SWIFTCL_WARN_LINEAR_NET)
  }

  /// Competition per sample bends the map where there is no rectifier.
  @Test func winnersOfTheirOwnForEveryRowCan() throws {
    let (accuracies, warnings, forgets) = try learnCorners(relu: false, perSample: true)
    #expect(accuracies == [100, 100])
    #expect(warnings & SWIFTCL_WARN_LINEAR_NET == 0 && !forgets)
  }

  private func clouds(_ task: Int, draw: UInt64) -> TestRows {
    TestRows(
      clouds: 240, inputs: 12, classes: [0, 1, 2, 3], noise: 0.45, seed: UInt64(task + 1),
      draw: draw)
  }

  /// Six tasks that contradict each other.
  private func learnClouds(_ configure: (inout swiftcl_options) -> Void) throws -> swiftcl_scores {
    let test = try TestNetwork([dense(192, 8), dense(96, 8), head(4)], inputs: 12) {
      $0.expected_tasks = 6
      $0.max_batch = 16
      configure(&$0)
    }
    var matrix = [Double](repeating: 0, count: 36)
    for k in 0..<6 {
      try test.learn(clouds(k, draw: 0), steps: 90)
      for i in 0...k { matrix[k * 6 + i] = try test.accuracy(swiftcl_task(i), clouds(i, draw: 1)) }
    }
    return Scores.of(matrix, 6)
  }

  @Test(arguments: [
    SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_TOP_K, SWIFTCL_SAMPLER_RANDOM,
  ])
  func sixTasksWithoutForgetting(sampler: Int32) throws {
    let scores = try learnClouds { $0.sampler = sampler }
    #expect(scores.average_accuracy > 95, "\(scores.average_accuracy)")
    #expect(scores.forgetting == 0 && scores.backward_transfer == 0)
    #expect(scores.learning_accuracy == scores.average_accuracy)
  }

  /// What dense training forgets is what tickets keep.
  @Test func denseTrainingForgets() throws {
    let test = try TestNetwork([dense(96, 1), dense(48, 1), head(4)], inputs: 12) {
      $0.sharing = SWIFTCL_TICKETS_SHARED
      $0.max_batch = 16
    }
    for k in 0..<6 { try test.learn(clouds(k, draw: 0), steps: 90) }
    #expect(try test.accuracy(5, clouds(5, draw: 1)) > 95)
    let old = try (0..<5).map { try test.accuracy($0, clouds(Int($0), draw: 1)) }
    #expect(old.reduce(0, +) / 5 < 80, "\(old)")
  }

  @Test func scoresOfAMatrix() {
    let matrix: [Double] = [90, .nan, .nan, 95, 80, .nan, 85, 84, 70]
    let scores = Scores.of(matrix, 3)
    #expect(abs(scores.average_accuracy - 239.0 / 3) < 1e-9)
    #expect(abs(scores.learning_accuracy - 80) < 1e-9)
    #expect(abs(scores.forgetting - 5) < 1e-9)
    #expect(abs(scores.backward_transfer + 0.5) < 1e-9)
    #expect(scores.tasks == 3)
    let one = Scores.of([88], 1)
    #expect(one.average_accuracy == 88 && one.forgetting == 0 && one.backward_transfer == 0)
  }

  @Test func sameSeedSameBits() throws {
    func learned(_ seed: UInt64) throws -> [UInt32] {
      let test = try TestNetwork(
        [dense(64, 4), dense(32, 4, perSample: true), head(4)], inputs: 12
      ) {
        $0.sampler = SWIFTCL_SAMPLER_GUMBEL
        $0.seed = seed
        $0.max_batch = 16
      }
      for k in 0..<2 { try test.learn(clouds(k, draw: 0), steps: 40) }
      return try test.logits(1, clouds(1, draw: 1)).bits
    }
    #expect(try learned(3) == learned(3))
    #expect(try learned(3) != learned(4))
  }
}
