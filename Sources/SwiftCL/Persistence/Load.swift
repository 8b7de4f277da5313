import CSwiftCL

/// Where a loaded network goes, and what it must be.
struct LoadOrder {
  var call: StaticString
  var error: UnsafeMutablePointer<swiftcl_error>
  var options: swiftcl_load_options
  /// nil: blocks come from the allocator.
  var memory: UnsafeMutableRawPointer?
  var bytes = 0
  var fitsInMemory = false
}

/// The first sections of a checkpoint, checked.
struct CheckpointHead {
  var order: Network.Order
  var major: UInt32
  var minor: UInt32
  var tasks: Int
  var openPhase: Int32
  var fileBytes: UInt64
  var isScaled: Bool
  /// As the description has it; the order has room for all that is there.
  var maxTasks: UInt32
}

/// Room for the layers and the mask schedule of any description, zeros until they are read. Words
/// instead of layers: a repeated struct is written out value by value.
struct LayerList {
  private var words = InlineArray<784, UInt64>(repeating: 0)

  /// Phases of a mask schedule lie behind the layers.
  static let phases = 768 * 8
}

/// Loads always build a new network: on any failure nothing else has changed,
/// and the half-built network is freed.
enum Load {
  static let mostLayers = DescriptionCheck.mostLayers

  /// Fails with what the source found.
  static func failed(_ source: Source, _ order: LoadOrder) -> swiftcl_status {
    ErrorRecord.fail(order.error, source.status, order.call, source.reason)
  }

  static func network(
    _ source: inout Source, _ order: LoadOrder, _ status: inout swiftcl_status
  ) -> UnsafeMutablePointer<Network>? {
    var layers = LayerList()
    return withUnsafeMutableBytes(of: &layers) { raw in
      guard let base = raw.baseAddress else { return nil }
      let list = base.assumingMemoryBound(to: swiftcl_layer.self)
      guard let head = head(&source, order, list, &status) else { return nil }
      return network(&source, head, order, &status)
    }
  }

  // MARK: description

  /// Reads up to the description; `layers` has room for 96.
  static func head(
    _ source: inout Source, _ order: LoadOrder, _ layers: UnsafeMutablePointer<swiftcl_layer>,
    _ status: inout swiftcl_status
  ) -> CheckpointHead? {
    if source.magic() != CheckpointFormat.magic {
      source.refuse(SWIFTCL_E_FORMAT, "this is no checkpoint of libswiftcl")
    }
    source.begin(CheckpointFormat.Tag.head)
    let major = source.u32()
    let minor = source.u32()
    let endianness = source.u32()
    let tasks = source.u32()
    let phase = source.i32()
    let reopens = source.u32() == 1
    let fileBytes = source.u64()
    source.end()
    if major > CheckpointFormat.major {
      source.refuse(
        SWIFTCL_E_VERSION, "the checkpoint was written by a newer version of the format")
    }
    if major < 1 || endianness != CheckpointFormat.endianness {
      source.refuse(SWIFTCL_E_FORMAT, "this is no checkpoint that this library can read")
    }
    var options = Defaults.options
    let isScaled = description(&source, &options, layers)
    if source.status != SWIFTCL_OK {
      status = failed(source, order)
      return nil
    }
    options.allocator = order.options.allocator
    // A network that outgrew its plan needs a place for every task, and for the
    // open one, unless that has one of the finished tasks' already.
    let described = options.max_tasks
    let places = UInt64(tasks) + (phase == SWIFTCL_PHASE_NONE || reopens ? 0 : 1)
    if places <= UInt64(DescriptionCheck.largestTasks) {
      options.max_tasks = max(options.max_tasks, UInt32(places))
    }
    guard let built = Network.order(options, order.call, order.error, &status) else {
      // A description that passed its checksum and is still impossible is crafted.
      status = ErrorRecord.fail(
        order.error, status == SWIFTCL_E_MEMORY ? status : SWIFTCL_E_CORRUPT, order.call,
        "the checkpoint's description is impossible")
      return nil
    }
    return CheckpointHead(
      order: built, major: major, minor: minor, tasks: Int(shown: UInt(tasks)), openPhase: phase,
      fileBytes: fileBytes, isScaled: isScaled, maxTasks: described)
  }

