import CSwiftCL

/// The replay memory in the life of a task.
extension Network {
  private var retention: Retention { Retention(options, salt: 0) }

  /// A task is open: rows of its classes may be recalled.
  @inline(never)
  func openReplay() {
    guard let replay else { return }
    replay.pointee.close()
    let memory = replay.pointee
    for c in 0..<task.classCount {
      memory.columnOf[Int(workspace.classes[c])] = workspace.columns[c]
    }
    if options.replay_recall == SWIFTCL_RECALL_FINISHED {
      replay.pointee.excluded = task.record.task
    }
    replay.pointee.countDrawable()
    if options.replay_new_rows != SWIFTCL_NEW_ROWS_PLAIN { listOwnColumns() }
    if options.runsTeacher { replay.pointee.teacher = teacher() }
  }

  /// The task finished last, its columns found; nil before there is one.
  private func teacher() -> UnsafeMutablePointer<Ticket>? {
    guard let memory = replay?.pointee else { return nil }
    var s = store.count
    while s > 0 {
      s -= 1
      let ticket = store.tickets[s]
      if ticket.pointee.record.task == task.record.task { continue }
      for c in 0..<task.classCount {
        memory.teacherColumns[c] = -1
        for k in 0..<ticket.pointee.classCount
        where ticket.pointee.classes[k] == workspace.classes[c] {
          memory.teacherColumns[c] = ticket.pointee.columns[k]
        }
      }
      return ticket
    }
    return nil
  }

  /// Offers the rows of a step that succeeded.
  @inline(never)
  func offerPresented(
    _ inputs: UnsafeRawPointer, _ labels: UnsafePointer<Int32>, count: Int, order: RowOrder
  ) {
    guard let replay, options.replay_store != SWIFTCL_STORE_EXPLICIT else { return }
    let atEnd = options.replay_store == SWIFTCL_STORE_AT_END
    let rule = Retention(options, salt: atEnd ? 1 : 0)
    let rowBytes = options.inputRowBytes
    let number = task.record.task
    for n in 0..<count {
      let row = order[n]
      let place = inputs + row * rowBytes
      if atEnd {
        replay.pointee.wait(place, label: labels[row], task: number, by: rule)
      } else {
        replay.pointee.keep(
          place, label: labels[row], task: number,
          replay.pointee.fresh + n * replay.pointee.classes,
          by: rule)
      }
    }
  }

  /// The task ended: what waited joins, with the logits of the finished ticket.
  @inline(never)
  func endReplay(_ ticket: UnsafeMutablePointer<Ticket>) {
    guard let replay else { return }
    let sample = replay.pointee.waiting
    let format = input
    var first = 0
    while sample.logits != nil && first < sample.count {
      let count = min(batch, sample.count - first)
      for n in 0..<count {
        _ = format.convert(sample.given(first + n), to: workspace.inputs + n * inputCount)
      }
      let x = InputRows(rows: workspace.inputs, stride: inputCount)
      if let logits = sample.logits(first) {
        note(headRows(of: ticket, x, rows: count), rows: count, to: logits)
      }
      first += count
    }
    let order = Random.key(
      seed: options.seed, Random.Domain.join,
      UInt64(UInt32(bitPattern: ticket.pointee.record.task)),
      ticket.pointee.record.steps)
    replay.pointee.close()
    replay.pointee.join(by: retention, order: order)
  }

  /// The task is forgotten: its rows go, unless it was finished before.
  @inline(never)
  func abortReplay() {
    guard let replay else { return }
    if !task.reopens { _ = replay.pointee.kept.removeAll(task: task.record.task) }
    replay.pointee.waiting.clear()
    replay.pointee.close()
  }
}
