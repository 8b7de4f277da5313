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
    status = check(given, call, error)
    if status != SWIFTCL_OK { return nil }
    let options = complete(given)
    guard let plan = MemoryPlan.measure(options) else {
      status = failAddress(call, error)
      return nil
    }
    return Order(options: options, plan: plan)
  }

  /// Whether anything can be built from a description.
  @inline(never)
  static func check(
    _ options: swiftcl_options, _ call: StaticString, _ error: UnsafeMutablePointer<swiftcl_error>
  ) -> swiftcl_status {
    let status = DescriptionCheck(call: call, error: error).check(options)
    if status != SWIFTCL_OK { return status }
    if (options.allocator.allocate == nil) != (options.allocator.release == nil) {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "allocator has one function of two, expected both or none")
    }
    return SWIFTCL_OK
  }

  /// A description with what its zeros stand for.
  static func complete(_ given: swiftcl_options) -> swiftcl_options {
    var options = given
    if options.max_classes == 0, let layers = options.layers {
      options.max_classes = layers[Int(options.layer_count) - 1].width
    }
    return options
  }

  static func failAddress(_ call: StaticString, _ error: UnsafeMutablePointer<swiftcl_error>)
    -> swiftcl_status
  {
    ErrorRecord.fail(
      error, SWIFTCL_E_MEMORY, call,
      "the description needs more memory than this machine can address")
  }

  /// Builds a network in blocks from the description's allocator.
  static func create(
    _ order: Order, _ call: StaticString, _ error: UnsafeMutablePointer<swiftcl_error>,
    _ status: inout swiftcl_status
  ) -> UnsafeMutablePointer<Network>? {
    let memory = Memory(hook: order.options.allocator)
    let plan = order.plan
    guard let blocks = Blocks(from: memory, plan) else {
      status = ErrorRecord.fail(
        error, SWIFTCL_E_MEMORY, call, "the allocator has no aligned memory; bytes of the plan: ",
        plan.totalBytes)
      return nil
    }
    // Without a region tickets are blocks of their own, bounded by a budget only.
    let budget = order.options.ticket_bytes > 0 ? plan.ticketBytes : Int.max / 4
    return assemble(order, memory, ownsBlocks: true, blocks, region: nil, budget: budget)
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
    let blocks = Blocks(at: memory, plan)
    return assemble(
      order, Memory(hook: swiftcl_allocator()), ownsBlocks: false, blocks,
      region: blocks.classHead + plan.classHeadBytes, budget: plan.ticketBytes)
  }

  private static func assemble(
    _ order: Order, _ memory: Memory, ownsBlocks: Bool, _ blocks: Blocks,
    region: UnsafeMutableRawPointer?, budget: Int
  ) -> UnsafeMutablePointer<Network> {
    var options = order.options
    var arena = Arena(blocks.home)
    let home = Home(&arena, options)
    copyDescription(&options, home)
    let tickets = blocks.directory.assumingMemoryBound(to: UnsafeMutablePointer<Ticket>.self)
    let store = TicketStore(
      memory: memory, region: region, budget: budget, tickets: tickets,
      capacity: Int(options.max_tasks))
    let workspace = bindWorkspace(options, blocks.workspace, home.working)
    if Features.all, let replay = home.replay {
      var arena = Arena(blocks.replay)
      replay.initialize(to: ReplayMemory(&arena, options, capacity: options.replayCapacity))
      replay.pointee.clear()
    }
    if Features.all, let head = home.classHead {
      ClassHead.lay(head, blocks.classHead, bytes: order.plan.classHeadBytes, options)
    }
    if let data = home.data, let examples = home.examples { data.initialize(to: examples) }
    home.network.initialize(
      to: Network(
        magic: sentinel, error: swiftcl_error(), call: "swiftcl", options: options,
        plan: order.plan.report(options), shapes: home.shapes, layerCount: options.parameterLayers,
        working: home.working, memory: memory, ownsBlocks: ownsBlocks,
        homeBlock: blocks.home, homeBytes: order.plan.homeBytes, directory: blocks.directory,
        directoryBytes: order.plan.directoryBytes, workspaceBlock: blocks.workspace,
        workspaceBytes: order.plan.workspaceBytes, replayBlock: blocks.replay,
        replayBytes: order.plan.replayBytes, store: store, workspace: workspace,
        replay: home.replay, classHeadPlace: home.classHead, data: home.data,
        task: OpenTask(), nextTask: 0, steps: 0, macs: 0, denseMacs: 0))
    return home.network
  }

  /// Copies what the options point to, so that the caller may free it.
  private static func copyDescription(_ options: inout swiftcl_options, _ home: Home) {
    if let layers = options.layers {
      for l in 0..<Int(options.layer_count) { home.layers[l] = layers[l] }
    }
    if let phases = options.mask_phases {
      for p in 0..<Int(options.mask_phase_count) { home.phases[p] = phases[p] }
    }
    options.mask_phases = options.mask_phase_count > 0 ? UnsafePointer(home.phases) : nil
    for c in 0..<Int(options.input_channels) {
      home.scale[c] = options.input_scale.map { $0[c] } ?? 1
      home.offset[c] = options.input_offset.map { $0[c] } ?? 0
    }
    let plain = options.input_scale == nil && options.input_offset == nil
    options.input_scale = plain ? nil : UnsafePointer(home.scale)
    options.input_offset = plain ? nil : UnsafePointer(home.offset)
    options.layers = UnsafePointer(home.layers)
    LayerGraph.each(options) { l, shape in home.shapes[l] = shape }
  }

  static func bindWorkspace(
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
    Blocks.release(network.pointee.classHead.block, network.pointee.classHead.bytes, to: memory)
    Blocks.release(network.pointee.replayBlock, network.pointee.replayBytes, to: memory)
    memory.release(network.pointee.workspaceBlock, network.pointee.workspaceBytes)
    memory.release(network.pointee.directory, network.pointee.directoryBytes)
    memory.release(UnsafeMutableRawPointer(network), homeBytes)
  }
}

