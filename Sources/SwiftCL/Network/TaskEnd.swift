import CSwiftCL

/// Closing a task: its winners become a ticket, or nothing is left of it.
extension Network {
  mutating func commitTask() -> swiftcl_status {
    if !task.isOpen { return fail(SWIFTCL_E_STATE, "no task is open") }
    if task.phase == SWIFTCL_PHASE_COMPETE { commit() }
    return SWIFTCL_OK
  }

  mutating func abortTask() -> swiftcl_status {
    if !task.isOpen { return fail(SWIFTCL_E_STATE, "no task is open") }
    abortReplay()
    data?.pointee.close()
    if !task.reopens, task.classesBefore != options.max_classes { forgetClasses(of: task) }
    task = OpenTask()
    return SWIFTCL_OK
  }

  mutating func endTask() -> swiftcl_status {
    if !task.isOpen { return fail(SWIFTCL_E_STATE, "no task is open") }
    if isParked { parkLive() }
    if !parametersAreFinite() {
      return fail(
        SWIFTCL_E_NONFINITE, "the task's parameters are no longer finite; abort it and learn slower"
      )
    }
    // Memory first: everything after it cannot fail.
    guard let target = ticketForOpenTask() else {
      return fail(
        SWIFTCL_E_MEMORY, "the allocator has no memory for the ticket; bytes held by tickets: ",
        store.used)
    }
    if task.phase == SWIFTCL_PHASE_COMPETE { commit() }
    // One copy for what only reads: each call of it from here would make its own.
    let net = self
    task.record.ownedWinners = net.ownedWinners()
    task.record.ownedEdges = net.ownedEdges()
    task.record.frozenEdges = net.frozenEdges()
    if options.protection != SWIFTCL_PROTECT_FROZEN && !options.sharesTicket { net.writeBack() }
    net.fill(target)
    if !task.reopens {
      store.append(target)
      nextTask += 1
      steps &+= task.record.steps
      macs &+= task.record.macs
      denseMacs &+= task.record.denseMacs
    } else {
      steps &+= task.record.steps &- target.pointee.record.steps
      macs &+= task.record.macs &- target.pointee.record.macs
      denseMacs &+= task.record.denseMacs &- target.pointee.record.denseMacs
    }
    costs.add(task.costs)
    target.pointee.record = task.record
    endReplay(target)
    data?.pointee.close()
    // What the class head looks at has changed where finished tickets may.
    if task.reopens || options.sharesTicket || !freezesOwned { classHead.drop() }
    task = OpenTask()
    return SWIFTCL_OK
  }

  /// The block that the open task's ticket goes to.
  private mutating func ticketForOpenTask() -> UnsafeMutablePointer<Ticket>? {
    if task.reopens { return store.ticket(of: task.record.task) }
    sizeTicket(classCount: task.classCount) { blocksWithCandidates(layer: $0) }
    if options.sharesTicket, store.shared == nil {
      guard let shared = layTicket(sharesParameters: false, classCount: headShape.width) else {
        return nil
      }
      store.shared = shared
      guard let own = layTicket(sharesParameters: true, classCount: task.classCount) else {
        store.dropShared()
        return nil
      }
      return own
    }
    return layTicket(sharesParameters: options.sharesTicket, classCount: task.classCount)
  }

  private func blocksWithCandidates(layer l: Int) -> Int {
    let set = candidates(l)
    var count = 0
    for i in 0..<shapes[l].blocks where set.blockStart[i + 1] > set.blockStart[i] { count += 1 }
    return count
  }

  /// A ticket of `workspace.maps.sizes`, laid but not filled; nil without memory.
  mutating func layTicket(sharesParameters: Bool, classCount: Int) -> UnsafeMutablePointer<
    Ticket
  >? {
    guard
      let bytes = Ticket.bytes(
        sizes: workspace.maps.sizes, layerCount: layerCount, classCount: classCount,
        sharesParameters: sharesParameters),
      let block = store.take(bytes)
    else { return nil }
    var arena = Arena(block)
    return Ticket.lay(
      &arena, sizes: workspace.maps.sizes, layerCount: layerCount, classCount: classCount,
      sharesParameters: sharesParameters, writes: true)
  }

  private func fill(_ target: UnsafeMutablePointer<Ticket>) {
    for c in 0..<task.classCount {
      target.pointee.classes[c] = workspace.classes[c]
      target.pointee.columns[c] = workspace.columns[c]
    }
    guard let shared = store.shared else {
      fillParameters(target)
      return
    }
    // All tasks look at the one ticket that they train.
    shared.pointee.nameAllClasses()
    fillParameters(shared)
    linkShared(target)
  }

  /// Leads a task's layers to the shared ticket's parameters.
  func linkShared(_ target: UnsafeMutablePointer<Ticket>) {
    guard let shared = store.shared else { return }
    for l in 0..<layerCount { target.pointee.layers[l] = shared.pointee.layers[l] }
  }

