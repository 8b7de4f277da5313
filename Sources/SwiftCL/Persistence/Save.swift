import CSwiftCL

/// Writes a whole network: its description, its tickets, and the working set
/// of an open task. Nothing is stored that the seed can give back.
extension Network {
  mutating func save(_ sink: inout Sink) -> swiftcl_status {
    // What runs in a sample of top-k belongs to its parked places.
    if isParked { parkLive() }
    putSections(&sink)
    if !sink.failed { return SWIFTCL_OK }
    return fail(SWIFTCL_E_IO, "writing the checkpoint failed")
  }

  /// Bytes of the whole checkpoint.
  func checkpointBytes() -> UInt64 {
    var sink = Sink(counting: ())
    putSections(&sink)
    return sink.count
  }

  private func putSections(_ sink: inout Sink) {
    var magic = CheckpointFormat.magic.littleEndian
    sink.bytes(&magic, 8)
    putSection(CheckpointFormat.Tag.head, 0, &sink)
    putSection(CheckpointFormat.Tag.description, 0, &sink)
    putSection(CheckpointFormat.Tag.scale, 0, &sink)
    putSection(CheckpointFormat.Tag.totals, 0, &sink)
    if store.shared != nil { putSection(CheckpointFormat.Tag.shared, 0, &sink) }
    for s in 0..<store.count {
      putSection(CheckpointFormat.Tag.task, s, &sink)
      putSection(CheckpointFormat.Tag.ticket, s, &sink)
    }
    if task.isOpen {
      putSection(CheckpointFormat.Tag.open, 0, &sink)
      for l in 0..<layerCount { putSection(CheckpointFormat.Tag.working, l, &sink) }
    }
    if replay != nil { putSection(CheckpointFormat.Tag.replay, 0, &sink) }
    if options.hasClassHead { putSection(CheckpointFormat.Tag.classHead, 0, &sink) }
    if data != nil { putSection(CheckpointFormat.Tag.data, 0, &sink) }
    putSection(CheckpointFormat.Tag.end, 0, &sink)
  }

  /// The payload is put twice, first to be counted.
  @inline(never)
  private func putSection(_ tag: UInt32, _ index: Int, _ sink: inout Sink) {
    var measure = Sink(counting: ())
    putPayload(tag, index, &measure)
    if !sink.begin(tag, measure.count) { return }
    putPayload(tag, index, &sink)
    sink.end(measure.count)
  }

  /// `index` is that of the task or of the layer.
  @inline(never)
  private func putPayload(_ tag: UInt32, _ index: Int, _ sink: inout Sink) {
    switch tag {
    case CheckpointFormat.Tag.head: putHead(&sink)
    case CheckpointFormat.Tag.description: putDescription(&sink)
    case CheckpointFormat.Tag.scale: putScale(&sink)
    case CheckpointFormat.Tag.totals: putTotals(&sink)
    case CheckpointFormat.Tag.shared:
      if let shared = store.shared { putParameters(&sink, of: shared) }
    case CheckpointFormat.Tag.task: putTask(&sink, store.tickets[index])
    case CheckpointFormat.Tag.ticket: putTicket(&sink, store.tickets[index])
    case CheckpointFormat.Tag.open: putOpenTask(&sink)
    case CheckpointFormat.Tag.replay: putReplay(&sink)
    case CheckpointFormat.Tag.classHead: putClassHead(&sink)
    case CheckpointFormat.Tag.data: putData(&sink)
    case CheckpointFormat.Tag.working: putWorking(&sink, layer: index)
    default: break
    }
  }

  /// No newer than what is there needs, so that older readers know it.
  private var minor: UInt32 {
    if options.hasMemoryFields { return CheckpointFormat.minor }
    if options.hasSparseFields { return 4 }
    if replay == nil { return 0 }
    if task.grewReplay(options) { return 3 }
    return options.hasClassFields ? 2 : 1
  }

  private func putHead(_ sink: inout Sink) {
    sink.put(CheckpointFormat.major)
    sink.put(minor)
    sink.put(CheckpointFormat.endianness)
    sink.put(UInt32(store.count))
    sink.put(task.phase)
    sink.put(task.isOpen && task.reopens ? 1 : 0 as UInt32)
    sink.put(sink.counts ? 0 : checkpointBytes())
  }

  private func putDescription(_ sink: inout Sink) {
    options.putFields(&sink)
    for l in 0..<Int(options.layer_count) {
      guard let layer = options.layers?[l] else { return }
      sink.put(layer.kind)
      sink.put(layer.width)
      sink.put(layer.block_size)
      sink.put(layer.activation)
      sink.put(layer.competition)
      sink.put(layer.kernel_height)
      sink.put(layer.kernel_width)
      sink.put(layer.stride)
      sink.put(layer.padding)
      sink.put(layer.input_height)
      sink.put(layer.input_width)
      sink.put(layer.rate)
      sink.put(layer.source)
      for _ in 0..<3 { sink.put(0 as UInt32) }
    }
    let hasMemory = options.hasMemoryFields
    let hasSparse = hasMemory || options.hasSparseFields
    if replay != nil || hasSparse { options.putReplayFields(&sink) }
    if hasSparse { options.putSparseFields(&sink) }
    if hasMemory { options.putMemoryFields(&sink) }
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
    if !costs.isZero || !task.costs.isZero {
      costs.put(&sink)
      task.costs.put(&sink)
    }
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
      if let norm = layer.norm { sink.put(norm, layer.size.units) }
      if let mask = layer.mask {
        putMask(&sink, mask)
      } else {
        sink.put(layer.panels, layer.weights)
      }
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
    if task.grewReplay(options) {
      sink.put(task.replayBytesBefore)
      sink.put(task.replayRowsBefore)
    }
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
    if let norm = set.norm {
      sink.put(norm.values, set.units)
      sink.put(norm.first, set.units)
      if let second = norm.second { sink.put(second, set.units) }
    }
    if let mask = runningMask(l) {
      putWorkingMask(&sink, mask)
    } else {
      sink.put(set.panels, set.weights)
      sink.put(set.panels, set.first)
      if let second = set.second { sink.put(set.panels, second) }
    }
    // Which candidates run until the next sample of top-k.
    if isParked, l < hidden {
      sink.put(UInt32(layer.units))
      sink.put(layer.running, layer.units)
    }
  }
}
