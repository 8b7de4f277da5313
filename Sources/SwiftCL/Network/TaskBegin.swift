import CSwiftCL

/// Opening a task: candidates are chosen, the posterior is fresh, the working
/// set holds what they start from.
extension Network {
  mutating func beginTask(_ given: swiftcl_task_options) -> swiftcl_status {
    var status = checkNoTaskOpen()
    if status == SWIFTCL_OK { status = checkTaskOptions(given) }
    if status == SWIFTCL_OK { status = checkRoomForTask() }
    if status == SWIFTCL_OK { status = checkRoomForClasses(largestLabel(given) + 1) }
    if status != SWIFTCL_OK { return status }
    if nextTask == Int32.max - 1 { return fail(SWIFTCL_E_CAPACITY, "task numbers are spent") }
    var opening = OpenTask()
    opening.record.task = nextTask
    opening.start = store.count == 0 ? SWIFTCL_START_FRESH : given.start
    status = offerAll(opening.record.task, opening.start)
    if status != SWIFTCL_OK { return status }
    let classCount = classCount(given)
    let bytes = ticketBytes(classCount: classCount) { servedBlocks(layer: $0) }
    if !store.has(room: bytes) {
      return fail(
        SWIFTCL_E_CAPACITY, "ticket bytes left", is: store.budget - store.used,
        expected: "room for this task's ticket: ", bytes)
    }
    // Only what is sure to begin may grow the network.
    opening.classesBefore = options.max_classes
    opening.replayBytesBefore = options.replay_bytes
    opening.replayRowsBefore = options.replay_rows
    status = makeRoomForTask()
    if status == SWIFTCL_OK { status = makeRoomForClasses(largestLabel(given) + 1) }
    if status != SWIFTCL_OK { return status }
    if options.max_classes != opening.classesBefore {
      // The offers lay in the workspace that was left behind.
      status = offerAll(opening.record.task, opening.start)
      if status != SWIFTCL_OK { return status }
    }

    copyClasses(given, classCount)
    task = opening
    task.classCount = classCount
    task.record.userTag = given.user_tag
    task.record.masksClasses = given.mask_classes
    setBudget(given)
    fillWorkingSet()
    openReplay()
    return SWIFTCL_OK
  }

  mutating func checkNoTaskOpen() -> swiftcl_status {
    if !task.isOpen { return SWIFTCL_OK }
    return fail(
      SWIFTCL_E_STATE, "the open task", is: Int(task.record.task),
      expected: "none; end or abort it first")
  }

  private mutating func checkTaskOptions(_ given: swiftcl_task_options) -> swiftcl_status {
    if given.start < SWIFTCL_START_FRESH || given.start > SWIFTCL_START_COPY_ON_WRITE {
      return fail(
        SWIFTCL_E_ARGUMENT, "start", is: Int(given.start), expected: "a SWIFTCL_START_ constant")
    }
    if given.mask_classes > 1 {
      return fail(
        SWIFTCL_E_ARGUMENT, "mask_classes", is: Int(given.mask_classes), expected: "0 or 1")
    }
    guard let classes = given.classes else {
      if given.class_count == 0 { return SWIFTCL_OK }
      return fail(SWIFTCL_E_NULL, "classes is NULL although class_count is not 0")
    }
    let count = Int(given.class_count)
    if count < 1 || count > DescriptionCheck.largestWidth {
      return fail(SWIFTCL_E_ARGUMENT, "class_count", is: count, expected: "1 to 65536")
    }
    for c in 0..<count {
      if classes[c] < 0 || Int(classes[c]) >= DescriptionCheck.largestWidth {
        return fail(
          SWIFTCL_E_ARGUMENT, "classes", at: c, is: Int(classes[c]),
          expected: "a label from 0 to 65535")
      }
      for earlier in 0..<c where classes[earlier] == classes[c] {
        return fail(
          SWIFTCL_E_ARGUMENT, "classes", at: c, is: Int(classes[c]),
          expected: "a label not yet at index ", earlier)
      }
    }
    return SWIFTCL_OK
  }

  private func largestLabel(_ given: swiftcl_task_options) -> Int {
    var largest = 0
    if let classes = given.classes {
      for c in 0..<Int(given.class_count) { largest = max(largest, Int(classes[c])) }
    }
    return largest
  }

  /// Labels of the head that a task of all labels has.
  var headLabels: Int { Int((options.layers?[headShape.slot].width) ?? 1) }

  /// Logits of one row.
  private func classCount(_ given: swiftcl_task_options) -> Int {
    if given.classes != nil && given.mask_classes == 1 { return Int(given.class_count) }
    return max(headLabels, largestLabel(given) + 1)
  }

  /// Copies the task's classes into the workspace, the columns of the head too.
  private func copyClasses(_ given: swiftcl_task_options, _ count: Int) {
    for c in 0..<count {
      let label = given.mask_classes == 1 ? given.classes?[c] : nil
      workspace.classes[c] = label ?? Int32(c)
      workspace.columns[c] = options.sharesTicket ? workspace.classes[c] : Int32(c)
    }
  }

  private mutating func offerAll(_ task: swiftcl_task, _ start: Int32) -> swiftcl_status {
    for l in 0..<hidden {
      if offer(layer: l, task: task, start: start, working[l].blockState) != SWIFTCL_OK {
        return fail(
          SWIFTCL_E_CAPACITY, "layer without free or owned units for an eighth of its blocks",
          is: l,
          expected: "room in every layer; remove a task or use SWIFTCL_ALLOCATE_GROWING")
      }
    }
    return SWIFTCL_OK
  }

