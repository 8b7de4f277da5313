import CSwiftCL

/// Top-k sampling: of all candidates only k a block run, in a packed working
/// set of their own; the others are parked. A new sample is drawn every few
/// steps, in proportion to the posterior (Gumbel top-k).
extension Network {
  /// Puts what the running units learned back to their parked places.
  func parkLive() {
    for l in 0..<layerCount {
      working[l].live.put(
        into: working[l].parked, inputs: runningInputs(l),
        outputs: l < hidden ? UnsafePointer(working[l].running) : nil,
        hasLogits: l < hidden && gatesPerTask(l))
    }
  }

  /// The two sets change their places: a task's candidates are filled as though they ran.
  @inline(never)
  func exchangeParked() {
    for l in 0..<layerCount {
      let live = working[l].live
      working[l].live = working[l].parked
      working[l].parked = live
    }
  }

  /// Ends parking: everything that is left runs.
  @inline(never)
  mutating func unparkAll() {
    for l in 0..<layerCount {
      let parked = working[l].parked
      working[l].live.take(
        from: parked, inputs: nil, parked.inputs, outputs: nil, parked.units,
        blocks: l < hidden ? shapes[l].blocks : 0, hasLogits: l < hidden && gatesPerTask(l))
    }
  }

  /// Draws which candidates run until the next sample and packs them.
  mutating func sampleTopK() {
    let stepKey = Random.key(
      seed: options.seed, Random.Domain.topK, UInt64(UInt32(bitPattern: task.record.task)),
      task.record.steps)
    for l in 0..<hidden { drawRunning(layer: l, Random.key(stepKey, UInt64(shapes[l].leader))) }
    packSample()
  }

  /// Packs the drawn candidates from their parked places.
  mutating func packSample() {
    for l in 0..<layerCount {
      let parked = working[l].parked
      let outputs: UnsafePointer<Int32>? = l < hidden ? UnsafePointer(working[l].running) : nil
      let inputs = l > 0 ? runningCount(shapes[l].input) * shapes[l].taps : shapes[0].inputs
      working[l].live.take(
        from: parked, inputs: runningInputs(l), inputs, outputs: outputs,
        l < hidden ? runningCount(l) : parked.units, blocks: l < hidden ? shapes[l].blocks : 0,
        hasLogits: l < hidden && gatesPerTask(l))
    }
    markOwned(takingValues: false)
  }

  /// Places among all inputs of layer `l` of those that run; nil is all, for the first layer.
  private func runningInputs(_ l: Int) -> UnsafePointer<Int32>? {
    if l == 0 { return nil }
    let below = working[shapes[l].input]
    if shapes[l].taps == 1 { return UnsafePointer(below.running) }
    let map = workspace.maps.inputMap
    let count = runningCount(shapes[l].input)
    map.update(from: below.running, count: count)
    spread(map, count, of: below.parked.units, layer: l)
    return UnsafePointer(map)
  }

  func runningCount(_ l: Int) -> Int {
    let set = working[l].parked
    if !gatesPerTask(l) { return set.units }
    let k = Int(options.top_k)
    var count = 0
    for i in 0..<shapes[l].blocks {
      count += min(k, Int(set.blockStart[i + 1] - set.blockStart[i]))
    }
    return count
  }

  /// Lists, ascending, the k candidates of each block with the largest noisy logits.
  private func drawRunning(layer l: Int, _ key: UInt64) {
    let layer = working[l]
    let set = layer.parked
    if !gatesPerTask(l) {
      // Nothing competes here: every unit runs, and there are no logits.
      for u in 0..<set.units { layer.running[u] = Int32(u) }
      return
    }
    let k = Int(options.top_k)
    var count = 0
    for i in 0..<shapes[l].blocks {
      let range = Int(set.blockStart[i])..<Int(set.blockStart[i + 1])
      // k is small: take the largest, again and again, by marking what is taken.
      for u in range {
        layer.relaxed[u] = k < range.count ? noisyLogit(set, u, key) : -Float.infinity
      }
      for _ in 0..<(k < range.count ? k : 0) {
        let best = Posterior.largest(layer.relaxed, range)
        layer.relaxed[best] = -Float.infinity
      }
      for u in range where layer.relaxed[u] == -Float.infinity {
        layer.running[count] = Int32(u)
        count += 1
      }
    }
  }

  private func noisyLogit(_ set: CandidateSet, _ u: Int, _ key: UInt64) -> Float {
    let unit =
      UInt64(UInt32(bitPattern: set.unitBlock[u])) << 32 | UInt64(UInt32(bitPattern: set.unitId[u]))
    let value = set.logits[u] + Scalar.gumbel(Random.uniform(Random.key(key, unit)))
    // Every draw must be larger than the mark of what is taken.
    return value.isFinite ? value : -1e30
  }
}
