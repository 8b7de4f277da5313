import CSwiftCL

/// Multiply-adds of training, counted in two ways, each with those of the dense network of the
/// same width. Additions wrap: only a crafted checkpoint comes near the end.
struct TrainingCosts {
  /// Rows recalled are charged forward only (docs/algorithms.md B.7).
  var paper: UInt64 = 0
  var paperDense: UInt64 = 0
  /// All that is done.
  var full: UInt64 = 0
  var fullDense: UInt64 = 0

  init() {}

  var isZero: Bool { paper | paperDense | full | fullDense == 0 }

  mutating func add(_ other: TrainingCosts) {
    paper &+= other.paper
    paperDense &+= other.paperDense
    full &+= other.full
    fullDense &+= other.fullDense
  }
}

/// In a checkpoint, behind the totals: of finished tasks, then of the open one.
extension TrainingCosts {
  init(_ source: inout Source) {
    paper = source.u64()
    paperDense = source.u64()
    full = source.u64()
    fullDense = source.u64()
  }

  func put(_ sink: inout Sink) {
    sink.put(paper)
    sink.put(paperDense)
    sink.put(full)
    sink.put(fullDense)
  }
}

/// What training costs and holds.
extension Network {
  /// Units of a layer in the dense network; its head has the open task's rows.
  private func denseUnits(layer l: Int) -> UInt64 {
    UInt64(l == hidden && task.isOpen ? working[l].units : shapes[l].width)
  }

  private func denseEdges(layer l: Int) -> UInt64 {
    denseUnits(layer: l) &* UInt64(shapes[l].inputs)
  }

  /// The formula knows no steps that choose gradients or update masks.
  private func paperGradientEdges(layer l: Int) -> UInt64 {
    guard options.gradient_sparsity > 0, runningMask(l) != nil else { return keptEdges(layer: l) }
    let grid = maskGrid(layer: l)
    let chosen = Double(grid.kept(1 - Double(options.gradient_sparsity)) * grid.width)
    // The pads of the last group are no weights.
    let share = Double(grid.outputs) / Double(grid.groups * grid.width)
    return min(UInt64(chosen * share), keptEdges(layer: l))
  }

  /// One step of the open task: rows presented, and rows recalled behind them.
  mutating func charge(presented: Int, recalled: Int) {
    var step = TrainingCosts()
    let (new, old) = (UInt64(presented), UInt64(recalled))
    for l in 0..<layerCount {
      let pixels = UInt64(shapes[l].pixels)
      let kept = keptEdges(layer: l) &* pixels
      let computed = paperGradientEdges(layer: l) &* pixels
      let dense = denseEdges(layer: l) &* pixels
      // Nothing is below the first layer that would need a gradient.
      let passes: UInt64 = shapes[l].input < 0 ? 1 : 2
      step.paper &+= new &* (2 &* kept &+ computed) &+ old &* kept
      step.paperDense &+= (3 &* new &+ old) &* dense
      let again: UInt64 = shapes[l].isMadeAgain ? 1 : 0
      step.full &+=
        (new &+ old) &* (passes &+ again) &* pixels
        &* multipliedEdges(layer: l, samples: presented + recalled)
      step.full &+= gradientMacs(layer: l, rows: presented + recalled)
      step.fullDense &+= (new &+ old) &* (passes &+ 1) &* dense
    }
    task.costs.add(step)
  }

  func tellCosts(_ totals: inout swiftcl_accounting) {
    var all = costs
    all.add(task.costs)
    totals.paper_macs = all.paper
    totals.paper_dense_macs = all.paperDense
    totals.full_macs = all.full
    totals.full_dense_macs = all.fullDense
    totals.seconds = seconds
  }

  func tellBytes(_ totals: inout swiftcl_accounting) {
    var held = TrainingBytes()
    var dense = TrainingBytes()
    for l in 0..<layerCount {
      let edges = denseEdges(layer: l)
      dense.add(kept: edges, computed: edges, units: denseUnits(layer: l), shapes[l], options)
      guard task.isOpen else {
        guard let shared = store.shared?.pointee.layers[l] else { continue }
        let size = shared.size
        held.addParameters(
          shared.mask == nil ? UInt64(size.units) &* UInt64(size.inputs) : 0,
          units: UInt64(size.units), shapes[l])
        if let mask = shared.mask { held.parameters &+= mask.bytes }
        continue
      }
      if let mask = runningMask(l) {
        held.add(mask, units: UInt64(working[l].units), shapes[l], options)
        continue
      }
      held.add(
        kept: keptEdges(layer: l), computed: computedGradientEdges(layer: l),
        units: UInt64(working[l].units), shapes[l], options)
      if isParked {
        // All candidates wait beside those that run.
        let all = working[l].parked
        held.add(
          kept: UInt64(all.units) &* UInt64(all.inputs), units: UInt64(all.units), shapes[l],
          options)
      }
    }
    totals.parameter_bytes = held.parameters
    totals.optimizer_bytes = held.optimizer
    totals.gradient_bytes = held.gradients
    totals.dense_parameter_bytes = dense.parameters
    totals.dense_optimizer_bytes = dense.optimizer
    totals.dense_gradient_bytes = dense.gradients
  }
}

/// Bytes of values that training holds.
struct TrainingBytes {
  var parameters: UInt64 = 0
  var optimizer: UInt64 = 0
  var gradients: UInt64 = 0

  /// A layer's weights, and a bias for each unit; where it normalises, a scale too.
  @discardableResult
  mutating func addParameters(_ edges: UInt64, units: UInt64, _ shape: LayerShape) -> UInt64 {
    let singles = units &* (shape.normalises ? 2 : 1)
    parameters &+= 4 &* (edges &+ singles)
    return singles
  }

  /// All room that a mask has, its lists of places with it.
  mutating func add(
    _ mask: LayerMask, units: UInt64, _ shape: LayerShape, _ options: swiftcl_options
  ) {
    let floats = 4 &* UInt64(mask.live.capacity &* mask.live.width)
    let singles = add(kept: 0, units: units, shape, options)
    parameters &+= mask.live.bytes &+ mask.bytes
    optimizer &+= floats &* (options.usesAdam ? 2 : 1)
    gradients &+= floats &+ 4 &* singles
  }

  /// The same with the optimiser's places.
  @discardableResult
  mutating func add(
    kept: UInt64, units: UInt64, _ shape: LayerShape, _ options: swiftcl_options
  ) -> UInt64 {
    let singles = addParameters(kept, units: units, shape)
    optimizer &+= (options.usesAdam ? 8 : 4) &* (kept &+ singles)
    return singles
  }

  /// The same with gradients: of weights where a step keeps them, not where it applies them tile by tile.
  mutating func add(
    kept: UInt64, computed: UInt64, units: UInt64, _ shape: LayerShape,
    _ options: swiftcl_options
  ) {
    let singles = add(kept: kept, units: units, shape, options)
    let weights = options.storesGradients || shape.gathers ? computed : 0
    gradients &+= 4 &* (weights &+ singles)
  }
}

/// Time, where there is a clock.
enum Clock {
  static var seconds: Double {
    #if SWIFTCL_FIRMWARE
      return 0
    #else
      return swiftcl_host_seconds()
    #endif
  }
}
