import CSwiftCL
import Testing

@testable import SwiftCL

/// What a network says of its next task is what the next task gets, also past
/// the expected number of tasks.
struct CapacityTests {
  struct Policy: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var allocation: Int32
    var unserved: Int32
    var expected: UInt32

    static let all = [
      Policy("fair", SWIFTCL_ALLOCATE_FAIR, SWIFTCL_UNSERVED_ABSTAIN, 10),
      Policy("fair, reuse", SWIFTCL_ALLOCATE_FAIR, SWIFTCL_UNSERVED_REUSE, 10),
      Policy("fair, unknown", SWIFTCL_ALLOCATE_FAIR, SWIFTCL_UNSERVED_ABSTAIN, 0),
      Policy("greedy", SWIFTCL_ALLOCATE_GREEDY, SWIFTCL_UNSERVED_ABSTAIN, 10),
      Policy("any", SWIFTCL_ALLOCATE_ANY, SWIFTCL_UNSERVED_ABSTAIN, 10),
      Policy("growing", SWIFTCL_ALLOCATE_GROWING, SWIFTCL_UNSERVED_ABSTAIN, 10),
    ]

    init(_ name: String, _ allocation: Int32, _ unserved: Int32, _ expected: UInt32) {
      testDescription = name
      self.allocation = allocation
      self.unserved = unserved
      self.expected = expected
    }
  }

  private func network(_ policy: Policy) throws -> TestNetwork {
    try TestNetwork([dense(160, 8), dense(80, 8), head(3)], inputs: 6) {
      $0.allocation = policy.allocation
      $0.unserved = policy.unserved
      $0.expected_tasks = policy.expected
      $0.max_batch = 16
    }
  }

  @Test(arguments: Policy.all)
  func theNextTaskGetsWhatWasSaid(policy: Policy) throws {
    let test = try network(policy)
    for _ in 0..<14 {
      let said = (0..<2).map { test.capacity($0) }
      #expect(said.allSatisfy { $0.status == SWIFTCL_OK })
      try test.begin()
      for l in 0..<2 {
        let states = (0..<test.network.shapes[l].blocks).map {
          test.network.working[l].blockState[$0]
        }
        let served = states.filter { $0 == BlockState.free || $0 == BlockState.any }.count
        #expect(said[l].next_served == UInt32(served))
        #expect(said[l].next_reused == UInt32(states.filter { $0 == BlockState.reuses }.count))
        // An aborted task changes nothing of it.
        let live = test.network.working[l].live
        let filled = states.indices.filter { live.blockStart[$0 + 1] > live.blockStart[$0] }.count
        #expect(filled == states.filter { $0 != BlockState.abstains }.count)
      }
      try test.abort()
      #expect((0..<2).map { test.capacity($0).next_served } == said.map(\.next_served))
      try test.learnNothing()
    }
  }

  /// 14 tasks where ten were expected: each of them learns something.
  @Test(arguments: Policy.all)
  func noTaskIsEmpty(policy: Policy) throws {
    let test = try network(policy)
    for number in 0..<14 {
      let classes: [Int32] = [0, 1, 2]
      let rows = TestRows(
        clouds: 96, inputs: 6, classes: classes, noise: 0.4, seed: UInt64(number), draw: 0)
      let task = try test.learn(rows, steps: 60)
      for l in 0..<2 {
        let served = try test.winners(task, l).filter { $0 >= 0 }.count
        #expect(served >= test.network.shapes[l].floorBlocks, "task \(task), layer \(l)")
      }
      let logits = try test.logits(task, rows)
      #expect(Set(logits.bits).count > 10, "task \(task) answers the same to everything")
      let accuracy = try test.accuracy(task, rows)
      // Greedy leaves late tasks frozen units only: better than chance is all they reach.
      let least = policy.allocation == SWIFTCL_ALLOCATE_GREEDY ? 38.0 : 60
      #expect(accuracy > least, "task \(task): \(accuracy) %")
    }
  }

  @Test func tasksOfTheCallersMemoryAreCounted() throws {
    let test = try TestNetwork([dense(16, 4), head(2)], inputs: 3, ownMemory: true) {
      $0.max_tasks = 2
    }
    for _ in 0..<2 {
      #expect(test.capacity(0).status == SWIFTCL_OK)
      try test.learnNothing()
    }
    #expect(test.capacity(0).status == SWIFTCL_E_CAPACITY)
    #expect(test.beginStatus() == SWIFTCL_E_CAPACITY)
    #expect(!test.network.task.isOpen && test.tasks == [0, 1])
    try test.remove(0)
    #expect(test.beginStatus() == SWIFTCL_OK)
  }

  @Test func ticketBytesAreBounded() throws {
    func network(_ bytes: UInt64) throws -> TestNetwork {
      try TestNetwork([dense(16, 4), head(2)], inputs: 3) { $0.ticket_bytes = bytes }
    }
    let full = try network(0).network.plan.full_ticket_bytes
    let test = try network(full * 2 + full / 2)
    try test.learnNothing()
    try test.learnNothing()
    #expect(test.beginStatus() == SWIFTCL_E_CAPACITY)
    #expect(!test.network.task.isOpen)
    try test.remove(1)
    try test.learnNothing()
  }

  @Test func classesOfTheCallersMemoryAreBounded() throws {
    let own = try TestNetwork([dense(16, 4), head(2)], inputs: 3, ownMemory: true) {
      $0.max_classes = 4
    }
    #expect(own.beginStatus(classes: [0, 4]) == SWIFTCL_E_CAPACITY)
    #expect(own.beginStatus(classes: [0, 3]) == SWIFTCL_OK)
    let grows = try TestNetwork([dense(16, 4), head(2)], inputs: 3)
    try grows.learnNothing()
    let probe = TestRows(5, inputs: 3, classes: [0], seed: 3)
    let before = try grows.logits(0, probe).bits
    #expect(grows.beginStatus(classes: [0, 70]) == SWIFTCL_OK)
    try grows.step(TestRows(5, inputs: 3, classes: [0, 70], seed: 3))
    try grows.end()
    #expect(try grows.logits(0, probe).bits == before)
  }
}
