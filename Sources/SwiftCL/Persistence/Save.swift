import CSwiftCL

/// Writes a whole network: its description, its tickets, and the working set
/// of an open task. Nothing is stored that the seed can give back.
extension Network {
  mutating func save(_ sink: inout Sink) -> swiftcl_status {
    // What runs in a sample of top-k belongs to its parked places.
    if isParked { parkLive() }
    var magic = CheckpointFormat.magic.littleEndian
    sink.bytes(&magic, 8)
    let size = checkpointBytes()
    sink.section(CheckpointFormat.Tag.head) { putHead(&$0, size) }
    sink.section(CheckpointFormat.Tag.description) { putDescription(&$0) }
    sink.section(CheckpointFormat.Tag.scale) { putScale(&$0) }
    putBody(&sink)
    if !sink.failed { return SWIFTCL_OK }
    return fail(SWIFTCL_E_IO, "writing the checkpoint failed")
  }

  /// Bytes of the whole checkpoint.
  func checkpointBytes() -> UInt64 {
    var sink = Sink(counting: ())
    sink.section(CheckpointFormat.Tag.head) { putHead(&$0, 0) }
    sink.section(CheckpointFormat.Tag.description) { putDescription(&$0) }
    sink.section(CheckpointFormat.Tag.scale) { putScale(&$0) }
    putBody(&sink)
    return sink.count + 8
  }

  private func putBody(_ sink: inout Sink) {
    sink.section(CheckpointFormat.Tag.totals) { putTotals(&$0) }
    if let shared = store.shared {
      sink.section(CheckpointFormat.Tag.shared) { putParameters(&$0, of: shared) }
    }
    for s in 0..<store.count {
      sink.section(CheckpointFormat.Tag.task) { putTask(&$0, store.tickets[s]) }
      sink.section(CheckpointFormat.Tag.ticket) { putTicket(&$0, store.tickets[s]) }
    }
    if task.isOpen {
      sink.section(CheckpointFormat.Tag.open) { putOpenTask(&$0) }
      for l in 0..<layerCount {
        sink.section(CheckpointFormat.Tag.working) { putWorking(&$0, layer: l) }
      }
    }
    sink.section(CheckpointFormat.Tag.end) { _ in }
  }

  private func putHead(_ sink: inout Sink, _ size: UInt64) {
    sink.put(CheckpointFormat.major)
    sink.put(CheckpointFormat.minor)
    sink.put(CheckpointFormat.endianness)
    sink.put(UInt32(store.count))
    sink.put(task.phase)
    sink.put(0 as UInt32)
    sink.put(size)
  }

  private func putDescription(_ sink: inout Sink) {
    options.putFields(&sink)
    for l in 0..<layerCount {
      guard let layer = options.layers?[l] else { return }
      sink.put(layer.kind)
      sink.put(layer.width)
      sink.put(layer.block_size)
      sink.put(layer.activation)
      sink.put(layer.competition)
      for _ in 0..<11 { sink.put(0 as UInt32) }
    }
  }

  private func putScale(_ sink: inout Sink) {
    guard let scale = options.input_scale, let offset = options.input_offset else { return }
    sink.put(scale, Int(options.input_channels))
    sink.put(offset, Int(options.input_channels))
  }

  private func putTotals(_ sink: inout Sink) {
    sink.put(nextTask)
    sink.put(store.shared == nil ? 0 : 1 as UInt32)
    sink.put(steps)
    sink.put(macs)
    sink.put(denseMacs)
  }

  private func putRecord(_ sink: inout Sink, _ record: TaskRecord) {
    sink.put(record.task)
    sink.put(record.ownedWinners)
    sink.put(record.steps)
    sink.put(record.committedAt)
    sink.put(record.macs)
    sink.put(record.denseMacs)
    sink.put(record.userTag)
    sink.put(record.ownedEdges)
    sink.put(record.frozenEdges)
    sink.put(record.lastLoss)
    sink.put(record.masksClasses)
    sink.put(record.copiedWinners)
    sink.put(0 as UInt32)
  }

  private func putTask(_ sink: inout Sink, _ ticket: UnsafeMutablePointer<Ticket>) {
    putRecord(&sink, ticket.pointee.record)
    sink.put(UInt32(ticket.pointee.classCount))
    sink.put(0 as UInt32)
    for l in 0..<hidden { sink.put(UInt32(ticket.pointee.layers[l].size.units)) }
  }

  private func putTicket(_ sink: inout Sink, _ ticket: UnsafeMutablePointer<Ticket>) {
    sink.put(ticket.pointee.classes, ticket.pointee.classCount)
    if !ticket.pointee.sharesParameters { putParameters(&sink, of: ticket) }
  }

  private func putParameters(_ sink: inout Sink, of ticket: UnsafeMutablePointer<Ticket>) {
    for l in 0..<layerCount {
      let layer = ticket.pointee.layers[l]
      sink.put(layer.winners, layer.size.blocks)
      sink.put(layer.probabilities, layer.size.blocks)
      sink.put(layer.bias, layer.size.units)
      sink.put(layer.panels, layer.weights)
    }
  }

  private func putOpenTask(_ sink: inout Sink) {
    putRecord(&sink, task.record)
    sink.put(task.phase)
    sink.put(task.start)
    sink.put(task.reopens ? 1 : 0 as UInt32)
    sink.put(task.rateIsSet ? 1 : 0 as UInt32)
    sink.put(task.rate)
    sink.put(UInt32(task.classCount))
    sink.put(task.classesBefore)
    sink.put(0 as UInt32)
    sink.put(task.startStep)
    sink.put(task.expectedSteps)
    sink.put(task.competeSteps)
    sink.put(workspace.classes, task.classCount)
  }

  private func putWorking(_ sink: inout Sink, layer l: Int) {
    let set = candidates(l)
    let layer = working[l]
    sink.put(UInt32(set.units))
    sink.put(UInt32(set.inputs))
    if l < hidden {
      sink.bytes(layer.blockState, shapes[l].blocks)
      sink.put(layer.probability, shapes[l].blocks)
      sink.put(set.unitBlock, set.units)
    }
    sink.put(set.unitId, set.units)
    if l < hidden, gatesPerTask(l) {
      sink.put(set.logits, set.units)
      sink.put(set.logitFirst, set.units)
      sink.put(set.logitSecond, set.units)
    }
    sink.put(set.bias, set.units)
    sink.put(set.biasFirst, set.units)
    if let second = set.biasSecond { sink.put(second, set.units) }
    sink.put(set.panels, set.weights)
    sink.put(set.panels, set.first)
    if let second = set.second { sink.put(set.panels, second) }
    // Which candidates run until the next sample of top-k.
    if isParked, l < hidden {
      sink.put(UInt32(layer.units))
      sink.put(layer.running, layer.units)
    }
  }
}
