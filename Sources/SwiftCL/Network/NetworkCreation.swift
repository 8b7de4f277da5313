import CSwiftCL

extension Network {
  /// A description that was read, checked and measured.
  struct Order {
    var options: swiftcl_options
    var plan: MemoryPlan
  }

  /// Checks a description and measures what it needs.
  static func order(
    _ given: swiftcl_options, _ call: StaticString, _ error: UnsafeMutablePointer<swiftcl_error>,
    _ status: inout swiftcl_status
  ) -> Order? {
    var options = given
    status = DescriptionCheck(call: call, error: error).check(options)
    if status != SWIFTCL_OK { return nil }
    if (options.allocator.allocate == nil) != (options.allocator.release == nil) {
      status = ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "allocator has one function of two, expected both or none")
      return nil
    }
    if options.max_classes == 0, let layers = options.layers {
      options.max_classes = layers[Int(options.layer_count) - 1].width
    }
    guard let plan = MemoryPlan.measure(options) else {
      status = ErrorRecord.fail(
        error, SWIFTCL_E_MEMORY, call,
        "the description needs more memory than this machine can address")
      return nil
    }
    return Order(options: options, plan: plan)
  }

  /// Builds a network in blocks from the description's allocator.
  static func create(
    _ order: Order, _ call: StaticString, _ error: UnsafeMutablePointer<swiftcl_error>,
    _ status: inout swiftcl_status
  ) -> UnsafeMutablePointer<Network>? {
    let memory = Memory(hook: order.options.allocator)
    let plan = order.plan
    let home = memory.allocate(plan.homeBytes)
    let directory = home == nil ? nil : memory.allocate(plan.directoryBytes)
    let workspace = directory == nil ? nil : memory.allocate(plan.workspaceBytes)
    guard let home, let directory, let workspace else {
      if let directory { memory.release(directory, plan.directoryBytes) }
      if let home { memory.release(home, plan.homeBytes) }
      status = ErrorRecord.fail(
        error, SWIFTCL_E_MEMORY, call, "the allocator has no aligned memory; bytes of the plan: ",
        plan.totalBytes)
      return nil
    }
    // Without a region tickets are blocks of their own, bounded by a budget only.
    let budget = order.options.ticket_bytes > 0 ? plan.ticketBytes : Int.max / 4
    return assemble(
      order, memory, ownsBlocks: true, home, directory, workspace, region: nil, budget: budget)
  }

  /// Builds a network in the caller's memory.
  static func create(
    _ order: Order, in memory: UnsafeMutableRawPointer?, bytes: Int, _ call: StaticString,
    _ error: UnsafeMutablePointer<swiftcl_error>, _ status: inout swiftcl_status
  ) -> UnsafeMutablePointer<Network>? {
    guard let memory else {
      status = ErrorRecord.fail(error, SWIFTCL_E_NULL, call, "memory is NULL")
      return nil
    }
    let misplaced = Int(UInt(bitPattern: memory) % UInt(Arena.alignment))
    if misplaced != 0 {
      status = ErrorRecord.fail(
        error, SWIFTCL_E_ALIGNMENT, call, "memory's address modulo the alignment", is: misplaced,
        expected: "0; the alignment is ", Arena.alignment)
      return nil
    }
    let plan = order.plan
    if bytes < plan.totalBytes {
      status = ErrorRecord.fail(
        error, SWIFTCL_E_BUFFER, call, "bytes", is: bytes, expected: "at least ", plan.totalBytes)
      return nil
    }
    let directory = memory + plan.homeBytes
    let workspace = directory + plan.directoryBytes
    return assemble(
      order, Memory(hook: swiftcl_allocator()), ownsBlocks: false, memory, directory, workspace,
      region: workspace + plan.workspaceBytes, budget: plan.ticketBytes)
  }

  private static func assemble(
    _ order: Order, _ memory: Memory, ownsBlocks: Bool, _ homeBlock: UnsafeMutableRawPointer,
    _ directory: UnsafeMutableRawPointer, _ workspaceBlock: UnsafeMutableRawPointer,
    region: UnsafeMutableRawPointer?, budget: Int
  ) -> UnsafeMutablePointer<Network> {
    var options = order.options
    var arena = Arena(homeBlock)
    let home = Home(&arena, options)
    copyDescription(&options, home)
    let tickets = directory.assumingMemoryBound(to: UnsafeMutablePointer<Ticket>.self)
    let store = TicketStore(
      memory: memory, region: region, budget: budget, tickets: tickets,
      capacity: Int(options.max_tasks))
    let workspace = bindWorkspace(options, workspaceBlock, home.working)
    if let replay = home.replay {
      replay.place.initialize(to: replay.memory)
      replay.place.pointee.clear()
    }
    home.network.initialize(
      to: Network(
        magic: sentinel, error: swiftcl_error(), call: "swiftcl", options: options,
        plan: order.plan.report(options), shapes: home.shapes, layerCount: options.parameterLayers,
        working: home.working, memory: memory, ownsBlocks: ownsBlocks,
        homeBlock: homeBlock, homeBytes: order.plan.homeBytes, directory: directory,
        directoryBytes: order.plan.directoryBytes, workspaceBlock: workspaceBlock,
        workspaceBytes: order.plan.workspaceBytes, store: store, workspace: workspace,
        replay: home.replay?.place, task: OpenTask(), nextTask: 0, steps: 0, macs: 0, denseMacs: 0))
    return home.network
  }

  /// Copies what the options point to, so that the caller may free it.
  private static func copyDescription(_ options: inout swiftcl_options, _ home: Home) {
    if let layers = options.layers {
      for l in 0..<Int(options.layer_count) { home.layers[l] = layers[l] }
    }
    for c in 0..<Int(options.input_channels) {
      home.scale[c] = options.input_scale.map { $0[c] } ?? 1
      home.offset[c] = options.input_offset.map { $0[c] } ?? 0
    }
    let plain = options.input_scale == nil && options.input_offset == nil
    options.input_scale = plain ? nil : UnsafePointer(home.scale)
    options.input_offset = plain ? nil : UnsafePointer(home.offset)
    options.layers = UnsafePointer(home.layers)
    LayerShape.each(options) { l, shape in home.shapes[l] = shape }
  }

  private static func bindWorkspace(
    _ options: swiftcl_options, _ block: UnsafeMutableRawPointer,
    _ working: UnsafeMutablePointer<WorkingLayer>
  ) -> Workspace {
    var arena = Arena(block)
    var parts = WorkingBytes()
    return Workspace(&arena, options, &parts, working)
  }

  /// Gives everything back. The handle is dead afterwards.
  static func free(_ network: UnsafeMutablePointer<Network>) {
    network.pointee.magic = 0
    network.pointee.threads.end()
    network.pointee.store.removeAll()
    guard network.pointee.ownsBlocks else { return }
    // The struct itself lies in the home block, which goes last.
    let memory = network.pointee.memory
    let homeBytes = network.pointee.homeBytes
    memory.release(network.pointee.workspaceBlock, network.pointee.workspaceBytes)
    memory.release(network.pointee.directory, network.pointee.directoryBytes)
    memory.release(UnsafeMutableRawPointer(network), homeBytes)
  }

  // MARK: growth, only for a network that owns its blocks and has no task open

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
      ownsBlocks && !options.sharesTicket && replay == nil
      && classes <= DescriptionCheck.largestWidth
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
    peakWhileGrowing = max(peakWhileGrowing, currentBytes + UInt64(arena.used))
    memory.release(directory, directoryBytes)
    directory = block
    directoryBytes = arena.used
    store.tickets = tickets
    store.capacity = capacity
    return SWIFTCL_OK
  }

  /// Makes labels up to `classes - 1` possible by moving to a larger workspace.
  mutating func makeRoomForClasses(_ classes: Int) -> swiftcl_status {
    if classes <= Int(options.max_classes) { return SWIFTCL_OK }
    var wider = options
    wider.max_classes = UInt32(classes)
    guard let measured = MemoryPlan.measure(wider),
      let block = memory.allocate(measured.workspaceBytes)
    else {
      return fail(
        SWIFTCL_E_MEMORY, "the allocator has no memory for more classes; their number is ", classes)
    }
    peakWhileGrowing = max(peakWhileGrowing, currentBytes + UInt64(measured.workspaceBytes))
    memory.release(workspaceBlock, workspaceBytes)
    options = wider
    workspaceBlock = block
    workspaceBytes = measured.workspaceBytes
    plan = measured.report(options)
    workspace = Network.bindWorkspace(options, block, working)
    let shapes = shapes
    LayerShape.each(options) { l, shape in shapes[l] = shape }
    return SWIFTCL_OK
  }

  /// Takes back what `makeRoomForClasses` promised; the room itself stays.
  mutating func forgetClasses(beyond classes: UInt32) {
    options.max_classes = classes
    let shapes = shapes
    LayerShape.each(options) { l, shape in shapes[l] = shape }
    // The caller's memory is held as it was planned.
    if ownsBlocks, let measured = MemoryPlan.measure(options) { plan = measured.report(options) }
  }
}
