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

  /// Runs rows as a step would, chunk by chunk, and takes the mean of their statistics,
  /// each chunk by its rows.
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
        let step = working[l].norm
        if writes {
          let share = Float(count) / Float(first + count)
          moveStatistics(layer: l, rows: count * shapes[l].pixels, by: share)
        } else if !allFinite(step.mean, working[l].units)
          || !allFinite(step.variance, working[l].units)
        {
          return fail(
            SWIFTCL_E_NONFINITE, "the statistics of layer", is: Float.infinity,
            expected: "finite numbers; a smaller learning_rate may help")
        }
      }
      first += count
    }
    return SWIFTCL_OK
  }
}
