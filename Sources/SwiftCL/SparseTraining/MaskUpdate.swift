import CSwiftCL

/// Task-aware dynamic masking (B.2): after a step whose number is a multiple of mask_interval, what
/// scores least leaves, and as much grows elsewhere, from 0.
extension Network {
  /// Steps of the open task since its masks began.
  var maskStep: UInt64 {
    let begin = options.sharesTicket || task.reopens ? task.startStep : task.record.committedAt
    return task.record.steps &- begin
  }

  /// What this step's update does; nil where it makes none.
  var dueUpdate: swiftcl_mask_phase? {
    Features.all && task.phase == SWIFTCL_PHASE_SPECIALISE
      ? options.maskUpdate(at: maskStep) : nil
  }

  /// Updates the masks of all layers by the scores that the step left.
  @inline(never)
  func updateMasks(_ phase: swiftcl_mask_phase) {
    for l in 0..<hidden { addMagnitudes(layer: l) }
    if options.mask_budget == SWIFTCL_BUDGET_GLOBAL {
      updateTogether(phase)
    } else {
      for l in 0..<hidden {
        guard let mask = runningMask(l) else { continue }
        let grid = maskGrid(layer: l)
        var line = Selection(
          EntryScores(mask.scores), count: mask.count,
          keep: grid.kept(1 - Double(phase.prune_to)))
        prune(layer: l, &line)
        let kept = working[l].mask?.count ?? 0
        grow(layer: l, grid.kept(1 - Double(phase.grow_to)) - kept)
      }
    }
    for l in 0..<hidden where runningMask(l) != nil {
      // Only now: what pruned all that a filter had may have taken it back.
      restoreFilters(layer: l)
      working[l].mask?.computes = false
      working[l].mask?.chooseAt = 0
      refreshStill(layer: l)
    }
  }

  /// One threshold over all masked layers; what grows is shared out by how much is dead.
  private func updateTogether(_ phase: swiftcl_mask_phase) {
    let scores = AllScores(self)
    var (all, atoms) = (0, 0)
    for l in 0..<hidden {
      guard let mask = runningMask(l) else { continue }
      all += mask.count
      atoms += maskGrid(layer: l).atoms
    }
    let whole = MaskGrid(inputs: atoms, outputs: 1, width: 1)
    var line = Selection(scores, count: all, keep: whole.kept(1 - Double(phase.prune_to)))
    var kept = 0
    for l in 0..<hidden where runningMask(l) != nil {
      prune(layer: l, &line)
      kept += working[l].mask?.count ?? 0
    }
    let grows = Double(max(0, whole.kept(1 - Double(phase.grow_to)) - kept))
    let dead = Double(max(1, atoms - kept))
    for l in 0..<hidden {
      guard let mask = runningMask(l) else { continue }
      let share = Double(maskGrid(layer: l).atoms - mask.count) / dead
      grow(layer: l, Int((grows * share + 0.5).rounded(.down)))
    }
  }

  /// The mask of a layer that runs by one.
  func runningMask(_ l: Int) -> LayerMask? {
    guard let mask = working[l].mask, mask.runs else { return nil }
    return mask
  }

  func maskGrid(layer l: Int) -> MaskGrid {
    MaskGrid(
      inputs: working[l].inputs, outputs: working[l].units, width: working[l].mask?.live.width ?? 1)
  }

  /// |w| of what the step left, the third part of a score (the first two: `scoreGradients`).
  private func addMagnitudes(layer l: Int) {
    guard let mask = runningMask(l) else { return }
    let grid = maskGrid(layer: l)
    for g in 0..<mask.live.groups {
      let factor = grid.factor(g)
      for e in mask.live.entries(g) {
        let size = mask.live.magnitude(e, of: mask.live.values)
        mask.scores[e] = (mask.scores[e] + size) * factor
      }
    }
  }

  // MARK: prune

  /// Drops the entries that `line` does not take; what stays moves together.
  private func prune(layer l: Int, _ line: inout Selection) {
    guard let mask = working[l].mask else { return }
    let live = mask.live
    let best = bestEntry(mask)
    var to = 0
    for g in 0..<live.groups {
      let entries = live.entries(g)
      live.starts[g] = Int32(to)
      for e in entries {
        // One stays in any case: a layer without any would be a constant for good.
        if !line.takes(EntryScores(mask.scores).bits(e)) && e != best { continue }
        mask.move(e, to: to)
        to += 1
      }
    }
    live.starts[live.groups] = Int32(to)
    mask.clearTails()
  }

  private func bestEntry(_ mask: LayerMask) -> Int {
    let scores = EntryScores(mask.scores)
    var best = 0
    for e in 0..<mask.count where scores.bits(e) > scores.bits(best) { best = e }
    return best
  }

  // MARK: grow

  /// Takes back `count` places, at most as many as there is room for; they begin at 0.
  private func grow(layer l: Int, _ count: Int) {
    guard let mask = working[l].mask else { return }
    let count = min(count, mask.live.capacity - mask.count)
    if count <= 0 { return }
    // The scores have done their work; the places come in their stead.
    let places = UnsafeMutableRawPointer(mask.scores).assumingMemoryBound(to: Int32.self)
    let grid = maskGrid(layer: l)
    var found = 0
    if options.regrowth == SWIFTCL_REGROW_GRADIENT {
      found = mask.takeCandidates(count, places)
      mask.insert(places, found, grid)
    }
    // What no gradient asks for comes by chance.
    found = drawPlaces(layer: l, grid, count - found, places)
    mask.insert(places, found, grid)
  }

