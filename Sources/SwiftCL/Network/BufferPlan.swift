import CSwiftCL

/// Where the buffers lie that hold nothing from one call to the next: inputs,
/// activations, their gradients, scratch. Each has a life, an interval of the
/// moments of a step; buffers whose lives do not meet may have the same bytes.
///
/// Of L layers, layer l runs forward at moment l and backward at 2L - 1 - l. A
/// finished task is predicted, layer by layer, and units are packed anew, when no
/// step runs: at moments of their own before the first.
struct BufferPlan {
  // Buffers of no layer, then eight of each.
  static let inputs = 0
  static let targets = 1
  static let maps = 2
  /// Inputs under a window, row by row, and their gradients.
  static let patches = 3
  static let patchDeltas = 4

  /// Linear responses and gates of every row.
  static func sums(_ l: Int) -> Int { 5 + 8 * l }
  static func output(_ l: Int) -> Int { 6 + 8 * l }
  /// The output after its pooling.
  static func pooled(_ l: Int) -> Int { 7 + 8 * l }
  /// Gradient of the output, and of what came of its pooling.
  static func delta(_ l: Int) -> Int { 8 + 8 * l }
  static func pooledDelta(_ l: Int) -> Int { 9 + 8 * l }
  /// Gradients of weights and biases.
  static func gradients(_ l: Int) -> Int { 10 + 8 * l }
  /// Rows of a finished task's prediction, and the same after the pooling.
  static func predicted(_ l: Int) -> Int { 11 + 8 * l }
  static func predictedPooled(_ l: Int) -> Int { 12 + 8 * l }

  /// The first moment of a prediction, that of its first layer.
  private static let prediction = -100

  /// Sums stay below it without overflow; the arena refuses to be as large.
  private static let tooLarge = Int.max / 4

  #if SWIFTCL_TESTING
    /// Off, every buffer has bytes of its own.
    @TaskLocal static var shares = true
  #endif

  private let layerCount: Int
  private let sizeOfBatch: Int
  /// A norm over all gradients needs them all at once.
  private let keepsGradients: Bool
  /// A finished task is predicted once a step's targets are known.
  private let runsTeacher: Bool
  private var sizes = InlineArray<261, Int>(repeating: 0)
  private var offsets = InlineArray<261, Int>(repeating: -1)
  /// Layers whose output is pooled, one bit each.
  private var pools: UInt32 = 0
  /// Layers whose output must be known where their own way back begins.
  private var keeps: UInt32 = 0
  /// The last layer that reads each.
  private var lastReaders = InlineArray<32, Int8>(repeating: -1)
  private(set) var totalBytes = 0

  var count: Int { BufferPlan.sums(layerCount) }

  @inline(never)
  init(_ options: swiftcl_options) {
    layerCount = options.parameterLayers
    sizeOfBatch = options.stepRows
    keepsGradients = options.clip_norm > 0
    runsTeacher = options.runsTeacher
    measure(options)
    place()
  }

  private mutating func measure(_ options: swiftcl_options) {
    let batch = sizeOfBatch
    set(BufferPlan.inputs) { _ = $0.take(Float.self, batch * Int(options.inputs)) }
    set(BufferPlan.targets) { _ = $0.take(Int32.self, batch) }
    set(BufferPlan.maps) { _ = Maps(&$0, options) }
    LayerGraph.each(options) { l, shape in
      let width = Panels.pad(shape.liveWidth)
      let rows = BufferPlan.product(batch, shape.pixels)
      lastReaders[l] = Int8(shape.isHead ? l : shape.lastReader)
      if shape.masksItself { keeps |= 1 << UInt32(l) }
      setPrediction(BufferPlan.predicted(l), shape.pixels, shape)
      set(BufferPlan.sums(l)) { _ = LayerSums(&$0, shape, options) }
      set(BufferPlan.output(l)) { $0.reserve(floats: BufferPlan.product(rows, width)) }
      // The head's logits become their gradient in place.
      if !shape.isHead {
        set(BufferPlan.delta(l)) { $0.reserve(floats: BufferPlan.product(rows, width)) }
      }
      set(BufferPlan.gradients(l)) { _ = LayerGradients(&$0, shape, options) }
      if shape.isPooled {
        let size = BufferPlan.product(BufferPlan.product(batch, shape.surfacePixels), width)
        setPrediction(BufferPlan.predictedPooled(l), shape.surfacePixels, shape)
        pools |= 1 << UInt32(l)
        set(BufferPlan.pooled(l)) { $0.reserve(floats: size) }
        set(BufferPlan.pooledDelta(l)) { $0.reserve(floats: size) }
      }
      if shape.gathers {
        let floats = shape.patchFloats(batch: batch)
        set(BufferPlan.patches) { $0.reserve(floats: floats + Patches.slack) }
        if l > 0 { set(BufferPlan.patchDeltas) { $0.reserve(floats: floats + Patches.slack) } }
      } else if shape.input >= 0 {
        // Where more than one reads a layer, gradients are made here and added.
        let floats = min(rows, Network.addedRows) * Panels.pad(shape.liveInputs)
        if shape.sharesInput { set(BufferPlan.patchDeltas) { $0.reserve(floats: floats) } }
      }
    }
  }

