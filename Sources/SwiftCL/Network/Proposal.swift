import CSwiftCL

/// The ladder of swiftcl_network_propose: settings of a description from the one that changes least
/// and runs fastest to the one that changes most, and the first whose plan fits a number of bytes.
/// Every step keeps what the steps before it changed.
struct Proposal {
  let bytes: UInt64
  let allowed: UInt32
  /// The setting that is looked at now.
  private(set) var options: swiftcl_options
  private let given: swiftcl_options
  private var report = swiftcl_proposal()
  /// Of all settings so far, the one that needs least.
  private(set) var least: swiftcl_plan?

  /// What is kept and what is made again at once are about as much where n is the square root of the
  /// number of layers, of which there are at most 32: larger n save nothing more.
  private static let mostLevels = 8

  /// Top-2 learns as much with half the usual time to compete.
  static let competeShare: Float = 0.05

  init(_ given: swiftcl_options, bytes: UInt64, allowed: UInt32) {
    self.given = given
    options = given
    self.bytes = bytes
    self.allowed = allowed
  }

  /// What was found; nil where not even the last setting fits.
  mutating func find() -> swiftcl_proposal? {
    guard fits() || storesBytes() || halvesDraws() || halvesBatch() || keepsFewerRows() else {
      return nil
    }
    report.affects = report.changes & ~SWIFTCL_CHANGE_RECOMPUTE
    if report.changes & SWIFTCL_CHANGE_SAMPLER != 0 { report.compete_share = Proposal.competeShare }
    return report
  }

  private func may(_ change: UInt32) -> Bool { allowed & change != 0 }

  /// The setting as it stands; or with outputs computed again; or with two candidates of a block at a
  /// time, without and with that.
  @inline(never)
  private mutating func fits() -> Bool {
    if fitsOrRemakes() { return true }
    if !may(SWIFTCL_CHANGE_SAMPLER) || !Features.all || samplesFew || !competesByMore {
      return false
    }
    options.sampler = SWIFTCL_SAMPLER_TOP_K
    options.top_k = 2
    report.changes |= SWIFTCL_CHANGE_SAMPLER
    if fitsOrRemakes() { return true }
    // Candidates that wait take room as well: in small steps that is more than it saves.
    options.sampler = given.sampler
    options.top_k = given.top_k
    report.changes &= ~SWIFTCL_CHANGE_SAMPLER
    return false
  }

  @inline(never)
  private mutating func fitsOrRemakes() -> Bool {
    options.recompute = given.recompute
    report.changes &= ~SWIFTCL_CHANGE_RECOMPUTE
    if isPlannedWithin() { return true }
    if !may(SWIFTCL_CHANGE_RECOMPUTE) || !Features.all { return false }
    let most = min(options.parameterLayers - 1, Proposal.mostLevels)
    report.changes |= SWIFTCL_CHANGE_RECOMPUTE
    var n = max(2, Int(given.recompute) + 1)
    while n <= most {
      options.recompute = UInt32(n)
      if isPlannedWithin() { return true }
      n += 1
    }
    return false
  }

  @inline(never)
  private mutating func isPlannedWithin() -> Bool {
    let whole = Network.complete(options)
    let plan = MemoryPlan.measure(whole)?.report(whole)
    report.total_bytes = plan?.total_bytes ?? UInt64.max
    if report.tried == 0 { report.described_bytes = report.total_bytes }
    report.tried += 1
    guard let plan else { return false }
    if plan.total_bytes < least?.total_bytes ?? UInt64.max { least = plan }
    return plan.total_bytes <= bytes
  }

  /// Whether no more than two run as it is.
  private var samplesFew: Bool {
    given.sampler == SWIFTCL_SAMPLER_RANDOM
      || (given.sampler == SWIFTCL_SAMPLER_TOP_K && given.top_k <= 2)
  }

