import CSwiftCL

/// What a block of a working layer is: how its candidates were chosen.
enum BlockState {
  static let abstains: UInt8 = 0
  /// Candidates are free units.
  static let free: UInt8 = 1
  /// Candidates are units that finished tasks own.
  static let reuses: UInt8 = 2
  /// Free and owned units compete; an owned winner is copied into a free unit.
  static let copies: UInt8 = 3
  /// Every unit is a candidate, whoever owns it.
  static let any: UInt8 = 4
}

/// One layer of the open task: the units still alive, their gradients and
/// protection, their competition and their activations.
struct WorkingLayer {
  /// What runs.
  var live: CandidateSet
  /// Top-k: all candidates, of which `live` is the current sample, and the
  /// place there of each live unit.
  var parked: CandidateSet
  var running: UnsafeMutablePointer<Int32>
  /// True while some block has more than one candidate.
  var competes = false
  var hasOwned = false
  /// Of a masked layer. While it runs, the live set's weights and moments are not used; where no units
  /// compete it has none.
  #if SWIFTCL_DENSE
    var mask: LayerMask? {
      get { nil }
      set {}
    }
  #else
    // Stored in plain: @Beyond would make coroutines of changes in place.
    var mask: LayerMask?
  #endif

  /// One bit per weight: the edge lies on an earlier ticket.
  var owned: UnsafeMutablePointer<UInt16>
  var biasOwned: UnsafeMutablePointer<UInt16>
  /// Soft protection: what is left of the rate of an owned edge.
  var rates: UnsafeMutablePointer<Float>?
  var biasRates: UnsafeMutablePointer<Float>?

  var blockState: UnsafeMutablePointer<UInt8>
  /// Posterior of each block's winner at commit.
  var probability: UnsafeMutablePointer<Float>

  // Competition per task, one entry a live unit; empty where nothing competes.
  /// softmax(logits), the same with its floor, the gate xi and dLoss/dxi.
  var posterior: UnsafeMutablePointer<Float>
  var floored: UnsafeMutablePointer<Float>
  var gate: UnsafeMutablePointer<Float>
  var gateGradient: UnsafeMutablePointer<Float>
  /// Straight-through: the relaxed sample behind the hard gate.
  var relaxed: UnsafeMutablePointer<Float>

  /// Of a layer that normalises, one entry a unit: factor and summand of what it makes of a
  /// sum, and what the rows of a step have.
  var norm: NormStep

  // In the shared region: nothing of it outlives a call. Rows of `stride` floats.
  var stride: Int
  var output: UnsafeMutablePointer<Float>
  var delta: UnsafeMutablePointer<Float>
  /// Rows of a finished task's prediction, and the same after the pooling.
  var predicted: UnsafeMutablePointer<Float>
  var predictedPooled: UnsafeMutablePointer<Float>
  /// After the layer's pooling, where it has one.
  var pooled: UnsafeMutablePointer<Float>
  var pooledDelta: UnsafeMutablePointer<Float>
  /// Time that steps took here, where it is measured.
  var forwardSeconds: Double = 0
  var backwardSeconds: Double = 0
  var sums: LayerSums
  var gradients: LayerGradients

  var inputs: Int { live.inputs }
  var units: Int { live.units }
  var padded: Int { live.padded }
  /// Edges that run now.
  var edges: UInt64 { UInt64(live.units) * UInt64(live.inputs) }
}

/// Bytes of the parts of a working set, for the plan.
struct WorkingBytes {
  var parameters: UInt64 = 0
  var optimizer: UInt64 = 0
  var masks: UInt64 = 0
  var competition: UInt64 = 0
  var activations: UInt64 = 0
  // What shares the activations' bytes, each by itself.
  var inputs: UInt64 = 0
  var forward: UInt64 = 0
  var gradients: UInt64 = 0
  var scratch: UInt64 = 0
}

