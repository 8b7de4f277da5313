import CSwiftCL

/// The blocks of a network and what lies in them. Measuring and binding are the
/// same walk, so that the plan is what is used, to the byte.
struct MemoryPlan {
  var homeBytes = 0
  /// Part of the home block.
  var dataBytes = 0
  /// A block of its own, as are the next ones: classes may outgrow it.
  var replayBytes = 0
  var classHeadBytes = 0
  var directoryBytes = 0
  var workspaceBytes = 0
  var ticketBytes = 0
  var fullTicketBytes = 0
  var parts = WorkingBytes()

  var totalBytes: Int {
    homeBytes + replayBytes + classHeadBytes + directoryBytes + workspaceBytes + ticketBytes
  }
}

/// What the home block holds.
struct Home {
  var network: UnsafeMutablePointer<Network>
  var layers: UnsafeMutablePointer<swiftcl_layer>
  var shapes: UnsafeMutablePointer<LayerShape>
  var working: UnsafeMutablePointer<WorkingLayer>
  var phases: UnsafeMutablePointer<swiftcl_mask_phase>
  var scale: UnsafeMutablePointer<Float>
  var offset: UnsafeMutablePointer<Float>
  /// Where the replay memory's own struct lies.
  @Beyond var replay: UnsafeMutablePointer<ReplayMemory>?
  @Beyond var classHead: UnsafeMutablePointer<ClassHead>?
  /// Where what is known of examples lies, and what it is at first.
  @Beyond var data: UnsafeMutablePointer<FollowedExamples>?
  var examples: FollowedExamples?
  var dataBytes = 0

  @inline(never)
  init(_ arena: inout Arena, _ options: swiftcl_options) {
    let layerCount = options.parameterLayers
    let channels = Int(options.input_channels)
    network = arena.take(Network.self, 1)
    layers = arena.take(swiftcl_layer.self, Int(options.layer_count))
    shapes = arena.take(LayerShape.self, layerCount)
    working = arena.take(WorkingLayer.self, layerCount)
    phases = arena.take(swiftcl_mask_phase.self, Int(options.mask_phase_count))
    scale = arena.take(Float.self, channels)
    offset = arena.take(Float.self, channels)
    if options.hasReplayMemory { replay = arena.take(ReplayMemory.self, 1) }
    if options.hasClassHead { classHead = arena.take(ClassHead.self, 1) }
    layData(&arena, options)
  }
}

extension Workspace {
  /// Lays the workspace, and the layers to `working` unless it only measures.
  @inline(never)
  init(
    _ arena: inout Arena, _ options: swiftcl_options, _ parts: inout WorkingBytes,
    _ working: UnsafeMutablePointer<WorkingLayer>?
  ) {
    let buffers = BufferPlan(options)
    var mark = arena.used
    let region = UnsafeMutableRawPointer(arena.take(UInt8.self, buffers.totalBytes))
    parts.activations += arena.taken(since: &mark)
    var layerArena = arena
    var layerParts = parts
    var classes = 0
    LayerGraph.each(options) { l, shape in
      let layer = WorkingLayer(&layerArena, l, shape, options, buffers, region, &layerParts)
      if let working { working[l] = layer }
      layerParts.forward += buffers.bytes(BufferPlan.sums(l)..<BufferPlan.delta(l))
      layerParts.gradients += buffers.bytes(BufferPlan.delta(l)..<BufferPlan.predicted(l))
      layerParts.scratch += buffers.bytes(BufferPlan.predicted(l)..<BufferPlan.sums(l + 1))
      classes = shape.width
    }
    arena = layerArena
    parts = layerParts
    parts.inputs = buffers.bytes(BufferPlan.inputs..<BufferPlan.maps)
    parts.scratch += buffers.bytes(BufferPlan.maps..<BufferPlan.sums(0))
    mark = arena.used
    self.classes = arena.take(Int32.self, classes)
    columns = arena.take(Int32.self, classes)
    parts.parameters += arena.taken(since: &mark)
    func rows(_ buffer: Int) -> UnsafeMutablePointer<Float> {
      (region + buffers.offset(buffer)).assumingMemoryBound(to: Float.self)
    }
    inputs = rows(BufferPlan.inputs)
    patches = rows(BufferPlan.patches)
    patchDeltas = rows(BufferPlan.patchDeltas)
    planes = rows(BufferPlan.planes)
    planeOutputs = rows(BufferPlan.planeOutputs)
    unmasked = rows(BufferPlan.unmasked)
    unmaskedGradient = rows(BufferPlan.unmaskedGradient)
    targets = (region + buffers.offset(BufferPlan.targets)).assumingMemoryBound(to: Int32.self)
    var own = Arena(region + buffers.offset(BufferPlan.maps))
    maps = Maps(&own, options)
  }
}

