import CSwiftCL

/// Edges that the open task shares with finished tickets. An edge (a, b) lies
/// on a ticket when both its units won that task; in the first layer the unit
/// alone decides, in the head the class takes the unit's place.
extension Network {
  /// Tickets whose edges count for the open task: all but its own old one.
  func isOther(_ ticket: UnsafeMutablePointer<Ticket>) -> Bool {
    !task.reopens || ticket.pointee.record.task != task.record.task
  }

  /// Fills `map` with the place on `ticket` of every live unit of layer `l`,
  /// -1 where it is not on it; returns how many are.
  @inline(never)
  func mapUnits(
    layer l: Int, on ticket: UnsafeMutablePointer<Ticket>, _ map: UnsafeMutablePointer<Int32>
  ) -> Int {
    mapUnits(layer: l, of: working[l].live, on: ticket, map)
  }

  /// The same for any set of the layer's units.
  @inline(never)
  func mapUnits(
    layer l: Int, of live: CandidateSet, on ticket: UnsafeMutablePointer<Ticket>,
    _ map: UnsafeMutablePointer<Int32>
  ) -> Int {
    if l == hidden { return mapClasses(of: live, on: ticket, map) }
    let theirs = ticket.pointee.layers[l]
    let size = Int32(shapes[l].groupSize)
    var shared = 0
    for u in 0..<live.units {
      let block = Int(live.unitBlock[u])
      let group = live.unitId[u] / size
      let same = theirs.winners[block] == group
      map[u] = same ? theirs.positions[block] + live.unitId[u] % size : -1
      if same { shared += 1 }
    }
    return shared
  }

  @inline(never)
  private func mapClasses(
    of set: CandidateSet, on ticket: UnsafeMutablePointer<Ticket>,
    _ map: UnsafeMutablePointer<Int32>
  ) -> Int {
    let shares = sharesHead(with: ticket)
    var shared = 0
    for c in 0..<set.units {
      map[c] = shares ? ticket.pointee.row(of: set.unitId[c]) : -1
      if map[c] >= 0 { shared += 1 }
    }
    return shared
  }

  @inline(never)
  func sharesHead(with ticket: UnsafeMutablePointer<Ticket>) -> Bool {
    switch options.head {
    case SWIFTCL_HEAD_SHARED: return true
    case SWIFTCL_HEAD_TASK: return false
    default: return ticket.pointee.hasClasses(workspace.classes, task.classCount)
    }
  }

  /// The same for the inputs of layer `l`.
  @inline(never)
  func mapInputs(
    layer l: Int, on ticket: UnsafeMutablePointer<Ticket>, _ map: UnsafeMutablePointer<Int32>
  ) -> Int {
    if l == 0 { return mapAllInputs(map) }
    return mapInputs(layer: l, of: working[shapes[l].input].live, on: ticket, map)
  }

  /// The same for any set of units below.
  @inline(never)
  func mapInputs(
    layer l: Int, of below: CandidateSet, on ticket: UnsafeMutablePointer<Ticket>,
    _ map: UnsafeMutablePointer<Int32>
  ) -> Int {
    let input = shapes[l].input
    let shared = mapUnits(layer: input, of: below, on: ticket, map)
    spread(map, below.units, of: ticket.pointee.layers[input].size.units, layer: l)
    return shared
  }

  /// The first layer has the same inputs in every task.
  func mapAllInputs(_ map: UnsafeMutablePointer<Int32>) -> Int {
    for k in 0..<shapes[0].inputs { map[k] = Int32(k) }
    return shapes[0].inputs
  }

  /// Turns a map of `count` units below layer `l` into one of its inputs: the same under
  /// every tap of its window. The map leads to a layer of `total` units.
  func spread(_ map: UnsafeMutablePointer<Int32>, _ count: Int, of total: Int, layer l: Int) {
    var tap = shapes[l].taps - 1
    while tap > 0 {
      for u in 0..<count {
        map[tap * count + u] = map[u] < 0 ? -1 : Int32(tap * total) + map[u]
      }
      tap -= 1
    }
  }

