import CSwiftCL

/// Where the buffers lie that hold nothing from one call to the next: inputs,
/// activations, their gradients, scratch. Each has a life, an interval of the
/// moments of a step; buffers whose lives do not meet may have the same bytes.
///
/// Of L layers, layer l runs forward at moment l and backward at 2L - 1 - l. A
/// finished task is predicted, layer by layer, and units are packed anew, when no
/// step runs: at moments of their own before the first. What a layer makes again has
/// two lives, one on the way forward and one from the moment that the way back needs it.
struct BufferPlan {
  // Buffers of no layer, then nine of each.
  static let inputs = 0
  static let targets = 1
  static let maps = 2
  /// Inputs under a window, row by row, and their gradients.
  static let patches = 3
  static let patchDeltas = 4
  /// Of masked layers: inputs in planes, or their gradients, with where each begins; outputs in planes.
  static let planes = 5
  static let planeOutputs = 6
  /// Weights of a masked layer with what is masked as 0, and their gradient.
  static let unmasked = 7
  static let unmaskedGradient = 8

  /// Linear responses and gates of every row.
  static func sums(_ l: Int) -> Int { 9 + 9 * l }
  static func output(_ l: Int) -> Int { sums(l) + 1 }
  /// The output after its pooling.
  static func pooled(_ l: Int) -> Int { sums(l) + 2 }
  /// Gradient of the output, and of what came of its pooling.
  static func delta(_ l: Int) -> Int { sums(l) + 3 }
  static func pooledDelta(_ l: Int) -> Int { sums(l) + 4 }
  /// Gradients of weights and biases.
  static func gradients(_ l: Int) -> Int { sums(l) + 5 }
  /// Rows of a finished task's prediction, and the same after the pooling.
  static func predicted(_ l: Int) -> Int { sums(l) + 6 }
  static func predictedPooled(_ l: Int) -> Int { sums(l) + 7 }
  /// What changes a layer's mask.
  static func maskScratch(_ l: Int) -> Int { sums(l) + 8 }

  /// Sums stay below it without overflow; the arena refuses to be as large.
  private static let tooLarge = Int.max / 4

  #if SWIFTCL_TESTING
    /// Off, every buffer has bytes of its own.
    @TaskLocal static var shares = true
  #endif

  private let sizeOfBatch: Int
  private(set) var lives: BufferLives
  private var sizes = InlineArray<297, Int>(repeating: 0)
  private var offsets = InlineArray<297, Int>(repeating: -1)
  private(set) var totalBytes = 0

  private var layerCount: Int { lives.layerCount }
  var count: Int { BufferPlan.sums(layerCount) }

  @inline(never)
  init(_ options: swiftcl_options) {
    sizeOfBatch = options.stepRows
    lives = BufferLives(
      layerCount: options.parameterLayers, keepsGradients: options.clip_norm > 0,
      runsTeacher: options.runsTeacher)
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
      lives.lastReaders[l] = Int8(shape.isHead ? l : shape.lastReader)
      if shape.isMadeAgain { lives.remakes |= 1 << UInt32(l) }
      if shape.masksItself { lives.keeps |= 1 << UInt32(l) }
      setPrediction(BufferPlan.predicted(l), shape.pixels, shape)
      set(BufferPlan.sums(l)) { _ = LayerSums(&$0, shape, options) }
      set(BufferPlan.output(l)) { $0.reserve(floats: BufferPlan.product(rows, width)) }
      // The head's logits become their gradient in place.
      if !shape.isHead {
        set(BufferPlan.delta(l)) { $0.reserve(floats: BufferPlan.product(rows, width)) }
      }
      let masked = options.masks(l, shape)
      set(BufferPlan.gradients(l)) { _ = LayerGradients(&$0, shape, options, masked: masked) }
      if masked {
        set(BufferPlan.maskScratch(l)) {
          _ = MaskScratch(
            &$0, inputs: shape.winnerInputs, outputs: shape.winnerWidth, options)
        }
        measurePlanes(shape, options)
      }
      if shape.isPooled {
        let size = BufferPlan.product(BufferPlan.product(batch, shape.surfacePixels), width)
        setPrediction(BufferPlan.predictedPooled(l), shape.surfacePixels, shape)
        lives.pools |= 1 << UInt32(l)
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

  private mutating func measurePlanes(_ shape: LayerShape, _ options: swiftcl_options) {
    let planes = Planes(
      shape, inputs: shape.winnerInputs, samples: sizeOfBatch)
    let inputs = BufferPlan.product(planes.channels, planes.planeStride)
    // Offsets of the inputs lie before the planes.
    set(BufferPlan.planes) { $0.reserve(floats: Panels.pad(shape.winnerInputs) + inputs) }
    set(BufferPlan.planeOutputs) {
      $0.reserve(
        floats: BufferPlan.product(Panels.pad(shape.winnerWidth), planes.outputStride))
    }
    let count = Panels(inputs: shape.winnerInputs, outputs: shape.winnerWidth).count
    let unmasks = options.unmasks(shape)
    if unmasks { set(BufferPlan.unmasked) { $0.reserve(floats: count) } }
    if unmasks || options.regrowth == SWIFTCL_REGROW_GRADIENT {
      set(BufferPlan.unmaskedGradient) { $0.reserve(floats: count) }
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

  // Changes nothing: but a plan is too large to be copied for every look at it.
  @inline(never)
  private mutating func lowest(_ buffer: Int) -> Int {
    var offset = 0
    var moved = true
    while moved {
      moved = false
      for n in 0..<count where offsets[n] >= 0 && lives.meet(n, buffer) {
        let end = BufferPlan.sum(offsets[n], sizes[n])
        if end > offset && offsets[n] < BufferPlan.sum(offset, sizes[buffer]) {
          offset = end
          moved = true
        }
      }
    }
    return offset
  }

  private static func sum(_ a: Int, _ b: Int) -> Int { min(a + b, tooLarge) }
}