  /// Sizes of a ticket, in `workspace.maps.sizes`; `served` tells in how many blocks
  /// of a layer it has a winner.
  func sizeTicket(classCount: Int, served: (Int) -> Int) {
    var inputs = shapes[0].inputs
    for l in 0..<hidden {
      let units = served(l) * shapes[l].groupSize
      workspace.maps.sizes[l] = TicketSize(
        units: units, inputs: inputs, blocks: shapes[l].blocks, normalises: shapes[l].normalises)
      inputs = workspace.maps.sizes[shapes[l + 1].input].units * shapes[l + 1].taps
    }
    for l in 0..<hidden { workspace.maps.sizes[l] = masked(workspace.maps.sizes[l], layer: l) }
    let rows = options.sharesTicket ? headShape.width : classCount
    workspace.maps.sizes[hidden] = TicketSize(units: rows, inputs: inputs, blocks: 0)
  }

  /// Bytes that ending such a task will take from the store.
  func ticketBytes(classCount: Int, served: (Int) -> Int) -> Int {
    sizeTicket(classCount: classCount, served: served)
    let bytes =
      Ticket.bytes(
        sizes: workspace.maps.sizes, layerCount: layerCount, classCount: classCount,
        sharesParameters: options.sharesTicket) ?? Int.max
    if !options.sharesTicket || store.shared != nil { return bytes }
    let shared =
      Ticket.bytes(
        sizes: workspace.maps.sizes, layerCount: layerCount, classCount: headShape.width,
        sharesParameters: false) ?? 0
    return bytes + shared
  }

  /// Steps of competition: what was asked for, else a tenth of the task, or 200
  /// when nobody knows how long it is.
  var competeBudget: UInt64 {
    if task.competeSteps > 0 { return task.competeSteps }
    return task.expectedSteps > 0 ? max(1, task.expectedSteps / 10) : 200
  }

  mutating func setBudget(_ given: swiftcl_task_options) {
    task.expectedSteps = given.expected_steps
    task.competeSteps = given.compete_steps
    task.rate = options.learning_rate
    task.rateIsSet = false
  }

  private mutating func fillWorkingSet() {
    // With top-k there is room for all candidates only where they wait.
    let parks = parksAny
    if parks { exchangeParked() }
    for l in 0..<hidden {
      listCandidates(layer: l)
      if Features.all { working[l].mask?.runs = false }
    }
    listClasses()
    if let shared = store.shared {
      copyParameters(of: shared)
    } else {
      for l in 0..<layerCount { fillInitial(layer: l) }
      if options.hasMasks && options.sharesTicket { startMasks() }
      if task.start == SWIFTCL_START_WARM { copyPrevious() }
    }
    for l in 0..<layerCount { clearMoments(layer: l) }
    markOwned(takingValues: true)
    for l in 0..<hidden where gatesPerTask(l) { fillLogits(layer: l) }
    startCompetition(parked: parks)
  }

  /// Whether any layer has candidates that wait while others run.
  @inline(never)
  private var parksAny: Bool {
    if !options.parksCandidates { return false }
    for l in 0..<hidden where gatesPerTask(l) { return true }
    return false
  }

  /// The head's units are the task's classes; on a shared ticket all classes.
  mutating func listClasses() {
    let rows = options.sharesTicket ? headShape.width : task.classCount
    for c in 0..<rows {
      working[hidden].live.unitBlock[c] = 0
      working[hidden].live.unitId[c] = options.sharesTicket ? Int32(c) : workspace.classes[c]
    }
    working[hidden].live.units = rows
    working[hidden].competes = false
    working[0].live.inputs = shapes[0].inputs
    for l in 1..<max(1, layerCount) {
      working[l].live.inputs = working[shapes[l].input].live.units * shapes[l].taps
    }
  }

  /// Starts from a finished ticket's own parameters.
  func copyParameters(of ticket: UnsafeMutablePointer<Ticket>) {
    for l in 0..<layerCount {
      let theirs = ticket.pointee.layers[l]
      if let mask = theirs.mask {
        continueMask(layer: l, mask)
      } else {
        working[l].live.weights.update(from: theirs.weights, count: theirs.panels.count)
      }
      working[l].live.bias.update(from: theirs.bias, count: theirs.panels.padded)
      if let norm = theirs.norm { working[l].live.norm?.values.copy(norm, theirs.panels.padded) }
    }
  }

  private func fillLogits(layer l: Int) {
    let live = working[l].live
    let key = Random.key(
      seed: options.seed, Random.Domain.logit, UInt64(UInt32(bitPattern: task.record.task)),
      UInt64(shapes[l].leader))
    for u in 0..<live.units {
      let block = Int(live.unitBlock[u])
      let unit = UInt64(block) << 32 | UInt64(UInt32(bitPattern: live.unitId[u]))
      live.logits[u] = options.logit_init * Random.normal(Random.key(key, unit))
      let group = Int(live.unitId[u]) / shapes[l].groupSize
      if options.usage_bias != 0, isOwned(layer: l, block: block, group: group) {
        live.logits[u] -= options.usage_bias
      }
      live.logitFirst[u] = 0
      live.logitSecond[u] = 0
    }
  }

  /// Competes if any block has a choice; otherwise the winners stand at once.
  private mutating func startCompetition(parked: Bool) {
    task.phase = SWIFTCL_PHASE_SPECIALISE
    noteCompetition()
    if parked { exchangeParked() }
    if isDecided {
      if parked { unparkAll() }
      commit()
      return
    }
    task.phase = SWIFTCL_PHASE_COMPETE
    if parked { sampleTopK() }
  }
}