  private static func description(
    _ source: inout Source, _ options: inout swiftcl_options,
    _ layers: UnsafeMutablePointer<swiftcl_layer>
  ) -> Bool {
    source.begin(CheckpointFormat.Tag.description)
    let isScaled = options.takeFields(&source)
    if options.layer_count < 1 || Int(options.layer_count) > mostLayers {
      source.refuse(SWIFTCL_E_CORRUPT, "the checkpoint's number of layers is impossible")
      return false
    }
    for l in 0..<Int(options.layer_count) {
      layers[l] = swiftcl_layer()
      layers[l].kind = source.i32()
      layers[l].width = source.u32()
      layers[l].block_size = source.u32()
      layers[l].activation = source.i32()
      layers[l].competition = source.i32()
      layers[l].kernel_height = source.u32()
      layers[l].kernel_width = source.u32()
      layers[l].stride = source.u32()
      layers[l].padding = source.u32()
      layers[l].input_height = source.u32()
      layers[l].input_width = source.u32()
      layers[l].rate = source.f32()
      layers[l].source = source.u32()
      for _ in 0..<3 where source.u32() != 0 {
        source.refuse(SWIFTCL_E_VERSION, "the checkpoint's layers have fields of a newer version")
      }
    }
    if source.hasMore { options.takeReplayFields(&source) }
    if source.hasMore {
      let phases = UnsafeMutableRawPointer(layers) + LayerList.phases
      options.takeSparseFields(&source, phases.assumingMemoryBound(to: swiftcl_mask_phase.self))
    }
    if source.hasMore { options.takeMemoryFields(&source) }
    source.end()
    options.layers = UnsafePointer(layers)
    return isScaled
  }

  // MARK: network

  private static func network(
    _ source: inout Source, _ head: CheckpointHead, _ order: LoadOrder,
    _ status: inout swiftcl_status
  ) -> UnsafeMutablePointer<Network>? {
    if let expected = order.options.expected {
      guard let wanted = Boundary.readOptions(expected, "expected", order.call, order.error) else {
        status = SWIFTCL_E_STRUCT
        return nil
      }
      status = DescriptionMatch.check(head.order.options, wanted, order.call, order.error)
      if status != SWIFTCL_OK { return nil }
    }
    let built =
      order.fitsInMemory
      ? Network.create(
        head.order, in: order.memory, bytes: order.bytes, order.call, order.error, &status)
      : Network.create(head.order, order.call, order.error, &status)
    guard let network = built else { return nil }
    network.pointee.call = order.call
    network.pointee.options.max_tasks = head.maxTasks
    network.pointee.restore(&source, head)
    if source.status == SWIFTCL_OK, let expected = order.options.expected,
      !DescriptionMatch.hasScale(network.pointee.options, expected.pointee)
    {
      source.refuse(SWIFTCL_E_MISMATCH, "the checkpoint's input scale or offset is another")
    }
    if source.status != SWIFTCL_OK {
      status = failed(source, order)
      Network.free(network)
      return nil
    }
    network.pointee.call = "swiftcl"
    return network
  }
}

/// Whether a checkpoint is of the description that the caller expects: the
/// things that decide what its parameters mean.
enum DescriptionMatch {
  /// Whether both scale their inputs alike; channels are known to agree.
  static func hasScale(_ found: swiftcl_options, _ wanted: swiftcl_options) -> Bool {
    for c in 0..<Int(found.input_channels) {
      let scale = found.input_scale.map { $0[c] } ?? 1
      let offset = found.input_offset.map { $0[c] } ?? 0
      if scale != (wanted.input_scale.map { $0[c] } ?? 1) { return false }
      if offset != (wanted.input_offset.map { $0[c] } ?? 0) { return false }
    }
    return true
  }

