import CSwiftCL

/// Rows that a step recalled, behind those it was given: first of one draw,
/// then, for DER++, of another.
struct Recall {
  var first = 0
  var second = 0
  /// Rows that the teacher ran.
  var taught = 0

  var rows: Int { first + second }
}

/// What replay adds to a training step.
extension Network {
  /// Draws rows and appends them to the batch, with what their logits shall be.
  @inline(never)
  func recall(_ x: inout InputRows, rows: Int) -> Recall {
    var recall = Recall()
    guard let replay, options.replay != SWIFTCL_REPLAY_NONE, replay.pointee.drawable > 0 else {
      return recall
    }
    let memory = replay.pointee
    let key = Random.key(
      seed: options.seed, Random.Domain.recall, UInt64(UInt32(bitPattern: task.record.task)),
      task.record.steps)
    let size = Int(options.replay_batch)
    recall.first = memory.draw(size, Random.key(key, 1), to: memory.drawn)
    if options.replay == SWIFTCL_REPLAY_DERPP {
      recall.second = memory.draw(size, Random.key(key, 2), to: memory.drawn + recall.first)
    }
    if x.rows != UnsafePointer(workspace.inputs) {
      workspace.inputs.update(from: x.rows, count: rows * inputCount)
      x.rows = UnsafePointer(workspace.inputs)
    }
    let format = input
    for n in 0..<recall.rows {
      let place = Int(memory.drawn[n])
      // Rows were finite when they were stored.
      _ = format.convert(
        memory.kept.given(place), to: workspace.inputs + (rows + n) * inputCount)
      workspace.targets[rows + n] = memory.columnOf[Int(memory.kept.labels[place])]
    }
    if options.storesLogits { recallLogits(memory, recall.first) }
    if options.runsTeacher { recall.taught = askTeacher(memory, x, rows, recall) }
    return recall
  }

  private func recallLogits(_ memory: ReplayMemory, _ count: Int) {
    for n in 0..<count {
      guard let stored = memory.kept.logits(Int(memory.drawn[n])) else { return }
      let row = memory.targets + n * memory.classes
      for c in 0..<task.classCount { row[c] = stored[Int(workspace.classes[c])] }
    }
  }

  /// Runs the previous task; returns how many rows.
  private func askTeacher(_ memory: ReplayMemory, _ x: InputRows, _ rows: Int, _ recall: Recall)
    -> Int
  {
    guard let teacher = memory.teacher else { return 0 }
    let skipped = options.teachesAllRows ? 0 : rows
    let count = rows + recall.rows - skipped
    let theirs = InputRows(rows: x.rows + skipped * x.stride, stride: x.stride)
    let head = headRows(of: teacher, theirs, rows: count)
    for n in 0..<count {
      let z = head.logits + n * head.stride
      let row = memory.targets + n * memory.classes
      for c in 0..<task.classCount {
        let column = Int(memory.teacherColumns[c])
        row[c] = column < 0 ? Float.nan : z[column]
      }
    }
    return count
  }

  func headLoss(rows: Int, scale: Float) -> HeadLoss {
    let head = working[hidden]
    return HeadLoss(
      columns: workspace.columns, classCount: task.classCount, stride: head.stride,
      padded: head.padded, rows: rows, scale: scale)
  }

  /// Before the loss makes gradients of the logits: notes them for rows that will be offered,
  /// and distils. Returns the loss of distillation.
  @inline(never)
  func distil(_ recall: Recall, after rows: Int) -> Float {
    guard let memory = replay?.pointee else { return 0 }
    let head = working[hidden]
    if options.storesLogits, options.replay_store == SWIFTCL_STORE_PRESENTED {
      note(
        HeadRows(
          logits: head.output, stride: head.stride, columns: workspace.columns,
          names: workspace.classes, classes: task.classCount), rows: rows, to: memory.fresh)
    }
    guard options.replay == SWIFTCL_REPLAY_DISTILL else { return 0 }
    let taught = distilled(recall)
    if taught == 0 { return 0 }
    let skipped = rows + recall.rows - taught
    return headLoss(rows: taught, scale: options.distill_weight).distillation(
      head.output + skipped * head.stride, targets: memory.targets, targetStride: memory.classes,
      temperature: options.distill_temperature)
  }

  private func distilled(_ recall: Recall) -> Int {
    options.runsTeacher ? recall.taught : recall.first
  }

  /// The loss of the recalled rows; their logits become its gradient.
  @inline(never)
  func recallLoss(_ recall: Recall, after rows: Int) -> Float {
    guard let memory = replay?.pointee, recall.rows > 0 else { return 0 }
    let head = working[hidden]
    let first = head.output + rows * head.stride
    var hits: UInt32 = 0
    let share = balance().recalled
    switch options.replay {
    case SWIFTCL_REPLAY_DER, SWIFTCL_REPLAY_DERPP:
      var loss = headLoss(rows: recall.first, scale: options.replay_alpha).distance(
        first, to: memory.targets, targetStride: memory.classes)
      if recall.second > 0 {
        loss += headLoss(rows: recall.second, scale: options.replay_beta * share).crossEntropy(
          first + recall.first * head.stride, targets: workspace.targets + rows + recall.first,
          correct: &hits)
      }
      return loss
    default:
      let loss = headLoss(rows: recall.first, scale: options.replay_weight * share).crossEntropy(
        first, targets: workspace.targets + rows, correct: &hits)
      let taught = options.replay == SWIFTCL_REPLAY_DISTILL ? distilled(recall) : 0
      let skipped = rows + recall.rows - taught
      headLoss(rows: taught, scale: 1).add(
        memory.targets, stride: memory.classes, to: head.output + skipped * head.stride)
      return loss
    }
  }

  /// Logits in the order of labels, NaN where the task has no such class.
  @inline(never)
  func note(_ head: HeadRows, rows: Int, to logits: UnsafeMutablePointer<Float>) {
    guard let classes = replay?.pointee.classes else { return }
    logits.update(repeating: .nan, count: rows * classes)
    for n in 0..<rows {
      for c in 0..<head.classes {
        logits[n * classes + Int(head.names[c])] =
          head.logits[n * head.stride + Int(head.columns[c])]
      }
    }
  }
}
