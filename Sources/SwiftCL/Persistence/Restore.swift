import CSwiftCL

/// Fills a freshly created network from the sections behind the description.
/// A checksum tells of accidents; every number is checked all the same, because
/// a crafted file must not be able to trap or to overrun.
extension Network {
  mutating func restore(_ source: inout Source, _ head: CheckpointHead) {
    restoreScale(&source, head.isScaled)
    source.begin(CheckpointFormat.Tag.totals)
    nextTask = source.i32()
    let hasShared = source.u32() == 1
    steps = source.u64()
    macs = source.u64()
    denseMacs = source.u64()
    var openCosts = TrainingCosts()
    if source.hasMore {
      costs = TrainingCosts(&source)
      openCosts = TrainingCosts(&source)
    }
    source.end()
    if nextTask < 0 || nextTask == Int32.max || head.tasks > store.capacity
      || hasShared != (options.sharesTicket && head.tasks > 0)
    {
      source.refuse(SWIFTCL_E_CORRUPT, "the checkpoint's totals are impossible")
    }
    if source.status != SWIFTCL_OK { return }
    if hasShared { restoreShared(&source) }
    for _ in 0..<head.tasks where source.status == SWIFTCL_OK { restoreTicket(&source) }
    if source.status == SWIFTCL_OK, head.openPhase != SWIFTCL_PHASE_NONE {
      restoreOpenTask(&source, head.openPhase)
      task.costs = openCosts
    }
    if source.status == SWIFTCL_OK { restoreReplay(&source) }
    if source.status == SWIFTCL_OK, options.hasClassHead { restoreClassHead(&source) }
    if source.status == SWIFTCL_OK { restoreData(&source) }
    if source.status != SWIFTCL_OK { return }
    source.begin(CheckpointFormat.Tag.end)
    source.end()
  }

  private mutating func restoreScale(_ source: inout Source, _ isScaled: Bool) {
    source.begin(CheckpointFormat.Tag.scale)
    if isScaled {
      var arena = Arena(homeBlock)
      let home = Home(&arena, options)
      let channels = Int(options.input_channels)
      source.take(home.scale, channels)
      source.take(home.offset, channels)
      options.input_scale = UnsafePointer(home.scale)
      options.input_offset = UnsafePointer(home.offset)
    }
    source.end()
    guard isScaled, source.status == SWIFTCL_OK else { return }
    let call = call
    let status = withUnsafeMutablePointer(to: &error) {
      DescriptionCheck(call: call, error: $0).check(options)
    }
    if status != SWIFTCL_OK {
      source.refuse(SWIFTCL_E_CORRUPT, "the checkpoint's input scale is impossible")
    }
  }

  // MARK: tickets

  func record(_ source: inout Source) -> TaskRecord {
    var record = TaskRecord()
    record.task = source.i32()
    record.ownedWinners = source.u32()
    record.steps = source.u64()
    record.committedAt = source.u64()
    record.macs = source.u64()
    record.denseMacs = source.u64()
    record.userTag = source.u64()
    record.ownedEdges = source.u64()
    record.frozenEdges = source.u64()
    record.lastLoss = source.f32()
    record.masksClasses = source.u32()
    record.copiedWinners = source.u32()
    _ = source.u32()
    return record
  }

  private mutating func restoreShared(_ source: inout Source) {
    for l in 0..<layerCount {
      let shape = shapes[l]
      workspace.maps.sizes[l] = TicketSize(
        units: shape.width, inputs: shape.inputs, blocks: l < hidden ? shape.blocks : 0,
        normalises: shape.normalises)
      workspace.maps.sizes[l] = masked(workspace.maps.sizes[l], layer: l)
    }
    guard let shared = takeTicket(&source, sharesParameters: false, classCount: headShape.width)
    else { return }
    store.shared = shared
    source.begin(CheckpointFormat.Tag.shared)
    shared.pointee.nameAllClasses()
    restoreParameters(&source, shared)
    source.end()
  }

  private mutating func takeTicket(
    _ source: inout Source, sharesParameters: Bool, classCount: Int
  ) -> UnsafeMutablePointer<Ticket>? {
    let ticket = layTicket(sharesParameters: sharesParameters, classCount: classCount)
    if ticket == nil { source.refuse(SWIFTCL_E_MEMORY, "no memory for a ticket of the checkpoint") }
    return ticket
  }