  static func check(
    _ found: swiftcl_options, _ wanted: swiftcl_options, _ call: StaticString,
    _ error: UnsafeMutablePointer<swiftcl_error>
  ) -> swiftcl_status {
    func compare(_ name: StaticString, _ a: Int, _ b: Int) -> swiftcl_status {
      a == b
        ? SWIFTCL_OK
        : ErrorRecord.fail(
          error, SWIFTCL_E_MISMATCH, call, name, is: a, expected: "in the checkpoint: ", b)
    }
    var status = compare("layer_count", Int(found.layer_count), Int(wanted.layer_count))
    if status == SWIFTCL_OK { status = compare("inputs", Int(found.inputs), Int(wanted.inputs)) }
    if status == SWIFTCL_OK {
      status = compare("input_type", Int(found.input_type), Int(wanted.input_type))
    }
    if status == SWIFTCL_OK {
      status = compare("input_channels", Int(found.input_channels), Int(wanted.input_channels))
    }
    if status == SWIFTCL_OK { status = compare("loss", Int(found.loss), Int(wanted.loss)) }
    if status == SWIFTCL_OK {
      status = compare("input_layout", Int(found.input_layout), Int(wanted.input_layout))
    }
    if status == SWIFTCL_OK { status = compare("sharing", Int(found.sharing), Int(wanted.sharing)) }
    if status == SWIFTCL_OK { status = compare("head", Int(found.head), Int(wanted.head)) }
    if status == SWIFTCL_OK {
      status = compare("allocation", Int(found.allocation), Int(wanted.allocation))
    }
    if status == SWIFTCL_OK {
      status = compare("protection", Int(found.protection), Int(wanted.protection))
    }
    if status == SWIFTCL_OK {
      status = compare(
        "bits of sparsity", Int(Int32(bitPattern: found.sparsity.bitPattern)),
        Int(Int32(bitPattern: wanted.sparsity.bitPattern)))
    }
    if status == SWIFTCL_OK && found.hasMasks {
      status = compare("sparsity_kind", Int(found.sparsity_kind), Int(wanted.sparsity_kind))
    }
    if status == SWIFTCL_OK && found.hasMasks {
      status = compare("masked_layers", shown(found.masked_layers), shown(wanted.masked_layers))
    }
    guard status == SWIFTCL_OK, let mine = found.layers else { return status }
    guard let theirs = wanted.layers else {
      return ErrorRecord.fail(error, SWIFTCL_E_NULL, call, "expected.layers is NULL")
    }
    for l in 0..<Int(found.layer_count) where status == SWIFTCL_OK {
      status = compare("a layer's kind", Int(mine[l].kind), Int(theirs[l].kind))
      if status == SWIFTCL_OK {
        status = compare("a layer's width", shown(mine[l].width), shown(theirs[l].width))
      }
      if status == SWIFTCL_OK {
        status = compare(
          "a layer's block_size", shown(mine[l].block_size), shown(theirs[l].block_size))
      }
      if status == SWIFTCL_OK {
        status = compare("a layer's activation", Int(mine[l].activation), Int(theirs[l].activation))
      }
      if status == SWIFTCL_OK {
        status = compare(
          "a layer's competition", Int(mine[l].competition), Int(theirs[l].competition))
      }
      if status == SWIFTCL_OK { status = compareWindows(mine[l], theirs[l], compare) }
    }
    return status
  }

  private static func compareWindows(
    _ a: swiftcl_layer, _ b: swiftcl_layer, _ compare: (StaticString, Int, Int) -> swiftcl_status
  ) -> swiftcl_status {
    var status = compare("a layer's kernel_height", shown(a.kernel_height), shown(b.kernel_height))
    if status == SWIFTCL_OK {
      status = compare("a layer's kernel_width", shown(a.kernel_width), shown(b.kernel_width))
    }
    if status == SWIFTCL_OK {
      status = compare("a layer's stride", shown(a.stride), shown(b.stride))
    }
    if status == SWIFTCL_OK {
      status = compare("a layer's padding", shown(a.padding), shown(b.padding))
    }
    if status == SWIFTCL_OK {
      status = compare("a layer's input_height", shown(a.input_height), shown(b.input_height))
    }
    if status == SWIFTCL_OK {
      status = compare("a layer's input_width", shown(a.input_width), shown(b.input_width))
    }
    if status == SWIFTCL_OK {
      status = compare(
        "bits of a layer's rate", Int(Int32(bitPattern: a.rate.bitPattern)),
        Int(Int32(bitPattern: b.rate.bitPattern)))
    }
    if status == SWIFTCL_OK {
      status = compare("a layer's source", shown(a.source), shown(b.source))
    }
    return status
  }

  private static func shown(_ value: UInt32) -> Int { Int(shown: UInt(value)) }
}
