import CSwiftCL

/// Growth beyond the plan, only for a network that owns its blocks and has no task open.
extension Network {
  /// Whether there is a place for one more task, or can be.
  mutating func checkRoomForTask() -> swiftcl_status {
    if store.count < store.capacity { return SWIFTCL_OK }
    if !ownsBlocks {
      return fail(
        SWIFTCL_E_CAPACITY, "finished tasks", is: store.count, expected: "fewer than max_tasks = ",
        store.capacity)
    }
    if store.capacity < DescriptionCheck.largestTasks { return SWIFTCL_OK }
    return fail(
      SWIFTCL_E_CAPACITY, "finished tasks", is: store.count, expected: "fewer than 65536")
  }

  /// Whether labels up to `classes - 1` are possible, or can be.
  mutating func checkRoomForClasses(_ classes: Int) -> swiftcl_status {
    let grows =
      ownsBlocks && !options.sharesTicket && classes <= DescriptionCheck.largestWidth
    if classes <= Int(options.max_classes) || grows { return SWIFTCL_OK }
    return fail(
      SWIFTCL_E_CAPACITY, "the largest label", is: classes - 1, expected: "below max_classes = ",
      Int(options.max_classes))
  }

  /// Doubles the directory when it is full.
  mutating func makeRoomForTask() -> swiftcl_status {
    if store.count < store.capacity { return SWIFTCL_OK }
    let capacity = store.capacity * 2
    var arena = Arena(measuring: ())
    _ = arena.take(UnsafeMutablePointer<Ticket>.self, capacity)
    guard let block = memory.allocate(arena.used) else {
      return fail(
        SWIFTCL_E_MEMORY, "the allocator has no memory for more tasks; bytes asked for: ",
        arena.used)
    }
    let tickets = block.assumingMemoryBound(to: UnsafeMutablePointer<Ticket>.self)
    for i in 0..<store.count { tickets[i] = store.tickets[i] }
    notePeak(growingBy: arena.used)
    memory.release(directory, directoryBytes)
    directory = block
    directoryBytes = arena.used
    store.tickets = tickets
    store.capacity = capacity
    return SWIFTCL_OK
  }

  /// Makes labels up to `classes - 1` possible by moving to a larger workspace and, where there
  /// is one, to a replay memory with as many classes.
  mutating func makeRoomForClasses(_ classes: Int) -> swiftcl_status {
    if classes <= Int(options.max_classes) { return SWIFTCL_OK }
    let wider = options.wider(classes, keeping: replay?.pointee.kept.capacity ?? 0)
    // All memory first: what has none must not have changed anything.
    let measured = MemoryPlan.measure(wider)
    let block = measured.flatMap { memory.allocate($0.workspaceBytes) }
    guard let measured, let block else { return failClasses(classes) }
    notePeak(growingBy: measured.workspaceBytes)
    if let replay, classes > replay.pointee.classes {
      guard let larger = memory.allocate(measured.replayBytes) else {
        memory.release(block, measured.workspaceBytes)
        return failClasses(classes)
      }
      notePeak(growingBy: measured.workspaceBytes + measured.replayBytes)
      moveReplay(to: larger, bytes: measured.replayBytes, wider)
    }
    memory.release(workspaceBlock, workspaceBytes)
    options = wider
    workspaceBlock = block
    workspaceBytes = measured.workspaceBytes
    plan = measured.report(options)
    workspace = Network.bindWorkspace(options, block, working)
    let shapes = shapes
    LayerGraph.each(options) { l, shape in shapes[l] = shape }
    return SWIFTCL_OK
  }

  /// Blocks are held beside those that they replace, for a while or in vain.
  mutating func notePeak(growingBy bytes: Int) {
    peakWhileGrowing = max(peakWhileGrowing, currentBytes + UInt64(bytes))
  }

  private mutating func failClasses(_ classes: Int) -> swiftcl_status {
    fail(
      SWIFTCL_E_MEMORY, "the allocator has no memory for more classes; their number is ", classes)
  }

  /// Takes back what `makeRoomForClasses` promised; the room itself stays.
  mutating func forgetClasses(of aborted: OpenTask) {
    options.max_classes = aborted.classesBefore
    options.replay_bytes = aborted.replayBytesBefore
    options.replay_rows = aborted.replayRowsBefore
    replay?.pointee.forgetClasses(from: options.replayClasses)
    let shapes = shapes
    LayerGraph.each(options) { l, shape in shapes[l] = shape }
    // The caller's memory is held as it was planned.
    if ownsBlocks, let measured = MemoryPlan.measure(options) { plan = measured.report(options) }
  }
}