  private mutating func restoreTicket(_ source: inout Source) {
    source.begin(CheckpointFormat.Tag.task)
    let record = record(&source)
    let classCount = Int(shown: UInt(source.u32()))
    _ = source.u32()
    var inputs = shapes[0].inputs
    for l in 0..<hidden {
      let units = Int(shown: UInt(source.u32()))
      workspace.maps.sizes[l] = TicketSize(
        units: units, inputs: inputs, blocks: shapes[l].blocks, normalises: shapes[l].normalises)
      if units < 1 || units > shapes[l].winnerWidth {
        source.refuse(SWIFTCL_E_CORRUPT, "a ticket's number of winners is impossible")
      }
      inputs = workspace.maps.sizes[shapes[l + 1].input].units &* shapes[l + 1].taps
    }
    source.end()
    let before = store.count > 0 ? store.tickets[store.count - 1].pointee.record.task : -1
    if classCount < 1 || classCount > headShape.width || record.task <= before
      || record.task >= nextTask || !record.isPossible
    {
      source.refuse(SWIFTCL_E_CORRUPT, "a ticket's classes or number are impossible")
    }
    if source.status != SWIFTCL_OK { return }
    for l in 0..<hidden { workspace.maps.sizes[l] = masked(workspace.maps.sizes[l], layer: l) }
    let rows = options.sharesTicket ? headShape.width : classCount
    workspace.maps.sizes[hidden] = TicketSize(units: rows, inputs: inputs, blocks: 0)
    guard
      let ticket = takeTicket(
        &source, sharesParameters: options.sharesTicket, classCount: classCount)
    else { return }
    ticket.pointee.record = record
    store.append(ticket)
    source.begin(CheckpointFormat.Tag.ticket)
    source.take(ticket.pointee.classes, classCount)
    restoreClasses(&source, ticket.pointee.classes, ticket.pointee.columns, classCount)
    if options.sharesTicket {
      linkShared(ticket)
    } else {
      restoreParameters(&source, ticket)
    }
    source.end()
  }

  /// Checks labels and finds their columns.
  func restoreClasses(
    _ source: inout Source, _ classes: UnsafeMutablePointer<Int32>,
    _ columns: UnsafeMutablePointer<Int32>,
    _ count: Int
  ) {
    var largest: Int32 = -1
    for c in 0..<count {
      columns[c] = options.sharesTicket ? classes[c] : Int32(c)
      if classes[c] < 0 || Int(classes[c]) >= headShape.width {
        source.refuse(SWIFTCL_E_CORRUPT, "a task's label is impossible")
        columns[c] = 0
      }
      // Labels mostly ascend; only those that do not can have been before.
      if classes[c] > largest {
        largest = classes[c]
        continue
      }
      for earlier in 0..<c where classes[earlier] == classes[c] {
        source.refuse(SWIFTCL_E_CORRUPT, "a task has a label twice")
      }
    }
  }

  private func restoreParameters(_ source: inout Source, _ ticket: UnsafeMutablePointer<Ticket>) {
    for l in 0..<layerCount {
      let layer = ticket.pointee.layers[l]
      source.take(layer.winners, layer.size.blocks)
      source.take(layer.probabilities, layer.size.blocks)
      source.take(padded: layer.bias, layer.size.units)
      if let norm = layer.norm { source.take(norm, layer.size.units) }
      if let mask = layer.mask {
        takeMask(&source, mask, inputs: layer.size.inputs, outputs: layer.size.units)
      } else {
        source.take(layer.panels, layer.weights)
      }
      if l == hidden { break }
      var units = 0
      for i in 0..<layer.size.blocks {
        if layer.winners[i] < -1 || Int(layer.winners[i]) >= winnerLimit(layer: l) {
          source.refuse(SWIFTCL_E_CORRUPT, "a ticket's winner is impossible")
          layer.winners[i] = -1
        }
        if layer.winners[i] >= 0 { units += shapes[l].groupSize }
      }
      if units != layer.size.units {
        source.refuse(SWIFTCL_E_CORRUPT, "a ticket's winners are not as many as its units")
      }
      for i in 0..<layer.size.blocks
      where layer.winners[i] != ticket.pointee.layers[shapes[l].leader].winners[i] {
        source.refuse(SWIFTCL_E_CORRUPT, "a ticket's layers of one stream have other winners")
      }
      if source.status != SWIFTCL_OK { return }
    }
    ticket.pointee.placeWinners(shapes)
  }

  /// No block ever has more groups than this.
  func winnerLimit(layer l: Int) -> Int {
    options.allocation == SWIFTCL_ALLOCATE_GROWING
      ? min(shapes[l].groups + DescriptionCheck.largestTasks, Int(Int32.max) / shapes[l].width)
      : shapes[l].groups
  }
}
