import CSwiftCL

/// Room for finished tickets: one block each from the allocator, or a region
/// of the caller's memory that is kept without gaps.
struct TicketStore {
  var memory: Memory
  /// nil: blocks come from the allocator.
  var region: UnsafeMutableRawPointer?
  /// Most bytes all tickets may take together.
  var budget: Int
  private(set) var used = 0
  private(set) var peak = 0

  var tickets: UnsafeMutablePointer<UnsafeMutablePointer<Ticket>>
  var count = 0
  var capacity: Int
  /// Parameters of all tasks, where they share one ticket.
  var shared: UnsafeMutablePointer<Ticket>?

  init(
    memory: Memory, region: UnsafeMutableRawPointer?, budget: Int,
    tickets: UnsafeMutablePointer<UnsafeMutablePointer<Ticket>>, capacity: Int
  ) {
    self.memory = memory
    self.region = region
    self.budget = budget
    self.tickets = tickets
    self.capacity = capacity
  }

  /// Inlined: a prediction asks here first, and a call would copy the store.
  @inline(__always)
  private func place(of task: swiftcl_task)
    -> UnsafeMutablePointer<UnsafeMutablePointer<Ticket>>?
  {
    var at = tickets
    let end = tickets + count
    while at < end {
      if at.pointee.pointee.record.task == task { return at }
      at += 1
    }
    return nil
  }

  func index(of task: swiftcl_task) -> Int? {
    place(of: task).map { $0 - tickets }
  }

  /// The ticket of a finished task.
  @inline(__always)
  func ticket(of task: swiftcl_task) -> UnsafeMutablePointer<Ticket>? {
    place(of: task)?.pointee
  }

  func has(room bytes: Int) -> Bool {
    bytes <= budget - used
  }

  /// A block for one ticket; nil when the budget or the allocator is spent.
  mutating func take(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard has(room: bytes) else { return nil }
    let block: UnsafeMutableRawPointer
    if let region {
      block = region + used
    } else {
      guard let fresh = memory.allocate(bytes) else { return nil }
      block = fresh
    }
    used += bytes
    peak = max(peak, used)
    return block
  }

  mutating func append(_ ticket: UnsafeMutablePointer<Ticket>) {
    tickets[count] = ticket
    count += 1
  }

  mutating func remove(at index: Int) {
    let ticket = tickets[index]
    for i in index..<count - 1 { tickets[i] = tickets[i + 1] }
    count -= 1
    give(back: ticket)
    if count == 0, let last = shared {
      shared = nil
      give(back: last)
    }
  }

  /// Closes the gap that a ticket leaves, so that the region stays one piece.
  private mutating func give(back ticket: UnsafeMutablePointer<Ticket>) {
    let bytes = ticket.pointee.bytes
    guard let region else {
      memory.release(UnsafeMutableRawPointer(ticket), bytes)
      used -= bytes
      return
    }
    let gap = UnsafeMutableRawPointer(ticket)
    let rest = region + used - (gap + bytes)
    gap.copyMemory(from: gap + bytes, byteCount: rest)
    used -= bytes
    func follow(_ moved: UnsafeMutablePointer<Ticket>) -> UnsafeMutablePointer<Ticket> {
      if UnsafeMutableRawPointer(moved) < gap { return moved }
      let place = (UnsafeMutableRawPointer(moved) - bytes).assumingMemoryBound(to: Ticket.self)
      place.pointee.follow(-bytes)
      return place
    }
    for i in 0..<count { tickets[i] = follow(tickets[i]) }
    if let kept = shared { shared = follow(kept) }
  }

  /// Undoes the first half of opening a shared ticket.
  mutating func dropShared() {
    guard let last = shared else { return }
    shared = nil
    give(back: last)
  }

  mutating func removeAll() {
    if region == nil {
      for i in 0..<count {
        memory.release(UnsafeMutableRawPointer(tickets[i]), tickets[i].pointee.bytes)
      }
      if let shared { memory.release(UnsafeMutableRawPointer(shared), shared.pointee.bytes) }
    }
    count = 0
    used = 0
    shared = nil
  }
}
