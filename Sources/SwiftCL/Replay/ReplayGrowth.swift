import CSwiftCL

/// A memory for more classes than the network was planned for.
extension swiftcl_options {
  /// The description of the same network with more classes. The rows that the memory holds stay
  /// as many, so a bound in bytes rises by what the classes take.
  @inline(never)
  func wider(_ classes: Int, keeping capacity: Int) -> swiftcl_options {
    var wider = self
    wider.max_classes = UInt32(classes)
    if replay_bytes == 0 { return wider }
    wider.replay_rows = UInt32(capacity)
    if let bytes = wider.replayBytes(rows: capacity) {
      wider.replay_bytes = max(replay_bytes, UInt64(bytes))
    }
    return wider
  }
}

extension Network {
  /// Moves the memory to a larger block. No task is open: nothing waits, nothing may be recalled.
  @inline(never)
  mutating func moveReplay(
    to block: UnsafeMutableRawPointer, bytes: Int, _ wider: swiftcl_options
  ) {
    guard let replay else { return }
    var arena = Arena(block)
    var larger = ReplayMemory(&arena, wider, capacity: replay.pointee.kept.capacity)
    larger.clear()
    larger.kept.copy(replay.pointee.kept)
    replay.pointee = larger
    Blocks.release(replayBlock, replayBytes, to: memory)
    replayBlock = block
    replayBytes = bytes
  }
}

extension ReplayMemory {
  /// An aborted task had brought these classes: no row has one of them any more.
  mutating func forgetClasses(from first: Int) {
    for c in first..<max(first, classes) {
      kept.classSeen[c] = 0
      if waiting.capacity > 0 { waiting.classSeen[c] = 0 }
    }
  }
}

extension ReplayPool {
  /// Takes over what a pool of as many rows and fewer classes holds.
  mutating func copy(_ older: ReplayPool) {
    seen = older.seen
    for place in 0..<older.count {
      row(place).copyMemory(from: older.row(place), byteCount: rowBytes)
      labels[place] = older.labels[place]
      tasks[place] = older.tasks[place]
      guard let to = logits(place), let from = older.logits(place) else { continue }
      to.update(from: from, count: older.classes)
      for c in older.classes..<classes { to[c] = .nan }
    }
    for c in 0..<older.classes { classSeen[c] = older.classSeen[c] }
    adopt(older.count)
  }
}
