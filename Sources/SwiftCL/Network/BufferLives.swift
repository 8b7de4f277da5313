import CSwiftCL

/// When the buffers of a plan hold something, in moments of a step (BufferPlan).
struct BufferLives {
  let layerCount: Int
  /// A norm over all gradients needs them all at once.
  let keepsGradients: Bool
  /// A finished task is predicted once a step's targets are known.
  let runsTeacher: Bool
  /// Layers whose output is pooled, one bit each.
  var pools: UInt32 = 0
  /// Layers whose output must be known where their own way back begins.
  var keeps: UInt32 = 0
  /// Layers that make what they give again on the way back, all those between two that do not at the
  /// moment of the upper one.
  var remakes: UInt32 = 0
  /// The last layer that reads each.
  var lastReaders = InlineArray<32, Int8>(repeating: -1)

  /// The first moment of a prediction, that of its first layer.
  private static let prediction = -100

  /// From the first to the last moment at which a buffer holds something.
  struct Span {
    var birth: Int
    var death: Int

    func meets(_ other: Span) -> Bool { birth <= other.death && other.birth <= death }
  }

  /// When a buffer holds something: once, or on the way forward and again on the way back.
  @inline(never)
  func spans(_ buffer: Int) -> (first: Span, second: Span?) {
    let whole = life(buffer)
    let all = Span(birth: whole.birth, death: whole.death)
    let l = (buffer - BufferPlan.sums(0)) / 9
    guard Features.all, buffer >= BufferPlan.sums(0), remakes(l), buffer <= BufferPlan.pooled(l)
    else {
      return (all, nil)
    }
    var above = l
    while remakes(above) { above += 1 }
    // The layer above reads what this one gives, which is its output unless that is pooled.
    let isRead =
      buffer == BufferPlan.pooled(l)
      || (buffer == BufferPlan.output(l) && pools >> UInt32(l) & 1 == 0)
    return (
      Span(birth: l, death: isRead ? l + 1 : l),
      Span(birth: 2 * layerCount - 1 - above, death: whole.death)
    )
  }

  private func remakes(_ l: Int) -> Bool { Features.all && remakes >> UInt32(l) & 1 == 1 }

  /// First and last moment of all.
  @inline(never)
  private func life(_ buffer: Int) -> (birth: Int, death: Int) {
    let end = 2 * layerCount
    switch buffer {
    // Read by the forward pass, and by the first layer's update.
    case BufferPlan.inputs: return (BufferLives.prediction, end - 1)
    case BufferPlan.targets: return (runsTeacher ? BufferLives.prediction : 0, layerCount - 1)
    case BufferPlan.maps: return (BufferLives.prediction - 1, BufferLives.prediction - 1)
    case BufferPlan.patches: return (BufferLives.prediction, end - 1)
    case BufferPlan.patchDeltas: return (layerCount, end - 1)
    case BufferPlan.planes, BufferPlan.planeOutputs, BufferPlan.unmasked:
      return (BufferLives.prediction, end - 1)
    case BufferPlan.unmaskedGradient: return (layerCount, end - 1)
    default: break
    }
    let l = (buffer - BufferPlan.sums(0)) / 9
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
      return (BufferLives.prediction + l, BufferLives.prediction + (isPooled ? l : lastReader))
    case BufferPlan.predictedPooled(l):
      return (BufferLives.prediction + l, BufferLives.prediction + lastReader)
    case BufferPlan.maskScratch(l): return (back, end)
    default: return (back, keepsGradients ? end : back)
    }
  }

  func meet(_ a: Int, _ b: Int) -> Bool {
    #if SWIFTCL_TESTING
      if !BufferPlan.shares { return true }
    #endif
    let (one, other) = (spans(a), spans(b))
    if one.first.meets(other.first) { return true }
    if !Features.all { return false }
    if let again = other.second, one.first.meets(again) { return true }
    guard let again = one.second else { return false }
    if again.meets(other.first) { return true }
    return other.second.map { again.meets($0) } ?? false
  }
}
