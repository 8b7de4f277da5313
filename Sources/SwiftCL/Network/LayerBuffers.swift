import CSwiftCL

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
      widest = max(widest, max(shape.candidateWidth, shape.winnerWidth))
      widest = max(widest, max(shape.candidateInputs, shape.winnerInputs))
      mostBlocks = max(mostBlocks, shape.blocks)
      units += max(shape.candidateWidth, shape.winnerWidth)
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

  init(_ arena: inout Arena, _ shape: LayerShape, _ options: swiftcl_options, masked: Bool) {
    let panels = Panels(inputs: shape.liveInputs, outputs: shape.liveWidth)
    if masked && !options.masksLater {
      let entries = options.mostEntries(inputs: shape.inputs, outputs: shape.width)
      weights = arena.take(Float.self, Panels.pad(entries * options.entryWidth))
    } else {
      // Behind the commit a mask needs less.
      let stores = masked || options.storesGradients || shape.gathers
      weights = stores ? arena.take(Float.self, panels.count) : nil
    }
    biases = arena.take(Float.self, panels.padded)
    scale = arena.take(Float.self, shape.normalises ? panels.padded : 0)
  }
}
