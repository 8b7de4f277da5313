import CSwiftCL

/// Which layers have masks, and how large these may be.
extension swiftcl_options {
  var hasMasks: Bool { Features.all && sparsity > 0 }

  /// Masks that keep eight outputs of an input together; the others keep single weights.
  var masksBlocks: Bool { sparsity_kind & SWIFTCL_SPARSITY_BLOCK != 0 }

  /// Outputs of an entry.
  var entryWidth: Int { masksBlocks ? 8 : 1 }

  /// Masks that no update changes: the paper's code has no way to grow them.
  var masksStand: Bool {
    sparsity_kind & SWIFTCL_SPARSITY_PATTERN != 0 || sparsity_kind == SWIFTCL_SPARSITY_FILTER
  }

  /// Whether layer `l` of those with parameters is masked.
  func masks(_ l: Int, _ shape: LayerShape) -> Bool { hasMasks && couldMask(l, shape) }

  /// Whether it is where there are masks: as masked_layers says, or all but stems and projections of
  /// shortcuts, which have few weights and on which all depends.
  func couldMask(_ l: Int, _ shape: LayerShape) -> Bool {
    if shape.isHead { return false }
    if masked_layers != 0 { return masked_layers >> UInt32(l) & 1 == 1 }
    let isConvolution = layers?[shape.slot].kind == SWIFTCL_LAYER_CONV2D
    return !isConvolution || (shape.taps > 1 && shape.input >= 0)
  }

  /// Whether masked layers need their weights unmasked first: where units compete, masks begin
  /// at the commit.
  var masksLater: Bool { hasMasks && !sharesTicket }

  /// The most entries that the mask of a layer of this size ever has.
  func mostEntries(inputs: Int, outputs: Int) -> Int {
    let grid = MaskGrid(inputs: inputs, outputs: outputs, width: entryWidth)
    var sparsest = sparsity
    if !masksStand && mask_interval > 0 {
      for p in 0..<phaseCount { sparsest = min(sparsest, phase(p).grow_to) }
    }
    var share = Double(1 - max(0, sparsest))
    if mask_budget == SWIFTCL_BUDGET_GLOBAL { share *= 2 }
    if sparsity_kind & SWIFTCL_SPARSITY_PATTERN != 0 {
      // Kernels are kept whole: each filter rounds up.
      return min(grid.atoms, grid.kept(share) + 4 * outputs)
    }
    return min(
      grid.atoms, grid.kept(share) + (sparsity_kind == SWIFTCL_SPARSITY_FILTER ? inputs : 1))
  }

  /// The most entries whose gradients are computed where they are chosen.
  func mostComputed(inputs: Int, outputs: Int) -> Int {
    let grid = MaskGrid(inputs: inputs, outputs: outputs, width: entryWidth)
    return min(
      mostEntries(inputs: inputs, outputs: outputs), grid.kept(1 - Double(gradient_sparsity)))
  }
}

/// The places that a mask keeps or drops: `width` consecutive outputs of one input.
struct MaskGrid {
  var inputs: Int
  var outputs: Int
  var width: Int

  /// Groups that have outputs; those behind are pads.
  var groups: Int { (outputs &+ width &- 1) / width }
  var atoms: Int { groups &* inputs }

  /// What the sum of a group's scores counts: the last may have fewer outputs than the others, which must
  /// not make them count less.
  @inline(__always)
  func factor(_ group: Int) -> Float {
    let last = outputs % width
    return last > 0 && group == groups &- 1 ? Float(width) / Float(last) : 1
  }

  /// How many places a share of them is.
  func kept(_ share: Double) -> Int {
    let exact = min(1, max(0, share)) * Double(atoms)
    return min(atoms, Int((exact + 0.5).rounded(.down)))
  }
}
