import CSwiftCL

/// The mask of a layer of the working set: what it keeps, the optimiser's state of that alone,
/// and which gradients are computed.
struct LayerMask {
  var live: SparseWeights
  var first: UnsafeMutablePointer<Float>
  var second: UnsafeMutablePointer<Float>?
  var scratch: MaskScratch
  var candidateCount = 0
  /// The entries whose gradient is computed, where not all are.
  var active: UnsafeMutablePointer<Int32>
  var activeStarts: UnsafeMutablePointer<Int32>
  /// One bit a value: it does not move.
  var still: UnsafeMutablePointer<UInt16>
  /// Outputs that a mask of whole filters keeps, one bit each; nil where it has none.
  var filters: UnsafeMutablePointer<UInt16>?
  /// Whether `active` holds: else all gradients are computed.
  var computes = false
  /// Whether any value stands still.
  var hasStill = false
  /// The layer runs by its mask; where units compete, only once they are decided.
  var runs = false
  /// Step of the task from which on gradients are chosen anew.
  var chooseAt: UInt64 = 0

  /// Gradients of weights that this step has computed, times the samples.
  var spent: UInt64 = 0
  /// Bytes of all room beside weights, moments and gradients.
  var bytes: UInt64 = 0

  var count: Int { live.count }
}

/// What a step needs to change a mask; nothing of it outlives the step.
struct MaskScratch {
  /// The score of every entry, while a step makes it; then the places that grow.
  var scores: UnsafeMutablePointer<Float>
  /// Places that may grow by their gradient, ascending, and how large that is.
  var candidates: UnsafeMutablePointer<Int32>
  var candidateScores: UnsafeMutablePointer<Float>

  init(_ region: inout Arena, inputs: Int, outputs: Int, _ options: swiftcl_options) {
    let entries = options.mostEntries(inputs: inputs, outputs: outputs)
    let changes = options.mask_interval > 0 || options.gradient_sparsity > 0
    let grows = options.regrowth == SWIFTCL_REGROW_GRADIENT
    scores = region.take(Float.self, changes ? entries : 0)
    candidates = region.take(Int32.self, grows ? entries : 0)
    candidateScores = region.take(Float.self, grows ? entries : 0)
  }
}

extension LayerMask {
  var scores: UnsafeMutablePointer<Float> { scratch.scores }
  var candidates: UnsafeMutablePointer<Int32> { scratch.candidates }
  var candidateScores: UnsafeMutablePointer<Float> { scratch.candidateScores }

  init(
    _ arena: inout Arena, _ region: inout Arena, inputs: Int, outputs: Int,
    _ options: swiftcl_options, _ parameters: inout UInt64, _ optimizer: inout UInt64,
    _ masks: inout UInt64
  ) {
    let width = options.entryWidth
    let entries = options.mostEntries(inputs: inputs, outputs: outputs)
    let floats = Panels.pad(entries * width)
    let chooses = options.gradient_sparsity > 0
    let filtered = options.sparsity_kind & SWIFTCL_SPARSITY_FILTER != 0
    var mark = arena.used
    live = SparseWeights(&arena, outputs: outputs, entries: entries, width: width)
    parameters += arena.taken(since: &mark)
    first = arena.take(Float.self, floats)
    second = options.usesAdam ? arena.take(Float.self, floats) : nil
    optimizer += arena.taken(since: &mark)
    scratch = MaskScratch(&region, inputs: inputs, outputs: outputs, options)
    let computed = chooses ? options.mostComputed(inputs: inputs, outputs: outputs) : 0
    active = arena.take(Int32.self, computed)
    activeStarts = arena.take(Int32.self, chooses ? live.groups + 1 : 0)
    still = arena.take(UInt16.self, chooses || options.masksLater ? floats / 16 : 0)
    filters = filtered ? arena.take(UInt16.self, Panels.pad(outputs) / 16) : nil
    bytes = arena.taken(since: &mark)
    masks += bytes
  }

  func clearMoments() {
    first.update(repeating: 0, count: live.floats)
    second?.update(repeating: 0, count: live.floats)
  }

  /// Whether a mask of whole filters keeps output `o`.
  func keeps(_ o: Int) -> Bool {
    guard let filters else { return true }
    return filters[o >> 4] >> UInt16(o & 15) & 1 == 1
  }
}
