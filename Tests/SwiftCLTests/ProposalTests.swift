import CSwiftCL
import Testing

@testable import SwiftCL

/// swiftcl_network_propose: the first rung of a ladder that fits, and nothing that was not allowed.
struct ProposalTests {
  static let layers = [dense(64, 8), dense(64, 8), dense(32, 8), head(5)]
  static let all =
    SWIFTCL_CHANGE_RECOMPUTE | SWIFTCL_CHANGE_SAMPLER | SWIFTCL_CHANGE_DRAWS | SWIFTCL_CHANGE_BATCH
    | SWIFTCL_CHANGE_REPLAY_U8 | SWIFTCL_CHANGE_ROWS

  private struct Answer {
    var status: swiftcl_status
    var proposed: swiftcl_options
    var report: swiftcl_proposal
    var message: String
  }

  private func options(_ configure: (inout swiftcl_options) -> Void = { _ in }) -> swiftcl_options {
    var options = Defaults.options
    options.inputs = 20
    options.max_batch = 64
    options.max_tasks = 2
    options.replay = SWIFTCL_REPLAY_ER
    options.replay_rows = 200
    options.replay_low = -2
    options.replay_high = 2
    configure(&options)
    return options
  }

  private func propose(_ given: swiftcl_options, _ bytes: UInt64, _ allowed: UInt32) -> Answer {
    var given = given
    given.layer_count = UInt32(Self.layers.count)
    var proposed = swiftcl_options()
    proposed.struct_size = UInt32(MemoryLayout<swiftcl_options>.size)
    var report = swiftcl_proposal()
    report.struct_size = UInt32(MemoryLayout<swiftcl_proposal>.size)
    let status = Self.layers.withUnsafeBufferPointer {
      given.layers = $0.baseAddress
      return swiftcl_network_propose(&given, bytes, allowed, &proposed, &report)
    }
    let message = withUnsafeBytes(of: Boundary.threadError.pointee.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    return Answer(status: status, proposed: proposed, report: report, message: message)
  }

  private func planned(_ options: swiftcl_options) -> UInt64 {
    var options = options
    options.layer_count = UInt32(Self.layers.count)
    return Self.layers.withUnsafeBufferPointer {
      options.layers = $0.baseAddress
      options = Network.complete(options)
      return MemoryPlan.measure(options)?.report(options).total_bytes ?? 0
    }
  }

  @Test func whatFitsStaysAsItIs() {
    let given = options()
    let exact = propose(given, planned(given), Self.all)
    #expect(exact.status == SWIFTCL_OK)
    #expect(exact.report.changes == 0 && exact.report.affects == 0 && exact.report.tried == 1)
    #expect(exact.report.total_bytes == planned(given))
    #expect(exact.report.described_bytes == planned(given))
    #expect(exact.report.compete_share == 0)
    var (one, other) = (exact.proposed, given)
    one.layers = nil
    other.layers = nil
    other.layer_count = one.layer_count
    withUnsafeBytes(of: &one) { a in
      withUnsafeBytes(of: &other) { b in #expect(a.elementsEqual(b)) }
    }
  }

  /// Every number of bytes gets the first setting that fits it, and the network of it fits exactly.
  @Test func everyRungIsUsed() throws {
    let given = options()
    var bytes = planned(given)
    var seen = Set<UInt32>()
    var last = UInt32(0)
    while true {
      let answer = propose(given, bytes - 1, Self.all)
      if answer.status != SWIFTCL_OK {
        #expect(answer.status == SWIFTCL_E_BUFFER)
        break
      }
      let found = answer.proposed
      #expect(answer.report.total_bytes < bytes && answer.report.total_bytes == planned(found))
      let inner = SWIFTCL_CHANGE_RECOMPUTE | SWIFTCL_CHANGE_SAMPLER
      #expect(answer.report.changes & last & ~inner == last & ~inner)
      #expect((found.recompute > 1) == (answer.report.changes & SWIFTCL_CHANGE_RECOMPUTE != 0))
      seen.insert(answer.report.changes)
      last = answer.report.changes
      bytes = answer.report.total_bytes
      let test = try TestNetwork(Self.layers, inputs: 20, ownMemory: true) {
        let (layers, count) = ($0.layers, $0.layer_count)
        $0 = found
        ($0.layers, $0.layer_count) = (layers, count)
      }
      #expect(test.network.plan.total_bytes == bytes)
    }
    #expect(seen.contains { $0 == SWIFTCL_CHANGE_RECOMPUTE })
    #expect(
      seen.contains { $0 & SWIFTCL_CHANGE_REPLAY_U8 != 0 && $0 & SWIFTCL_CHANGE_DRAWS == 0 })
    #expect(seen.contains { $0 & SWIFTCL_CHANGE_DRAWS != 0 && $0 & SWIFTCL_CHANGE_BATCH == 0 })
    #expect(seen.contains { $0 & SWIFTCL_CHANGE_BATCH != 0 && $0 & SWIFTCL_CHANGE_ROWS == 0 })
    #expect(seen.contains { $0 & SWIFTCL_CHANGE_ROWS != 0 })
  }

  /// What is not allowed is as it was given, however little there is.
  @Test(arguments: [
    0, SWIFTCL_CHANGE_RECOMPUTE, SWIFTCL_CHANGE_SAMPLER, SWIFTCL_CHANGE_DRAWS, SWIFTCL_CHANGE_BATCH,
    SWIFTCL_CHANGE_REPLAY_U8, SWIFTCL_CHANGE_ROWS,
  ])
  func onlyWhatIsAllowedChanges(_ allowed: UInt32) {
    let given = options()
    var bytes = planned(given)
    while bytes > 0 {
      let answer = propose(given, bytes, allowed)
      bytes -= min(bytes, 997)
      if answer.status != SWIFTCL_OK { continue }
      let found = answer.proposed
      #expect(answer.report.changes & ~allowed == 0 && answer.report.affects & ~allowed == 0)
      #expect(answer.report.affects & SWIFTCL_CHANGE_RECOMPUTE == 0)
      if allowed != SWIFTCL_CHANGE_RECOMPUTE { #expect(found.recompute == given.recompute) }
      if allowed != SWIFTCL_CHANGE_SAMPLER {
        #expect(found.sampler == given.sampler && answer.report.compete_share == 0)
      }
      if allowed != SWIFTCL_CHANGE_DRAWS { #expect(found.replay_batch == given.replay_batch) }
      if allowed != SWIFTCL_CHANGE_BATCH { #expect(found.max_batch == given.max_batch) }
      if allowed != SWIFTCL_CHANGE_REPLAY_U8 { #expect(found.replay_u8 == 0) }
      if allowed != SWIFTCL_CHANGE_ROWS { #expect(found.replay_rows == given.replay_rows) }
    }
  }

  /// Of rows as many stay as fit: one more does not.
  @Test func asManyRowsAsFit() {
    let given = options()
    for less in [500, 5000, 10000] as [UInt64] {
      let bytes = planned(given) - less
      let answer = propose(given, bytes, SWIFTCL_CHANGE_ROWS)
      #expect(answer.status == SWIFTCL_OK && answer.report.changes == SWIFTCL_CHANGE_ROWS)
      var more = answer.proposed
      #expect(planned(more) <= bytes)
      more.replay_rows += 1
      #expect(planned(more) > bytes)
    }
  }

  /// A message says how much is missing of what, and nothing is written.
  @Test func whatDoesNotFitIsNamed() {
    let given = options { $0.ticket_bytes = 1_000_000 }
    let answer = propose(given, 1000, Self.all)
    #expect(answer.status == SWIFTCL_E_BUFFER)
    #expect(answer.report.tried == 0 && answer.proposed.max_batch == 0)
    #expect(answer.message.contains("swiftcl_network_propose: bytes is 1000, expected at least 1"))
    #expect(answer.message.contains("are missing, and most of it is ticket_bytes = "))
    // The first number is what was given.
    let numbers = answer.message.split(separator: " ").compactMap { UInt64($0.dropLast()) }
    let least = numbers.count > 1 ? numbers[1] : 1
    #expect(propose(given, least, Self.all).status == SWIFTCL_OK)
    #expect(propose(given, least - 1, Self.all).status == SWIFTCL_E_BUFFER)
  }

  /// Two candidates at a time are proposed where they save bytes, and then they do.
  @Test func twoCandidatesNeedLess() {
    let wide = options {
      $0.max_batch = 512
      $0.replay = SWIFTCL_REPLAY_NONE
    }
    let answer = propose(wide, planned(wide) - 1, SWIFTCL_CHANGE_SAMPLER)
    #expect(answer.status == SWIFTCL_OK)
    #expect(answer.proposed.sampler == SWIFTCL_SAMPLER_TOP_K && answer.proposed.top_k == 2)
    #expect(answer.report.compete_share == 0.05)
    #expect(answer.report.affects == SWIFTCL_CHANGE_SAMPLER)
    #expect(answer.report.total_bytes * 10 < planned(wide) * 7)
    // In steps of one row weights outweigh everything, and two sets of them are more than one.
    let narrow = options {
      $0.max_batch = 1
      $0.replay = SWIFTCL_REPLAY_NONE
      $0.optimizer = SWIFTCL_OPTIMIZER_ADAM
    }
    #expect(
      propose(narrow, planned(narrow) - 1, SWIFTCL_CHANGE_SAMPLER).status == SWIFTCL_E_BUFFER)
  }
}
