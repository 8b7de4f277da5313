import CSwiftCL

/// Weights that a mask is made from.
protocol WeightSource {
  func weight(_ k: Int, _ o: Int) -> Float
}

/// Weights of a layer that has no mask yet.
struct PanelSource: WeightSource {
  var panels: Panels
  var weights: UnsafePointer<Float>

  func weight(_ k: Int, _ o: Int) -> Float { weights[panels.index(k, o)] }
}

/// A layer's first mask: one-shot pruning by magnitude (B.1).
struct MaskStart<Source: WeightSource> {
  let source: Source
  let inputs: Int
  let outputs: Int
  let window: Window
  let kind: Int32
  let sparsity: Float
  /// One entry a map below.
  let scratch: UnsafeMutablePointer<Int32>

  /// Makes the mask and fills it with the source's weights.
  @inline(never)
  func make(_ mask: inout LayerMask) {
    var share = 1 - Double(sparsity)
    if let filters = mask.filters { share = chooseFilters(filters, width: mask.live.width, share) }
    mask.live.clear()
    if kind == SWIFTCL_SPARSITY_FILTER {
      keepAll(mask)
    } else if hasPatterns {
      keepPatterns(mask, share)
    } else {
      keepLargest(mask, share)
    }
    mask.live.clearTail()
  }

  private var hasPatterns: Bool {
    kind & SWIFTCL_SPARSITY_PATTERN != 0 && window.kernelHeight == 3 && window.kernelWidth == 3
  }

  // MARK: filters

  /// Keeps whole outputs, or whole groups of them, by their squares; returns the share that is to be
  /// kept of what these have.
  private func chooseFilters(
    _ filters: UnsafeMutablePointer<UInt16>, width: Int, _ share: Double
  ) -> Double {
    let groups = (outputs + width - 1) / width
    let wanted = kind == SWIFTCL_SPARSITY_FILTER ? share : share.squareRoot()
    let keep = max(1, min(groups, Int((wanted * Double(groups) + 0.5).rounded(.down))))
    let squares = GroupSquares(source: source, inputs: inputs, outputs: outputs, width: width)
    var line = Selection(squares, count: groups, keep: keep)
    filters.update(repeating: 0, count: Panels.pad(outputs) / 16)
    for g in 0..<groups where line.takes(squares.bits(g)) {
      for o in g * width..<min(outputs, (g + 1) * width) {
        filters[o >> 4] |= 1 << UInt16(o & 15)
      }
    }
    return min(1, share * Double(groups) / Double(keep))
  }

  private func keepAll(_ mask: LayerMask) {
    append(to: mask) { _, _ in true }
  }

  // MARK: single weights and blocks

  private func keepLargest(_ mask: LayerMask, _ share: Double) {
    let width = mask.live.width
    let grid = MaskGrid(inputs: inputs, outputs: outputs, width: width)
    let scores = AtomSizes(source: source, grid: grid, mask: mask)
    var open = 0
    for g in 0..<grid.groups where mask.keeps(g * width) { open += inputs }
    // A layer without any would be a constant.
    let wanted = max(1, Int((share * Double(open) + 0.5).rounded(.down)))
    let keep = min(mask.live.capacity, min(open, wanted))
    var line = Selection(scores, count: grid.atoms, keep: keep)
    append(to: mask) { g, k in
      // Where all that is left is 0, what a filter has shut must not be taken for it.
      mask.keeps(g * width) && line.takes(scores.bits(g * inputs + k))
    }
  }

  /// Takes the entries that `keeps` wants, in order, as far as there is room.
  private func append(to mask: LayerMask, where keeps: (_ g: Int, _ k: Int) -> Bool) {
    let live = mask.live
    var count = 0
    for g in 0..<live.groups {
      live.starts[g] = Int32(count)
      if g * live.width >= outputs || !mask.keeps(g * live.width) { continue }
      for k in 0..<inputs where keeps(g, k) && count < live.capacity {
        live.inputs[count] = Int32(k)
        for lane in 0..<live.width {
          let o = g * live.width + lane
          live.values[count * live.width + lane] = o < outputs ? source.weight(k, o) : 0
        }
        count += 1
      }
    }
    live.starts[live.groups] = Int32(count)
  }

