import CSwiftCL

/// Where the buffers lie that hold nothing from one call to the next: inputs,
/// activations, their gradients, scratch. Each has a life, an interval of the
/// moments of a step; buffers whose lives do not meet may have the same bytes.
///
/// Of L layers, layer l runs forward at moment l and backward at 2L - 1 - l. A
/// finished task is predicted, and units are packed anew, when no step runs: at
/// moments of their own before the first.
struct BufferPlan {
  // Buffers of no layer, then four of each.
  static let inputs = 0
  static let targets = 1
  /// Rows of a finished task's prediction, two in turn.
  static let evenRows = 2
  static let oddRows = 3
  static let maps = 4

  /// Linear responses and gates of every row.
  static func sums(_ l: Int) -> Int { 5 + 4 * l }
  static func output(_ l: Int) -> Int { 6 + 4 * l }
  /// Gradient of the output.
  static func delta(_ l: Int) -> Int { 7 + 4 * l }
  /// Gradients of weights and biases.
  static func gradients(_ l: Int) -> Int { 8 + 4 * l }

  /// Sums stay below it without overflow; the arena refuses to be as large.
  private static let tooLarge = Int.max / 4

  #if SWIFTCL_TESTING
    /// Off, every buffer has bytes of its own.
    @TaskLocal static var shares = true
  #endif

  private let layerCount: Int
  /// A norm over all gradients needs them all at once.
  private let keepsGradients: Bool
  /// A finished task is predicted once a step's targets are known.
  private let runsTeacher: Bool
  private var sizes = InlineArray<133, Int>(repeating: 0)
  private var offsets = InlineArray<133, Int>(repeating: -1)
  private(set) var totalBytes = 0

  var count: Int { BufferPlan.output(layerCount) - 1 }

  @inline(never)
  init(_ options: swiftcl_options) {
    layerCount = Int(options.layer_count)
    keepsGradients = options.clip_norm > 0
    runsTeacher = options.runsTeacher
    measure(options)
    place()
  }

  private mutating func measure(_ options: swiftcl_options) {
    let batch = options.stepRows
    set(BufferPlan.inputs) { _ = $0.take(Float.self, batch * Int(options.inputs)) }
    set(BufferPlan.targets) { _ = $0.take(Int32.self, batch) }
    set(BufferPlan.maps) { _ = Maps(&$0, options) }
    LayerShape.each(options) { l, shape in
      let rows = batch * Panels.pad(shape.liveWidth)
      set(l % 2 == 0 ? BufferPlan.evenRows : BufferPlan.oddRows) {
        _ = $0.take(Float.self, batch * Panels.pad(shape.winnerWidth))
      }
      set(BufferPlan.sums(l)) { _ = LayerSums(&$0, shape, options) }
      set(BufferPlan.output(l)) { _ = $0.take(Float.self, rows) }
      // The head's logits become their gradient in place.
      if !shape.isHead { set(BufferPlan.delta(l)) { _ = $0.take(Float.self, rows) } }
      set(BufferPlan.gradients(l)) { _ = LayerGradients(&$0, shape, options) }
    }
  }

  /// A buffer's size is the largest of those it is laid for.
  private mutating func set(_ buffer: Int, _ lay: (inout Arena) -> Void) {
    var arena = Arena(measuring: ())
    lay(&arena)
    let size = arena.overflows ? BufferPlan.tooLarge : min(arena.used, BufferPlan.tooLarge)
    sizes[buffer] = max(sizes[buffer], size)
  }

  /// Where a buffer begins in the region.
  func offset(_ buffer: Int) -> Int { offsets[buffer] }

  /// Bytes of the buffers `from` to below `end`, were none shared.
  @inline(never)
  func bytes(_ buffers: Range<Int>) -> UInt64 {
    var sum: UInt64 = 0
    for n in buffers { sum += UInt64(sizes[n]) }
    return sum
  }

  /// First and last moment at which a buffer holds something.
  @inline(never)
  func life(_ buffer: Int) -> (birth: Int, death: Int) {
    let end = 2 * layerCount
    switch buffer {
    // Read by the forward pass, and by the first layer's update.
    case BufferPlan.inputs: return (-1, end - 1)
    case BufferPlan.targets: return (runsTeacher ? -1 : 0, layerCount - 1)
    case BufferPlan.evenRows, BufferPlan.oddRows: return (-1, -1)
    case BufferPlan.maps: return (-2, -2)
    default: break
    }
    let l = (buffer - 5) / 4
    let back = end - 1 - l
    switch buffer {
    case BufferPlan.sums(l): return (l, back)
    // The layer above reads it once more, for its weights.
    case BufferPlan.output(l): return (l, l == layerCount - 1 ? back : back - 1)
    case BufferPlan.delta(l): return (back - 1, back)
    default: return (back, keepsGradients ? end : back)
    }
  }

