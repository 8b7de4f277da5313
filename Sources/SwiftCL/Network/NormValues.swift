import CSwiftCL

/// Scales and statistics of normalisations, read and written by the caller.
extension Network {
  /// The layer that a batch normalisation of the description belongs to; nil after a message.
  private mutating func normalised(_ slot: UInt32) -> Int? {
    for l in 0..<hidden
    where shapes[l].normalises && UInt32(truncatingIfNeeded: shapes[l].slot) &+ 1 == slot {
      return l
    }
    _ = fail(
      SWIFTCL_E_ARGUMENT, "layer", is: Int(shown: UInt(slot)),
      expected: "the index of a batch normalisation in the description")
    return nil
  }

  /// What a task's normalisation has; nil after a message.
  private mutating func norm(_ number: swiftcl_task, layer: UInt32, count: Int)
    -> (values: NormParameters, units: Int)?
  {
    guard let l = normalised(layer) else { return nil }
    var found: (values: NormParameters, units: Int)?
    if isOpen(number) {
      if isParked { parkLive() }
      let set = candidates(l)
      found = set.norm.map { ($0.values, set.units) }
    } else {
      guard let ticket = ticket(number) else { return nil }
      let theirs = ticket.pointee.layers[l]
      found = theirs.norm.map { ($0, theirs.size.units) }
    }
    if let found, count < found.units {
      _ = fail(SWIFTCL_E_BUFFER, "count", is: count, expected: "units = ", found.units)
      return nil
    }
    return found
  }

  mutating func getNorm(
    _ number: swiftcl_task, layer: UInt32, _ target: NormParameters, count: Int
  ) -> swiftcl_status {
    guard let norm = norm(number, layer: layer, count: count) else { return error.status }
    target.copy(norm.values, norm.units)
    return SWIFTCL_OK
  }

  mutating func setNorm(
    _ number: swiftcl_task, layer: UInt32, _ source: NormParameters, count: Int
  ) -> swiftcl_status {
    guard let norm = norm(number, layer: layer, count: count) else { return error.status }
    if !isOpen(number) {
      return fail(
        SWIFTCL_E_OWNED, "the finished task", is: Int(number),
        expected: "the open one; a finished task's normalisation is its own")
    }
    if !source.areFinite(norm.units) {
      return fail(SWIFTCL_E_NONFINITE, "scale, mean and variance must be finite")
    }
    for u in 0..<norm.units where source.variance[u] < 0 {
      return fail(
        SWIFTCL_E_ARGUMENT, "variance of a unit", is: source.variance[u], expected: "0 or more")
    }
    norm.values.copy(source, norm.units)
    if isParked { packSample() }
    return SWIFTCL_OK
  }
}