  // MARK: patterns

  /// Four of nine taps of the most important windows of every output.
  private func keepPatterns(_ mask: LayerMask, _ share: Double) {
    let maps = inputs / 9
    let keep = min(maps, Int((share * 9 / 4 * Double(maps) + 0.5).rounded(.down)))
    var output = -1
    append(to: mask) { g, k in
      if g != output {
        output = g
        choosePatterns(of: g, maps, keep: keep)
      }
      let pattern = scratch[k % maps]
      return pattern >= 0 && Patterns.has(Int(pattern), tap: k / maps)
    }
  }

  /// The best pattern of each window of output `o`, -1 where the window is dropped.
  private func choosePatterns(of o: Int, _ maps: Int, keep: Int) {
    let scores = WindowSquares(source: source, output: o, maps: maps)
    var line = Selection(scores, count: maps, keep: keep)
    for c in 0..<maps {
      let best = scores.best(c)
      scratch[c] = line.takes(best.square.bitPattern) ? Int32(best.pattern) : -1
    }
  }
}

/// The eight shapes of four taps of a 3x3 window: its centre with a corner and the two taps between
/// them, or with three of the four taps beside it.
enum Patterns {
  static let count = 8

  /// Nine bits a pattern, tap 0 the lowest.
  static func has(_ pattern: Int, tap: Int) -> Bool {
    let bits: UInt16
    switch pattern {
    case 0: bits = 0b000_011_011
    case 1: bits = 0b000_110_110
    case 2: bits = 0b011_011_000
    case 3: bits = 0b110_110_000
    case 4: bits = 0b000_111_010
    case 5: bits = 0b010_111_000
    case 6: bits = 0b010_011_010
    default: bits = 0b010_110_010
    }
    return bits >> UInt16(tap) & 1 == 1
  }
}

/// Sums of the magnitudes of the places of a grid.
private struct AtomSizes<Source: WeightSource>: Ranked {
  let source: Source
  let grid: MaskGrid
  let mask: LayerMask

  func bits(_ index: Int) -> UInt32 {
    let (g, k) = (index / grid.inputs, index % grid.inputs)
    if !mask.keeps(g * grid.width) { return 0 }
    var sum: Float = 0
    for o in g * grid.width..<min(grid.outputs, (g + 1) * grid.width) {
      sum += abs(source.weight(k, o))
    }
    return (sum * grid.factor(g)).bitPattern
  }
}

/// Sums of the squares of all weights of a group of outputs.
private struct GroupSquares<Source: WeightSource>: Ranked {
  let source: Source
  let inputs: Int
  let outputs: Int
  let width: Int

  func bits(_ index: Int) -> UInt32 {
    var sum: Float = 0
    for o in index * width..<min(outputs, (index + 1) * width) {
      for k in 0..<inputs {
        let w = source.weight(k, o)
        sum += w * w
      }
    }
    let grid = MaskGrid(inputs: inputs, outputs: outputs, width: width)
    return (sum * grid.factor(index)).bitPattern
  }
}

/// What the best pattern keeps of the squares of an output's windows.
private struct WindowSquares<Source: WeightSource>: Ranked {
  let source: Source
  let output: Int
  let maps: Int

  func best(_ map: Int) -> (square: Float, pattern: Int) {
    var best: (square: Float, pattern: Int) = (-1, 0)
    for p in 0..<Patterns.count {
      var sum: Float = 0
      for tap in 0..<9 where Patterns.has(p, tap: tap) {
        let w = source.weight(tap * maps + map, output)
        sum += w * w
      }
      if sum > best.square { best = (sum, p) }
    }
    return best
  }

  func bits(_ index: Int) -> UInt32 { best(index).square.bitPattern }
}
