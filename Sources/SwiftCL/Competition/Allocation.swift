import CSwiftCL

/// Which units a new task may win: decided per block before it learns anything,
/// as a hard candidate set (measured: a prior or a bias is overrun).
extension Network {
  // MARK: ownership of groups

  @inline(never)
  func isOwned(layer l: Int, block i: Int, group: Int) -> Bool {
    for s in 0..<store.count where store.tickets[s].pointee.layers[l].winners[i] == Int32(group) {
      return true
    }
    return false
  }

  /// Groups of a block that no finished task owns, of those a task may be offered.
  @inline(never)
  func freeGroups(layer l: Int, block i: Int) -> Int {
    let groups = shapes[l].groups
    if options.allocation == SWIFTCL_ALLOCATE_GROWING { return groups }
    var free = 0
    for g in 0..<groups where !isOwned(layer: l, block: i, group: g) { free += 1 }
    return free
  }

  @inline(never)
  func ownsAny(layer l: Int, block i: Int) -> Bool {
    for s in 0..<store.count where store.tickets[s].pointee.layers[l].winners[i] >= 0 {
      return true
    }
    return false
  }

  /// One more than the largest group a block may hold: J, or as far as `growing` went.
  @inline(never)
  func groupLimit(layer l: Int) -> Int {
    var limit = shapes[l].groups
    for s in 0..<store.count {
      let layer = store.tickets[s].pointee.layers[l]
      for i in 0..<layer.size.blocks { limit = max(limit, Int(layer.winners[i]) + 1) }
    }
    return limit
  }

  private func key(_ domain: UInt64, task: swiftcl_task, layer l: Int, block i: Int) -> UInt64 {
    Random.key(
      seed: options.seed, domain, UInt64(UInt32(bitPattern: task)),
      UInt64(shapes[l].leader) << 32 | UInt64(i))
  }

  // MARK: what each block is offered

  /// Fills `states` for one layer; E_CAPACITY when not even an eighth of the
  /// blocks can take part.
  func offer(
    layer l: Int, task: swiftcl_task, start: Int32, _ states: UnsafeMutablePointer<UInt8>
  ) -> swiftcl_status {
    let shape = shapes[l]
    if options.sharesTicket {
      for i in 0..<shape.blocks { states[i] = BlockState.any }
      return SWIFTCL_OK
    }
    let reuse = options.unserved == SWIFTCL_UNSERVED_REUSE || start != SWIFTCL_START_FRESH
    var served = 0
    for i in 0..<shape.blocks {
      states[i] = offer(layer: l, block: i, task: task, start: start, reuse: reuse)
      if states[i] != BlockState.abstains { served += 1 }
    }
    return served >= shape.floorBlocks
      ? SWIFTCL_OK : fillUp(layer: l, task: task, served: served, states)
  }

  private func offer(
    layer l: Int, block i: Int, task: swiftcl_task, start: Int32, reuse: Bool
  ) -> UInt8 {
    let free = freeGroups(layer: l, block: i)
    if options.allocation == SWIFTCL_ALLOCATE_ANY {
      return offerAny(layer: l, block: i, start: start, free: free)
    }
    if isServed(layer: l, block: i, task: task, free: free) {
      return start == SWIFTCL_START_COPY_ON_WRITE && ownsAny(layer: l, block: i)
        ? BlockState.copies : BlockState.free
    }
    guard reuse, ownsAny(layer: l, block: i) else { return BlockState.abstains }
    if start == SWIFTCL_START_WARM, previousWinner(layer: l, block: i) < 0 {
      return BlockState.abstains
    }
    return BlockState.reuses
  }

  /// Ownership is ignored, but starts that copy need a free unit to copy into.
  private func offerAny(layer l: Int, block i: Int, start: Int32, free: Int) -> UInt8 {
    if start == SWIFTCL_START_WARM { return free > 0 ? BlockState.free : BlockState.reuses }
    let copies = start == SWIFTCL_START_COPY_ON_WRITE && free > 0 && ownsAny(layer: l, block: i)
    return copies ? BlockState.copies : BlockState.any
  }

  /// The fair share (docs/algorithms.md): with f free units, t tasks seen and T
  /// expected, a free unit with probability min(1, f / (T - t)).
  private func isServed(layer l: Int, block i: Int, task: swiftcl_task, free: Int) -> Bool {
    if free == 0 { return false }
    if options.allocation != SWIFTCL_ALLOCATE_FAIR { return true }
    let seen = store.count
    let expected =
      options.expected_tasks > 0
      ? Int(options.expected_tasks) : max(shapes[l].groups, 2 * (seen + 1))
    let remaining = max(1, expected - seen)
    if free >= remaining { return true }
    let chance = Float(free) / Float(remaining)
    return Random.uniform(key(Random.Domain.allocation, task: task, layer: l, block: i)) < chance
  }

  /// A task that would be an empty network gets owned units instead, in random
  /// blocks, and free ones where there are none owned.
  private func fillUp(
    layer l: Int, task: swiftcl_task, served: Int, _ states: UnsafeMutablePointer<UInt8>
  ) -> swiftcl_status {
    let shape = shapes[l]
    var served = served
    let order = key(Random.Domain.floor, task: task, layer: l, block: 0)
    for pass in 0..<2 {
      for n in 0..<shape.blocks where served < shape.floorBlocks {
        let i = Random.permuted(n, of: shape.blocks, key: order)
        if states[i] != BlockState.abstains { continue }
        if pass == 0, ownsAny(layer: l, block: i) {
          states[i] = BlockState.reuses
          served += 1
        } else if pass == 1, freeGroups(layer: l, block: i) > 0 {
          states[i] = BlockState.free
          served += 1
        }
      }
    }
    return served >= shape.floorBlocks ? SWIFTCL_OK : SWIFTCL_E_CAPACITY
  }

  /// Group that the task before won in a block, or -1.
  func previousWinner(layer l: Int, block i: Int) -> Int32 {
    store.count == 0 ? -1 : store.tickets[store.count - 1].pointee.layers[l].winners[i]
  }
}
