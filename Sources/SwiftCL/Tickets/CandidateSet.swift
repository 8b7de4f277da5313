import CSwiftCL

/// Packed parameters of some units of a layer, with their optimiser state and
/// their logits. Arrays per unit are in packed order: by block, then by unit.
/// The working set runs one of these a layer; top-k parks a second one.
struct CandidateSet {
  var inputs = 0
  var units = 0
  var weights: UnsafeMutablePointer<Float>
  var bias: UnsafeMutablePointer<Float>
  /// Of a layer that normalises.
  @Beyond var norm: LiveNorm?
  var first: UnsafeMutablePointer<Float>
  var biasFirst: UnsafeMutablePointer<Float>
  var second: UnsafeMutablePointer<Float>?
  var biasSecond: UnsafeMutablePointer<Float>?
  var unitBlock: UnsafeMutablePointer<Int32>
  var unitId: UnsafeMutablePointer<Int32>
  /// First packed unit of each block, and behind the last.
  var blockStart: UnsafeMutablePointer<Int32>
  var logits: UnsafeMutablePointer<Float>
  var logitFirst: UnsafeMutablePointer<Float>
  var logitSecond: UnsafeMutablePointer<Float>

  /// Whether there are weights and moments at all.
  let hasWeights: Bool
  var panels: Panels { Panels(inputs: inputs, outputs: units) }
  /// The floats that the weights take.
  var floats: Int { hasWeights ? panels.count : 0 }
  var padded: Int { Panels.pad(units) }

  /// Room for `width` units of `inputs` inputs; `candidates` of them with logits. What only ever runs
  /// by a mask has no weights here.
  init(
    _ arena: inout Arena, inputs: Int, width: Int, blocks: Int, candidates: Int, adam: Bool,
    normalises: Bool, hasWeights: Bool,
    _ parameters: inout UInt64, _ optimizer: inout UInt64, _ competition: inout UInt64
  ) {
    let padded = Panels.pad(width)
    self.hasWeights = hasWeights
    let count = width == 0 || !hasWeights ? 0 : Panels(inputs: inputs, outputs: width).count
    var mark = arena.used
    weights = arena.take(Float.self, count)
    bias = arena.take(Float.self, padded)
    unitBlock = arena.take(Int32.self, width)
    unitId = arena.take(Int32.self, width)
    blockStart = arena.take(Int32.self, width == 0 ? 0 : blocks + 1)
    norm = normalises ? LiveNorm(&arena, padded, adam: adam) : nil
    parameters += arena.taken(since: &mark)
    first = arena.take(Float.self, count)
    biasFirst = arena.take(Float.self, padded)
    second = adam ? arena.take(Float.self, count) : nil
    biasSecond = adam ? arena.take(Float.self, padded) : nil
    optimizer += arena.taken(since: &mark)
    logits = arena.take(Float.self, candidates)
    logitFirst = arena.take(Float.self, candidates)
    logitSecond = arena.take(Float.self, candidates)
    competition += arena.taken(since: &mark)
  }

  /// Forgets all momentum: a task starts with none.
  func clearMoments() {
    first.update(repeating: 0, count: floats)
    biasFirst.update(repeating: 0, count: padded)
    second?.update(repeating: 0, count: floats)
    biasSecond?.update(repeating: 0, count: padded)
    norm?.clearMoments(padded)
  }

  /// For units that no longer compete, so that a checkpoint has nothing by chance.
  func clearLogits() {
    logits.update(repeating: 0, count: units)
    logitFirst.update(repeating: 0, count: units)
    logitSecond.update(repeating: 0, count: units)
  }

  /// Takes over the units `outputs` and inputs `inputs` (ascending; nil is all)
  /// of `source`, which may be this very set: a packed place is never before
  /// the place it is filled from. Unit arrays and block starts follow.
  @inline(never)
  mutating func take(
    from source: CandidateSet, inputs inputMap: UnsafePointer<Int32>?, _ inputCount: Int,
    outputs outputMap: UnsafePointer<Int32>?, _ outputCount: Int, blocks: Int, hasLogits: Bool
  ) {
    let from = source.panels
    let to = Panels(inputs: inputCount, outputs: outputCount)
    Panels.gather(source.weights, from, weights, to, inputMap, outputMap)
    Panels.gather(source.first, from, first, to, inputMap, outputMap)
    if let second, let old = source.second {
      Panels.gather(old, from, second, to, inputMap, outputMap)
    }
    CandidateSet.gather(source.bias, bias, outputMap, outputCount)
    CandidateSet.gather(source.biasFirst, biasFirst, outputMap, outputCount)
    if let biasSecond, let old = source.biasSecond {
      CandidateSet.gather(old, biasSecond, outputMap, outputCount)
    }
    takeNorm(from: source, outputMap, outputCount)
    for u in 0..<outputCount {
      let old = outputMap.map { Int($0[u]) } ?? u
      unitBlock[u] = source.unitBlock[old]
      unitId[u] = source.unitId[old]
      if hasLogits {
        logits[u] = source.logits[old]
        logitFirst[u] = source.logitFirst[old]
        logitSecond[u] = source.logitSecond[old]
      }
    }
    self.inputs = inputCount
    units = outputCount
    startBlocks(blocks)
  }

  private func takeNorm(
    from source: CandidateSet, _ map: UnsafePointer<Int32>?, _ count: Int
  ) {
    guard let norm, let old = source.norm else { return }
    CandidateSet.gather(old.values.scale, norm.values.scale, map, count)
    CandidateSet.gather(old.values.mean, norm.values.mean, map, count)
    CandidateSet.gather(old.values.variance, norm.values.variance, map, count)
    CandidateSet.gather(old.first, norm.first, map, count)
    if let second = norm.second, let old = old.second {
      CandidateSet.gather(old, second, map, count)
    }
  }

