import CSwiftCL

/// Which gradients of a masked layer are computed (dynamic gradient masking, B.4), and which of its
/// weights stand still.
extension Network {
  /// Whether this step chooses the gradients of layer `l` that are computed from here on.
  func choosesGradients(_ mask: LayerMask) -> Bool {
    options.gradient_sparsity > 0 && maskStep >= mask.chooseAt
  }

  /// The same for all layers of a step that clips, once it is sure to succeed; whether any chose.
  func chooseClipped() -> Bool {
    var chose = false
    for l in 0..<hidden {
      guard let mask = runningMask(l), choosesGradients(mask) else { continue }
      chooseGradients(layer: l)
      chose = true
    }
    return chose
  }

  /// Keeps the largest of all gradients, which the step has just computed.
  @inline(never)
  func chooseGradients(layer l: Int) {
    guard let mask = runningMask(l), let gradient = working[l].gradients.weights else { return }
    let scores = EntryGradients(mask.live, gradient, maskGrid(layer: l))
    let keep = maskGrid(layer: l).kept(1 - Double(options.gradient_sparsity))
    var line = Selection(scores, count: mask.count, keep: keep)
    var count = 0
    for g in 0..<mask.live.groups {
      mask.activeStarts[g] = Int32(count)
      for e in mask.live.entries(g) where line.takes(scores.bits(e)) {
        mask.active[count] = Int32(e)
        count += 1
      }
    }
    mask.activeStarts[mask.live.groups] = Int32(count)
    working[l].mask?.computes = true
    working[l].mask?.chooseAt = maskStep &+ UInt64(options.gradient_interval)
    refreshStill(layer: l)
  }

  /// Marks the weights that do not move: those without a gradient, and those that an earlier ticket has.
  func refreshStill(layer l: Int) {
    guard let mask = runningMask(l) else { return }
    let layer = working[l]
    let owns = layer.hasOwned
    working[l].mask?.hasStill = owns || mask.computes
    if !owns && !mask.computes { return }
    let live = mask.live
    let width = live.width
    mask.still.update(repeating: mask.computes ? 0xFFFF : 0, count: live.floats / 16)
    if mask.computes {
      for i in 0..<Int(mask.activeStarts[live.groups]) {
        let at = Int(mask.active[i]) &* width
        let lanes: UInt16 = width == 8 ? 0xFF : 1
        mask.still[at >> 4] &= ~(lanes << UInt16(at & 15))
      }
    }
    if !owns { return }
    let panels = layer.live.panels
    for g in 0..<live.groups {
      for e in live.entries(g) {
        for lane in 0..<width where g * width + lane < layer.units {
          let place = panels.index(Int(live.inputs[e]), g * width + lane)
          if layer.owned[place >> 4] >> UInt16(place & 15) & 1 == 1 {
            let at = e * width + lane
            mask.still[at >> 4] |= 1 << UInt16(at & 15)
          }
        }
      }
    }
  }

  /// Gradients that the last pass computed, or the next will, of a layer's weights.
  func computedGradientEdges(layer l: Int, all: Bool = false) -> UInt64 {
    guard let mask = runningMask(l) else { return working[l].edges }
    let starts = mask.computes && !all ? mask.activeStarts : mask.live.starts
    return UInt64(mask.live.weights(starts, outputs: working[l].units))
  }

  /// Multiply-adds of all weight gradients that the step just made has computed.
  func gradientMacs(layer l: Int, rows: Int) -> UInt64 {
    let pixels = UInt64(shapes[l].pixels)
    guard let mask = runningMask(l) else { return UInt64(rows) &* pixels &* working[l].edges }
    return mask.spent &* pixels
  }

  /// Weights of a layer that run.
  func keptEdges(layer l: Int) -> UInt64 {
    guard let mask = runningMask(l) else { return working[l].edges }
    return UInt64(mask.live.weights(outputs: working[l].units))
  }
}

/// Where a mask would grow by gradient.
extension Network {
  /// Lists the masked places whose gradient is largest, as many as an update may take.
  @inline(never)
  func findCandidates(layer l: Int) {
    guard let mask = working[l].mask, let phase = dueUpdate else { return }
    let grid = maskGrid(layer: l)
    let kept = min(mask.count, grid.kept(1 - Double(phase.prune_to)))
    let wanted =
      options.mask_budget == SWIFTCL_BUDGET_GLOBAL
      ? mask.live.capacity : grid.kept(1 - Double(phase.grow_to)) - kept
    let scores = DeadGradients(
      mask: mask, grid: grid, panels: working[l].live.panels, gradient: workspace.unmaskedGradient)
    var line = Selection(scores, count: grid.atoms, keep: max(0, wanted))
    var count = 0
    for place in 0..<grid.atoms where count < mask.live.capacity {
      let bits = scores.bits(place)
      if !line.takes(bits) || bits == 0 { continue }
      mask.candidates[count] = Int32(truncatingIfNeeded: place)
      mask.candidateScores[count] = Float(bitPattern: bits)
      count += 1
    }
    working[l].mask?.candidateCount = count
  }
}

/// Sums of the magnitudes of each entry's gradients.
private struct EntryGradients: Ranked {
  let weights: SparseWeights
  let gradient: UnsafePointer<Float>
  /// Where the entries of the last group begin, and what they count.
  let last: Int
  let factor: Float

  init(_ weights: SparseWeights, _ gradient: UnsafePointer<Float>, _ grid: MaskGrid) {
    self.weights = weights
    self.gradient = gradient
    last = Int(weights.starts[grid.groups - 1])
    factor = grid.factor(grid.groups - 1)
  }

  func bits(_ index: Int) -> UInt32 {
    let sum = weights.magnitude(index, of: gradient)
    return (index < last ? sum : sum * factor).bitPattern
  }
}

/// Gradients of what a mask drops, in panels in which those of what it keeps are 0.
private struct DeadGradients: Ranked {
  let mask: LayerMask
  let grid: MaskGrid
  let panels: Panels
  let gradient: UnsafePointer<Float>

  init(
    mask: LayerMask, grid: MaskGrid, panels: Panels, gradient: UnsafeMutablePointer<Float>
  ) {
    self.mask = mask
    self.grid = grid
    self.panels = panels
    self.gradient = UnsafePointer(gradient)
    for g in 0..<mask.live.groups {
      for e in mask.live.entries(g) {
        for o in g * grid.width..<(g + 1) * grid.width {
          gradient[panels.index(Int(mask.live.inputs[e]), o)] = 0
        }
      }
    }
  }

  func bits(_ index: Int) -> UInt32 {
    let (g, k) = (index / grid.inputs, index % grid.inputs)
    let first = g * grid.width
    if !mask.keeps(first) { return 0 }
    var sum: Float = 0
    for o in first..<min(grid.outputs, first + grid.width) {
      sum += abs(gradient[panels.index(k, o)])
    }
    return sum.isFinite ? (sum * grid.factor(g)).bitPattern : 0
  }
}
