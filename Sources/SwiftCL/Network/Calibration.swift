import CSwiftCL

/// Statistics of normalisations, estimated anew from rows of the caller's choice.
extension Network {
  mutating func calibrate(_ inputs: UnsafeRawPointer, rows: Int) -> swiftcl_status {
    if !task.isOpen { return fail(SWIFTCL_E_STATE, "no task is open") }
    if task.phase == SWIFTCL_PHASE_COMPETE {
      return fail(
        SWIFTCL_E_STATE, "the task still competes: its statistics restart at the commit")
    }
    var status = checkRowCount(rows)
    if status == SWIFTCL_OK { status = checkRows(inputs, count: rows) }
    // Nothing is written before every chunk is known to have finite statistics.
    if status == SWIFTCL_OK { status = estimate(inputs, rows: rows, writes: false) }
    if status == SWIFTCL_OK { status = estimate(inputs, rows: rows, writes: true) }
    return status
  }

  /// Runs rows as a step would, chunk by chunk, and takes together what they have: mean and
  /// variance of all rows, those between the chunks as well.
  private mutating func estimate(_ inputs: UnsafeRawPointer, rows: Int, writes: Bool)
    -> swiftcl_status
  {
    var first = 0
    while first < rows {
      let count = min(batch, rows - first)
      guard let x = load(inputs, first: first, count: count) else { return error.status }
      for l in 0..<hidden {
        forward(layer: l, surface(below: l, x), samples: count, trains: true)
        if shapes[l].isPooled { pool(layer: l, samples: count) }
        if !shapes[l].normalises { continue }
        if !writes {
          if !statisticsAreFinite(layer: l) { return failStatistics(layer: l) }
          continue
        }
        takeStatistics(
          layer: l, share: Float(count) / Float(first + count), ofOne: count * shapes[l].pixels == 1
        )
        if first + count == rows { scaleVariance(layer: l, rows: rows * shapes[l].pixels) }
      }
      first += count
    }
    return SWIFTCL_OK
  }

  mutating func failStatistics(layer l: Int) -> swiftcl_status {
    fail(
      SWIFTCL_E_NONFINITE, "the mean or variance behind layer", is: shapes[l].slot,
      expected: "a finite number; smaller inputs or a smaller learning_rate may help")
  }

  /// Adds a chunk's statistics to those of the chunks before; it is this share of all.
  private func takeStatistics(layer l: Int, share: Float, ofOne: Bool) {
    let step = working[l].norm
    guard let norm = working[l].live.norm?.values else { return }
    for u in 0..<working[l].units {
      let variance = ofOne ? 0 : step.variance[u]
      if share >= 1 {
        norm.mean[u] = step.mean[u]
        norm.variance[u] = variance
        continue
      }
      let apart = step.mean[u] - norm.mean[u]
      norm.mean[u] += share * apart
      norm.variance[u] +=
        share * (variance - norm.variance[u]) + share * (1 - share) * apart * apart
    }
  }

  private func scaleVariance(layer l: Int, rows: Int) {
    guard let norm = working[l].live.norm?.values else { return }
    for u in 0..<working[l].units { norm.variance[u] *= unbiased(rows) }
  }
}
