import CSwiftCL

/// The class head in a checkpoint, behind the replay memory: whose winners it looks at, which
/// classes it tells apart, and its folded parameters. Empty but for zeros where none is fitted.
extension Network {
  func putClassHead(_ sink: inout Sink) {
    let head = classHead
    sink.put(UInt32(head.classCount))
    sink.put(UInt32(head.taskCount))
    sink.put(UInt64(head.features))
    sink.put(head.rows)
    sink.put(head.loss)
    sink.put(head.accuracy)
    if !head.isFitted { return }
    sink.put(head.labels, head.classCount)
    sink.put(head.tasks, head.taskCount)
    sink.put(head.bias, head.classCount)
    sink.put(head.panels, head.weights)
  }

  mutating func restoreClassHead(_ source: inout Source) {
    source.begin(CheckpointFormat.Tag.classHead)
    let classes = source.u32()
    let tasks = source.u32()
    let features = source.u64()
    let rows = source.u64()
    let loss = source.f32()
    let accuracy = source.f32()
    let isFitted = classes > 0
    if isFitted != (tasks > 0) || isFitted != (features > 0) || isFitted != (rows > 0)
      || Int(shown: UInt(classes)) > options.replayClasses
      || Int(shown: UInt(tasks)) > store.count || features > UInt64(Int32.max)
      || !loss.isFinite || loss < 0 || !(accuracy >= 0 && accuracy <= 100)
    {
      source.refuse(SWIFTCL_E_CORRUPT, "the class head's numbers are impossible")
    }
    if source.status == SWIFTCL_OK && isFitted {
      restoreClassHead(&source, classes: Int(classes), tasks: Int(tasks), features: Int(features))
    }
    if source.status == SWIFTCL_OK {
      classHead.rows = rows
      classHead.loss = loss
      classHead.accuracy = accuracy
    } else {
      classHead.drop()
    }
    source.end()
  }

  private mutating func restoreClassHead(
    _ source: inout Source, classes: Int, tasks: Int, features: Int
  ) {
    var needed = ClassHead.Room()
    needed.tasks = tasks
    needed.features = features
    needed.classes = options.replayClasses
    // Every feature is a winner of a ticket that was read: a crafted number asks for no memory.
    var most = 0
    for s in 0..<store.count { most += store.tickets[s].pointee.head.size.inputs }
    if features > most {
      source.refuse(SWIFTCL_E_CORRUPT, "the class head has more features than there are winners")
      return
    }
    if !classHead.has(needed) {
      guard let larger = larger(classHead, needed) else {
        source.refuse(SWIFTCL_E_MEMORY, "no memory for the checkpoint's class head")
        return
      }
      adopt(larger)
    }
    let head = classHead
    source.take(head.labels, classes)
    source.take(head.tasks, tasks)
    if !namesArePossible(head, classes: classes, tasks: tasks, features: features) {
      source.refuse(SWIFTCL_E_CORRUPT, "the class head's classes or tasks are impossible")
    }
    if source.status != SWIFTCL_OK { return }
    classHead.classCount = classes
    classHead.taskCount = tasks
    classHead.features = features
    for c in 0..<classes { head.columns[c] = Int32(c) }
    source.take(padded: head.bias, classes)
    source.take(classHead.panels, head.weights)
    if source.status == SWIFTCL_OK,
      !allFinite(head.bias, classHead.padded)
        || !allFinite(head.weights, classHead.panels.count)
    {
      source.refuse(SWIFTCL_E_CORRUPT, "the class head is not finite")
    }
  }

  private func namesArePossible(_ head: ClassHead, classes: Int, tasks: Int, features: Int) -> Bool
  {
    var last: Int32 = -1
    for c in 0..<classes {
      if head.labels[c] <= last || introducer(of: head.labels[c]) < 0 { return false }
      last = head.labels[c]
    }
    last = -1
    var sum = 0
    for t in 0..<tasks {
      guard head.tasks[t] > last, let ticket = store.ticket(of: head.tasks[t]) else { return false }
      last = head.tasks[t]
      sum += ticket.pointee.head.size.inputs
    }
    return sum == features
  }
}