  /// Top-k is refused where rows compete, also in another layer.
  @inline(never)
  private var competesByMore: Bool {
    var found = false
    var rowsCompete = false
    LayerGraph.each(options) { _, shape in
      if shape.competes && shape.blockSize > 2 { found = true }
      if shape.perSample { rowsCompete = true }
    }
    return found && !rowsCompete
  }

  private mutating func halvesDraws() -> Bool {
    if !may(SWIFTCL_CHANGE_DRAWS) || options.recalledRows == 0 { return false }
    while options.replay_batch > 1 {
      options.replay_batch = (options.replay_batch + 1) / 2
      report.changes |= SWIFTCL_CHANGE_DRAWS
      if fits() { return true }
    }
    return false
  }

  private mutating func halvesBatch() -> Bool {
    if !may(SWIFTCL_CHANGE_BATCH) { return false }
    while options.max_batch > 1 {
      options.max_batch = (options.max_batch + 1) / 2
      report.changes |= SWIFTCL_CHANGE_BATCH
      if fits() { return true }
    }
    return false
  }

  /// As many rows, in eight bits an element.
  private mutating func storesBytes() -> Bool {
    if !may(SWIFTCL_CHANGE_REPLAY_U8) || options.storesBytes || !options.couldStoreBytes {
      return false
    }
    options.replay_rows = UInt32(options.replayCapacity)
    options.replay_u8 = 1
    report.changes |= SWIFTCL_CHANGE_REPLAY_U8
    return fits()
  }

  /// The most rows of the replay memory that fit.
  private mutating func keepsFewerRows() -> Bool {
    if !may(SWIFTCL_CHANGE_ROWS) || !options.hasReplayMemory { return false }
    var most = options.replayCapacity
    if most <= 1 { return false }
    report.changes |= SWIFTCL_CHANGE_ROWS
    options.replay_rows = 1
    if !fits() { return false }
    var fewest = 1
    // `fewest` fits and `most` does not.
    while most - fewest > 1 {
      let middle = fewest + (most - fewest) / 2
      options.replay_rows = UInt32(middle)
      if fits() { fewest = middle } else { most = middle }
    }
    options.replay_rows = UInt32(fewest)
    return fits()
  }
}

extension swiftcl_plan {
  /// The part of the total that takes most, and its name.
  var largest: (name: StaticString, bytes: UInt64) {
    var found: (name: StaticString, bytes: UInt64) = ("network_bytes", network_bytes)
    func look(_ name: StaticString, _ bytes: UInt64) {
      if bytes > found.bytes { found = (name, bytes) }
    }
    look("working_set_bytes", working_set_bytes)
    look("optimizer_bytes", optimizer_bytes)
    look("competition_bytes", competition_bytes)
    look("activation_bytes", activation_bytes)
    look("ticket_bytes", ticket_bytes)
    look("replay_bytes", replay_bytes)
    look("class_head_bytes", class_head_bytes)
    look("mask_bytes", mask_bytes)
    look("data_bytes", data_bytes)
    return found
  }
}

extension ErrorRecord {
  /// Nothing on the ladder fits: how much is missing, and where most of it goes.
  static func failFit(
    _ record: UnsafeMutablePointer<swiftcl_error>, _ call: StaticString, bytes: UInt64,
    _ least: swiftcl_plan
  ) -> swiftcl_status {
    var message = ErrorRecord(record)
    message.begin(SWIFTCL_E_BUFFER, call)
    message.append("bytes is ")
    message.append(Int(shown: bytes))
    message.append(", expected at least ")
    message.append(Int(shown: least.total_bytes))
    message.append(", the least of what is allowed: ")
    message.append(Int(shown: least.total_bytes - bytes))
    message.append(" are missing, and most of it is ")
    let largest = least.largest
    message.append(largest.name)
    message.append(" = ")
    message.append(Int(shown: largest.bytes))
    return SWIFTCL_E_BUFFER
  }
}
