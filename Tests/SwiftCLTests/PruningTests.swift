import CSwiftCL
import Testing

@testable import SwiftCL

/// Candidates leave, and the network that is packed without them computes what
/// it did with their gates shut.
struct PruningTests {
  private let rows = TestRows(16, inputs: 6, classes: [0, 1, 2], seed: 4)

  private func network(
    _ blockSize: Int, _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) throws -> TestNetwork {
    try TestNetwork(
      [dense(8 * blockSize, blockSize), dense(5 * blockSize, blockSize), head(3)], inputs: 6
    ) {
      $0.logit_init = 1.5
      $0.max_batch = 16
      $0.prune_interval = 1_000_000
      configure(&$0)
    }
  }

  private struct Candidate: Hashable {
    var layer: Int
    var block: Int32
    var unit: Int32
  }

  /// What every candidate's posterior is.
  private func posteriors(_ test: TestNetwork) -> [[Candidate: Float]] {
    var blocks: [[Candidate: Float]] = []
    for l in 0..<2 {
      let set = test.network.candidates(l)
      for i in 0..<test.network.shapes[l].blocks {
        let range = Int(set.blockStart[i])..<Int(set.blockStart[i + 1])
        var s = [Float](repeating: 0, count: set.units)
        Posterior.softmax(set.logits, &s, range)
        blocks.append(
          Dictionary(
            uniqueKeysWithValues: range.map {
              (Candidate(layer: l, block: set.unitBlock[$0], unit: set.unitId[$0]), s[$0])
            }))
      }
    }
    return blocks
  }

  @Test(arguments: [2, 4, 8, 16])
  func thresholdIsTheSmallerOfATenthAndAShare(blockSize: Int) throws {
    let test = try network(blockSize)
    try test.begin(competes: competeAlways)
    let before = posteriors(test)
    test.net.pointee.prune()
    let threshold = min(0.1, 0.64 / Float(blockSize))
    var left = 0
    for (old, new) in zip(before, posteriors(test)) {
      let best = old.values.max() ?? 0
      let kept = old.filter { $0.value >= threshold || $0.value == best }
      #expect(Set(new.keys) == Set(kept.keys))
      left += old.count - kept.count
    }
    #expect(left > 0 || blockSize == 2)
  }

  @Test(arguments: [
    SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_TOP_K,
  ])
  func theLargestNeverLeaves(sampler: Int32) throws {
    let test = try network(8) {
      $0.sampler = sampler
      $0.prune_threshold = 1
    }
    try test.begin(competes: competeAlways)
    for _ in 0..<3 { try test.step(rows) }
    if sampler == SWIFTCL_SAMPLER_TOP_K { test.net.pointee.parkLive() }
    let before = posteriors(test)
    test.net.pointee.prune()
    for (old, new) in zip(before, posteriors(test)) {
      #expect(new.count == 1)
      #expect(new.keys.allSatisfy { old[$0] == old.values.max() })
    }
    #expect(test.network.isDecided)
  }

  @Test func withoutAThresholdNobodyLeaves() throws {
    let test = try network(8) {
      $0.prune_threshold = 0
      $0.prune_interval = 1
      $0.logit_init = 10
    }
    try test.begin(competes: competeAlways)
    for _ in 0..<5 { #expect(try test.step(rows).alive_units == 104) }
  }

  /// Bit for bit: a shut gate adds zeros, and zeros leave a sum alone.
  @Test func thePackedNetworkComputesTheSame() throws {
    let test = try network(8)
    try test.begin(competes: competeAlways)
    for _ in 0..<4 { try test.step(rows) }
    let net = test.network
    var dropped = 0
    var kept: [[Float]] = []
    for l in 0..<2 {
      let live = net.working[l].live
      kept.append((0..<live.units).map { live.logits[$0] })
      for i in 0..<net.shapes[l].blocks {
        let range = net.blockRange(l, i)
        var s = [Float](repeating: 0, count: live.units)
        Posterior.softmax(live.logits, &s, range)
        let winner = Posterior.largest(s, range)
        for u in range where u != winner && s[u] < 0.08 {
          live.logits[u] = -.infinity
          dropped += 1
        }
      }
    }
    #expect(dropped > 10)
    let shut = try test.openLogits(rows).bits
    for l in 0..<2 {
      for (u, logit) in kept[l].enumerated() { net.working[l].live.logits[u] = logit }
    }
    test.net.pointee.prune()
    #expect(try test.openLogits(rows).bits == shut)
    #expect(test.network.working[0].units + test.network.working[1].units == 104 - dropped)
  }

  /// Weights, momentum and logits go with their units.
  @Test(arguments: [SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_TOP_K])
  func everythingOfAUnitIsPackedWithIt(sampler: Int32) throws {
    let test = try network(8) {
      $0.sampler = sampler
      $0.optimizer = SWIFTCL_OPTIMIZER_ADAM
      $0.resample_interval = 2
    }
    try test.begin(competes: competeAlways)
    for _ in 0..<5 { try test.step(rows) }
    if sampler == SWIFTCL_SAMPLER_TOP_K { test.net.pointee.parkLive() }
    func state() throws -> [[Int32]: [Float]] {
      var state: [[Int32]: [Float]] = [:]
      for l in 0..<3 {
        let set = test.network.candidates(l)
        let second = try #require(set.second)
        let biasSecond = try #require(set.biasSecond)
        for o in 0..<set.units {
          let unit = [Int32(l), set.unitBlock[o], set.unitId[o]]
          state[unit] = [set.bias[o], set.biasFirst[o], biasSecond[o]]
          if l < 2 { state[unit]? += [set.logits[o], set.logitFirst[o], set.logitSecond[o]] }
          for k in 0..<set.inputs {
            let place = set.panels.index(k, o)
            let before = test.network.candidates(max(0, l - 1))
            let input = l == 0 ? [Int32(k)] : [before.unitBlock[k], before.unitId[k]]
            state[unit + input] = [set.weights[place], set.first[place], second[place]]
          }
        }
      }
      return state
    }
    let before = try state()
    test.net.pointee.prune()
    let after = try state()
    #expect(after.count < before.count)
    #expect(after.allSatisfy { before[$0.key] == $0.value })
  }
}