extension WorkingLayer {
  /// Lays layer `l` over `arena`, its buffers over `region` as `buffers` says;
  /// `part` collects where the bytes go.
  @inline(never)
  init(
    _ arena: inout Arena, _ l: Int, _ shape: LayerShape, _ options: swiftcl_options,
    _ buffers: borrowing BufferPlan, _ region: UnsafeMutableRawPointer, _ part: inout WorkingBytes
  ) {
    let width = shape.liveWidth
    let stride = Panels.pad(width)
    // Of all that may compete: with top-k they wait, and few of them run.
    let padded = Panels.pad(shape.candidateWidth)
    let masked = options.masks(l, shape)
    let dense = !masked || options.masksLater
    let count =
      dense ? Panels(inputs: shape.candidateInputs, outputs: shape.candidateWidth).count : 0
    let soft = options.softens
    let gated = shape.competes && options.sampler != SWIFTCL_SAMPLER_RANDOM
    let candidates = gated && !shape.perSample ? padded : 0

    live = CandidateSet(
      &arena, inputs: shape.liveInputs, width: width, blocks: shape.blocks,
      candidates: min(candidates, stride), adam: options.usesAdam, normalises: shape.normalises,
      hasWeights: dense, &part.parameters,
      &part.optimizer, &part.competition)
    var ownMask: LayerMask?
    if Features.all && masked {
      var scratch = Arena(region + buffers.offset(BufferPlan.maskScratch(l)))
      ownMask = LayerMask(
        &arena, &scratch, inputs: shape.winnerInputs, outputs: shape.winnerWidth, options,
        &part.parameters,
        &part.optimizer, &part.masks)
    }
    let parkedWidth = options.parksCandidates ? shape.candidateWidth : 0
    var (parameters, optimizer, competition) = (UInt64(0), UInt64(0), UInt64(0))
    var mark = arena.used
    parked = CandidateSet(
      &arena, inputs: shape.candidateInputs, width: parkedWidth, blocks: shape.blocks,
      candidates: options.parksCandidates ? candidates : 0, adam: options.usesAdam,
      normalises: shape.normalises && options.parksCandidates, hasWeights: true, &parameters,
      &optimizer,
      &competition)
    running = arena.take(Int32.self, parkedWidth)
    posterior = arena.take(Float.self, candidates)
    floored = arena.take(Float.self, candidates)
    gate = arena.take(Float.self, candidates)
    gateGradient = arena.take(Float.self, candidates)
    relaxed = arena.take(Float.self, candidates)
    part.competition += arena.taken(since: &mark)

    owned = arena.take(UInt16.self, count / 16)
    biasOwned = arena.take(UInt16.self, padded / 16)
    rates = soft ? arena.take(Float.self, count) : nil
    biasRates = soft ? arena.take(Float.self, padded) : nil
    blockState = arena.take(UInt8.self, shape.blocks)
    probability = arena.take(Float.self, shape.blocks)
    part.parameters += arena.taken(since: &mark)

    norm = NormStep(&arena, shape)
    part.parameters += arena.taken(since: &mark)

    self.stride = stride
    func place(_ buffer: Int) -> UnsafeMutableRawPointer { region + buffers.offset(buffer) }
    output = place(BufferPlan.output(l)).assumingMemoryBound(to: Float.self)
    delta = place(BufferPlan.delta(l)).assumingMemoryBound(to: Float.self)
    predicted = place(BufferPlan.predicted(l)).assumingMemoryBound(to: Float.self)
    predictedPooled = place(BufferPlan.predictedPooled(l)).assumingMemoryBound(to: Float.self)
    pooled = place(BufferPlan.pooled(l)).assumingMemoryBound(to: Float.self)
    pooledDelta = place(BufferPlan.pooledDelta(l)).assumingMemoryBound(to: Float.self)
    var own = Arena(place(BufferPlan.sums(l)))
    sums = LayerSums(&own, shape, options)
    own = Arena(place(BufferPlan.gradients(l)))
    gradients = LayerGradients(&own, shape, options, masked: masked)
    if Features.all { mask = ownMask }
  }
}
