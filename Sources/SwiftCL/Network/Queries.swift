import CSwiftCL

/// What a caller may ask of tasks, layers and units.
extension Network {
  func info() -> swiftcl_network_info {
    var info = swiftcl_network_info()
    info.layer_count = options.layer_count
    info.inputs = options.inputs
    info.input_type = options.input_type
    info.input_channels = options.input_channels
    info.input_layout = options.input_layout
    info.max_batch = options.max_batch
    info.max_tasks = max(options.max_tasks, UInt32(store.count))
    info.max_classes = options.max_classes
    info.loss = options.loss
    info.seed = options.seed
    return info
  }

  mutating func info(_ number: swiftcl_task) -> swiftcl_task_info? {
    var info = swiftcl_task_info()
    if isOpen(number) {
      describeOpen(&info)
      return info
    }
    guard let ticket = ticket(number) else { return nil }
    info.phase = SWIFTCL_PHASE_FINISHED
    info.ticket_bytes = UInt64(ticket.pointee.bytes)
    info.class_count = UInt32(ticket.pointee.classCount)
    info.parameters = ticket.pointee.parameters
    info.predict_macs = ticket.pointee.predictMacs(shapes)
    var alive: UInt64 = 0
    var kept: UInt64 = 0
    for l in 0..<layerCount {
      let layer = ticket.pointee.layers[l]
      alive += UInt64(layer.size.units) * UInt64(layer.size.inputs)
      kept += UInt64(layer.kept)
      for i in 0..<layer.size.blocks where layer.winners[i] >= 0 { info.served_blocks += 1 }
      if l < hidden { info.alive_units += UInt32(layer.size.units) }
    }
    let record = ticket.pointee.record
    info.owned_winners = record.ownedWinners
    info.copied_winners = record.copiedWinners
    describe(
      record, alive: alive, kept: kept, moving: kept, owned: record.ownedEdges,
      frozen: record.frozenEdges, rows: ticket.pointee.head.size.units, &info)
    return info
  }

  private func describeOpen(_ info: inout swiftcl_task_info) {
    info.phase = task.phase
    info.class_count = UInt32(task.classCount)
    var alive: UInt64 = 0
    var kept: UInt64 = 0
    var moving: UInt64 = 0
    for l in 0..<layerCount {
      let set = candidates(l)
      alive += UInt64(set.units) * UInt64(set.inputs)
      let edges = UInt64(set.units) * UInt64(set.inputs)
      kept += runningMask(l) == nil ? edges : keptEdges(layer: l)
      moving += runningMask(l) == nil ? edges : computedGradientEdges(layer: l)
      info.parameters += runningMask(l) == nil ? edges : keptEdges(layer: l)
      info.parameters += UInt64(set.units) * (set.norm == nil ? 1 : 2)
      info.predict_macs += keptEdges(layer: l) * UInt64(shapes[l].pixels)
      for i in 0..<(l < hidden ? shapes[l].blocks : 0)
      where set.blockStart[i + 1] > set.blockStart[i] {
        info.served_blocks += 1
      }
    }
    info.owned_winners = task.phase == SWIFTCL_PHASE_SPECIALISE ? ownedWinners() : 0
    info.copied_winners = task.record.copiedWinners
    info.alive_units = aliveUnits()
    describe(
      task.record, alive: alive, kept: kept, moving: moving, owned: ownedEdges(),
      frozen: frozenEdges(),
      rows: working[hidden].units, &info)
  }

  private func describe(
    _ record: TaskRecord, alive: UInt64, kept: UInt64, moving: UInt64, owned: UInt64,
    frozen: UInt64, rows: Int,
    _ info: inout swiftcl_task_info
  ) {
    info.task = record.task
    info.steps = record.steps
    info.committed_at = record.committedAt
    info.macs = record.macs
    info.dense_macs = record.denseMacs
    info.user_tag = record.userTag
    info.last_loss = record.lastLoss
    var dense: UInt64 = 0
    for l in 0..<layerCount {
      let edges = UInt64(l < hidden ? shapes[l].width : rows) * UInt64(shapes[l].inputs)
      dense += edges
      info.dense_predict_macs += edges * UInt64(shapes[l].pixels)
      if l < hidden { info.blocks += UInt32(shapes[l].blocks) }
    }
    info.weight_density = Float(Double(kept) / Double(dense))
    info.gradient_density = Float(Double(moving &- min(frozen, moving)) / Double(dense))
    info.owned_edge_share = alive == 0 ? 0 : Float(Double(owned) / Double(alive))
  }

