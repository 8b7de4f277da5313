import CSwiftCL

/// What is known of the open task's examples, for data removal: four bits and a counter each.
/// An example is its number, below `samples`. Bounded: it never allocates.
struct FollowedExamples {
  let capacity: Int
  let countsMisses: Bool
  /// Two examples a byte.
  let flags: UnsafeMutablePointer<UInt8>
  /// Forgetting events or misses since the last removal; 255 is that many or more.
  let counters: UnsafeMutablePointer<UInt8>
  /// Whether each row of a step was right, until the step is known to have succeeded.
  let hits: UnsafeMutablePointer<UInt8>
  /// Examples of the open task; 0 while none are followed.
  var samples = 0
  /// Of these, not removed.
  var kept = 0
  /// Of those kept, seen since the last removal.
  var seen = 0
  var removals: UInt32 = 0
  /// Rows that steps followed, and how many these would have been with all examples.
  var presented: UInt64 = 0
  var whole: Double = 0
  /// Set while a step runs whose rows are followed.
  var listens = false

  enum Flag {
    static let right: UInt8 = 1
    /// Since the last removal, as the next.
    static let everRight: UInt8 = 2
    static let seen: UInt8 = 4
    static let removed: UInt8 = 8
  }

  /// One more than any counter: an example that was never right.
  static let hardest = 256

  @inline(never)
  init(_ arena: inout Arena, _ options: swiftcl_options) {
    capacity = Int(options.data_samples)
    countsMisses = options.data_rule == SWIFTCL_DATA_MISCLASSIFIED
    flags = arena.take(UInt8.self, FollowedExamples.flagBytes(capacity))
    counters = arena.take(UInt8.self, capacity)
    hits = arena.take(UInt8.self, Int(options.max_batch))
  }

  static func flagBytes(_ samples: Int) -> Int { (samples + 1) / 2 }

  /// The task is over: nothing of it is followed.
  mutating func close() { begin(0) }

  /// Follows this many examples, all kept, none seen.
  @inline(never)
  mutating func begin(_ samples: Int) {
    self.samples = samples
    kept = samples
    seen = 0
    removals = 0
    presented = 0
    whole = 0
    flags.update(repeating: 0, count: FollowedExamples.flagBytes(samples))
    counters.update(repeating: 0, count: samples)
  }

  // MARK: one example

  func state(_ example: Int) -> UInt8 {
    flags[example >> 1] >> UInt8(truncatingIfNeeded: (example & 1) << 2) & 15
  }

  func set(_ example: Int, _ state: UInt8) {
    let shift = UInt8(truncatingIfNeeded: (example & 1) << 2)
    flags[example >> 1] = flags[example >> 1] & ~(15 << shift) | state << shift
  }

  func isKept(_ example: Int) -> Bool { state(example) & Flag.removed == 0 }

  /// Takes an example out until `release`; false where there is none, or it is out already.
  func claim(_ id: UInt32) -> Bool {
    guard UInt64(id) < UInt64(samples), isKept(Int(id)) else { return false }
    set(Int(id), state(Int(id)) | Flag.removed)
    return true
  }

  func release(_ id: UInt32) { set(Int(id), state(Int(id)) & ~Flag.removed) }

  /// Takes down that a kept example was presented.
  mutating func note(_ example: Int, isRight: Bool) {
    let before = state(example)
    if before & Flag.seen == 0 { seen += 1 }
    let wasRight = before & Flag.right != 0
    let counts = !isRight && (countsMisses || wasRight)
    if counts && counters[example] < 255 { counters[example] += 1 }
    let now = isRight ? Flag.right | Flag.everRight : 0
    set(example, before & Flag.everRight | Flag.seen | now)
    presented &+= 1
    whole += Double(samples) / Double(kept)
  }

  private func hardness(_ example: Int) -> Int {
    if !countsMisses && state(example) & Flag.everRight == 0 { return FollowedExamples.hardest }
    return Int(counters[example])
  }

  /// Seen since the last removal, and kept.
  private func isCandidate(_ example: Int) -> Bool {
    state(example) & (Flag.seen | Flag.removed) == Flag.seen
  }

  // MARK: removal

  /// Candidates at most this hard.
  private func candidates(upTo hardness: Int) -> Int {
    var count = 0
    for example in 0..<samples where isCandidate(example) && self.hardness(example) <= hardness {
      count += 1
    }
    return count
  }

  /// Removes the easiest candidates, those of one hardness by chance, and begins anew to count.
  /// Returns how many they were: not all that are wanted may have been seen.
  @inline(never)
  mutating func removeEasiest(_ wanted: Int, _ key: UInt64) -> Int {
    let count = min(wanted, seen)
    if count > 0 { remove(count, key) }
    kept -= count
    seen = 0
    removals &+= 1
    for byte in 0..<FollowedExamples.flagBytes(samples) {
      flags[byte] &= Flag.removed << 4 | Flag.removed
    }
    counters.update(repeating: 0, count: samples)
    return count
  }

  private func remove(_ count: Int, _ key: UInt64) {
    // The hardness of the hardest that go.
    var limit = 0
    var above = FollowedExamples.hardest
    while limit < above {
      let middle = (limit + above) / 2
      if candidates(upTo: middle) >= count { above = middle } else { limit = middle + 1 }
    }
    let easier = candidates(upTo: limit - 1)
    var left = count - easier
    var rest = candidates(upTo: limit) - easier
    for example in 0..<samples where isCandidate(example) {
      let hardness = hardness(example)
      if hardness > limit { continue }
      if hardness == limit {
        // Each of those left with the chance that every one of them has.
        let goes = Random.below(rest, Random.key(key, UInt64(example))) < left
        rest -= 1
        if !goes { continue }
        left -= 1
      }
      set(example, state(example) | Flag.removed)
    }
  }
}

extension Home {
  /// Lays it, where examples are followed.
  mutating func layData(_ arena: inout Arena, _ options: swiftcl_options) {
    if !Features.all || options.data_samples == 0 { return }
    let before = arena.used
    data = arena.take(FollowedExamples.self, 1)
    examples = FollowedExamples(&arena, options)
    dataBytes = arena.used - before
  }
}
