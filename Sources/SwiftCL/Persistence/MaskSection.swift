import CSwiftCL

/// Masks in a checkpoint: which weights are kept, and only these.
extension Network {
  func putMask(_ sink: inout Sink, _ mask: SparseWeights) {
    sink.put(UInt32(truncatingIfNeeded: mask.count))
    sink.put(mask.starts, mask.groups + 1)
    sink.put(mask.inputs, mask.count)
    sink.put(mask.values, mask.count * mask.width)
  }

  /// The mask of a layer of the open task, with its optimiser and the gradients that are computed.
  func putWorkingMask(_ sink: inout Sink, _ mask: LayerMask) {
    putMask(&sink, mask.live)
    let floats = mask.count * mask.live.width
    sink.put(mask.first, floats)
    if let second = mask.second { sink.put(second, floats) }
    sink.put(mask.computes ? 1 : 0 as UInt32)
    sink.put(mask.chooseAt)
    if !mask.computes { return }
    sink.put(mask.activeStarts, mask.live.groups + 1)
    sink.put(mask.active, Int(mask.activeStarts[mask.live.groups]))
  }

  func takeMask(_ source: inout Source, _ mask: SparseWeights, inputs: Int, outputs: Int) {
    let count = Int(shown: UInt(source.u32()))
    if count > mask.capacity {
      source.refuse(SWIFTCL_E_CORRUPT, "a mask keeps more than it may")
    }
    source.take(mask.starts, mask.groups + 1)
    takeList(&source, mask.starts, groups: mask.groups, count)
    if source.status != SWIFTCL_OK {
      mask.clear()
      return
    }
    source.take(mask.inputs, count)
    source.take(mask.values, count * mask.width)
    var possible = true
    for g in 0..<mask.groups {
      var last: Int32 = -1
      for e in mask.entries(g) {
        possible =
          possible && mask.inputs[e] > last && Int(mask.inputs[e]) < inputs
          && g * mask.width < outputs
        last = mask.inputs[e]
        for lane in 0..<mask.width where g * mask.width + lane >= outputs {
          possible = possible && mask.values[e * mask.width + lane] == 0
        }
      }
    }
    mask.clearTail()
    if possible { return }
    source.refuse(SWIFTCL_E_CORRUPT, "a mask is impossible")
    mask.clear()
  }

  /// Where groups begin: from 0 up to `count`.
  private func takeList(
    _ source: inout Source, _ starts: UnsafePointer<Int32>, groups: Int, _ count: Int
  ) {
    var possible = starts[0] == 0 && Int(starts[groups]) == count
    for g in 0..<groups { possible = possible && starts[g] <= starts[g + 1] }
    if !possible { source.refuse(SWIFTCL_E_CORRUPT, "a mask's groups are impossible") }
  }

  mutating func takeWorkingMask(_ source: inout Source, layer l: Int, _ set: CandidateSet) {
    // Sizes follow from the units, which were read into a set that is not yet the layer's.
    working[l].live.units = set.units
    working[l].live.inputs = set.inputs
    openMask(layer: l)
    guard let mask = working[l].mask else { return }
    takeMask(&source, mask.live, inputs: set.inputs, outputs: set.units)
    if source.status != SWIFTCL_OK { return }
    let floats = mask.count * mask.live.width
    mask.clearMoments()
    source.take(mask.first, floats)
    mask.live.clearPads(mask.first, outputs: set.units)
    if let second = mask.second {
      source.take(second, floats)
      mask.live.clearPads(second, outputs: set.units)
    }
    let computes = source.u32() == 1
    working[l].mask?.chooseAt = source.u64()
    restoreFilters(layer: l)
    if !computes || source.status != SWIFTCL_OK { return }
    if options.gradient_sparsity == 0 {
      source.refuse(SWIFTCL_E_CORRUPT, "gradients were chosen that nobody asked for")
      return
    }
    takeActive(&source, mask, options.mostComputed(inputs: set.inputs, outputs: set.units))
    if source.status != SWIFTCL_OK { return }
    working[l].mask?.computes = true
    refreshStill(layer: l)
  }

  /// The entries whose gradients are computed: of each group some of its own, ascending.
  private func takeActive(_ source: inout Source, _ mask: LayerMask, _ most: Int) {
    let groups = mask.live.groups
    source.take(mask.activeStarts, groups + 1)
    let count = Int(mask.activeStarts[groups])
    takeList(&source, mask.activeStarts, groups: groups, count)
    if source.status != SWIFTCL_OK || count > min(mask.count, most) {
      source.refuse(SWIFTCL_E_CORRUPT, "the gradients that were chosen are impossible")
      return
    }
    source.take(mask.active, count)
    for g in 0..<groups {
      var last = mask.live.starts[g] - 1
      for i in Int(mask.activeStarts[g])..<Int(mask.activeStarts[g + 1]) {
        if mask.active[i] <= last || mask.active[i] >= mask.live.starts[g + 1] {
          source.refuse(SWIFTCL_E_CORRUPT, "the gradients that were chosen are impossible")
          return
        }
        last = mask.active[i]
      }
    }
  }
}

/// What a description says of masks, behind what it says of replay.
extension swiftcl_options {
  /// Whether a description has these fields at all.
  var hasSparseFields: Bool { hasMasks || data_samples > 0 }

  func putSparseFields(_ sink: inout Sink) {
    sink.put(sparsity)
    sink.put(sparsity_kind)
    sink.put(mask_budget)
    sink.put(masked_layers)
    sink.put(mask_interval)
    sink.put(mask_final_step)
    sink.put(mask_intra)
    sink.put(mask_inter)
    sink.put(score_current)
    sink.put(score_replay)
    sink.put(regrowth)
    sink.put(gradient_sparsity)
    sink.put(gradient_interval)
    sink.put(data_samples)
    sink.put(data_rule)
    sink.put(mask_phase_count)
    for p in 0..<Int(mask_phase_count) {
      let phase = phase(p)
      sink.put(phase.step)
      sink.put(phase.prune_to)
      sink.put(phase.grow_to)
    }
  }

  /// The reverse; `phases` has room for SWIFTCL_MAX_MASK_PHASES.
  mutating func takeSparseFields(
    _ source: inout Source, _ phases: UnsafeMutablePointer<swiftcl_mask_phase>
  ) {
    sparsity = source.f32()
    sparsity_kind = source.i32()
    mask_budget = source.i32()
    masked_layers = source.u32()
    mask_interval = source.u32()
    mask_final_step = source.u32()
    mask_intra = source.f32()
    mask_inter = source.f32()
    score_current = source.f32()
    score_replay = source.f32()
    regrowth = source.i32()
    gradient_sparsity = source.f32()
    gradient_interval = source.u32()
    data_samples = source.u32()
    data_rule = source.i32()
    mask_phase_count = source.u32()
    if mask_phase_count > UInt32(SWIFTCL_MAX_MASK_PHASES) {
      source.refuse(SWIFTCL_E_CORRUPT, "the checkpoint's mask schedule is impossible")
      mask_phase_count = 0
    }
    for p in 0..<Int(mask_phase_count) {
      phases[p] = swiftcl_mask_phase(
        step: source.u64(), prune_to: source.f32(), grow_to: source.f32())
    }
    mask_phases = mask_phase_count > 0 ? UnsafePointer(phases) : nil
  }
}
