import CSwiftCL

/// The cross-entropy of presented rows where they are told from recalled ones: masked to the
/// classes that the task introduces, or weighed by how many these are.
extension Network {
  /// Finds the head's rows of the classes that no task before the open one has.
  @inline(never)
  func listOwnColumns() {
    guard let replay else { return }
    var count = 0
    for c in 0..<task.classCount where !isKnown(workspace.classes[c]) {
      replay.pointee.ownColumns[count] = workspace.columns[c]
      count += 1
    }
    replay.pointee.ownCount = count
  }

  private func isKnown(_ label: Int32) -> Bool {
    for s in 0..<store.count where store.tickets[s].pointee.record.task < task.record.task {
      if store.tickets[s].pointee.row(of: label) >= 0 { return true }
    }
    return false
  }

  /// What the cross-entropy of presented and of recalled rows is multiplied by: with balanced new
  /// rows each share stands for its classes, and the two together weigh what they always do.
  func balance() -> (presented: Float, recalled: Float) {
    guard options.replay_new_rows == SWIFTCL_NEW_ROWS_BALANCED, let memory = replay?.pointee else {
      return (1, 1)
    }
    let known = task.classCount - memory.ownCount
    if memory.ownCount == 0 || known == 0 { return (1, 1) }
    let each = 2 / Float(task.classCount)
    return (each * Float(memory.ownCount), each * Float(known))
  }

  /// The presented rows' loss, unweighted; the head's rows become its gradient, weighted.
  @inline(never)
  func newRowsLoss(rows: Int, _ correct: inout UInt32) -> Float {
    guard let memory = replay?.pointee else { return 0 }
    let weight = balance().presented
    if options.replay_new_rows == SWIFTCL_NEW_ROWS_BALANCED {
      return headLoss(rows: rows, scale: weight).crossEntropy(
        working[hidden].output, targets: workspace.targets, correct: &correct) / weight
    }
    let head = working[hidden]
    let all = headLoss(rows: 1, scale: 1 / Float(rows))
    var own = all
    own.columns = UnsafePointer(memory.ownColumns)
    own.classCount = memory.ownCount
    var loss: Float = 0
    for n in 0..<rows {
      let isOwn = memory.isOwn(workspace.targets[n])
      loss += (isOwn ? own : all).crossEntropy(
        head.output + n * head.stride, targets: workspace.targets + n, correct: &correct)
    }
    return loss
  }
}

extension ReplayMemory {
  func isOwn(_ column: Int32) -> Bool {
    for c in 0..<ownCount where ownColumns[c] == column { return true }
    return false
  }
}