  /// Totals of finished tasks and of the open one.
  func accounting() -> swiftcl_accounting {
    var totals = swiftcl_accounting()
    totals.steps = steps
    totals.macs = macs
    totals.dense_macs = denseMacs
    if task.isOpen {
      let before =
        task.reopens
        ? store.ticket(of: task.record.task)?.pointee.record : nil
      totals.steps &+= task.record.steps &- (before?.steps ?? 0)
      totals.macs &+= task.record.macs &- (before?.macs ?? 0)
      totals.dense_macs &+= task.record.denseMacs &- (before?.denseMacs ?? 0)
    }
    if totals.dense_macs > 0 {
      totals.macs_vs_dense = Double(totals.macs) / Double(totals.dense_macs)
    }
    tellCosts(&totals)
    tellBytes(&totals)
    return totals
  }

  // MARK: layers

  /// A competing layer by its place in the description; nil after a message.
  mutating func competingLayer(_ layer: UInt32) -> Int? {
    for l in 0..<hidden where shapes[l].slot == Int(layer) { return l }
    _ = fail(
      SWIFTCL_E_ARGUMENT, "layer", is: Int(layer),
      expected: "a competing layer; how many there are: ", hidden)
    return nil
  }

  /// A layer with parameters by its place in the description; nil after a message.
  mutating func parameterLayer(_ layer: UInt32) -> Int? {
    for l in 0..<layerCount where shapes[l].slot == Int(layer) { return l }
    if Int(layer) < Int(options.layer_count) {
      _ = fail(
        SWIFTCL_E_ARGUMENT, "layer", is: Int(layer), expected: "a layer that has parameters")
    } else {
      _ = fail(
        SWIFTCL_E_ARGUMENT, "layer", is: Int(layer), expected: "below the number of layers = ",
        Int(options.layer_count))
    }
    return nil
  }

  /// Entries of a mask per block: J, or as many as `growing` reached, the open
  /// task's candidates included.
  func unitsPerBlock(layer l: Int) -> Int {
    var limit = groupLimit(layer: l) * shapes[l].groupSize
    if task.isOpen {
      let set = candidates(l)
      for u in 0..<set.units { limit = max(limit, Int(set.unitId[u]) + 1) }
    }
    return limit
  }

  /// Of any layer of the description; one without parameters has the maps of that below.
  func info(slot: Int) -> swiftcl_layer_info {
    var l = 0
    while l < hidden && shapes[l + 1].slot <= slot { l += 1 }
    if shapes[l].slot == slot { return info(layer: l) }
    var info = swiftcl_layer_info()
    info.kind = options.layers?[slot].kind ?? 0
    info.width = UInt32(shapes[l].width)
    return info
  }

  func info(layer l: Int) -> swiftcl_layer_info {
    var info = swiftcl_layer_info()
    let shape = shapes[l]
    info.kind = options.layers?[shape.slot].kind ?? 0
    info.width = UInt32(shape.width)
    info.block_size = UInt32(shape.blockSize)
    info.blocks = UInt32(shape.blocks)
    info.units_per_block = 1
    if l == hidden { return info }
    info.units_per_block = UInt32(unitsPerBlock(layer: l))
    for i in 0..<shape.blocks {
      info.free_units += UInt32(freeGroups(layer: l, block: i) * shape.groupSize)
      for g in 0..<groupLimit(layer: l) where isOwned(layer: l, block: i, group: g) {
        info.owned_units += UInt32(shape.groupSize)
      }
    }
    return info
  }

  /// What the next task would get of a layer, by the very rule that begins it.
  mutating func capacity(layer l: Int) -> swiftcl_capacity {
    var capacity = swiftcl_capacity()
    let shape = shapes[l]
    capacity.blocks = UInt32(shape.blocks)
    capacity.floor_blocks = UInt32(shape.floorBlocks)
    for i in 0..<shape.blocks {
      let free = freeGroups(layer: l, block: i)
      capacity.free_units += UInt32(free * shape.groupSize)
      if free > 0 { capacity.blocks_with_free += 1 }
    }
    let next = numberOfNextTask
    capacity.status = statusOfNextTask()
    _ = offer(layer: l, task: next, start: SWIFTCL_START_FRESH, workspace.maps.blocks)
    for i in 0..<shape.blocks {
      let state = workspace.maps.blocks[i]
      if state == BlockState.free || state == BlockState.any { capacity.next_served += 1 }
      if state == BlockState.reuses { capacity.next_reused += 1 }
    }
    return capacity
  }