  /// Marks every live edge that lies on an earlier ticket and, where asked,
  /// takes its value from there.
  mutating func markOwned(takingValues: Bool) {
    for l in 0..<layerCount {
      let layer = working[l]
      let words = layer.live.floats / 16
      layer.owned.update(repeating: 0, count: words)
      layer.biasOwned.update(repeating: 0, count: layer.padded / 16)
      layer.rates?.update(repeating: 1, count: layer.live.floats)
      layer.biasRates?.update(repeating: 1, count: layer.padded)
      working[l].hasOwned = false
      if options.sharesTicket { continue }
      defer { refreshStill(layer: l) }
      for s in 0..<store.count where isOther(store.tickets[s]) {
        let outputs = mapUnits(layer: l, on: store.tickets[s], workspace.maps.outputMap)
        if outputs == 0 { continue }
        let inputs = mapInputs(layer: l, on: store.tickets[s], workspace.maps.inputMap)
        markOwned(layer: l, on: store.tickets[s].pointee.layers[l], takingValues: takingValues)
        // The head's biases are each task's own.
        if inputs > 0 || l < hidden { working[l].hasOwned = true }
        if options.softens {
          softenRates(layer: l, on: store.tickets[s])
        }
      }
    }
  }

  private func markOwned(layer l: Int, on theirs: TicketLayer, takingValues: Bool) {
    let layer = working[l]
    let ours = layer.live.panels
    for o in 0..<layer.units where workspace.maps.outputMap[o] >= 0 {
      let place = Int(workspace.maps.outputMap[o])
      for k in 0..<layer.inputs where workspace.maps.inputMap[k] >= 0 {
        let index = ours.index(k, o)
        layer.owned[index >> 4] |= 1 << UInt16(index & 15)
        if takingValues {
          layer.live.weights[index] =
            theirs.weight(Int(workspace.maps.inputMap[k]), place)
        }
      }
      if l == hidden { continue }
      layer.biasOwned[o >> 4] |= 1 << UInt16(o & 15)
      if takingValues {
        layer.live.bias[o] = theirs.bias[place]
        if let norm = theirs.norm { layer.live.norm?.values.copy(norm, place, to: o) }
      }
    }
  }

  /// Soft protection: 1 - max over tasks of pi(a) pi(b), by the winners'
  /// posteriors at commit. Inputs and classes count as certain.
  private func softenRates(layer l: Int, on ticket: UnsafeMutablePointer<Ticket>) {
    let layer = working[l]
    guard let rates = layer.rates, let biasRates = layer.biasRates else { return }
    func certainty(_ l: Int, _ u: Int) -> Float {
      if l < 0 || l == hidden { return 1 }
      return ticket.pointee.layers[l].probabilities[Int(working[l].live.unitBlock[u])]
    }
    let panels = layer.live.panels
    for o in 0..<layer.units where workspace.maps.outputMap[o] >= 0 {
      let mine = certainty(l, o)
      for k in 0..<layer.inputs where workspace.maps.inputMap[k] >= 0 {
        let index = panels.index(k, o)
        let input = shapes[l].input
        let unit = input >= 0 ? k % working[input].units : k
        rates[index] = min(rates[index], 1 - mine * certainty(input, unit))
      }
      if l < hidden { biasRates[o] = min(biasRates[o], 1 - mine) }
    }
  }

  /// Where owned edges may move, gives their new values to every ticket that
  /// holds them: the paper's rule, and its forgetting.
  func writeBack() {
    for s in 0..<store.count where isOther(store.tickets[s]) {
      for l in 0..<layerCount {
        let layer = working[l]
        let theirs = store.tickets[s].pointee.layers[l]
        let panels = theirs.panels
        if mapUnits(layer: l, on: store.tickets[s], workspace.maps.outputMap) == 0 { continue }
        _ = mapInputs(layer: l, on: store.tickets[s], workspace.maps.inputMap)
        for o in 0..<layer.units where workspace.maps.outputMap[o] >= 0 {
          let place = Int(workspace.maps.outputMap[o])
          for k in 0..<layer.inputs where workspace.maps.inputMap[k] >= 0 {
            theirs.weights[panels.index(Int(workspace.maps.inputMap[k]), place)] =
              layer.live.weights[layer.live.panels.index(k, o)]
          }
          // What normalises is each task's own.
          if l < hidden, theirs.norm == nil { theirs.bias[place] = layer.live.bias[o] }
        }
      }
    }
  }

  /// Live edges that lie on earlier tickets.
  @inline(never)
  func ownedEdges() -> UInt64 {
    var sum: UInt64 = 0
    for l in 0..<layerCount where working[l].hasOwned {
      let words = working[l].live.panels.count / 16
      for w in 0..<words { sum += UInt64(working[l].owned[w].nonzeroBitCount) }
    }
    return sum
  }
}
