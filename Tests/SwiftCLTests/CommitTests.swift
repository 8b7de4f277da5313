import CSwiftCL
import Testing

@testable import SwiftCL

/// When the winners are fixed, and who they are.
struct CommitTests {
  private let rows = TestRows(16, inputs: 6, classes: [0, 1, 2], seed: 4)

  private func network(_ configure: (inout swiftcl_options) -> Void = { _ in }) throws
    -> TestNetwork
  {
    try TestNetwork([dense(32, 4), dense(20, 4), head(3)], inputs: 6) {
      $0.prune_threshold = 0
      $0.max_batch = 16
      configure(&$0)
    }
  }

  /// Steps until the winners stood.
  private func committed(_ test: TestNetwork, after most: Int) throws -> UInt64 {
    for _ in 0..<most {
      let step = try test.step(rows)
      if test.network.task.phase == SWIFTCL_PHASE_SPECIALISE {
        #expect(step.decided_blocks == 13 && step.alive_units == 13)
        return step.step
      }
      #expect(step.alive_units == 52)
    }
    return .max
  }

  @Test(arguments: [(100, 0, 10), (1000, 0, 100), (5, 0, 1), (0, 0, 200), (0, 7, 7), (100, 33, 33)])
  func budget(expected: UInt64, competes: UInt64, commits: UInt64) throws {
    let test = try network()
    try test.begin(steps: expected, competes: competes)
    #expect(try committed(test, after: 300) == commits)
    #expect(try test.info(SWIFTCL_TASK_OPEN).committed_at == commits)
    // The steps after it run the winners alone.
    #expect(try test.step(rows).kl == 0)
    try test.end()
    #expect(try test.info(0).committed_at == commits)
  }

  @Test func competingUntilTheEnd() throws {
    let test = try network()
    try test.begin(steps: 50, competes: competeAlways)
    #expect(try committed(test, after: 60) == .max)
    try test.end()
    #expect(try test.info(0).committed_at == 60)
    #expect(try test.winners(0, 0).allSatisfy { (0..<4).contains($0) })
  }

  /// Pruning may decide all blocks before the budget is spent.
  @Test func decidedEarly() throws {
    let test = try network {
      $0.prune_threshold = -1
      $0.prune_interval = 5
      $0.logit_init = 10
    }
    try test.begin(steps: 1000)
    for _ in 0..<60 { try test.step(rows) }
    let at = try test.info(SWIFTCL_TASK_OPEN).committed_at
    #expect(at % 5 == 0 && at < 60 && at > 0)
  }

  /// `fit` knows its steps: a tenth of them, or what was asked for.
  @Test(arguments: [(0, 40), (200, 200), (150, 150), (3, 3)] as [(UInt64, UInt64)])
  func budgetOfAFit(competes: UInt64, commits: UInt64) throws {
    let test = try network()
    try test.begin(competes: competes)
    var options = Defaults.fitOptions
    options.batch = 16
    options.epochs = 400
    var report = swiftcl_fit_report()
    let status = test.net.pointee.fit(rows.x, rows.labels, rows: 16, options, &report)
    #expect(status == SWIFTCL_OK && report.steps == 400)
    #expect(try test.info(SWIFTCL_TASK_OPEN).committed_at == commits)
  }

  @Test(arguments: [
    SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_STRAIGHT_THROUGH,
    SWIFTCL_SAMPLER_TOP_K,
  ])
  func theMostProbableWins(sampler: Int32) throws {
    let test = try network {
      $0.sampler = sampler
      $0.resample_interval = 2
    }
    try test.begin(competes: competeAlways)
    for _ in 0..<7 { try test.step(rows) }
    if sampler == SWIFTCL_SAMPLER_TOP_K { test.net.pointee.parkLive() }
    var probabilities = [Float](repeating: -1, count: 32)
    #expect(
      test.net.pointee.probabilities(SWIFTCL_TASK_OPEN, layer: 0, &probabilities) == SWIFTCL_OK)
    let likely = (0..<8).map { i in
      Posterior.largest(Array(probabilities[4 * i..<4 * i + 4]), 0..<4)
    }
    for i in 0..<8 { #expect(abs(probabilities[4 * i..<4 * i + 4].reduce(0, +) - 1) < 1e-5) }
    try test.end()
    #expect(try test.winners(0, 0).map(Int.init) == likely)
    // A finished task keeps what its winners had, and nothing of the losers.
    var kept = [Float](repeating: -1, count: 32)
    var mask = [UInt8](repeating: 9, count: 32)
    #expect(test.net.pointee.probabilities(0, layer: 0, &kept) == SWIFTCL_OK)
    #expect(test.net.pointee.mask(0, layer: 0, &mask) == SWIFTCL_OK)
    for u in 0..<32 {
      let won = likely[u / 4] == u % 4
      #expect(kept[u] == (won ? probabilities[u] : 0) && mask[u] == (won ? 1 : 0))
    }
  }

  /// The committed network predicts what the ticket does.
  @Test func theTicketIsTheCommittedNetwork() throws {
    let test = try network()
    try test.begin(steps: 30)
    for _ in 0..<30 { try test.step(rows) }
    let open = try test.openLogits(rows).bits
    try test.end()
    #expect(try test.logits(0, rows).bits == open)
  }

  @Test(arguments: [SWIFTCL_SAMPLER_RANDOM, SWIFTCL_SAMPLER_MEAN])
  func blocksOfOneCandidateAreDecidedAtOnce(sampler: Int32) throws {
    let test = try TestNetwork(
      [dense(20, sampler == SWIFTCL_SAMPLER_RANDOM ? 4 : 1), head(3)], inputs: 6
    ) { $0.sampler = sampler }
    try test.begin()
    #expect(test.network.task.phase == SWIFTCL_PHASE_SPECIALISE)
    let step = try test.step(rows)
    #expect(step.phase == SWIFTCL_PHASE_SPECIALISE && step.kl == 0)
    try test.end()
    #expect(try test.info(0).committed_at == 0)
  }
}