  /// Places by chance, ascending: one draw each, so that every set of them is as likely.
  private func drawPlaces(
    layer l: Int, _ grid: MaskGrid, _ count: Int, _ places: UnsafeMutablePointer<Int32>
  ) -> Int {
    guard let mask = working[l].mask else { return 0 }
    let key = Random.key(
      Random.key(
        seed: options.seed, Random.Domain.mask, UInt64(UInt32(bitPattern: task.record.task)),
        UInt64(l)), task.record.steps)
    var dead = 0
    for g in 0..<grid.groups where mask.keeps(g * grid.width) {
      dead += grid.inputs - mask.live.entries(g).count
    }
    var left = min(count, dead)
    var found = 0
    for g in 0..<grid.groups where mask.keeps(g * grid.width) && left > 0 {
      var next = Int(mask.live.starts[g])
      let end = Int(mask.live.starts[g + 1])
      for k in 0..<grid.inputs where left > 0 {
        if next < end && Int(mask.live.inputs[next]) == k {
          next += 1
          continue
        }
        let place = g * grid.inputs + k
        if Random.below(dead, Random.key(key, UInt64(place))) < left {
          places[found] = Int32(truncatingIfNeeded: place)
          found += 1
          left -= 1
        }
        dead -= 1
      }
    }
    return found
  }
}

/// The scores of one layer's entries.
struct EntryScores: Ranked {
  let values: UnsafePointer<Float>

  init(_ values: UnsafePointer<Float>) { self.values = values }

  // A NaN would be the largest of all: what is lost is not worth keeping, but cannot be worse.
  func bits(_ index: Int) -> UInt32 { values[index].bitPattern & 0x7FFF_FFFF }
}

/// Those of all masked layers, one behind the other.
private struct AllScores: Ranked {
  private var scores = InlineArray<32, UnsafePointer<Float>?>(repeating: nil)
  /// Where the scores of each layer end.
  private var ends = InlineArray<32, Int>(repeating: 0)

  init(_ network: Network) {
    var end = 0
    for l in 0..<network.hidden {
      if let mask = network.runningMask(l) {
        scores[l] = UnsafePointer(mask.scores)
        end += mask.count
      }
      ends[l] = end
    }
  }

  func bits(_ index: Int) -> UInt32 {
    var l = 0
    while ends[l] <= index { l += 1 }
    guard let scores = scores[l] else { return 0 }
    return EntryScores(scores).bits(index - (l > 0 ? ends[l - 1] : 0))
  }
}

extension LayerMask {
  /// One entry with all that belongs to it, to a place not behind it, or from one to a place
  /// not before it.
  func move(_ from: Int, to: Int) {
    if from == to { return }
    let width = live.width
    live.inputs[to] = live.inputs[from]
    for lane in 0..<width {
      live.values[to &* width &+ lane] = live.values[from &* width &+ lane]
      first[to &* width &+ lane] = first[from &* width &+ lane]
      if let second { second[to &* width &+ lane] = second[from &* width &+ lane] }
    }
  }

  func clearTails() {
    live.clearTail()
    for at in live.count &* live.width..<live.floats {
      first[at] = 0
      second?[at] = 0
    }
  }

  /// Makes room for places, ascending, from the last entry down; they begin at 0.
  func insert(_ places: UnsafePointer<Int32>, _ count: Int, _ grid: MaskGrid) {
    let width = live.width
    var from = live.count - 1
    var to = from + count
    var next = count - 1
    var group = live.groups - 1
    // Ends of groups ascend with what is inserted before them.
    var end = live.count + count
    while group >= 0 {
      let start = Int(live.starts[group])
      live.starts[group + 1] = Int32(end)
      while from >= start || (next >= 0 && Int(places[next]) / grid.inputs == group) {
        let grows =
          next >= 0 && Int(places[next]) / grid.inputs == group
          && (from < start || Int(places[next]) % grid.inputs > Int(live.inputs[from]))
        if grows {
          live.inputs[to] = Int32(Int(places[next]) % grid.inputs)
          for lane in 0..<width {
            live.values[to &* width &+ lane] = 0
            first[to &* width &+ lane] = 0
            second?[to &* width &+ lane] = 0
          }
          next -= 1
        } else {
          move(from, to: to)
          from -= 1
        }
        to -= 1
      }
      end = to + 1
      group -= 1
    }
    clearTails()
  }

  /// The best of the candidates that the step found, ascending; returns how many.
  func takeCandidates(_ count: Int, _ places: UnsafeMutablePointer<Int32>) -> Int {
    let scores = EntryScores(candidateScores)
    var line = Selection(scores, count: candidateCount, keep: count)
    var found = 0
    for i in 0..<candidateCount where line.takes(scores.bits(i)) {
      places[found] = candidates[i]
      found += 1
    }
    return found
  }
}