/// The blocks that a network begins with, besides its tickets. Of one that is not needed, nowhere.
struct Blocks {
  var home: UnsafeMutableRawPointer
  var directory: UnsafeMutableRawPointer
  var workspace: UnsafeMutableRawPointer
  var replay: UnsafeMutableRawPointer
  var classHead: UnsafeMutableRawPointer

  /// One behind the other.
  init(at memory: UnsafeMutableRawPointer, _ plan: MemoryPlan) {
    home = memory
    directory = home + plan.homeBytes
    workspace = directory + plan.directoryBytes
    replay = workspace + plan.workspaceBytes
    classHead = replay + plan.replayBytes
  }

  /// Each from the allocator; nil, with nothing taken, when one is not to be had.
  init?(from memory: Memory, _ plan: MemoryPlan) {
    let nowhere = Arena.nowhere
    let home = memory.allocate(plan.homeBytes)
    let directory = home == nil ? nil : memory.allocate(plan.directoryBytes)
    let workspace = directory == nil ? nil : memory.allocate(plan.workspaceBytes)
    var replay = workspace == nil ? nil : nowhere as UnsafeMutableRawPointer?
    if replay != nil && plan.replayBytes > 0 { replay = memory.allocate(plan.replayBytes) }
    var classHead = replay == nil ? nil : nowhere as UnsafeMutableRawPointer?
    if classHead != nil && plan.classHeadBytes > 0 {
      classHead = memory.allocate(plan.classHeadBytes)
    }
    guard let home, let directory, let workspace, let replay, let classHead else {
      if let replay { Blocks.release(replay, plan.replayBytes, to: memory) }
      if let workspace { memory.release(workspace, plan.workspaceBytes) }
      if let directory { memory.release(directory, plan.directoryBytes) }
      if let home { memory.release(home, plan.homeBytes) }
      return nil
    }
    self.home = home
    self.directory = directory
    self.workspace = workspace
    self.replay = replay
    self.classHead = classHead
  }

  /// Gives a block back that may be nowhere.
  static func release(_ block: UnsafeMutableRawPointer, _ bytes: Int, to memory: Memory) {
    if bytes > 0 { memory.release(block, bytes) }
  }
}
