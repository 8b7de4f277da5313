import CSwiftCL
import Testing

@testable import SwiftCL

extension TestNetwork {
  /// Three tasks, one after another: each computes, once finished, what it computed while it
  /// was open, and goes on doing so to the bit. `rows` makes rows of a seed, so many.
  func threeTasksStay(_ rows: (UInt64, Int) -> TestRows) throws {
    let probe = rows(99, 11)
    var finished: [[UInt32]] = []
    for t in 0..<3 as Range<UInt64> {
      try begin(competes: 12)
      for s in 0..<25 as Range<UInt64> { try step(rows(100 * t + s, 5)) }
      let open = try openLogits(probe)
      try end()
      let logits = try self.logits(swiftcl_task(t), probe)
      #expect(logits.bits == open.bits)
      finished.append(logits.bits)
      for (earlier, bits) in finished.enumerated() {
        #expect(try self.logits(swiftcl_task(earlier), probe).bits == bits)
      }
    }
  }
}