  /// The largest first, each as low as those already placed allow.
  private mutating func place() {
    for _ in 0..<count {
      var next = -1
      for n in 0..<count where offsets[n] < 0 && (next < 0 || sizes[n] > sizes[next]) { next = n }
      let offset = lowest(next)
      offsets[next] = offset
      totalBytes = max(totalBytes, BufferPlan.sum(offset, sizes[next]))
    }
  }

  private func lowest(_ buffer: Int) -> Int {
    var offset = 0
    var moved = true
    while moved {
      moved = false
      for n in 0..<count where offsets[n] >= 0 && meet(n, buffer) {
        let end = BufferPlan.sum(offsets[n], sizes[n])
        if end > offset && offsets[n] < BufferPlan.sum(offset, sizes[buffer]) {
          offset = end
          moved = true
        }
      }
    }
    return offset
  }

  private func meet(_ a: Int, _ b: Int) -> Bool {
    #if SWIFTCL_TESTING
      if !BufferPlan.shares { return true }
    #endif
    let (one, other) = (life(a), life(b))
    return one.birth <= other.death && other.birth <= one.death
  }

  private static func sum(_ a: Int, _ b: Int) -> Int { min(a + b, tooLarge) }
}

/// Scratch of repacking, of commits and of questions.
struct Maps {
  /// Packed index of each unit or input on another ticket, or -1.
  var outputMap: UnsafeMutablePointer<Int32>
  var inputMap: UnsafeMutablePointer<Int32>
  /// Units kept by a repacking, for this layer and the one before.
  var keep: UnsafeMutablePointer<Int32>
  var keepBefore: UnsafeMutablePointer<Int32>
  var blocks: UnsafeMutablePointer<UInt8>
  var sizes: UnsafeMutablePointer<TicketSize>

  @inline(never)
  init(_ arena: inout Arena, _ options: swiftcl_options) {
    var widest = Int(options.inputs)
    var mostBlocks = 0
    LayerShape.each(options) { _, shape in
      widest = max(widest, max(shape.liveWidth, shape.winnerWidth))
      mostBlocks = max(mostBlocks, shape.blocks)
    }
    outputMap = arena.take(Int32.self, widest)
    inputMap = arena.take(Int32.self, widest)
    keep = arena.take(Int32.self, widest)
    keepBefore = arena.take(Int32.self, widest)
    blocks = arena.take(UInt8.self, mostBlocks)
    sizes = arena.take(TicketSize.self, Int(options.layer_count))
  }
}

/// What stands before a layer's gates, where it has gates.
struct LayerSums {
  /// Linear responses.
  var sum: UnsafeMutablePointer<Float>
  /// Competition per sample: gate, and posterior with its floor, of every row.
  var sampleGate: UnsafeMutablePointer<Float>
  var samplePosterior: UnsafeMutablePointer<Float>
  /// Scratch of three blocks, for the gradients of one row's block.
  var gateGradientOfRow: UnsafeMutablePointer<Float>

  @inline(never)
  init(_ arena: inout Arena, _ shape: LayerShape, _ options: swiftcl_options) {
    let rows = options.stepRows * Panels.pad(shape.liveWidth)
    let gated = shape.competes && options.sampler != SWIFTCL_SAMPLER_RANDOM
    let perSample = shape.perSample && shape.blockSize > 1
    sum = arena.take(Float.self, gated || perSample ? rows : 0)
    sampleGate = arena.take(Float.self, perSample ? rows : 0)
    samplePosterior = arena.take(Float.self, perSample ? rows : 0)
    gateGradientOfRow = arena.take(Float.self, perSample ? 3 * shape.blockSize : 0)
  }
}

/// Gradients of a layer's parameters.
struct LayerGradients {
  var weights: UnsafeMutablePointer<Float>?
  var biases: UnsafeMutablePointer<Float>

  init(_ arena: inout Arena, _ shape: LayerShape, _ options: swiftcl_options) {
    let panels = Panels(inputs: shape.liveInputs, outputs: shape.liveWidth)
    weights = options.storesGradients ? arena.take(Float.self, panels.count) : nil
    biases = arena.take(Float.self, panels.padded)
  }
}
