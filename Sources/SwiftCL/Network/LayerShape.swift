import CSwiftCL

/// One layer with parameters and everything that follows from its description. Sizes
/// are of the network at full width; `candidate` is all that may compete at once, `live` what
/// of it runs in one step, fewer with top-k, and `winner` what a full ticket holds.
struct LayerShape {
  /// Its place in the description, where layers without parameters stand between.
  var slot: Int
  var isHead: Bool
  /// What it reads: every input is a map of the layer below under one tap of the window.
  /// A dense layer has a window over all that there is.
  @Beyond var window: Window
  /// The network's input, of which all pixels of a channel lie together.
  @Beyond var isPlanar: Bool
  /// Pooling of what it gives; the kind is 0 where there is none.
  @Beyond var pool = Transition(kind: 0, window: Window())
  var width: Int
  var blockSize: Int
  var blocks: Int
  var relu: Bool
  /// Competition per sample: the whole block is won at once and keeps its J units.
  @Beyond var perSample: Bool
  var inputs: Int
  var candidateWidth: Int
  var candidateInputs: Int
  var liveWidth: Int
  var liveInputs: Int
  var winnerWidth: Int
  var winnerInputs: Int

  /// The layer it reads; -1 is the network's input.
  var input: Int
  /// The layer whose output is added to its own, or -1.
  @Beyond var added = -1
  /// The first of the layers that add up to one stream: they compete as one and win alike.
  var leader = 0
  /// The last layer that reads its output or adds it; -1 for the head.
  var lastReader = -1
  /// Whether it is not the last to read its input, so that others have left gradients there.
  @Beyond var sharesInput = false
  /// The same of what it adds.
  @Beyond var sharesAdded = false
  /// Whether a step computes what it gives again on the way back instead of keeping it.
  @Beyond var isMadeAgain = false
  /// Whether something else than the layer above alone reads it.
  @Beyond var branches = false
  /// Whether sums are normalised before their gate, and how fast running statistics move.
  @Beyond var normalises = false
  @Beyond var normRate: Float = 0

  /// Units that a task wins together: one, or all J of a block.
  var groupSize: Int { perSample ? blockSize : 1 }
  /// Share of the outputs that training drops, behind the pooling or before.
  @Beyond var dropRate: Float = 0
  @Beyond var dropsBeforePool = false
  /// Rows of its products for one row of the network: output pixels.
  var pixels: Int { window.outPixels }
  /// The image that the layer above sees.
  var isPooled: Bool { pool.kind != 0 }
  var surfaceHeight: Int { isPooled ? pool.window.outHeight : window.outHeight }
  var surfaceWidth: Int { isPooled ? pool.window.outWidth : window.outWidth }
  var surfacePixels: Int { surfaceHeight * surfaceWidth }
  /// Whether inputs must be gathered under the window; else the rows of the layer below, or
  /// its pixels, are the rows of the product.
  var gathers: Bool {
    Features.all && (window.taps > 1 || window.stride > 1 || window.padding > 0 || isPlanar)
  }
  /// Inputs for each map of the layer below.
  var taps: Int { window.taps }
  /// Groups of a block in the fixed network.
  var groups: Int { blockSize / groupSize }
  /// A task-level block of one unit has nothing to decide.
  var competes: Bool { !isHead && groups > 1 }
  /// Fewest blocks in which a task may have a winner.
  var floorBlocks: Int { max(1, (blocks + 7) / 8) }
}

extension LayerShape {
  /// What layers above must know of one that they read.
  /// There is one for every layer, on the stack: numbers are small.
  struct Outline {
    private var widths: (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    private var sides: (Int32, Int32) = (0, 0)
    var lastSlot: Int8 = 0
    var leader: Int8 = 0
    var lastReader: Int8 = -1
    var readers: Int8 = 0
    /// The next layer takes its input from it.
    var feedsNext = false

    init() {}

    init(_ shape: LayerShape) {
      widths = (
        Int32(shape.width), Int32(shape.candidateWidth), Int32(shape.liveWidth),
        Int32(shape.winnerWidth)
      )
      sides = (Int32(shape.surfaceHeight), Int32(shape.surfaceWidth))
    }

    var width: Int { Int(widths.0) }
    var candidateWidth: Int { Int(widths.1) }
    var liveWidth: Int { Int(widths.2) }
    var winnerWidth: Int { Int(widths.3) }
    var height: Int { Int(sides.0) }
    var surfaceWidth: Int { Int(sides.1) }
  }