  private mutating func setPrediction(_ buffer: Int, _ pixels: Int, _ shape: LayerShape) {
    let rows = BufferPlan.product(sizeOfBatch, pixels)
    let floats = BufferPlan.product(rows, Panels.pad(shape.winnerWidth))
    set(buffer) { $0.reserve(floats: floats) }
  }

  /// For sizes: too large stays too large.
  static func product(_ a: Int, _ b: Int) -> Int {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    return overflow ? tooLarge : min(product, tooLarge)
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
    case BufferPlan.inputs: return (BufferPlan.prediction, end - 1)
    case BufferPlan.targets: return (runsTeacher ? BufferPlan.prediction : 0, layerCount - 1)
    case BufferPlan.maps: return (BufferPlan.prediction - 1, BufferPlan.prediction - 1)
    case BufferPlan.patches: return (BufferPlan.prediction, end - 1)
    case BufferPlan.patchDeltas: return (layerCount, end - 1)
    default: break
    }
    let l = (buffer - BufferPlan.sums(0)) / 8
    let back = end - 1 - l
    let isPooled = pools >> UInt32(l) & 1 == 1
    let isKept = isPooled || keeps >> UInt32(l) & 1 == 1
    let lastReader = Int(lastReaders[l])
    let firstDelta = end - 1 - lastReader
    switch buffer {
    case BufferPlan.sums(l): return (l, back)
    // The layer above reads it once more, for its weights.
    // Pooling needs it on the way back.
    case BufferPlan.output(l): return (l, l == layerCount - 1 || isKept ? back : back - 1)
    case BufferPlan.pooled(l): return (l, back)
    case BufferPlan.delta(l): return (isPooled ? back : firstDelta, back)
    case BufferPlan.pooledDelta(l): return (firstDelta, back)
    case BufferPlan.predicted(l):
      return (BufferPlan.prediction + l, BufferPlan.prediction + (isPooled ? l : lastReader))
    case BufferPlan.predictedPooled(l):
      return (BufferPlan.prediction + l, BufferPlan.prediction + lastReader)
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
  /// Units kept by a repacking, layer by layer, and how many each layer had.
  var keep: UnsafeMutablePointer<Int32>
  var unitsBefore: UnsafeMutablePointer<Int32>
  var blocks: UnsafeMutablePointer<UInt8>
  var sizes: UnsafeMutablePointer<TicketSize>

  @inline(never)
  init(_ arena: inout Arena, _ options: swiftcl_options) {
    var widest = Int(options.inputs)
    var mostBlocks = 0
    var units = 0
    LayerGraph.each(options) { _, shape in
      widest = max(widest, max(shape.liveWidth, shape.winnerWidth))
      widest = max(widest, max(shape.liveInputs, shape.winnerInputs))
      mostBlocks = max(mostBlocks, shape.blocks)
      units += max(shape.liveWidth, shape.winnerWidth)
    }
    outputMap = arena.take(Int32.self, widest)
    inputMap = arena.take(Int32.self, widest)
    keep = arena.take(Int32.self, units)
    unitsBefore = arena.take(Int32.self, options.parameterLayers)
    blocks = arena.take(UInt8.self, mostBlocks)
    sizes = arena.take(TicketSize.self, options.parameterLayers)
  }
}

/// What stands before a layer's gates, where it has gates.
struct LayerSums {
  /// Linear responses; what a normalisation has made of them.
  var sum: UnsafeMutablePointer<Float>
  /// The same without scale and bias: `sum` itself unless rows compete by what has both.
  var normal: UnsafeMutablePointer<Float>
  /// Competition per sample: gate, and posterior with its floor, of every row.
  var sampleGate: UnsafeMutablePointer<Float>
  var samplePosterior: UnsafeMutablePointer<Float>
  /// Scratch of three blocks, for the gradients of one row's block.
  var gateGradientOfRow: UnsafeMutablePointer<Float>

  @inline(never)
  init(_ arena: inout Arena, _ shape: LayerShape, _ options: swiftcl_options) {
    let rows = BufferPlan.product(
      BufferPlan.product(options.stepRows, shape.pixels), Panels.pad(shape.liveWidth))
    let gated = shape.competes && options.sampler != SWIFTCL_SAMPLER_RANDOM
    let perSample = shape.perSample && shape.blockSize > 1
    sum = arena.take(Float.self, gated || perSample || shape.normalises ? rows : 0)
    normal = perSample && shape.normalises ? arena.take(Float.self, rows) : sum
    sampleGate = arena.take(Float.self, perSample ? rows : 0)
    samplePosterior = arena.take(Float.self, perSample ? rows : 0)
    gateGradientOfRow = arena.take(Float.self, perSample ? 3 * shape.blockSize : 0)
  }
}

/// Gradients of a layer's parameters.
struct LayerGradients {
  var weights: UnsafeMutablePointer<Float>?
  var biases: UnsafeMutablePointer<Float>
  /// Of a layer that normalises.
  var scale: UnsafeMutablePointer<Float>

  init(_ arena: inout Arena, _ shape: LayerShape, _ options: swiftcl_options) {
    let panels = Panels(inputs: shape.liveInputs, outputs: shape.liveWidth)
    weights = options.storesGradients || shape.gathers ? arena.take(Float.self, panels.count) : nil
    biases = arena.take(Float.self, panels.padded)
    scale = arena.take(Float.self, shape.normalises ? panels.padded : 0)
  }
}
