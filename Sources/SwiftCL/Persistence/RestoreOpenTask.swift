import CSwiftCL

/// The open task of a checkpoint: its working set, and where its competition
/// stands.
extension Network {
  mutating func restoreOpenTask(_ source: inout Source, _ phase: Int32) {
    source.begin(CheckpointFormat.Tag.open)
    var open = OpenTask()
    open.record = record(&source)
    open.phase = source.i32()
    open.start = source.i32()
    open.reopens = source.u32() == 1
    open.rateIsSet = source.u32() == 1
    open.rate = source.f32()
    open.classCount = Int(shown: UInt(source.u32()))
    open.classesBefore = source.u32()
    // Files of versions before 1.3 keep what the memory has grown to.
    open.replayBytesBefore = options.replay_bytes
    open.replayRowsBefore = options.replay_rows
    _ = source.u32()
    open.startStep = source.u64()
    open.expectedSteps = source.u64()
    open.competeSteps = source.u64()
    let possible =
      open.phase == phase
      && (phase == SWIFTCL_PHASE_SPECIALISE
        || (phase == SWIFTCL_PHASE_COMPETE && !options.sharesTicket))
      && open.classCount >= 1 && open.classCount <= headShape.width
      && open.startStep <= open.record.steps && open.rate.isFinite && open.record.isPossible
      && isPossibleNumber(open) && (open.reopens || isPossibleGrowth(open))
    if !possible {
      source.refuse(SWIFTCL_E_CORRUPT, "the open task is impossible")
      source.end()
      return
    }
    source.take(workspace.classes, open.classCount)
    if source.hasMore {
      open.replayBytesBefore = source.u64()
      open.replayRowsBefore = source.u32()
      if !open.reopens, !isPossibleMemory(open) {
        source.refuse(SWIFTCL_E_CORRUPT, "the replay memory before the open task is impossible")
      }
    }
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
    for l in 0..<hidden where shapes[l].leader != l && !followsLeader(layer: l) {
      source.refuse(SWIFTCL_E_CORRUPT, "layers of one stream have other candidates")
      return
    }
    noteCompetition()
    if isParked {
      packSample()
    } else {
      markOwned(takingValues: false)
    }
  }

  /// An abort goes back to these classes: the head and every ticket must fit.
  private func isPossibleGrowth(_ open: OpenTask) -> Bool {
    var least: UInt32 = options.layers?[headShape.slot].width ?? 1
    for s in 0..<store.count {
      let ticket = store.tickets[s].pointee
      for c in 0..<ticket.classCount {
        least = max(least, UInt32(bitPattern: ticket.classes[c]) + 1)
      }
    }
    return open.classesBefore >= least && open.classesBefore <= options.max_classes
  }

  /// An abort goes back to this bound too: as many rows fit.
  private func isPossibleMemory(_ open: OpenTask) -> Bool {
    var before = options
    before.max_classes = open.classesBefore
    before.replay_bytes = open.replayBytesBefore
    before.replay_rows = open.replayRowsBefore
    return before.replay_bytes > 0 && before.replay_bytes <= options.replay_bytes
      && before.replayCapacity == options.replayCapacity
  }

  private func isPossibleNumber(_ open: OpenTask) -> Bool {
    open.reopens
      ? store.ticket(of: open.record.task) != nil
      : open.record.task == nextTask && store.count < store.capacity
  }

  /// A reopened task is written over its ticket: it must have its very size.
  private func matchesOwnTicket() -> Bool {
    guard let own = store.ticket(of: task.record.task), task.phase == SWIFTCL_PHASE_SPECIALISE
    else {
      return false
    }
    let ticket = own.pointee
    if !ticket.hasClasses(workspace.classes, task.classCount) { return false }
    for l in 0..<layerCount where ticket.layers[l].size.units != working[l].units { return false }
    return true
  }

  /// Layers of one stream have the same candidates and compete alike, to the bit.
  private func followsLeader(layer l: Int) -> Bool {
    let leader = shapes[l].leader
    let (ours, theirs) = (candidates(l), candidates(leader))
    if ours.units != theirs.units { return false }
    for i in 0..<shapes[l].blocks
    where working[l].blockState[i] != working[leader].blockState[i] {
      return false
    }
    for u in 0..<ours.units {
      if ours.unitBlock[u] != theirs.unitBlock[u] || ours.unitId[u] != theirs.unitId[u] {
        return false
      }
      if !gatesPerTask(l) { continue }
      if ours.logits[u].bitPattern != theirs.logits[u].bitPattern
        || ours.logitFirst[u].bitPattern != theirs.logitFirst[u].bitPattern
        || ours.logitSecond[u].bitPattern != theirs.logitSecond[u].bitPattern
      {
        return false
      }
    }
    if !isParked { return true }
    if working[l].units != working[leader].units { return false }
    for u in 0..<working[l].units where working[l].running[u] != working[leader].running[u] {
      return false
    }
    return true
  }

  private mutating func restoreWorking(_ source: inout Source, layer l: Int) {
    source.begin(CheckpointFormat.Tag.working)
    var set = candidates(l)
    let shape = shapes[l]
    set.units = Int(shown: UInt(source.u32()))
    set.inputs = Int(shown: UInt(source.u32()))
    let feeding = l == 0 ? shapes[0].inputs : candidates(shapes[l].input).units * shapes[l].taps
    let rows = options.sharesTicket ? headShape.width : task.classCount
    let most = isParked ? shape.candidateWidth : shape.liveWidth
    if set.units < 1 || set.units > (l < hidden ? most : rows) || set.inputs != feeding
      || (l == hidden && set.units != rows)
      || (options.sharesTicket && l < hidden && set.units != shape.width)
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
    if let norm = set.norm {
      source.take(norm.values, set.units)
      source.take(padded: norm.first, set.units)
      if let second = norm.second { source.take(padded: second, set.units) }
    }
    if working[l].mask != nil,
      options.sharesTicket || task.phase == SWIFTCL_PHASE_SPECIALISE
    {
      takeWorkingMask(&source, layer: l, set)
    } else {
      if Features.all { working[l].mask?.runs = false }
      source.take(set.panels, set.weights)
      source.take(set.panels, set.first)
      if let second = set.second { source.take(set.panels, second) }
    }
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
    // Only where something decides may a block have more than one group left.
    let undecided = task.phase == SWIFTCL_PHASE_COMPETE && gatesPerTask(l)
    let mostInBlock = (undecided ? shapes[l].groups : 1) * Int(size)
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
    let count = Int(shown: UInt(source.u32()))
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