  /// The reverse: puts the units of this set back to their places in `target`.
  @inline(never)
  func put(
    into target: CandidateSet, inputs inputMap: UnsafePointer<Int32>?,
    outputs outputMap: UnsafePointer<Int32>?, hasLogits: Bool
  ) {
    Panels.scatter(weights, panels, target.weights, target.panels, inputMap, outputMap)
    Panels.scatter(first, panels, target.first, target.panels, inputMap, outputMap)
    if let second, let old = target.second {
      Panels.scatter(second, panels, old, target.panels, inputMap, outputMap)
    }
    for u in 0..<units {
      let place = outputMap.map { Int($0[u]) } ?? u
      target.bias[place] = bias[u]
      target.biasFirst[place] = biasFirst[u]
      if let biasSecond, let old = target.biasSecond { old[place] = biasSecond[u] }
      if let norm, let old = target.norm {
        old.values.copy(norm.values, u, to: place)
        old.first[place] = norm.first[u]
        if let second = norm.second { old.second?[place] = second[u] }
      }
      if hasLogits {
        target.logits[place] = logits[u]
        target.logitFirst[place] = logitFirst[u]
        target.logitSecond[place] = logitSecond[u]
      }
    }
  }

  /// Recomputes where each block starts from the units' blocks.
  func startBlocks(_ blocks: Int) {
    var u = 0
    for i in 0..<blocks {
      blockStart[i] = Int32(u)
      while u < units && unitBlock[u] == Int32(i) { u += 1 }
    }
    blockStart[blocks] = Int32(u)
  }

  /// Gathers a vector and clears the padding behind it.
  @inline(never)
  private static func gather(
    _ source: UnsafeMutablePointer<Float>, _ target: UnsafeMutablePointer<Float>,
    _ map: UnsafePointer<Int32>?, _ count: Int
  ) {
    for u in 0..<count { target[u] = source[map.map { Int($0[u]) } ?? u] }
    for u in count..<Panels.pad(count) { target[u] = 0 }
  }
}

extension Panels {
  /// target(k, o) = source(inputs[k], outputs[o]), in ascending order of places,
  /// so that a set may be packed in place; padding becomes 0.
  @inline(never)
  static func gather(
    _ source: UnsafePointer<Float>, _ from: Panels, _ target: UnsafeMutablePointer<Float>,
    _ to: Panels, _ inputs: UnsafePointer<Int32>?, _ outputs: UnsafePointer<Int32>?
  ) {
    let width = to.panelWidth
    var place = 0
    var start = 0
    while start < to.padded {
      #if SWIFTCL_CBLAS
        for k in 0..<to.inputs {
          let row = inputs.map { Int($0[k]) } ?? k
          for lane in 0..<width {
            let o = start &+ lane
            target[place &+ lane] =
              o < to.outputs ? source[from.index(row, outputs.map { Int($0[o]) } ?? o)] : 0
          }
          place &+= width
        }
      #else
        let columns = from.columns(start, to.outputs, outputs)
        let count = min(16, to.outputs &- start)
        for k in 0..<to.inputs {
          let row = source + (inputs.map { Int($0[k]) } ?? k) &* 16
          var lane = 0
          while lane < count {
            target[place &+ lane] = row[columns[unchecked: lane]]
            lane &+= 1
          }
          while lane < 16 {
            target[place &+ lane] = 0
            lane &+= 1
          }
          place &+= 16
        }
      #endif
      start &+= width
    }
  }

  /// target(inputs[k], outputs[o]) = source(k, o).
  @inline(never)
  static func scatter(
    _ source: UnsafePointer<Float>, _ from: Panels, _ target: UnsafeMutablePointer<Float>,
    _ to: Panels, _ inputs: UnsafePointer<Int32>?, _ outputs: UnsafePointer<Int32>?
  ) {
    #if SWIFTCL_CBLAS
      for k in 0..<from.inputs {
        let row = inputs.map { Int($0[k]) } ?? k
        for o in 0..<from.outputs {
          target[to.index(row, outputs.map { Int($0[o]) } ?? o)] = source[from.index(k, o)]
        }
      }
    #else
      var start = 0
      while start < from.outputs {
        let columns = to.columns(start, from.outputs, outputs)
        let count = min(16, from.outputs &- start)
        for k in 0..<from.inputs {
          let values = source + from.index(k, start)
          let row = target + (inputs.map { Int($0[k]) } ?? k) &* 16
          var lane = 0
          while lane < count {
            row[columns[unchecked: lane]] = values[lane]
            lane &+= 1
          }
        }
        start &+= 16
      }
    #endif
  }

  #if !SWIFTCL_CBLAS
    /// Where the columns of the sixteen outputs from number `start` on begin, of `count`
    /// outputs that a map may choose.
    private func columns(_ start: Int, _ count: Int, _ outputs: UnsafePointer<Int32>?)
      -> InlineArray<16, Int>
    {
      var columns = InlineArray<16, Int>(repeating: 0)
      for lane in 0..<min(16, count &- start) {
        columns[lane] = index(0, outputs.map { Int($0[start &+ lane]) } ?? start &+ lane)
      }
      return columns
    }
  #endif
}

extension Panels {
  /// Outputs that lie side by side.
  @inline(__always)
  var panelWidth: Int {
    #if SWIFTCL_CBLAS
      return padded
    #else
      return 16
    #endif
  }
}
