import CSwiftCL

/// The initial weights of a layer: each is made where it is asked for.
struct InitialSource: WeightSource {
  private let live: CandidateSet
  private let before: CandidateSet
  private let isFirst: Bool
  private let isHead: Bool
  private let key: UInt64
  private let deviation: Float

  init(_ network: Network, layer l: Int) {
    let options = network.options
    let input = network.shapes[l].input
    live = network.working[l].live
    before = l > 0 ? network.working[input].live : live
    isFirst = l == 0
    isHead = l == network.hidden
    let fan =
      l == 0
      ? network.shapes[0].inputs
      : network.servedBlocks(layer: input) * network.shapes[l].taps
    deviation = (2 / Float(max(1, fan))).squareRoot()
    // A head of the task's own draws of its own.
    let own = isHead && options.head == SWIFTCL_HEAD_TASK
    let task = network.task.record.task
    key = Random.key(
      seed: options.seed, Random.Domain.weight, UInt64(l),
      own ? UInt64(UInt32(bitPattern: task)) + 1 : 0)
  }

  func rowKey(_ o: Int) -> UInt64 { Random.key(key, unitKey(live, o, isHead: isHead)) }

  @inline(__always)
  func value(_ k: Int, _ rowKey: UInt64) -> Float {
    Random.normal(Random.key(rowKey, isFirst ? UInt64(k) : inputKey(k))) * deviation
  }

  func weight(_ k: Int, _ o: Int) -> Float { value(k, rowKey(o)) }

  /// A unit below, under a tap of the window.
  private func inputKey(_ k: Int) -> UInt64 {
    unitKey(before, k % before.units, isHead: false) | UInt64(k / before.units) << 48
  }

  private func unitKey(_ set: CandidateSet, _ u: Int, isHead: Bool) -> UInt64 {
    let block = isHead ? 0 : UInt64(UInt32(bitPattern: set.unitBlock[u]))
    return block << 32 | UInt64(UInt32(bitPattern: set.unitId[u]))
  }
}

/// Values of edges that no finished task has kept: a function of the seed and
/// of the edge, so they are never stored.
extension Network {
  /// Fills a whole layer: He's deviation over the units that will feed it, the
  /// earlier ticket's values where an edge lies on one.
  mutating func fillInitial(layer l: Int) {
    let live = working[l].live
    let panels = live.panels
    let source = InitialSource(self, layer: l)
    live.weights.update(repeating: 0, count: live.floats)
    live.bias.update(repeating: 0, count: live.padded)
    live.norm?.values.clear(live.padded)
    // What runs by a mask from the first step on takes its own from there.
    if !live.hasWeights { return }
    for o in 0..<live.units {
      let rowKey = source.rowKey(o)
      for k in 0..<live.inputs {
        live.weights[panels.index(k, o)] = source.value(k, rowKey)
      }
    }
  }

  /// Blocks of a layer that take part in the open task.
  func servedBlocks(layer l: Int) -> Int {
    served(working[l].blockState, shapes[l].blocks)
  }

  /// Blocks of a list of states that do not abstain.
  func served(_ states: UnsafePointer<UInt8>, _ blocks: Int) -> Int {
    var count = 0
    for i in 0..<blocks where states[i] != BlockState.abstains { count += 1 }
    return count
  }

  /// Warm start: block for block the values of the task before, head and its
  /// biases for the classes both have.
  mutating func copyPrevious() {
    guard store.count > 0 else { return }
    let previous = store.tickets[store.count - 1]
    for l in 0..<layerCount {
      mapBlocks(layer: l, on: previous, workspace.maps.outputMap)
      if l > 0 {
        let input = shapes[l].input
        mapBlocks(layer: input, on: previous, workspace.maps.inputMap)
        spread(
          workspace.maps.inputMap, working[input].units,
          of: previous.pointee.layers[input].size.units, layer: l)
      } else {
        _ = mapAllInputs(workspace.maps.inputMap)
      }
      let live = working[l].live
      let theirs = previous.pointee.layers[l]
      for o in 0..<live.units where workspace.maps.outputMap[o] >= 0 {
        let place = Int(workspace.maps.outputMap[o])
        live.bias[o] = theirs.bias[place]
        if let norm = theirs.norm { live.norm?.values.copy(norm, place, to: o) }
        for k in 0..<live.inputs where workspace.maps.inputMap[k] >= 0 {
          live.weights[live.panels.index(k, o)] =
            theirs.weight(Int(workspace.maps.inputMap[k]), place)
        }
      }
    }
  }

  /// Place of each live unit's block on a ticket, whichever unit won it there.
  private func mapBlocks(
    layer l: Int, on ticket: UnsafeMutablePointer<Ticket>, _ map: UnsafeMutablePointer<Int32>
  ) {
    let live = working[l].live
    for u in 0..<live.units {
      if l == hidden {
        map[u] = ticket.pointee.row(of: live.unitId[u])
      } else {
        let start = ticket.pointee.layers[l].positions[Int(live.unitBlock[u])]
        map[u] = start < 0 ? -1 : start + live.unitId[u] % Int32(shapes[l].groupSize)
      }
    }
  }
}
