import CSwiftCL

extension swiftcl_options {
  /// A ticket's layer with room for its mask.
  func masked(_ size: TicketSize, _ l: Int, _ shape: LayerShape) -> TicketSize {
    if !masks(l, shape) { return size }
    var size = size
    size.entries = max(1, mostEntries(inputs: size.inputs, outputs: size.units))
    size.width = entryWidth
    return size
  }
}

/// How masks begin, go on with the next task, and what a ticket keeps of them.
extension Network {
  func masked(_ size: TicketSize, layer l: Int) -> TicketSize {
    options.masked(size, l, shapes[l])
  }

  /// The first masks: of initial weights, or of the winners' as they stand.
  mutating func startMasks() {
    for l in 0..<hidden where working[l].mask != nil {
      openMask(layer: l)
      guard var mask = working[l].mask else { continue }
      let live = working[l].live
      if live.hasWeights {
        start(PanelSource(panels: live.panels, weights: live.weights), layer: l, &mask)
        takeMoments(mask, live)
      } else {
        start(InitialSource(self, layer: l), layer: l, &mask)
        mask.clearMoments()
      }
      working[l].mask = mask
      restoreFilters(layer: l)
    }
  }

  private func start(_ source: some WeightSource, layer l: Int, _ mask: inout LayerMask) {
    let live = working[l].live
    MaskStart(
      source: source, inputs: live.inputs, outputs: live.units, window: shapes[l].window,
      kind: options.sparsity_kind, sparsity: options.sparsity, scratch: workspace.maps.inputMap
    ).make(&mask)
  }

  /// The optimiser goes on with what it knows of the weights that are kept.
  private func takeMoments(_ mask: LayerMask, _ live: CandidateSet) {
    let panels = live.panels
    mask.clearMoments()
    for g in 0..<mask.live.groups {
      for e in mask.live.entries(g) {
        for lane in 0..<mask.live.width where g * mask.live.width + lane < live.units {
          let at = e * mask.live.width + lane
          let from = panels.index(Int(mask.live.inputs[e]), g * mask.live.width + lane)
          mask.first[at] = live.first[from]
          if let second = live.second { mask.second?[at] = second[from] }
        }
      }
    }
  }

  /// A task trains on with a ticket's mask.
  func continueMask(layer l: Int, _ theirs: SparseWeights) {
    openMask(layer: l)
    working[l].mask?.live.copy(theirs)
    restoreFilters(layer: l)
  }

  /// As at the beginning of a task: all gradients are computed until they are chosen.
  func openMask(layer l: Int) {
    let live = working[l].live
    working[l].mask?.live.groups = Panels.pad(live.units) / options.entryWidth
    working[l].mask?.live.capacity = options.mostEntries(inputs: live.inputs, outputs: live.units)
    working[l].mask?.runs = true
    working[l].mask?.computes = false
    working[l].mask?.hasStill = false
    working[l].mask?.chooseAt = 0
    working[l].mask?.candidateCount = 0
  }

  /// Filters that a mask keeps are those that have entries: one without any is gone once an update is over.
  func restoreFilters(layer l: Int) {
    guard let mask = working[l].mask, let filters = mask.filters else { return }
    let width = mask.live.width
    let units = working[l].units
    filters.update(repeating: 0, count: Panels.pad(units) / 16)
    for o in 0..<units where !mask.live.entries(o / width).isEmpty {
      filters[o >> 4] |= 1 << UInt16(o & 15)
    }
  }

  /// Of a layer's weights, wherever they are.
  func clearMoments(layer l: Int) {
    working[l].live.clearMoments()
    runningMask(l)?.clearMoments()
  }
}
