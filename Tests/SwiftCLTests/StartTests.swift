import CSwiftCL
import Testing

@testable import SwiftCL

/// Warm and copy-on-write starts.
struct StartTests {
  private let probe = TestRows(9, inputs: 6, classes: [0], seed: 99)

  private func network(
    _ blockSize: Int = 4, _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) throws -> TestNetwork {
    try TestNetwork(
      [dense(6 * blockSize, blockSize), dense(5 * blockSize, blockSize), head(3)], inputs: 6
    ) {
      $0.expected_tasks = UInt32(blockSize)
      $0.max_batch = 16
      configure(&$0)
    }
  }

  private func rows(_ task: Int, _ classes: [Int32] = [0, 1, 2]) -> TestRows {
    TestRows(48, inputs: 6, classes: classes, seed: UInt64(100 + task))
  }

  @Test func warmCopiesEverythingIntoFreeUnits() throws {
    let test = try network()
    try test.learn(rows(0), steps: 30)
    let before = try test.logits(0, probe).bits
    let task = try test.begin(start: SWIFTCL_START_WARM)
    #expect(test.network.task.phase == SWIFTCL_PHASE_SPECIALISE)
    for l in 0..<3 {
      let (weights, biases) = try test.parameters(task, l)
      let (old, oldBiases) = try test.parameters(0, l)
      #expect(weights.bits == old.bits && biases.bits == oldBiases.bits, "layer \(l)")
    }
    #expect(try test.openLogits(probe).bits == before)
    #expect(test.network.ownedEdges() == 0)
    for n in 0..<10 { try test.step(rows(1).batch(n, of: 16)) }
    try test.end()
    for l in 0..<2 {
      let (a, b) = (try test.winners(0, l), try test.winners(1, l))
      #expect(zip(a, b).allSatisfy { $0 != $1 && $0 >= 0 && $1 >= 0 })
    }
    #expect(try test.logits(0, probe).bits == before)
    #expect(try test.logits(1, probe).bits != before)
  }

  /// The head's rows go by class: those both tasks have are copied.
  @Test func warmCopiesTheClassesThatBothHave() throws {
    let test = try network()
    try test.learn(rows(0, [2, 0]), steps: 30, classes: [2, 0])
    try test.begin(classes: [1, 2], start: SWIFTCL_START_WARM)
    let (weights, biases) = try test.parameters(SWIFTCL_TASK_OPEN, 2)
    let (old, oldBiases) = try test.parameters(0, 2)
    #expect(weights[5..<10].map(\.bitPattern) == old[0..<5].map(\.bitPattern))
    #expect(biases[1] == oldBiases[0] && oldBiases[0] != 0)
    #expect(biases[0] == 0 && !old.contains(weights[0]))
  }

  @Test func warmReusesThePreviousWinnerWhereNoneIsFree() throws {
    let test = try network(2)
    for number in 0..<2 { try test.learn(rows(number), steps: 20) }
    let previous = try test.winners(1, 0)
    let before = try (0..<2).map { try test.logits($0, probe).bits }
    let task = try test.begin(start: SWIFTCL_START_WARM)
    #expect(try test.winners(task, 0) == previous)
    #expect(try test.openLogits(probe).bits == before[1])
    for n in 0..<10 { try test.step(rows(2).batch(n, of: 16)) }
    try test.end()
    #expect(try (0..<2).map { try test.logits($0, probe).bits } == before)
    // Only the head's biases are its own.
    #expect(try test.info(task).owned_edge_share == 1)
  }

  @Test func theFirstTaskStartsFreshWhateverIsAsked() throws {
    for start in [SWIFTCL_START_WARM, SWIFTCL_START_COPY_ON_WRITE] {
      let (test, fresh) = (try network(), try network())
      try test.learn(rows(0), steps: 20, start: start)
      try fresh.learn(rows(0), steps: 20)
      #expect(try test.logits(0, probe).bits == fresh.logits(0, probe).bits)
    }
  }

  /// Owned units are favoured so that they win: each is copied into a free one.
  @Test(arguments: [
    SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_STRAIGHT_THROUGH,
    SWIFTCL_SAMPLER_TOP_K,
  ])
  func copyOnWriteCopiesOwnedWinners(sampler: Int32) throws {
    let test = try network {
      $0.sampler = sampler
      $0.usage_bias = -20
      $0.prune_threshold = 0
      $0.expected_tasks = 2
    }
    try test.learn(rows(0), steps: 30)
    let before = try test.logits(0, probe).bits
    let old = try test.edges(0)
    let task = try test.begin(start: SWIFTCL_START_COPY_ON_WRITE, competes: 1000)
    #expect(test.network.candidates(0).units == 24)
    for n in 0..<5 { try test.step(rows(1).batch(n, of: 16)) }
    try test.commit()
    for l in 0..<2 {
      let (a, b) = (try test.winners(0, l), try test.winners(task, l))
      #expect(zip(a, b).allSatisfy { $0 != $1 && $1 >= 0 }, "\(a) \(b)")
      // Owned edges did not move while they competed: the copy starts from them.
      #expect(try test.parameters(task, l).weights.bits == test.parameters(0, l).weights.bits)
      #expect(try test.parameters(task, l).biases.bits == test.parameters(0, l).biases.bits)
      #expect(test.network.working[l].hasOwned == false)
    }
    #expect(test.network.ownedEdges() == 0)
    for n in 0..<10 { try test.step(rows(1).batch(n, of: 16)) }
    try test.end()
    #expect(try test.parameters(task, 0).weights.bits != test.parameters(0, 0).weights.bits)
    #expect(try test.info(task).owned_winners == 0)
    #expect(try test.logits(0, probe).bits == before)
    #expect(try test.edges(0) == old)
  }

  /// A free unit that wins stays what it is.
  @Test func copyOnWriteLeavesFreeWinnersAlone() throws {
    let test = try network {
      $0.usage_bias = 20
      $0.prune_threshold = 0
    }
    try test.learn(rows(0), steps: 30)
    try test.begin(start: SWIFTCL_START_COPY_ON_WRITE, competes: 1000)
    let live = test.network.working[0].live
    let likely = (0..<6).map { i in
      Int(live.unitId[Posterior.largest(live.logits, test.network.blockRange(0, i))])
    }
    try test.commit()
    #expect(try test.winners(SWIFTCL_TASK_OPEN, 0).map(Int.init) == likely)
  }

  @Test func copyOnWriteReusesWhereNoneIsFree() throws {
    let test = try network(2)
    for number in 0..<2 { try test.learn(rows(number), steps: 20) }
    let before = try (0..<2).map { try test.logits($0, probe).bits }
    let task = try test.learn(rows(2), steps: 20, start: SWIFTCL_START_COPY_ON_WRITE)
    #expect(try test.winners(task, 0).allSatisfy { $0 >= 0 })
    #expect(try test.info(task).owned_winners == 11)
    #expect(try (0..<2).map { try test.logits($0, probe).bits } == before)
  }
}