extension MemoryPlan {
  /// Checks sizes only by arithmetic: nothing is read but the options.
  /// `measured` is nil when a size does not fit the address space.
  static func measure(_ options: swiftcl_options) -> MemoryPlan? {
    var plan = MemoryPlan()
    var arena = Arena(measuring: ())
    if options.replay_bytes > UInt64(Int.max / 4) { return nil }
    plan.dataBytes = Home(&arena, options).dataBytes
    plan.homeBytes = arena.used
    if arena.overflows { return nil }

    if options.hasReplayMemory {
      guard let bytes = options.replayBytes(rows: options.replayCapacity) else { return nil }
      plan.replayBytes = bytes
    }
    if options.hasClassHead {
      guard let bytes = ClassHead.bytes(ClassHead.Room(options), options) else { return nil }
      plan.classHeadBytes = bytes
    }

    arena = Arena(measuring: ())
    _ = arena.take(UnsafeMutablePointer<Ticket>.self, Int(options.max_tasks))
    plan.directoryBytes = arena.used

    arena = Arena(measuring: ())
    if widestProduct(options) == nil { return nil }
    _ = Workspace(&arena, options, &plan.parts, nil)
    plan.workspaceBytes = arena.used
    if arena.overflows { return nil }

    guard let full = fullTicket(options, sharesParameters: false),
      let header = fullTicket(options, sharesParameters: true)
    else { return nil }
    plan.fullTicketBytes = full
    let each = options.sharesTicket ? header : full
    let (all, overflow) = each.multipliedReportingOverflow(by: Int(options.max_tasks))
    let (together, tooMuch) = all.addingReportingOverflow(options.sharesTicket ? full : 0)
    if overflow || tooMuch { return nil }
    plan.ticketBytes = together
    if options.ticket_bytes > 0 {
      if options.ticket_bytes > UInt64(Int.max / 4) { return nil }
      plan.ticketBytes = Int(options.ticket_bytes) / Arena.alignment * Arena.alignment
    }
    return plan.fits ? plan : nil
  }

  /// Whether the parts, each of which fits, fit together.
  private var fits: Bool {
    // Each is below 2^62, or below 2^30 where Int has 32 bits, and tickets are an Int.
    let sum =
      UInt64(ticketBytes) &+ UInt64(workspaceBytes) &+ UInt64(homeBytes) &+ UInt64(directoryBytes)
      &+ UInt64(replayBytes) &+ UInt64(classHeadBytes)
    return sum <= UInt64(Int.max)
  }

  /// Bytes of the largest ticket.
  private static func fullTicket(_ options: swiftcl_options, sharesParameters: Bool) -> Int? {
    var arena = Arena(measuring: ())
    _ = arena.take(Ticket.self, 1)
    _ = arena.take(TicketLayer.self, options.parameterLayers)
    var classes = 0
    LayerGraph.each(options) { _, shape in classes = shape.width }
    _ = arena.take(Int32.self, classes)
    _ = arena.take(Int32.self, classes)
    if !sharesParameters {
      LayerGraph.each(options) { l, shape in
        let blocks = shape.isHead ? 0 : shape.blocks
        _ = arena.take(Int32.self, blocks)
        _ = arena.take(Int32.self, blocks)
        _ = arena.take(Float.self, blocks)
        _ = arena.take(Float.self, Panels.pad(shape.winnerWidth))
        if shape.normalises { _ = NormParameters(&arena, Panels.pad(shape.winnerWidth)) }
        let size = options.masked(
          TicketSize(units: shape.winnerWidth, inputs: shape.winnerInputs, blocks: blocks), l, shape
        )
        if size.entries > 0 {
          _ = SparseWeights(
            &arena, outputs: size.units, entries: size.entries, width: size.width)
        } else {
          _ = arena.take(Float.self, Panels(inputs: size.inputs, outputs: size.units).count)
        }
      }
    }
    return arena.overflows ? nil : arena.used
  }

  /// Products that the walk itself multiplies must not overflow before the
  /// arena can notice: widths are bounded, batch times width and a layer's weights are the largest.
  private static func widestProduct(_ options: swiftcl_options) -> Int? {
    var widest = Int(options.inputs)
    var weights = 0
    LayerGraph.each(options) { _, shape in
      let width = Panels.pad(shape.width)
      widest = max(widest, max(width, shape.inputs))
      let (count, overflow) = Panels.pad(shape.inputs).multipliedReportingOverflow(by: width)
      weights = max(weights, overflow ? Int.max : count)
    }
    let (product, overflow) = widest.multipliedReportingOverflow(by: options.stepRows)
    return overflow || weights > Int.max / 8 || product > Int.max / 8 ? nil : product
  }

  /// The public form.
  func report(_ options: swiftcl_options) -> swiftcl_plan {
    var plan = swiftcl_plan()
    plan.struct_size = UInt32(MemoryLayout<swiftcl_plan>.size)
    plan.warnings = Warnings.of(options)
    plan.total_bytes = UInt64(totalBytes)
    plan.network_bytes = UInt64(homeBytes - dataBytes + directoryBytes)
    plan.working_set_bytes = parts.parameters
    plan.optimizer_bytes = parts.optimizer
    plan.competition_bytes = parts.competition
    plan.activation_bytes = parts.activations
    plan.ticket_bytes = UInt64(ticketBytes)
    plan.replay_bytes = UInt64(replayBytes)
    plan.full_ticket_bytes = UInt64(fullTicketBytes)
    plan.alignment = UInt32(Arena.alignment)
    plan.layer_count = options.layer_count
    plan.input_bytes = parts.inputs
    plan.forward_bytes = parts.forward
    plan.gradient_bytes = parts.gradients
    plan.scratch_bytes = parts.scratch
    plan.unshared_bytes = parts.inputs + parts.forward + parts.gradients + parts.scratch
    plan.class_head_bytes = UInt64(classHeadBytes)
    plan.mask_bytes = parts.masks
    plan.data_bytes = UInt64(dataBytes)
    return plan
  }
}
