import CSwiftCL

/// How a competition ends: candidates that fall below a threshold leave, and at
/// commit one winner a block stays. Either way the working set is packed anew,
/// so that the next step costs what is left.
extension Network {
  /// The set that holds every candidate: top-k runs only a sample of it.
  @inline(never)
  func candidates(_ l: Int) -> CandidateSet {
    isParked ? working[l].parked : working[l].live
  }

  var isParked: Bool { options.parksCandidates && task.phase == SWIFTCL_PHASE_COMPETE }

  /// Whether layer `l` has a competition per task at all.
  @inline(never)
  func gatesPerTask(_ l: Int) -> Bool {
    shapes[l].competes && !shapes[l].perSample && options.sampler != SWIFTCL_SAMPLER_RANDOM
  }

  private func threshold(_ l: Int) -> Float {
    if options.prune_threshold >= 0 { return options.prune_threshold }
    return min(0.1, 0.64 / Float(shapes[l].blockSize))
  }

  /// Lists the units of layer `l` that stay; returns how many.
  @inline(never)
  private func keepers(_ l: Int, onlyWinners: Bool, _ keep: UnsafeMutablePointer<Int32>) -> Int {
    let set = candidates(l)
    var count = 0
    guard l < hidden, gatesPerTask(l) else {
      for u in 0..<set.units { keep[u] = Int32(u) }
      return set.units
    }
    let posterior = working[l].posterior
    let least = threshold(l)
    for i in 0..<shapes[l].blocks {
      let range = Int(set.blockStart[i])..<Int(set.blockStart[i + 1])
      if range.isEmpty { continue }
      Posterior.softmax(set.logits, posterior, range)
      let winner = Posterior.largest(posterior, range)
      for u in range where u == winner || (!onlyWinners && posterior[u] >= least) {
        keep[count] = Int32(u)
        count += 1
      }
    }
    return count
  }

  /// Packs every layer down to its keepers; true when anything left.
  private mutating func pack(onlyWinners: Bool) -> Bool {
    var left = false
    for l in 0..<layerCount {
      var set = candidates(l)
      workspace.maps.unitsBefore[l] = Int32(set.units)
      var inputs = shapes[0].inputs
      var before: UnsafeMutablePointer<Int32>?
      if l > 0 {
        let below = shapes[l].input
        let kept = keptUnits(below)
        // The layer below is packed already; its taps come from a list of their own.
        inputs = candidates(below).units
        let map = workspace.maps.inputMap
        for u in 0..<inputs { map[u] = kept[u] }
        spread(map, inputs, of: Int(workspace.maps.unitsBefore[below]), layer: l)
        before = map
        inputs *= shapes[l].taps
      }
      let keep = keptUnits(l)
      let count = keepers(l, onlyWinners: onlyWinners, keep)
      if count != set.units { left = true }
      if count != set.units || inputs != set.inputs {
        set.take(
          from: set, inputs: before.map { UnsafePointer($0) }, inputs,
          outputs: keep, count, blocks: l < hidden ? shapes[l].blocks : 0,
          hasLogits: l < hidden && gatesPerTask(l))
        if isParked { working[l].parked = set } else { working[l].live = set }
      }
    }
    return left
  }

  /// Where the units are listed that a layer keeps.
  private func keptUnits(_ l: Int) -> UnsafeMutablePointer<Int32> {
    var first = 0
    for below in 0..<l {
      first += max(shapes[below].candidateWidth, shapes[below].winnerWidth)
    }
    return workspace.maps.keep + first
  }

  /// Drops candidates below the threshold; the step after runs without them.
  /// True when top-k drew a new sample of those that are left.
  @discardableResult
  mutating func prune() -> Bool {
    if options.prune_threshold == 0 { return false }
    let samples = isParked
    if samples { parkLive() }
    let left = pack(onlyWinners: false)
    if samples {
      sampleTopK()
    } else if left {
      markOwned(takingValues: false)
    }
    if left { noteCompetition() }
    return samples
  }

  /// Fixes the winners: the arg-max of each block runs alone from here on.
  mutating func commit() {
    rememberProbabilities()
    let wasParked = isParked
    if wasParked { parkLive() }
    _ = pack(onlyWinners: true)
    if wasParked { unparkAll() }
    task.phase = SWIFTCL_PHASE_SPECIALISE
    task.record.committedAt = task.record.steps
    copyOwnedWinners()
    for l in 0..<hidden { working[l].competes = false }
    if options.masksLater { startMasks() }
    markOwned(takingValues: false)
  }

  /// Posterior of each block's winner, kept for soft protection and for queries.
  private func rememberProbabilities() {
    for l in 0..<hidden {
      let set = candidates(l)
      let layer = working[l]
      for i in 0..<shapes[l].blocks {
        layer.probability[i] = 1
        let range = Int(set.blockStart[i])..<Int(set.blockStart[i + 1])
        if range.isEmpty || !gatesPerTask(l) { continue }
        Posterior.softmax(set.logits, layer.posterior, range)
        layer.probability[i] = layer.posterior[Posterior.largest(layer.posterior, range)]
      }
    }
  }

  /// Copy-on-write: a winner that a finished task owns becomes a free unit of
  /// its block with the values it has now; nothing of it is owned any more.
  private mutating func copyOwnedWinners() {
    for l in 0..<hidden {
      let live = working[l].live
      let size = shapes[l].groupSize
      for u in stride(from: 0, to: live.units, by: size) {
        let block = Int(live.unitBlock[u])
        guard working[l].blockState[block] == BlockState.copies else { continue }
        let group = Int(live.unitId[u]) / size
        guard isOwned(layer: l, block: block, group: group),
          let free = firstFreeGroup(layer: l, block: block)
        else { continue }
        for j in 0..<size { live.unitId[u + j] = Int32(free * size + j) }
        task.record.copiedWinners += 1
      }
    }
  }

  /// Recounts which layers still compete; true when none does.
  mutating func noteCompetition() {
    for l in 0..<hidden {
      let set = candidates(l)
      var undecided = false
      for i in 0..<shapes[l].blocks where set.blockStart[i + 1] - set.blockStart[i] > 1 {
        undecided = true
      }
      working[l].competes = gatesPerTask(l) && undecided
    }
  }

  var isDecided: Bool {
    for l in 0..<hidden where working[l].competes { return false }
    return true
  }

  /// Blocks of all competing layers with at most one candidate.
  func decidedBlocks() -> UInt32 {
    var count: UInt32 = 0
    for l in 0..<hidden {
      if !working[l].competes {
        count += UInt32(shapes[l].blocks)
        continue
      }
      let set = candidates(l)
      let group = Int32(shapes[l].groupSize)
      for i in 0..<shapes[l].blocks where set.blockStart[i + 1] - set.blockStart[i] <= group {
        count += 1
      }
    }
    return count
  }

  @inline(never)
  func aliveUnits() -> UInt32 {
    var count: UInt32 = 0
    for l in 0..<hidden { count += UInt32(candidates(l).units) }
    return count
  }
}
