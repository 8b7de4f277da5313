import CSwiftCL

/// One layer of the description with everything that follows from it. Sizes
/// are of the network at full width; `live` is what the working set must hold
/// and `winner` what a full ticket holds.
struct LayerShape {
  var isHead: Bool
  var width: Int
  var blockSize: Int
  var blocks: Int
  var relu: Bool
  /// Competition per sample: the whole block is won at once and keeps its J units.
  var perSample: Bool
  var inputs: Int
  var liveWidth: Int
  var liveInputs: Int
  var winnerWidth: Int
  var winnerInputs: Int

  /// Units that a task wins together: one, or all J of a block.
  var groupSize: Int { perSample ? blockSize : 1 }
  /// Groups of a block in the fixed network.
  var groups: Int { blockSize / groupSize }
  /// A task-level block of one unit has nothing to decide.
  var competes: Bool { !isHead && groups > 1 }
  /// Fewest blocks in which a task may have a winner.
  var floorBlocks: Int { max(1, (blocks + 7) / 8) }
}

extension LayerShape {
  /// Shape of layer `index`; `previous` is nil for the first one.
  @inline(never)
  init(_ layer: swiftcl_layer, after previous: LayerShape?, options: swiftcl_options) {
    isHead = layer.kind == SWIFTCL_LAYER_HEAD
    width = Int(layer.width)
    blockSize = Int(layer.block_size)
    relu = layer.activation == SWIFTCL_ACTIVATION_RELU
    perSample = layer.competition == SWIFTCL_COMPETITION_SAMPLE
    if isHead { width = max(width, Int(options.max_classes)) }
    blocks = width / blockSize
    inputs = previous?.width ?? Int(options.inputs)
    winnerWidth = perSample || isHead ? width : blocks
    // Random winners never compete: the working set is as narrow as the ticket.
    liveWidth = options.sampler == SWIFTCL_SAMPLER_RANDOM ? winnerWidth : width
    liveInputs = previous?.liveWidth ?? inputs
    winnerInputs = previous?.winnerWidth ?? inputs
  }
}

extension swiftcl_options {
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
  var parksCandidates: Bool { sampler == SWIFTCL_SAMPLER_TOP_K }
  var sharesTicket: Bool { sharing == SWIFTCL_TICKETS_SHARED }
}
