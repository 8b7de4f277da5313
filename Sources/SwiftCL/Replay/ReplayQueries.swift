import CSwiftCL

/// What a caller may do with the replay memory.
extension Network {
  /// The memory; nil after a message.
  private mutating func replayMemory() -> UnsafeMutablePointer<ReplayMemory>? {
    if let replay { return replay }
    _ = fail(
      SWIFTCL_E_STATE,
      "the network has no replay memory; options.replay_bytes or replay_rows set one")
    return nil
  }

  /// Offers rows of the open task, or else of the one finished last.
  @inline(never)
  mutating func addToReplay(
    _ inputs: UnsafeRawPointer, _ labels: UnsafePointer<Int32>, rows: Int
  ) -> swiftcl_status {
    guard let replay = replayMemory() else { return error.status }
    if !task.isOpen && store.count == 0 {
      return fail(SWIFTCL_E_STATE, "no task is open and none is finished; rows belong to a task")
    }
    let finished = task.isOpen ? nil : store.tickets[store.count - 1]
    let number = finished?.pointee.record.task ?? task.record.task
    var status = checkLabels(finished == nil ? SWIFTCL_TASK_OPEN : number, labels, rows: rows)
    if status == SWIFTCL_OK { status = checkRows(inputs, count: rows) }
    if status != SWIFTCL_OK { return status }
    let rule = Retention(options, salt: 0)
    var first = 0
    while first < rows {
      let count = min(batch, rows - first)
      if options.storesLogits {
        guard let x = load(inputs, first: first, count: count) else { return error.status }
        note(headRows(of: finished, x, rows: count), rows: count, to: replay.pointee.fresh)
      }
      for n in 0..<count {
        replay.pointee.keep(
          inputs + (first + n) * options.inputRowBytes, label: labels[first + n],
          task: number, replay.pointee.fresh + n * replay.pointee.classes, by: rule)
      }
      first += count
    }
    return SWIFTCL_OK
  }

  @inline(never)
  mutating func forgetReplay(_ what: Int32, _ which: Int, _ forgotten: inout Int) -> swiftcl_status
  {
    guard let replay = replayMemory() else { return error.status }
    switch what {
    case SWIFTCL_FORGET_ROW:
      let count = replay.pointee.kept.count
      if which < 0 || which >= count {
        return fail(
          SWIFTCL_E_ARGUMENT, "the row", is: which, expected: "below the rows in memory = ", count)
      }
      replay.pointee.kept.remove(at: which)
      forgotten = 1
    case SWIFTCL_FORGET_CLASS:
      let label = Int32(exactly: which) ?? -1
      forgotten = replay.pointee.kept.removeAll(label: label)
      forgotten += replay.pointee.waiting.removeAll(label: label)
      if forgotten == 0 {
        return fail(
          SWIFTCL_E_LABEL, "the class", is: which, expected: "a label that has rows in memory")
      }
      replay.pointee.kept.classSeen[Int(label)] = 0
      if replay.pointee.waiting.capacity > 0 { replay.pointee.waiting.classSeen[Int(label)] = 0 }
    case SWIFTCL_FORGET_TASK:
      let task = Int32(exactly: which) ?? -1
      forgotten = replay.pointee.kept.removeAll(task: task)
      forgotten += replay.pointee.waiting.removeAll(task: task)
      if forgotten == 0 {
        return fail(SWIFTCL_E_TASK, "the task", is: which, expected: "one that has rows in memory")
      }
    default:
      return fail(
        SWIFTCL_E_ARGUMENT, "what", is: Int(what), expected: "a SWIFTCL_FORGET_ constant")
    }
    replay.pointee.countDrawable()
    return SWIFTCL_OK
  }

  func replayInfo() -> swiftcl_replay_info {
    var info = swiftcl_replay_info()
    guard let memory = replay?.pointee else { return info }
    info.classes = UInt32(options.replayClasses)
    info.capacity = UInt64(memory.kept.capacity)
    info.rows = UInt64(memory.kept.count)
    info.drawable = UInt64(memory.drawable)
    info.waiting = UInt64(memory.waiting.count)
    info.seen = memory.kept.seen &+ memory.waiting.seen
    info.bytes = plan.replay_bytes
    info.row_bytes = UInt64(options.inputRowBytes)
    return info
  }

  /// Rows kept of every class.
  mutating func replayCounts(_ counts: UnsafeMutablePointer<UInt32>, capacity: Int)
    -> swiftcl_status
  {
    guard let replay = replayMemory() else { return error.status }
    let classes = options.replayClasses
    if capacity < classes {
      return fail(SWIFTCL_E_BUFFER, "capacity", is: capacity, expected: "at least ", classes)
    }
    for c in 0..<classes { counts[c] = UInt32(replay.pointee.kept.classRows[c]) }
    return SWIFTCL_OK
  }

  /// Copies one row out.
  mutating func replayRow(
    _ row: Int, _ inputs: UnsafeMutableRawPointer?, bytes: Int,
    _ label: UnsafeMutablePointer<Int32>?,
    _ task: UnsafeMutablePointer<swiftcl_task>?
  ) -> swiftcl_status {
    guard let replay = replayMemory() else { return error.status }
    let pool = replay.pointee.kept
    if row < 0 || row >= pool.count {
      return fail(
        SWIFTCL_E_ARGUMENT, "row", is: row, expected: "below the rows in memory = ", pool.count)
    }
    if let inputs {
      let needed = options.inputRowBytes
      if bytes < needed {
        return fail(SWIFTCL_E_BUFFER, "bytes", is: bytes, expected: "at least ", needed)
      }
      inputs.copyMemory(from: pool.given(row), byteCount: needed)
    }
    label?.pointee = pool.labels[row]
    task?.pointee = pool.tasks[row]
    return SWIFTCL_OK
  }
}