  /// Shape of the layer at `slot` that reads layer `input`; `below` is nil for the first one.
  @inline(never)
  init(
    _ layer: swiftcl_layer, slot: Int, input: Int, of below: Outline?, options: swiftcl_options
  ) {
    self.slot = slot
    self.input = input
    let window = Features.all ? LayerShape.window(layer, of: below) : Window()
    let perSample = Features.all && layer.competition == SWIFTCL_COMPETITION_SAMPLE
    self.window = window
    isPlanar =
      below == nil && layer.kind == SWIFTCL_LAYER_CONV2D && options.input_channels > 1
      && options.input_layout == SWIFTCL_LAYOUT_PLANAR
    let isHead = layer.kind == SWIFTCL_LAYER_HEAD
    self.isHead = isHead
    width = Int(layer.width)
    blockSize = Int(layer.block_size)
    relu = layer.activation == SWIFTCL_ACTIVATION_RELU
    self.perSample = perSample
    if isHead { width = max(width, Int(options.max_classes)) }
    blocks = width / blockSize
    let maps = below?.width ?? LayerShape.channels(layer, options)
    inputs = window.taps * maps
    winnerWidth = perSample || isHead ? width : blocks
    // Random winners never compete: the working set is as narrow as the ticket.
    candidateWidth = options.sampler == SWIFTCL_SAMPLER_RANDOM ? winnerWidth : width
    candidateInputs = window.taps * (below?.candidateWidth ?? maps)
    // Of a block k run at once; where rows compete, all.
    let samples = options.parksCandidates && !perSample && !isHead
    liveWidth = samples ? blocks * min(Int(options.top_k), blockSize) : candidateWidth
    liveInputs = window.taps * (below?.liveWidth ?? maps)
    winnerInputs = window.taps * (below?.winnerWidth ?? maps)
  }

  /// Room for gathered inputs: as many rows as stay in the second cache, or sixteen.
  func patchFloats(batch: Int) -> Int {
    let row = Panels.pad(liveInputs)
    let all = BufferPlan.product(BufferPlan.product(batch, pixels), row)
    return min(all, max(65_536, BufferPlan.product(16, row)))
  }

  /// What the first layer sees in a pixel: without an image all inputs are one.
  static func channels(_ first: swiftcl_layer, _ options: swiftcl_options) -> Int {
    first.kind == SWIFTCL_LAYER_CONV2D ? Int(options.input_channels) : Int(options.inputs)
  }

  private static func window(_ layer: swiftcl_layer, of below: Outline?) -> Window {
    let height = below?.height ?? max(1, Int(layer.input_height))
    let width = below?.surfaceWidth ?? max(1, Int(layer.input_width))
    if layer.kind == SWIFTCL_LAYER_CONV2D {
      return Window(layer, height: height, width: width)
    }
    return Window.whole(height: height, width: width)
  }

  /// Takes in a layer without parameters that follows; `source` is the layer it names.
  mutating func add(_ layer: swiftcl_layer, source: Int) {
    let (height, width) = (surfaceHeight, surfaceWidth)
    switch layer.kind {
    case SWIFTCL_LAYER_GLOBAL_POOL:
      pool = Transition(
        kind: SWIFTCL_LAYER_AVERAGE_POOL, window: Window.whole(height: height, width: width))
    case SWIFTCL_LAYER_MAX_POOL, SWIFTCL_LAYER_AVERAGE_POOL:
      pool = Transition(kind: layer.kind, window: Window(layer, height: height, width: width))
    case SWIFTCL_LAYER_DROPOUT:
      dropRate = layer.rate
      return
    case SWIFTCL_LAYER_BATCH_NORM:
      normalises = true
      normRate = layer.rate > 0 ? layer.rate : 0.1
      return
    case SWIFTCL_LAYER_ADD:
      added = source
      relu = layer.activation == SWIFTCL_ACTIVATION_RELU
      return
    default:
      return
    }
    dropsBeforePool = dropRate > 0
  }

  /// Whether the gradient of its output is complete only where its own way back begins: no
  /// kernel of the layer above can stop in it what the activation stopped.
  var masksItself: Bool { normalises || added >= 0 || branches }
}

extension Window {
  init(_ layer: swiftcl_layer, height: Int, width: Int) {
    self.init(
      height: height, width: width, kernelHeight: Int(layer.kernel_height),
      kernelWidth: Int(layer.kernel_width), stride: Int(layer.stride), padding: Int(layer.padding))
  }
}

extension swiftcl_layer {
  var hasParameters: Bool {
    !Features.all || kind == SWIFTCL_LAYER_DENSE || kind == SWIFTCL_LAYER_HEAD
      || kind == SWIFTCL_LAYER_CONV2D
  }
}

extension swiftcl_options {
  /// Layers that have parameters, of layer_count.
  var parameterLayers: Int {
    var count = 0
    for i in 0..<Int(layer_count) where layers?[i].hasParameters ?? false { count += 1 }
    return count
  }

  /// Gradients are kept in a buffer, not applied tile by tile, when something
  /// needs all of them first.
  var storesGradients: Bool {
    #if SWIFTCL_CBLAS
      return true
    #else
      return clip_norm > 0
    #endif
  }

  var usesAdam: Bool { optimizer == SWIFTCL_OPTIMIZER_ADAM }
  var parksCandidates: Bool { Features.all && sampler == SWIFTCL_SAMPLER_TOP_K }
  var softens: Bool { Features.all && protection == SWIFTCL_PROTECT_SOFT }
  var sharesTicket: Bool { sharing == SWIFTCL_TICKETS_SHARED }
}
