import CSwiftCL

/// A linear head over the winners of the last hidden layer of all finished
/// tasks: what the head of each of them reads, side by side. It tells classes
/// apart that no task has seen together, from the exemplars alone.
///
/// Features are standardised while it is fitted; mean and deviation are then
/// folded into weights and biases, so that predicting is one dense product.
///
/// Features of exemplars are computed anew in every epoch: kept, they would take
/// more memory than the exemplars themselves (500 digits: 1 MB against 0.4), and
/// a fit of half a million rows through packed tickets takes a second.
struct ClassHead {
  /// Rows of one product, and most of a batch.
  static let mostRows = 32

  /// What the buffers have room for.
  struct Room {
    var tasks = 0
    var features = 0
    var classes = 0
    var rows = 0
  }

  /// Nowhere without options.class_head.
  var block = Arena.nowhere
  var bytes = 0
  private(set) var room = Room()

  /// 0 where none is fitted.
  var classCount = 0
  var taskCount = 0
  var features = 0
  var rows: UInt64 = 0
  var loss: Float = 0
  var accuracy: Float = 0

  /// The label of each of its outputs, ascending.
  private(set) var labels = ClassHead.none(Int32.self)
  /// Whose winners it looks at, in this order.
  private(set) var tasks = ClassHead.none(Int32.self)
  private(set) var bias = ClassHead.none(Float.self)
  private(set) var weights = ClassHead.none(Float.self)
  /// Features of some rows, and what the product makes of them.
  private(set) var input = ClassHead.none(Float.self)
  private(set) var output = ClassHead.none(Float.self)

  // Only while it is fitted.
  /// The output of each label, or -1.
  private(set) var columnOf = ClassHead.none(Int32.self)
  /// The outputs in their order, as the loss wants to be told.
  private(set) var columns = ClassHead.none(Int32.self)
  private(set) var targets = ClassHead.none(Int32.self)
  private(set) var mean = ClassHead.none(Float.self)
  /// Sum of squared differences; then what a feature is multiplied by.
  private(set) var scale = ClassHead.none(Float.self)
  private(set) var first = ClassHead.none(Float.self)
  private(set) var second = ClassHead.none(Float.self)
  private(set) var biasFirst = ClassHead.none(Float.self)
  private(set) var biasSecond = ClassHead.none(Float.self)
  private(set) var biasGradient = ClassHead.none(Float.self)
  /// Only OpenBLAS needs the gradient as a whole.
  private(set) var gradient: UnsafeMutablePointer<Float>?

  private static func none<T>(_ type: T.Type) -> UnsafeMutablePointer<T> {
    Arena.nowhere.assumingMemoryBound(to: type)
  }

  init() {}

  init(_ block: UnsafeMutableRawPointer, bytes: Int, _ room: Room, _ options: swiftcl_options) {
    var arena = Arena(block)
    self.init(&arena, room, options)
    self.block = block
    self.bytes = bytes
  }

  /// A network's first head, with room for what its description plans.
  @inline(never)
  static func lay(
    _ place: UnsafeMutablePointer<ClassHead>, _ block: UnsafeMutableRawPointer, bytes: Int,
    _ options: swiftcl_options
  ) {
    place.initialize(to: ClassHead(block, bytes: bytes, Room(options), options))
  }

  @inline(never)
  private init(_ arena: inout Arena, _ room: Room, _ options: swiftcl_options) {
    self.room = room
    let width = Panels.pad(room.classes)
    labels = arena.take(Int32.self, room.classes)
    tasks = arena.take(Int32.self, room.tasks)
    bias = arena.take(Float.self, width)
    weights = arena.take(Float.self, room.features, by: width)
    input = arena.take(Float.self, room.features, by: room.rows)
    output = arena.take(Float.self, width, by: room.rows)
    columnOf = arena.take(Int32.self, room.classes)
    columns = arena.take(Int32.self, room.classes)
    targets = arena.take(Int32.self, room.rows)
    mean = arena.take(Float.self, room.features)
    scale = arena.take(Float.self, room.features)
    first = arena.take(Float.self, room.features, by: width)
    second = arena.take(Float.self, room.features, by: width)
    biasFirst = arena.take(Float.self, width)
    biasSecond = arena.take(Float.self, width)
    biasGradient = arena.take(Float.self, width)
    #if SWIFTCL_CBLAS
      gradient = arena.take(Float.self, room.features, by: width)
    #endif
  }

  /// Bytes of the block; nil where no address space holds it.
  @inline(never)
  static func bytes(_ room: Room, _ options: swiftcl_options) -> Int? {
    // BLAS counts in 32 bits.
    if room.features >= Int(Int32.max) { return nil }
    var arena = Arena(measuring: ())
    _ = ClassHead(&arena, room, options)
    return arena.overflows ? nil : arena.used
  }

  var isFitted: Bool { classCount > 0 }
  var padded: Int { Panels.pad(classCount) }
  var panels: Panels { Panels(inputs: features, outputs: classCount) }

  func has(_ needed: Room) -> Bool {
    needed.tasks <= room.tasks && needed.features <= room.features && needed.classes <= room.classes
  }

  mutating func drop() {
    classCount = 0
    taskCount = 0
    features = 0
    rows = 0
    loss = 0
    accuracy = 0
  }
}

extension ClassHead.Room {
  /// Of all tasks that the description plans for, at full width.
  @inline(never)
  init(_ options: swiftcl_options) {
    var last = (inputs: 0, classes: 0)
    LayerGraph.each(options) { _, shape in last = (shape.winnerInputs, shape.width) }
    tasks = options.sharesTicket ? 1 : Int(options.max_tasks)
    let (product, overflow) = tasks.multipliedReportingOverflow(by: last.inputs)
    features = overflow ? Int.max : product
    classes = last.classes
    rows = min(ClassHead.mostRows, Int(options.max_batch))
  }
}

extension Network {
  /// An empty head with more room, in a block of its own; nil without memory.
  @inline(never)
  mutating func larger(_ head: ClassHead, _ needed: ClassHead.Room) -> ClassHead? {
    let room = ClassHead.Room(
      tasks: max(needed.tasks, head.room.tasks), features: max(needed.features, head.room.features),
      classes: max(needed.classes, head.room.classes), rows: head.room.rows)
    guard ownsBlocks, let bytes = ClassHead.bytes(room, options),
      let block = memory.allocate(bytes)
    else { return nil }
    notePeak(growingBy: bytes)
    return ClassHead(block, bytes: bytes, room, options)
  }

  /// Takes a head over that may lie in another block.
  mutating func adopt(_ head: ClassHead) {
    if head.block != classHead.block {
      Blocks.release(classHead.block, classHead.bytes, to: memory)
    }
    classHead = head
  }

  /// Forgets the head after a task was removed, if it looks at that task's winners or names a class
  /// that no finished task has any more.
  mutating func dropClassHead(without task: swiftcl_task) {
    var stays = true
    for t in 0..<classHead.taskCount where classHead.tasks[t] == task { stays = false }
    for c in 0..<classHead.classCount where introducer(of: classHead.labels[c]) < 0 {
      stays = false
    }
    if !stays { classHead.drop() }
  }

  func classHeadInfo() -> swiftcl_class_head_info {
    var info = swiftcl_class_head_info()
    info.fitted = classHead.isFitted ? 1 : 0
    info.tasks = UInt32(classHead.taskCount)
    info.classes = UInt32(classHead.classCount)
    info.features = UInt64(classHead.features)
    info.rows = classHead.rows
    info.bytes = UInt64(classHead.bytes)
    info.loss = classHead.loss
    info.accuracy = classHead.accuracy
    return info
  }
}
