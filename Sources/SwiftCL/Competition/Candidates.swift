import CSwiftCL

/// The candidates of an open task, listed from what each block was offered.
extension Network {
  /// Random winners and warm starts skip the competition.
  var picksAtOnce: Bool {
    options.sampler == SWIFTCL_SAMPLER_RANDOM || task.start == SWIFTCL_START_WARM
  }

  /// Lists the units of one layer, ascending, from its block states.
  mutating func listCandidates(layer l: Int) {
    var count = 0
    for i in 0..<shapes[l].blocks {
      working[l].probability[i] = 0
      if picksAtOnce {
        if let group = pick(layer: l, block: i) { append(group, layer: l, block: i, &count) }
        continue
      }
      visitCandidates(layer: l, block: i) { group in
        append(group, layer: l, block: i, &count)
        return true
      }
    }
    working[l].live.units = count
    working[l].live.startBlocks(shapes[l].blocks)
  }

  /// Calls `body` with the candidate groups of a block, ascending, until it
  /// returns false.
  private func visitCandidates(layer l: Int, block i: Int, _ body: (Int) -> Bool) {
    let shape = shapes[l]
    let state = working[l].blockState[i]
    if state == BlockState.abstains { return }
    // `growing` offers as many fresh groups as a block has units; each finished
    // task owns at most one.
    let grows = options.allocation == SWIFTCL_ALLOCATE_GROWING
    let limit = grows ? shape.groups + store.count : shape.groups
    var found = 0
    var ownedFound = 0
    for group in 0..<limit where found < shape.groups {
      let owned = !options.sharesTicket && isOwned(layer: l, block: i, group: group)
      var takes = true
      switch state {
      case BlockState.free: takes = !owned
      case BlockState.reuses: takes = owned
      // At least one candidate must be free to be copied into.
      case BlockState.copies: takes = !owned || ownedFound < shape.groups - 1
      default: break
      }
      if !takes { continue }
      found += 1
      if owned { ownedFound += 1 }
      if !body(group) { return }
    }
  }

  private func append(_ group: Int, layer l: Int, block i: Int, _ count: inout Int) {
    let size = shapes[l].groupSize
    for j in 0..<size {
      working[l].live.unitBlock[count] = Int32(i)
      working[l].live.unitId[count] = Int32(group * size + j)
      count += 1
    }
  }

  /// The winner of a block without competition: the previous task's on a warm
  /// start that reuses, else one by chance; nil where the block abstains.
  private func pick(layer l: Int, block i: Int) -> Int? {
    let previous = previousWinner(layer: l, block: i)
    if task.start == SWIFTCL_START_WARM, working[l].blockState[i] == BlockState.reuses,
      previous >= 0
    {
      return Int(previous)
    }
    var candidates = 0
    visitCandidates(layer: l, block: i) { _ in
      candidates += 1
      return true
    }
    if candidates == 0 { return nil }
    let bits = Random.key(
      seed: options.seed, Random.Domain.winner, UInt64(UInt32(bitPattern: task.record.task)),
      UInt64(shapes[l].leader) << 32 | UInt64(i))
    var left = Random.below(candidates, bits)
    var chosen: Int?
    visitCandidates(layer: l, block: i) { group in
      chosen = group
      left -= 1
      return left >= 0
    }
    return chosen
  }

  /// The lowest group of a block that nobody owns, for a copy-on-write winner.
  func firstFreeGroup(layer l: Int, block i: Int) -> Int? {
    let grows = options.allocation == SWIFTCL_ALLOCATE_GROWING
    let limit = grows ? shapes[l].groups + store.count : shapes[l].groups
    for group in 0..<limit where !isOwned(layer: l, block: i, group: group) { return group }
    return nil
  }
}
