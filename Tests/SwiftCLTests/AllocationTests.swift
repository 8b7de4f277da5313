import CSwiftCL
import Testing

@testable import SwiftCL

/// Which units a task is offered.
struct AllocationTests {
  /// Many blocks and hardly any weights, for statistics; tasks learn nothing.
  private func wide(
    blocks: Int, blockSize: Int, _ configure: (inout swiftcl_options) -> Void
  ) throws -> TestNetwork {
    try TestNetwork([dense(blocks * blockSize, blockSize), head(1)], inputs: 1) {
      $0.sampler = SWIFTCL_SAMPLER_RANDOM
      $0.max_batch = 1
      $0.max_tasks = 32
      configure(&$0)
    }
  }

  /// Share of blocks that the next task is served in, and its winners.
  private func next(_ test: TestNetwork) throws -> (served: Double, winners: [Int32]) {
    let task = try test.begin()
    let info = try test.end()
    return (Double(info.served_blocks) / Double(info.blocks), try test.winners(task, 0))
  }

  /// Of each block's free units f, t tasks seen and T expected: min(1, f / max(1, T - t)).
  @Test(arguments: [(4, 10), (2, 10), (8, 10), (8, 4)])
  func fairShares(blockSize: Int, expected: Int) throws {
    let blocks = 4000
    let test = try wide(blocks: blocks, blockSize: blockSize) {
      $0.expected_tasks = UInt32(expected)
    }
    var free = [Int](repeating: blockSize, count: blocks)
    for seen in 0..<10 {
      let chances = free.map { min(1, Double($0) / Double(max(1, expected - seen))) }
      let mean = chances.reduce(0, +) / Double(blocks)
      if mean < 0.15 { break }
      let (served, winners) = try next(test)
      #expect(abs(served - mean) < 0.035, "task \(seen): \(served), expected \(mean)")
      for block in 0..<blocks where winners[block] >= 0 { free[block] -= 1 }
      #expect((free.min() ?? 0) >= 0)
      for block in 0..<blocks where chances[block] == 1 { #expect(winners[block] >= 0) }
    }
  }

  /// The horizon of an unknown number of tasks is max(J, 2(t + 1)).
  @Test func sharesOfAnUnknownNumberOfTasks() throws {
    let test = try wide(blocks: 8000, blockSize: 8) { _ in }
    for (task, percent) in [100, 100, 100, 100, 66, 48, 35, 28, 22, 18].enumerated() {
      let (served, _) = try next(test)
      #expect(abs(100 * served - Double(percent)) < 2, "task \(task): \(served)")
    }
  }

  @Test func noTaskGetsLessThanAnEighth() throws {
    for blocks in [1, 7, 8, 9, 100] {
      let test = try wide(blocks: blocks, blockSize: 2) { $0.expected_tasks = 2 }
      let floor = (blocks + 7) / 8
      for task in 0..<6 {
        let offered = test.capacity(0)
        let served = try test.winners(try test.learnNothing(), 0).filter { $0 >= 0 }.count
        #expect(served == (task < 2 ? blocks : floor), "\(blocks) blocks, task \(task)")
        #expect(Int(offered.floor_blocks) == floor)
        #expect(Int(offered.next_reused) == (task < 2 ? 0 : floor))
      }
    }
  }

  @Test func greedyTakesWhatThereIs() throws {
    let test = try wide(blocks: 40, blockSize: 3) {
      $0.allocation = SWIFTCL_ALLOCATE_GREEDY
      $0.expected_tasks = 30
    }
    var used = [Set<Int32>](repeating: [], count: 40)
    for _ in 0..<3 {
      let winners = try next(test).winners
      for block in 0..<40 { #expect(used[block].insert(winners[block]).inserted) }
    }
    #expect(used.allSatisfy { $0 == [0, 1, 2] })
    #expect(try next(test).served == 0.125)
  }

  @Test(arguments: [SWIFTCL_ALLOCATE_FAIR, SWIFTCL_ALLOCATE_GREEDY])
  func reuseFillsEveryBlock(allocation: Int32) throws {
    let test = try wide(blocks: 40, blockSize: 2) {
      $0.allocation = allocation
      $0.unserved = SWIFTCL_UNSERVED_REUSE
      $0.expected_tasks = 10
    }
    try test.learnNothing()
    for _ in 1..<12 {
      // A block that nobody owns yet has nothing to reuse.
      let unowned = (0..<40).filter { !test.network.ownsAny(layer: 0, block: $0) }
      let winners = try next(test).winners
      for block in 0..<40 where !unowned.contains(block) { #expect(winners[block] >= 0) }
    }
  }

  @Test func anyOffersEveryUnitWithABias() throws {
    let test = try TestNetwork([dense(24, 4), head(2)], inputs: 3) {
      $0.allocation = SWIFTCL_ALLOCATE_ANY
      $0.usage_bias = 3
      $0.logit_init = 0
    }
    try test.learnNothing()
    let owned = try test.winners(0, 0)
    try test.begin()
    let live = test.network.working[0].live
    #expect(live.units == 24)
    for u in 0..<24 {
      #expect(live.logits[u] == (owned[u / 4] == Int32(u % 4) ? -3 : 0))
    }
  }

  @Test func growingAlwaysHasFreshUnits() throws {
    let test = try TestNetwork([dense(24, 4), dense(6, 2), head(2)], inputs: 3) {
      $0.allocation = SWIFTCL_ALLOCATE_GROWING
      $0.max_tasks = 2
    }
    var used = [[Set<Int32>]](repeating: [Set<Int32>](repeating: [], count: 6), count: 2)
    for task in 0..<7 {
      let offered = test.capacity(1)
      #expect(offered.next_served == 3 && offered.free_units == 6 && offered.status == SWIFTCL_OK)
      try test.begin()
      #expect(test.network.working[0].live.units == 24)
      let probe = TestRows(8, inputs: 3, classes: [0, 1], seed: UInt64(task))
      for _ in 0..<3 { try test.step(probe) }
      try test.end()
      for l in 0..<2 {
        for (block, winner) in try test.winners(swiftcl_task(task), l).enumerated() {
          #expect(used[l][block].insert(winner).inserted)
        }
      }
      #expect(try test.info(swiftcl_task(task)).owned_winners == 0)
    }
    #expect(test.network.info(layer: 0).units_per_block > 4)
    #expect(test.network.info(layer: 0).owned_units == 42)
  }
}

extension TestNetwork {
  /// A task without a step: what matters is what it was offered.
  @discardableResult
  func learnNothing() throws -> swiftcl_task {
    let task = try begin()
    try end()
    return task
  }
}
