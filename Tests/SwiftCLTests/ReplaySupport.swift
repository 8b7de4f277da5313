import CSwiftCL

@testable import SwiftCL

extension swiftcl_options {
  /// Room for some rows, and what a step does with them.
  mutating func replays(
    _ kind: Int32, rows: Int, draw: Int = 8, policy: Int32 = SWIFTCL_RETAIN_RESERVOIR
  ) {
    replay = kind
    replay_rows = UInt32(rows)
    replay_batch = UInt32(draw)
    replay_policy = policy
  }
}

extension TestNetwork {
  var exemplars: ReplayMemory {
    guard let replay = network.replay else { fatalError("no replay memory") }
    return replay.pointee
  }

  /// Labels of the rows kept, in their places.
  var keptLabels: [Int32] { (0..<exemplars.kept.count).map { exemplars.kept.labels[$0] } }
  var keptTasks: [Int32] { (0..<exemplars.kept.count).map { exemplars.kept.tasks[$0] } }

  func keptRow(_ place: Int) -> [Float] {
    let row = exemplars.kept.row(place).assumingMemoryBound(to: Float.self)
    return (0..<network.inputCount).map { row[$0] }
  }

  func addStatus(_ data: TestRows) -> swiftcl_status {
    net.pointee.addToReplay(data.x, data.labels, rows: data.count)
  }

  func forget(_ what: Int32, _ which: Int) -> (status: swiftcl_status, rows: Int) {
    var rows = 0
    let status = net.pointee.forgetReplay(what, which, &rows)
    return (status, rows)
  }
}
