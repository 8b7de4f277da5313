import CSwiftCL

/// What a description says of the replay memory, and what follows for its size.
extension swiftcl_options {
  var hasReplayMemory: Bool { Features.all && (replay_bytes > 0 || replay_rows > 0) }
  var hasClassHead: Bool { Features.all && class_head == 1 }

  /// Rows carry the logits they had when they were stored.
  var storesLogits: Bool {
    replay == SWIFTCL_REPLAY_DER || replay == SWIFTCL_REPLAY_DERPP
      || (replay == SWIFTCL_REPLAY_DISTILL && distill_teacher == SWIFTCL_TEACHER_STORED)
  }

  /// A finished task is run within a step.
  var runsTeacher: Bool {
    replay == SWIFTCL_REPLAY_DISTILL && distill_teacher != SWIFTCL_TEACHER_STORED
  }

  var teachesAllRows: Bool { runsTeacher && distill_teacher == SWIFTCL_TEACHER_ALL_ROWS }

  /// Most rows that a step adds to those it is given.
  var recalledRows: Int {
    switch replay {
    case SWIFTCL_REPLAY_NONE: return 0
    case SWIFTCL_REPLAY_DERPP: return 2 * Int(replay_batch)
    default: return Int(replay_batch)
    }
  }

  /// Most rows that run in one step.
  var stepRows: Int { Int(max_batch) + recalledRows }

  /// Labels of stored rows are below it.
  var replayClasses: Int {
    guard let layers else { return 0 }
    return max(Int(layers[Int(layer_count) - 1].width), Int(max_classes))
  }

  var inputRowBytes: Int {
    switch input_type {
    case SWIFTCL_INPUT_F32: return 4 * Int(inputs)
    case SWIFTCL_INPUT_I16: return 2 * Int(inputs)
    default: return Int(inputs)
    }
  }

  /// Bytes of a memory of some rows; nil where no address space holds them.
  @inline(never)
  func replayBytes(rows: Int) -> Int? {
    var arena = Arena(measuring: ())
    _ = ReplayMemory(&arena, self, capacity: rows)
    return arena.overflows ? nil : arena.used
  }

  /// Most rows kept: the largest number whose memory stays within the bound.
  @inline(never)
  var replayCapacity: Int {
    if !hasReplayMemory { return 0 }
    // Places are counted in 32 bits.
    var most = Int(Int32.max) - 1
    if replay_rows > 0 { most = Int(min(replay_rows, UInt32(most))) }
    if replay_bytes == 0 { return most }
    var least = 0
    while least < most {
      let middle = least + (most - least + 1) / 2
      if let bytes = replayBytes(rows: middle), UInt64(bytes) <= replay_bytes {
        least = middle
      } else {
        most = middle - 1
      }
    }
    return least
  }
}

extension Arena {
  /// Rows of `width` elements; their product may be more than an Int.
  mutating func take<T>(_ type: T.Type, _ rows: Int, by width: Int) -> UnsafeMutablePointer<T> {
    let (count, overflow) = rows.multipliedReportingOverflow(by: width)
    return take(type, overflow ? -1 : count)
  }
}
