import CSwiftCL
import Testing

@testable import SwiftCL

/// Protections under which owned edges move: they move as far as they should,
/// and every ticket that holds an edge learns of it.
struct MovingProtectionTests {
  private func network(_ configure: (inout swiftcl_options) -> Void) throws -> TestNetwork {
    try OwnershipTests.forcedReuse {
      $0.allocation = SWIFTCL_ALLOCATE_ANY
      $0.logit_init = 0.5
      configure(&$0)
    }
  }

  static let protections = [SWIFTCL_PROTECT_SLOW, SWIFTCL_PROTECT_SOFT, SWIFTCL_PROTECT_NONE]

  @Test(arguments: protections, [SWIFTCL_HEAD_SHARED, SWIFTCL_HEAD_AUTO])
  func ticketsAgreeOnWhatTheyShare(protection: Int32, head: Int32) throws {
    let test = try network {
      $0.protection = protection
      $0.head = head
    }
    #expect(test.network.plan.warnings & SWIFTCL_WARN_FORGETS != 0)
    let probe = TestRows(9, inputs: 6, classes: [0], seed: 99)
    var first: [UInt32] = []
    var shared = 0
    for number in 0..<5 {
      // Early commits, so that winners are not certain.
      try test.begin(steps: 30, competes: 3)
      for n in 0..<30 { try test.step(OwnershipTests.rows(number).batch(n, of: 16)) }
      try test.end()
      if number == 0 { first = try test.logits(0, probe).bits }
      let edges = try test.tasks.map { try test.edges($0) }
      for a in 0..<edges.count {
        for b in 0..<a {
          let (different, both) = disagreement(edges[a], edges[b])
          #expect(different == 0, "tasks \(b) and \(a) after \(number)")
          shared += both
        }
      }
    }
    #expect(shared > 0)
    #expect(try test.logits(0, probe).bits != first)
  }

  /// Training a finished task on reaches the others too.
  @Test(arguments: protections)
  func reopenedTasksWriteBack(protection: Int32) throws {
    let test = try network { $0.protection = protection }
    for number in 0..<3 {
      try test.begin(steps: 20, competes: 3)
      for n in 0..<20 { try test.step(OwnershipTests.rows(number).batch(n, of: 16)) }
      try test.end()
    }
    let before = try test.edges(0)
    #expect(test.reopenStatus(0) == SWIFTCL_OK)
    for n in 0..<20 { try test.step(OwnershipTests.rows(0).batch(n, of: 16)) }
    try test.end()
    let edges = try test.tasks.map { try test.edges($0) }
    #expect(edges[0] != before)
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
      let (different, shared) = disagreement(edges[a], edges[b])
      #expect(different == 0 && shared > 0, "tasks \(a) and \(b)")
    }
  }

  /// Slow learns at a fraction: one plain step moves an owned edge by that
  /// fraction of what it moves under no protection.
  @Test func slowIsAFractionOfNone() throws {
    func step(_ protection: Int32) throws -> (before: [Float], after: [Float]) {
      let test = try network {
        $0.protection = protection
        $0.slow_rate = 0.25
        $0.momentum = 0
        $0.sampler = SWIFTCL_SAMPLER_RANDOM
        $0.learning_rate = 0.1
      }
      try test.learn(OwnershipTests.rows(0), steps: 1)
      try test.begin()
      let before = try test.parameters(SWIFTCL_TASK_OPEN, 0).weights
      try test.step(OwnershipTests.rows(1).batch(0, of: 16))
      return (before, try test.parameters(SWIFTCL_TASK_OPEN, 0).weights)
    }
    let slow = try step(SWIFTCL_PROTECT_SLOW)
    let none = try step(SWIFTCL_PROTECT_NONE)
    #expect(slow.before == none.before)
    var ratios = Set<Int>()
    for e in slow.before.indices where abs(none.after[e] - none.before[e]) > 1e-4 {
      let ratio = (slow.after[e] - slow.before[e]) / (none.after[e] - none.before[e])
      ratios.insert(Int((ratio * 100).rounded()))
    }
    // Owned edges a quarter, the others all of it.
    #expect(ratios == [25, 100] || ratios == [24, 25, 26, 100], "\(ratios)")
  }

  /// Soft leaves 1 - pi(a) pi(b) of an owned edge's rate.
  @Test func softRatesFollowTheProbabilities() throws {
    let test = try network {
      $0.protection = SWIFTCL_PROTECT_SOFT
      $0.usage_bias = -2
    }
    try test.begin(steps: 30, competes: 3)
    for n in 0..<4 { try test.step(OwnershipTests.rows(0).batch(n, of: 16)) }
    try test.end()
    try test.begin(steps: 30)
    let net = test.network
    let ticket = net.store.tickets[0].pointee
    let (before, layer) = (net.working[0].live, net.working[1])
    let rates = try #require(layer.rates)
    let biasRates = try #require(layer.biasRates)
    func certainty(_ l: Int, _ set: CandidateSet, _ u: Int) -> Float? {
      let block = Int(set.unitBlock[u])
      let owned = ticket.layers[l].winners[block] == set.unitId[u]
      return owned ? ticket.layers[l].probabilities[block] : nil
    }
    var owned = 0
    for o in 0..<layer.units {
      let mine = certainty(1, layer.live, o)
      #expect(biasRates[o] == mine.map { 1 - $0 } ?? 1)
      for k in 0..<layer.inputs {
        let both = mine.flatMap { mine in certainty(0, before, k).map { mine * $0 } }
        #expect(rates[layer.live.panels.index(k, o)] == both.map { 1 - $0 } ?? 1)
        if both != nil { owned += 1 }
      }
    }
    #expect(owned > 0)
  }
}
