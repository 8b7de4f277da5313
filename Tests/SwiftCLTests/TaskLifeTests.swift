import CSwiftCL
import Testing

@testable import SwiftCL

/// Abort, reopen and remove.
struct TaskLifeTests {
  private let probe = TestRows(17, inputs: 6, classes: [0], seed: 99)

  private func rows(_ task: Int) -> TestRows { OwnershipTests.rows(task) }

  private func logits(_ test: TestNetwork) throws -> [[UInt32]] {
    try test.tasks.map { try test.logits($0, probe).bits }
  }

  @Test(arguments: [
    SWIFTCL_PROTECT_FROZEN, SWIFTCL_PROTECT_SLOW, SWIFTCL_PROTECT_SOFT, SWIFTCL_PROTECT_NONE,
  ])
  func abortLeavesNoTrace(protection: Int32) throws {
    let test = try OwnershipTests.forcedReuse { $0.protection = protection }
    let twin = try OwnershipTests.forcedReuse { $0.protection = protection }
    for number in 0..<3 {
      try test.learn(rows(number), steps: 20)
      try twin.learn(rows(number), steps: 20)
    }
    let before = try logits(test)
    let total = test.network.accounting()
    let aborted = try test.begin(steps: 20)
    for n in 0..<15 { try test.step(rows(7).batch(n, of: 16)) }
    #expect(test.network.accounting().steps == total.steps + 15)
    try test.abort()
    #expect(try logits(test) == before)
    #expect(test.network.accounting().steps == total.steps)
    #expect(test.network.accounting().macs == total.macs)
    // What follows is what would have followed.
    #expect(try test.learn(rows(3), steps: 20) == aborted)
    try twin.learn(rows(3), steps: 20)
    #expect(try logits(test) == logits(twin))
  }

  @Test func abortOfASharedTicket() throws {
    let test = try TestNetwork([dense(8, 1), head(3)], inputs: 6) {
      $0.sharing = SWIFTCL_TICKETS_SHARED
    }
    try test.begin()
    try test.step(rows(0).batch(0, of: 16))
    try test.abort()
    #expect(test.network.store.count == 0 && test.network.store.shared == nil)
    try test.learn(rows(0), steps: 5)
    let before = try logits(test)
    try test.begin()
    try test.step(rows(1).batch(0, of: 16))
    try test.abort()
    #expect(try logits(test) == before)
  }

  @Test func reopenIsRefusedWhereALaterTaskUsesTheEdges() throws {
    let test = try OwnershipTests.forcedReuse { _ in }
    for number in 0..<3 { try test.learn(rows(number), steps: 20) }
    let before = try logits(test)
    // The third task reuses units of both others.
    for old in 0..<2 as Range<swiftcl_task> {
      #expect(test.reopenStatus(old) == SWIFTCL_E_SHARED)
      #expect(test.message.contains("is 2,"), "\(test.message)")
      #expect(!test.network.task.isOpen)
    }
    #expect(test.reopenStatus(9) == SWIFTCL_E_TASK)
    #expect(try logits(test) == before)
    #expect(test.reopenStatus(2) == SWIFTCL_OK)
    #expect(test.reopenStatus(2) == SWIFTCL_E_STATE)
  }

  @Test func aReopenedTaskLearnsOnAndAlone() throws {
    let test = try OwnershipTests.forcedReuse { _ in }
    for number in 0..<3 { try test.learn(rows(number), steps: 20) }
    let before = try logits(test)
    let steps = test.network.accounting().steps
    #expect(test.reopenStatus(2) == SWIFTCL_OK)
    #expect(try test.openLogits(probe).bits == before[2])
    for n in 0..<10 { try test.step(rows(2).batch(n, of: 16)) }
    // Until it ends, its number names what it was.
    #expect(try test.logits(2, probe).bits == before[2])
    let open = try test.openLogits(probe).bits
    #expect(try test.info(2).phase == SWIFTCL_PHASE_FINISHED)
    try test.end()
    let after = try logits(test)
    #expect(after == [before[0], before[1], open] && open != before[2])
    #expect(test.network.accounting().steps == steps + 10)
    #expect(try test.info(2).steps == 30)
    // And once more, without keeping it.
    #expect(test.reopenStatus(2) == SWIFTCL_OK)
    try test.step(rows(2).batch(0, of: 16))
    try test.abort()
    #expect(try logits(test) == after)
    #expect(test.network.accounting().steps == steps + 10)
  }

  @Test func disjointTasksReopenFreely() throws {
    let test = try OwnershipTests.forcedReuse { $0.head = SWIFTCL_HEAD_TASK }
    for number in 0..<2 { try test.learn(rows(number), steps: 20) }
    let before = try logits(test)
    #expect(test.reopenStatus(0) == SWIFTCL_OK)
    for n in 0..<10 { try test.step(rows(0).batch(n, of: 16)) }
    try test.end()
    #expect(try logits(test)[1] == before[1])
    #expect(try logits(test)[0] != before[0])
  }

  @Test(arguments: [false, true])
  func removalFreesUnitsAndLeavesTheOthers(ownMemory: Bool) throws {
    let test = try OwnershipTests.forcedReuse(ownMemory: ownMemory) { _ in }
    for number in 0..<4 { try test.learn(rows(number), steps: 20) }
    #expect(test.capacity(0).free_units == 0)
    let before = try logits(test)
    let first = try test.winners(0, 0)
    try test.remove(0)
    #expect(test.tasks == [1, 2, 3])
    #expect(try logits(test) == Array(before[1...]))
    // Free is what no task that is left won.
    let others = try test.tasks.map { try test.winners($0, 0) }
    let freed = first.indices.filter { block in !others.contains { $0[block] == first[block] } }
    #expect(Int(test.capacity(0).free_units) == freed.count)
    for number in 2...3 { try test.remove(swiftcl_task(number)) }
    #expect(test.capacity(0).free_units == 8)
    #expect(try logits(test) == [before[1]])
    // Numbers are not used again, units are.
    #expect(try test.learn(rows(4), steps: 20) == 4)
    let fresh = try test.winners(4, 0)
    let kept = try test.winners(1, 0)
    #expect(zip(fresh, kept).allSatisfy { $0 >= 0 && $0 != $1 })
    #expect(try test.logits(1, probe).bits == before[1])
  }

  @Test func ownedParametersCannotBeSet() throws {
    let test = try OwnershipTests.forcedReuse { $0.sampler = SWIFTCL_SAMPLER_RANDOM }
    for number in 0..<2 { try test.learn(rows(number), steps: 20) }
    try test.begin()
    var (weights, biases) = try test.parameters(SWIFTCL_TASK_OPEN, 0)
    func set() -> swiftcl_status {
      test.net.pointee.setParameters(
        SWIFTCL_TASK_OPEN, layer: 0, weights, weightCount: weights.count, biases,
        biasCount: biases.count)
    }
    #expect(set() == SWIFTCL_OK)
    weights[7] += 1
    #expect(set() == SWIFTCL_E_OWNED)
    weights[7] -= 1
    biases[3] += 1
    #expect(set() == SWIFTCL_E_OWNED)
  }
}
