import CSwiftCL
import Testing

@testable import SwiftCL

/// Multiply-adds and densities against counts by hand.
struct AccountingTests {
  private let rows = TestRows(10, inputs: 7, classes: [0, 1, 2], seed: 4)
  /// Multiply-adds of a row of the dense network 7-24-40-3: 2 an edge of the
  /// first layer, 3 of the others.
  private let denseRow: UInt64 = 2 * 7 * 24 + 3 * 24 * 40 + 3 * 40 * 3

  private func network(_ configure: (inout swiftcl_options) -> Void = { _ in }) throws
    -> TestNetwork
  {
    try TestNetwork([dense(24, 4), dense(40, 8), head(3)], inputs: 7) {
      $0.prune_threshold = 0
      $0.max_batch = 16
      configure(&$0)
    }
  }

  private func row(_ first: UInt64, _ second: UInt64, classes: UInt64 = 3) -> UInt64 {
    2 * 7 * first + 3 * first * second + 3 * second * classes
  }

  @Test func competingAndCommitted() throws {
    let test = try network()
    try test.begin(competes: 2)
    for _ in 0..<2 {
      let step = try test.step(rows)
      #expect(step.macs == 10 * denseRow && step.dense_macs == 10 * denseRow && step.rows == 10)
    }
    let step = try test.step(rows)
    #expect(step.macs == 10 * row(6, 5) && step.dense_macs == 10 * denseRow)
    let info = try test.end()
    #expect(info.macs == 20 * denseRow + 10 * row(6, 5) && info.dense_macs == 30 * denseRow)
    #expect(info.predict_macs == 7 * 6 + 6 * 5 + 5 * 3)
    #expect(info.dense_predict_macs == 7 * 24 + 24 * 40 + 40 * 3)
    #expect(info.parameters == 8 * 6 + 7 * 5 + 6 * 3)
    let totals = test.network.accounting()
    #expect(totals.steps == 3 && totals.macs == info.macs && totals.dense_macs == info.dense_macs)
    #expect(totals.macs_vs_dense == Double(info.macs) / Double(info.dense_macs))
  }

  /// Exactly k of a block run; the others wait.
  @Test(arguments: [1, 2, 3, 6])
  func topK(k: UInt64) throws {
    let test = try network {
      $0.sampler = SWIFTCL_SAMPLER_TOP_K
      $0.top_k = UInt32(k)
      $0.resample_interval = 1
    }
    try test.begin(competes: competeAlways)
    var samples = Set<[Int32]>()
    for _ in 0..<8 {
      let net = test.network
      for (l, size) in [(0, UInt64(4)), (1, 8)] {
        for i in 0..<net.shapes[l].blocks {
          #expect(net.blockRange(l, i).count == Int(min(k, size)))
        }
      }
      samples.insert((0..<net.working[0].units).map { net.working[0].live.unitId[$0] })
      let step = try test.step(rows)
      #expect(step.macs == 10 * row(6 * min(k, 4), 5 * k))
      #expect(step.alive_units == 64)
    }
    #expect(samples.count > 1 || k >= 4)
    try test.commit()
    #expect(try test.step(rows).macs == 10 * row(6, 5))
  }

  /// Between two draws the same candidates run.
  @Test func topKIsDrawnEveryFewSteps() throws {
    let test = try network {
      $0.sampler = SWIFTCL_SAMPLER_TOP_K
      $0.resample_interval = 4
    }
    try test.begin(competes: competeAlways)
    var draws: [[Int32]] = []
    for _ in 0..<12 {
      let live = test.network.working[1].live
      draws.append((0..<live.units).map { live.unitId[$0] })
      try test.step(rows)
    }
    for n in 0..<12 { #expect(draws[n] == draws[n / 4 * 4]) }
    #expect(Set(draws).count == 3)
  }

  @Test func prunedCandidatesCostNothing() throws {
    let test = try network {
      $0.prune_threshold = -1
      $0.prune_interval = 2
      $0.logit_init = 2
    }
    try test.begin(competes: competeAlways)
    for _ in 0..<6 {
      let (first, second) = (test.network.working[0].units, test.network.working[1].units)
      #expect(try test.step(rows).macs == 10 * row(UInt64(first), UInt64(second)))
    }
    #expect(test.network.working[0].units < 24)
  }

  @Test func blocksThatAbstainAndClassesThatAreNotThere() throws {
    let test = try TestNetwork([dense(80, 2), head(5)], inputs: 7) {
      $0.expected_tasks = 4
      $0.max_batch = 16
    }
    let task = try test.begin(classes: [4, 1])
    let served = test.network.working[0].live.units / 2
    #expect(served > 5 && served < 35)
    try test.commit()
    let few = TestRows(10, inputs: 7, classes: [4, 1], seed: 4)
    let step = try test.step(few)
    let (alive, all) = (UInt64(served), UInt64(80))
    #expect(step.macs == 10 * (2 * 7 * alive + 3 * alive * 2))
    #expect(step.dense_macs == 10 * (2 * 7 * all + 3 * all * 2))
    let info = try test.end()
    #expect(info.served_blocks == UInt32(served) && info.blocks == 40)
    #expect(info.alive_units == UInt32(served))
    #expect(try test.winners(task, 0).filter { $0 >= 0 }.count == served)
    #expect(info.weight_density == Float(served) / 80)
  }

  /// Owned edges that are frozen get no gradient.
  @Test(arguments: [SWIFTCL_PROTECT_FROZEN, SWIFTCL_PROTECT_NONE])
  func densities(protection: Int32) throws {
    let test = try network {
      $0.allocation = SWIFTCL_ALLOCATE_ANY
      $0.protection = protection
      $0.sampler = SWIFTCL_SAMPLER_RANDOM
    }
    try test.learnNothing()
    let task = try test.learnNothing()
    let (old, new) = (try test.edges(0), try test.edges(task))
    let weights = new.filter { $0.key.input >= 0 }
    let owned = weights.filter { old[$0.key] != nil }.count
    #expect(owned > 0 && weights.count == 7 * 6 + 6 * 5 + 5 * 3)
    let info = try test.info(task)
    let all = Float(7 * 24 + 24 * 40 + 40 * 3)
    #expect(info.weight_density == Float(weights.count) / all)
    let frozen = protection == SWIFTCL_PROTECT_FROZEN ? owned : 0
    #expect(info.gradient_density == Float(weights.count - frozen) / all)
    #expect(info.owned_edge_share == Float(owned) / Float(weights.count))
    let biases = new.filter { $0.key.input < 0 && old[$0.key] != nil }.count
    #expect(Int(info.owned_winners) == biases)
    for l in 0..<2 {
      var (same, both) = (UInt32(0), UInt32(0))
      #expect(test.net.pointee.overlap(0, task, layer: l, &same, &both) == SWIFTCL_OK)
      let (a, b) = (try test.winners(0, l), try test.winners(task, l))
      #expect(both == UInt32(a.count) && same == UInt32(zip(a, b).filter { $0 == $1 }.count))
    }
  }
}