  private var numberOfNextTask: swiftcl_task {
    nextTask + (task.isOpen && !task.reopens ? 1 : 0)
  }

  /// What beginning a task of all the head's labels would return, had it memory.
  private func statusOfNextTask() -> swiftcl_status {
    if !ownsBlocks && store.count >= store.capacity { return SWIFTCL_E_CAPACITY }
    var possible = true
    let bytes = ticketBytes(classCount: headLabels) { l in
      let offered = offer(
        layer: l, task: numberOfNextTask, start: SWIFTCL_START_FRESH, workspace.maps.blocks)
      if offered != SWIFTCL_OK { possible = false }
      return served(workspace.maps.blocks, shapes[l].blocks)
    }
    return possible && store.has(room: bytes) ? SWIFTCL_OK : SWIFTCL_E_CAPACITY
  }

  // MARK: winners

  mutating func winners(
    _ number: swiftcl_task, layer l: Int, _ winners: UnsafeMutablePointer<Int32>
  ) -> swiftcl_status {
    if isOpen(number) {
      let set = candidates(l)
      let size = Int32(shapes[l].groupSize)
      for i in 0..<shapes[l].blocks {
        let decided = set.blockStart[i + 1] - set.blockStart[i] == size
        winners[i] = decided ? set.unitId[Int(set.blockStart[i])] / size : -1
      }
      return SWIFTCL_OK
    }
    guard let ticket = ticket(number) else { return error.status }
    for i in 0..<shapes[l].blocks { winners[i] = ticket.pointee.layers[l].winners[i] }
    return SWIFTCL_OK
  }

  /// 1 at every unit that runs: winners, or candidates still alive.
  mutating func mask(
    _ number: swiftcl_task, layer l: Int, _ mask: UnsafeMutablePointer<UInt8>
  ) -> swiftcl_status {
    let perBlock = unitsPerBlock(layer: l)
    let isOpen = isOpen(number)
    let finished = isOpen ? nil : ticket(number)
    if !isOpen && finished == nil { return error.status }
    for u in 0..<shapes[l].blocks * perBlock { mask[u] = 0 }
    if let finished {
      let size = shapes[l].groupSize
      for i in 0..<shapes[l].blocks where finished.pointee.layers[l].winners[i] >= 0 {
        let first = i * perBlock + Int(finished.pointee.layers[l].winners[i]) * size
        for j in 0..<size { mask[first + j] = 1 }
      }
    } else {
      let set = candidates(l)
      for u in 0..<set.units { mask[Int(set.unitBlock[u]) * perBlock + Int(set.unitId[u])] = 1 }
    }
    return SWIFTCL_OK
  }

  /// The posterior of an open task; of a finished one, what its winners had.
  mutating func probabilities(
    _ number: swiftcl_task, layer l: Int, _ values: UnsafeMutablePointer<Float>
  ) -> swiftcl_status {
    let perBlock = unitsPerBlock(layer: l)
    let size = shapes[l].groupSize
    let isOpen = isOpen(number)
    let finished = isOpen ? nil : ticket(number)
    if !isOpen && finished == nil { return error.status }
    for u in 0..<shapes[l].blocks * perBlock { values[u] = 0 }
    for i in 0..<shapes[l].blocks {
      if let finished {
        let layer = finished.pointee.layers[l]
        if layer.winners[i] < 0 { continue }
        let first = i * perBlock + Int(layer.winners[i]) * size
        for j in 0..<size { values[first + j] = layer.probabilities[i] }
        continue
      }
      let set = candidates(l)
      let range = Int(set.blockStart[i])..<Int(set.blockStart[i + 1])
      let competing = range.count > size
      if competing { Posterior.softmax(set.logits, working[l].posterior, range) }
      for u in range {
        values[i * perBlock + Int(set.unitId[u])] = competing ? working[l].posterior[u] : 1
      }
    }
    return SWIFTCL_OK
  }

  /// Blocks in which two finished tasks have the same winner, and in which both have one.
  mutating func overlap(
    _ a: swiftcl_task, _ b: swiftcl_task, layer l: Int, _ shared: inout UInt32, _ both: inout UInt32
  ) -> swiftcl_status {
    guard let first = ticket(a), let second = ticket(b) else { return error.status }
    let one = first.pointee.layers[l].winners
    let other = second.pointee.layers[l].winners
    for i in 0..<shapes[l].blocks where one[i] >= 0 && other[i] >= 0 {
      both += 1
      if one[i] == other[i] { shared += 1 }
    }
    return SWIFTCL_OK
  }
}
