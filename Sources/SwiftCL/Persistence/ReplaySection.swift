import CSwiftCL

/// The replay memory in a checkpoint, behind the open task: what was offered,
/// what is kept, and what waits.
extension Network {
  func putReplay(_ sink: inout Sink) {
    guard let memory = replay?.pointee else { return }
    put(memory.kept, &sink)
    // Of classes there may be room for more than there are.
    for place in 0..<memory.kept.count {
      if let logits = memory.kept.logits(place) { sink.put(logits, options.replayClasses) }
    }
    if memory.waiting.capacity > 0 { put(memory.waiting, &sink) }
  }

  private func put(_ pool: ReplayPool, _ sink: inout Sink) {
    sink.put(pool.seen)
    sink.put(UInt64(pool.count))
    for c in 0..<options.replayClasses { sink.put(pool.classSeen[c]) }
    sink.put(pool.labels, pool.count)
    sink.put(pool.tasks, pool.count)
    sink.bytes(pool.row(0), pool.count * pool.rowBytes)
  }

  mutating func restoreReplay(_ source: inout Source) {
    guard let replay else { return }
    source.begin(CheckpointFormat.Tag.replay)
    restore(&replay.pointee.kept, &source)
    if source.status == SWIFTCL_OK, let logits = replay.pointee.kept.logits {
      source.take(logits, replay.pointee.kept.count * replay.pointee.classes)
    }
    // Rows that wait get their logits when they join.
    if replay.pointee.waiting.capacity > 0 { restore(&replay.pointee.waiting, &source) }
    source.end()
    if !task.isOpen && replay.pointee.waiting.count > 0 {
      source.refuse(SWIFTCL_E_CORRUPT, "rows of the replay memory wait for a task that is not open")
    }
    if source.status == SWIFTCL_OK && task.isOpen { openReplay() }
  }

  private func restore(_ pool: inout ReplayPool, _ source: inout Source) {
    pool.seen = source.u64()
    let count = source.u64()
    var possible = count <= UInt64(pool.capacity) && pool.seen <= UInt64(Int32.max) << 16
    for c in 0..<pool.classes {
      pool.classSeen[c] = source.u64()
      possible = possible && pool.classSeen[c] <= pool.seen
    }
    if !possible {
      source.refuse(SWIFTCL_E_CORRUPT, "the replay memory's counts are impossible")
      return
    }
    let rows = Int(count)
    source.take(pool.labels, rows)
    source.take(pool.tasks, rows)
    source.bytes(pool.row(0), rows * pool.rowBytes)
    if source.status != SWIFTCL_OK { return }
    let last = nextTask - (task.isOpen && !task.reopens ? 0 : 1)
    for place in 0..<rows {
      if pool.labels[place] < 0 || Int(pool.labels[place]) >= pool.classes
        || pool.tasks[place] < 0 || pool.tasks[place] > last
      {
        source.refuse(
          SWIFTCL_E_CORRUPT, "a row of the replay memory has an impossible label or task")
        return
      }
    }
    if !pool.isCoded && input.firstNonFinite(pool.row(0), rows: rows, workspace.inputs) >= 0 {
      source.refuse(SWIFTCL_E_CORRUPT, "a row of the replay memory is not finite")
      return
    }
    pool.adopt(rows)
  }
}

/// Behind the layers of the description, where there is a replay memory.
extension swiftcl_options {
  func putReplayFields(_ sink: inout Sink) {
    sink.put(replay_bytes)
    sink.put(replay_rows)
    sink.put(replay_batch)
    sink.put(replay)
    sink.put(replay_policy)
    sink.put(replay_store)
    sink.put(replay_recall)
    sink.put(replay_weight)
    sink.put(replay_alpha)
    sink.put(replay_beta)
    sink.put(distill_teacher)
    sink.put(distill_temperature)
    sink.put(distill_weight)
    if hasClassFields || hasSparseFields || hasMemoryFields {
      sink.put(class_head)
      sink.put(replay_new_rows)
    }
  }

  /// Whether there is more than the format's version 1.1 has.
  var hasClassFields: Bool { class_head != 0 || replay_new_rows != 0 }

  mutating func takeReplayFields(_ source: inout Source) {
    replay_bytes = source.u64()
    replay_rows = source.u32()
    replay_batch = source.u32()
    replay = source.i32()
    replay_policy = source.i32()
    replay_store = source.i32()
    replay_recall = source.i32()
    replay_weight = source.f32()
    replay_alpha = source.f32()
    replay_beta = source.f32()
    distill_teacher = source.i32()
    distill_temperature = source.f32()
    distill_weight = source.f32()
    if source.hasMore {
      class_head = source.u32()
      replay_new_rows = source.i32()
    }
  }
}