  private func fillParameters(_ target: UnsafeMutablePointer<Ticket>) {
    for l in 0..<layerCount {
      let live = working[l].live
      let layer = target.pointee.layers[l]
      if let mask = runningMask(l), let kept = layer.mask {
        kept.copy(mask.live)
      } else {
        layer.weights.update(from: live.weights, count: live.panels.count)
      }
      layer.bias.update(from: live.bias, count: live.padded)
      if let norm = live.norm { layer.norm?.copy(norm.values, live.padded) }
      if l == hidden { continue }
      let size = Int32(shapes[l].groupSize)
      for i in 0..<shapes[l].blocks {
        let first = Int(live.blockStart[i])
        let serves = live.blockStart[i + 1] > live.blockStart[i]
        layer.winners[i] = serves ? live.unitId[first] / size : -1
        layer.probabilities[i] = serves ? working[l].probability[i] : 0
      }
    }
    target.pointee.placeWinners(shapes)
  }

  // MARK: reopen and remove

  mutating func reopenTask(_ number: swiftcl_task, _ given: swiftcl_task_options) -> swiftcl_status
  {
    let status = checkNoTaskOpen()
    if status != SWIFTCL_OK { return status }
    guard let ticket = ticket(number) else { return error.status }
    task.record = ticket.pointee.record
    task.reopens = true
    task.classCount = ticket.pointee.classCount
    for c in 0..<task.classCount {
      workspace.classes[c] = ticket.pointee.classes[c]
      workspace.columns[c] = ticket.pointee.columns[c]
    }
    for l in 0..<hidden {
      listWinners(layer: l, of: ticket.pointee.layers[l])
      if gatesPerTask(l) { working[l].live.clearLogits() }
    }
    listClasses()
    if let later = laterTaskSharing(ticket) {
      task = OpenTask()
      return fail(
        SWIFTCL_E_SHARED, "a later task that uses edges of this one", is: Int(later),
        expected: "none; what it computes would change")
    }
    task.phase = SWIFTCL_PHASE_SPECIALISE
    task.startStep = task.record.steps
    setBudget(given)
    copyParameters(of: ticket)
    for l in 0..<layerCount { clearMoments(layer: l) }
    markOwned(takingValues: false)
    openReplay()
    return SWIFTCL_OK
  }

  private func listWinners(layer l: Int, of theirs: TicketLayer) {
    let size = shapes[l].groupSize
    var count = 0
    for i in 0..<shapes[l].blocks {
      let serves = theirs.winners[i] >= 0
      working[l].blockState[i] = serves ? BlockState.free : BlockState.abstains
      working[l].probability[i] = theirs.probabilities[i]
      if !serves { continue }
      for j in 0..<size {
        working[l].live.unitBlock[count] = Int32(i)
        working[l].live.unitId[count] = theirs.winners[i] * Int32(size) + Int32(j)
        count += 1
      }
    }
    working[l].live.units = count
    working[l].live.startBlocks(shapes[l].blocks)
    working[l].competes = false
  }

  /// A task after this one whose outputs would change with it.
  private func laterTaskSharing(_ ticket: UnsafeMutablePointer<Ticket>) -> swiftcl_task? {
    if options.protection != SWIFTCL_PROTECT_FROZEN || options.sharesTicket { return nil }
    for s in 0..<store.count where store.tickets[s].pointee.record.task > ticket.pointee.record.task
    {
      for l in 0..<layerCount {
        if mapUnits(layer: l, on: store.tickets[s], workspace.maps.outputMap) > 0,
          mapInputs(layer: l, on: store.tickets[s], workspace.maps.inputMap) > 0
        {
          return store.tickets[s].pointee.record.task
        }
      }
    }
    return nil
  }

  mutating func removeTask(_ number: swiftcl_task) -> swiftcl_status {
    let status = checkNoTaskOpen()
    if status != SWIFTCL_OK { return status }
    guard ticket(number) != nil, let index = store.index(of: number) else { return error.status }
    store.remove(at: index)
    dropClassHead(without: number)
    for s in 0..<store.count where options.sharesTicket { linkShared(store.tickets[s]) }
    return SWIFTCL_OK
  }

  // MARK: what is owned

  /// Winners of the working set that other tasks own.
  func ownedWinners() -> UInt32 {
    var count = 0
    for l in 0..<hidden {
      let layer = working[l]
      var bits = 0
      for w in 0..<layer.padded / 16 { bits += layer.biasOwned[w].nonzeroBitCount }
      count += bits / shapes[l].groupSize
    }
    return UInt32(count)
  }

  /// Whether edges of earlier tickets must not move at all.
  var freezesOwned: Bool {
    options.protection == SWIFTCL_PROTECT_FROZEN
      || (options.protection == SWIFTCL_PROTECT_SLOW && options.slow_rate == 0)
  }

  /// Edges that must not move.
  func frozenEdges() -> UInt64 { freezesOwned ? ownedEdges() : 0 }
}
