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
    source.end()
    if nextTask < 0 || head.tasks > store.capacity
      || hasShared != (options.sharesTicket && head.tasks > 0)
    {
      source.refuse(SWIFTCL_E_CORRUPT, "the checkpoint's totals are impossible")
    }
    if source.status != SWIFTCL_OK { return }
    if hasShared { restoreShared(&source) }
    for _ in 0..<head.tasks where source.status == SWIFTCL_OK { restoreTicket(&source) }
    if source.status == SWIFTCL_OK, head.openPhase != SWIFTCL_PHASE_NONE {
      restoreOpenTask(&source, head.openPhase)
    }
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

  private func record(_ source: inout Source) -> TaskRecord {
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
    var inputs = inputCount
    for l in 0..<layerCount {
      let shape = shapes[l]
      workspace.sizes[l] = TicketSize(
        units: shape.width, inputs: inputs, blocks: l < hidden ? shape.blocks : 0)
      inputs = shape.width
    }
    guard let shared = takeTicket(&source, sharesParameters: false, classCount: headShape.width)
    else { return }
    store.shared = shared
    source.begin(CheckpointFormat.Tag.shared)
    for c in 0..<headShape.width {
      shared.pointee.classes[c] = Int32(c)
      shared.pointee.columns[c] = Int32(c)
    }
    restoreParameters(&source, shared)
    source.end()
  }

  private mutating func takeTicket(
    _ source: inout Source, sharesParameters: Bool, classCount: Int
  ) -> UnsafeMutablePointer<Ticket>? {
    guard
      let bytes = Ticket.bytes(
        sizes: workspace.sizes, layerCount: layerCount, classCount: classCount,
        sharesParameters: sharesParameters),
      let block = store.take(bytes)
    else {
      source.refuse(SWIFTCL_E_MEMORY, "no memory for a ticket of the checkpoint")
      return nil
    }
    var arena = Arena(block)
    return Ticket.lay(
      &arena, sizes: workspace.sizes, layerCount: layerCount, classCount: classCount,
      sharesParameters: sharesParameters, writes: true)
  }

  private mutating func restoreTicket(_ source: inout Source) {
    source.begin(CheckpointFormat.Tag.task)
    let record = record(&source)
    let classCount = Int(source.u32())
    _ = source.u32()
    var inputs = inputCount
    for l in 0..<hidden {
      let units = Int(source.u32())
      workspace.sizes[l] = TicketSize(units: units, inputs: inputs, blocks: shapes[l].blocks)
      if units < 1 || units > shapes[l].winnerWidth {
        source.refuse(SWIFTCL_E_CORRUPT, "a ticket's number of winners is impossible")
      }
      inputs = units
    }
    source.end()
    let before = store.count > 0 ? store.tickets[store.count - 1].pointee.record.task : -1
    if classCount < 1 || classCount > headShape.width || record.task <= before
      || record.task >= nextTask
    {
      source.refuse(SWIFTCL_E_CORRUPT, "a ticket's classes or number are impossible")
    }
    if source.status != SWIFTCL_OK { return }
    let rows = options.sharesTicket ? headShape.width : classCount
    workspace.sizes[hidden] = TicketSize(units: rows, inputs: inputs, blocks: 0)
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
  private func restoreClasses(
    _ source: inout Source, _ classes: UnsafeMutablePointer<Int32>,
    _ columns: UnsafeMutablePointer<Int32>,
    _ count: Int
  ) {
    for c in 0..<count {
      columns[c] = options.sharesTicket ? classes[c] : Int32(c)
      if classes[c] < 0 || Int(classes[c]) >= headShape.width {
        source.refuse(SWIFTCL_E_CORRUPT, "a task's label is impossible")
        columns[c] = 0
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
      source.take(layer.panels, layer.weights)
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
      if source.status != SWIFTCL_OK { return }
    }
    ticket.pointee.placeWinners(shapes)
  }

  /// No block ever has more groups than this.
  private func winnerLimit(layer l: Int) -> Int {
    options.allocation == SWIFTCL_ALLOCATE_GROWING
      ? shapes[l].groups + DescriptionCheck.largestTasks : shapes[l].groups
  }

  // MARK: open task

  private mutating func restoreOpenTask(_ source: inout Source, _ phase: Int32) {
    source.begin(CheckpointFormat.Tag.open)
    var open = OpenTask()
    open.record = record(&source)
    open.phase = source.i32()
    open.start = source.i32()
    open.reopens = source.u32() == 1
    open.rateIsSet = source.u32() == 1
    open.rate = source.f32()
    open.classCount = Int(source.u32())
    open.startStep = source.u64()
    open.expectedSteps = source.u64()
    open.competeSteps = source.u64()
    let possible =
      open.phase == phase && (phase == SWIFTCL_PHASE_COMPETE || phase == SWIFTCL_PHASE_SPECIALISE)
      && open.classCount >= 1 && open.classCount <= headShape.width
      && open.startStep <= open.record.steps && open.rate.isFinite && isPossibleNumber(open)
    if !possible {
      source.refuse(SWIFTCL_E_CORRUPT, "the open task is impossible")
      source.end()
      return
    }
    source.take(workspace.classes, open.classCount)
    restoreClasses(&source, workspace.classes, workspace.columns, open.classCount)
    source.end()
    if source.status != SWIFTCL_OK { return }
    task = open
    for l in 0..<layerCount where source.status == SWIFTCL_OK { restoreWorking(&source, layer: l) }
    if source.status != SWIFTCL_OK { return }
    if task.reopens, !matchesOwnTicket() {
      source.refuse(SWIFTCL_E_CORRUPT, "the reopened task does not fit its ticket")
      return
    }
    noteCompetition()
    if isParked {
      packSample()
    } else {
      markOwned(takingValues: false)
    }
  }

  private func isPossibleNumber(_ open: OpenTask) -> Bool {
    open.reopens ? store.index(of: open.record.task) != nil : open.record.task == nextTask
  }

  /// A reopened task is written over its ticket: it must have its very size.
  private func matchesOwnTicket() -> Bool {
    guard let index = store.index(of: task.record.task), task.phase == SWIFTCL_PHASE_SPECIALISE
    else {
      return false
    }
    let ticket = store.tickets[index].pointee
    if !ticket.hasClasses(workspace.classes, task.classCount) { return false }
    for l in 0..<layerCount where ticket.layers[l].size.units != working[l].units { return false }
    return true
  }

  private mutating func restoreWorking(_ source: inout Source, layer l: Int) {
    source.begin(CheckpointFormat.Tag.working)
    var set = candidates(l)
    let shape = shapes[l]
    set.units = Int(source.u32())
    set.inputs = Int(source.u32())
    let feeding = l == 0 ? inputCount : candidates(l - 1).units
    let rows = options.sharesTicket ? headShape.width : task.classCount
    if set.units < 1 || set.units > (l < hidden ? shape.liveWidth : rows) || set.inputs != feeding
      || (l == hidden && set.units != rows)
    {
      source.refuse(SWIFTCL_E_CORRUPT, "the working set's size is impossible")
      source.end()
      return
    }
    if l < hidden {
      source.bytes(working[l].blockState, shape.blocks)
      source.take(working[l].probability, shape.blocks)
      source.take(set.unitBlock, set.units)
    }
    source.take(set.unitId, set.units)
    checkUnits(&source, set, layer: l)
    if source.status != SWIFTCL_OK { return }
    if l < hidden, gatesPerTask(l) {
      source.take(set.logits, set.units)
      source.take(set.logitFirst, set.units)
      source.take(set.logitSecond, set.units)
    }
    source.take(padded: set.bias, set.units)
    source.take(padded: set.biasFirst, set.units)
    if let second = set.biasSecond { source.take(padded: second, set.units) }
    source.take(set.panels, set.weights)
    source.take(set.panels, set.first)
    if let second = set.second { source.take(set.panels, second) }
    set.startBlocks(l < hidden ? shape.blocks : 0)
    if isParked {
      working[l].parked = set
      if l < hidden { restoreRunning(&source, layer: l) }
    } else {
      working[l].live = set
    }
    source.end()
  }

  /// Units ascend by block and index, in whole groups; the head's are the classes.
  private func checkUnits(_ source: inout Source, _ set: CandidateSet, layer l: Int) {
    if l == hidden {
      for c in 0..<set.units {
        set.unitBlock[c] = 0
        if set.unitId[c] != (options.sharesTicket ? Int32(c) : workspace.classes[c]) {
          source.refuse(SWIFTCL_E_CORRUPT, "the working set's classes are not the task's")
        }
      }
      return
    }
    let size = Int32(shapes[l].groupSize)
    let limit = winnerLimit(layer: l) * Int(size)
    let mostInBlock = task.phase == SWIFTCL_PHASE_COMPETE ? shapes[l].groups * Int(size) : Int(size)
    var inBlock = 0
    for u in 0..<set.units {
      let block = set.unitBlock[u]
      let id = set.unitId[u]
      var follows = block >= 0 && Int(block) < shapes[l].blocks && id >= 0 && Int(id) < limit
      if u > 0, block == set.unitBlock[u - 1] {
        follows = follows && id > set.unitId[u - 1]
        inBlock += 1
      } else {
        follows = follows && (u == 0 || block > set.unitBlock[u - 1])
        inBlock = 1
      }
      if Int32(u) % size != 0 {
        follows = follows && id == set.unitId[u - 1] + 1
      } else {
        follows = follows && id % size == 0
      }
      if !follows || inBlock > mostInBlock {
        source.refuse(SWIFTCL_E_CORRUPT, "the working set's units are impossible")
        return
      }
    }
    if set.units % Int(size) != 0 {
      source.refuse(SWIFTCL_E_CORRUPT, "the working set's units are impossible")
    }
    for i in 0..<shapes[l].blocks where working[l].blockState[i] > BlockState.any {
      source.refuse(SWIFTCL_E_CORRUPT, "a block's state is impossible")
    }
  }

  private func restoreRunning(_ source: inout Source, layer l: Int) {
    let set = working[l].parked
    let count = Int(source.u32())
    if count != runningCount(l) {
      source.refuse(SWIFTCL_E_CORRUPT, "the sample of top-k is impossible")
      return
    }
    source.take(working[l].running, count)
    for r in 0..<count {
      let place = Int(working[l].running[r])
      if place < 0 || place >= set.units || (r > 0 && place <= Int(working[l].running[r - 1])) {
        source.refuse(SWIFTCL_E_CORRUPT, "the sample of top-k is impossible")
        working[l].running[r] = 0
      }
    }
  }
}
