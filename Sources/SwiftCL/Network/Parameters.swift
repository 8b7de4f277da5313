import CSwiftCL

/// Parameters in the usual order, one row of inputs for each output.
extension Network {
  struct PackedParameters {
    var panels: Panels
    var weights: UnsafeMutablePointer<Float>
    var mask: SparseWeights?
    var bias: UnsafeMutablePointer<Float>
  }

  /// The packed layer of a task, finished or open; nil after a message.
  mutating func packed(_ number: swiftcl_task, layer: UInt32) -> PackedParameters? {
    guard let l = parameterLayer(layer) else { return nil }
    if isOpen(number) {
      if isParked { parkLive() }
      let set = candidates(l)
      return PackedParameters(
        panels: set.panels, weights: set.weights, mask: runningMask(l)?.live, bias: set.bias)
    }
    guard let ticket = ticket(number) else { return nil }
    let theirs = ticket.pointee.layers[l]
    return PackedParameters(
      panels: theirs.panels, weights: theirs.weights, mask: theirs.mask, bias: theirs.bias)
  }

  private mutating func checkCounts(_ packed: PackedParameters, weights: Int, biases: Int)
    -> swiftcl_status
  {
    let needed = packed.panels.inputs * packed.panels.outputs
    if weights < needed {
      return fail(
        SWIFTCL_E_BUFFER, "weight_count", is: weights, expected: "outputs times inputs = ", needed)
    }
    if biases < packed.panels.outputs {
      return fail(
        SWIFTCL_E_BUFFER, "bias_count", is: biases, expected: "outputs = ", packed.panels.outputs)
    }
    return SWIFTCL_OK
  }

  mutating func getParameters(
    _ number: swiftcl_task, layer: UInt32, _ weights: UnsafeMutablePointer<Float>, weightCount: Int,
    _ biases: UnsafeMutablePointer<Float>, biasCount: Int
  ) -> swiftcl_status {
    guard let packed = packed(number, layer: layer) else { return error.status }
    let status = checkCounts(packed, weights: weightCount, biases: biasCount)
    if status != SWIFTCL_OK { return status }
    if let mask = packed.mask {
      mask.unpack(to: weights, inputs: packed.panels.inputs, outputs: packed.panels.outputs)
    } else {
      packed.panels.unpack(packed.weights, to: weights)
    }
    biases.update(from: packed.bias, count: packed.panels.outputs)
    return SWIFTCL_OK
  }

  /// Sets the open task's parameters; what a finished task owns may only be
  /// set to the value it has.
  mutating func setParameters(
    _ number: swiftcl_task, layer: UInt32, _ weights: UnsafePointer<Float>, weightCount: Int,
    _ biases: UnsafePointer<Float>, biasCount: Int
  ) -> swiftcl_status {
    guard let packed = packed(number, layer: layer) else { return error.status }
    if !isOpen(number) {
      return fail(
        SWIFTCL_E_OWNED, "the finished task", is: Int(number),
        expected: "the open one; a finished task's parameters are its own")
    }
    var status = checkCounts(packed, weights: weightCount, biases: biasCount)
    if status != SWIFTCL_OK { return status }
    let panels = packed.panels
    if !allFinite(weights, panels.inputs * panels.outputs) || !allFinite(biases, panels.outputs) {
      return fail(SWIFTCL_E_NONFINITE, "weights and biases must be finite")
    }
    guard let l = parameterLayer(layer) else { return error.status }
    status = checkMasked(packed, weights)
    if status == SWIFTCL_OK { status = checkOwned(l, packed, weights, biases) }
    if status != SWIFTCL_OK { return status }
    if let mask = packed.mask {
      mask.pack(weights, inputs: panels.inputs, outputs: panels.outputs)
    } else {
      panels.pack(weights, to: packed.weights)
    }
    packed.bias.update(from: biases, count: panels.outputs)
    if isParked { packSample() }
    return SWIFTCL_OK
  }

  /// What is masked is 0.
  private mutating func checkMasked(
    _ packed: PackedParameters, _ weights: UnsafePointer<Float>
  ) -> swiftcl_status {
    guard let mask = packed.mask else { return SWIFTCL_OK }
    let inputs = packed.panels.inputs
    for o in 0..<packed.panels.outputs {
      for k in 0..<inputs where weights[o * inputs + k] != 0 && mask.entry(k, o) < 0 {
        return failMasked(o * inputs + k)
      }
    }
    return SWIFTCL_OK
  }

  private mutating func failMasked(_ index: Int) -> swiftcl_status {
    let call = call
    return withUnsafeMutablePointer(to: &error) {
      var message = ErrorRecord($0)
      message.begin(SWIFTCL_E_ARGUMENT, call)
      message.append("weights[")
      message.append(index)
      message.append("] may only be 0: it is masked (swiftcl_weight_mask)")
      return SWIFTCL_E_ARGUMENT
    }
  }

  private mutating func checkOwned(
    _ l: Int, _ packed: PackedParameters, _ weights: UnsafePointer<Float>,
    _ biases: UnsafePointer<Float>
  ) -> swiftcl_status {
    if options.protection == SWIFTCL_PROTECT_NONE || options.sharesTicket { return SWIFTCL_OK }
    let panels = packed.panels
    for s in 0..<store.count where isOther(store.tickets[s]) {
      let set = candidates(l)
      guard mapUnits(layer: l, of: set, on: store.tickets[s], workspace.maps.outputMap) > 0 else {
        continue
      }
      if l > 0 {
        _ = mapInputs(
          layer: l, of: candidates(shapes[l].input), on: store.tickets[s], workspace.maps.inputMap)
      } else {
        _ = mapAllInputs(workspace.maps.inputMap)
      }
      for o in 0..<set.units where workspace.maps.outputMap[o] >= 0 {
        for k in 0..<set.inputs where workspace.maps.inputMap[k] >= 0 {
          let given = weights[o * panels.inputs + k]
          let kept = packed.mask.map { $0.weight(k, o) } ?? packed.weights[panels.index(k, o)]
          if given.bitPattern != kept.bitPattern {
            return failOwned(
              "weights", o * panels.inputs + k, store.tickets[s].pointee.record.task)
          }
        }
        if l < hidden, !shapes[l].normalises, biases[o].bitPattern != packed.bias[o].bitPattern {
          return failOwned("biases", o, store.tickets[s].pointee.record.task)
        }
      }
    }
    return SWIFTCL_OK
  }

  private mutating func failOwned(_ name: StaticString, _ index: Int, _ owner: swiftcl_task)
    -> swiftcl_status
  {
    let call = call
    return withUnsafeMutablePointer(to: &error) {
      var message = ErrorRecord($0)
      message.begin(SWIFTCL_E_OWNED, call)
      message.append(name)
      message.append("[")
      message.append(index)
      message.append("] may only keep its value: it is owned by task ")
      message.append(Int(owner))
      return SWIFTCL_E_OWNED
    }
  }

  /// A gradient may overflow where the loss did not.
  func parametersAreFinite() -> Bool {
    for l in 0..<layerCount {
      let set = candidates(l)
      let mask = runningMask(l)?.live
      if !allFinite(mask?.values ?? set.weights, mask?.floats ?? set.panels.count)
        || !allFinite(set.bias, set.padded)
      {
        return false
      }
      guard let norm = set.norm?.values else { continue }
      if !norm.areFinite(set.units) { return false }
      for u in 0..<set.units {
        // Predictions use what these make together, which may overflow.
        let folded = NormStep.folded(norm, bias: set.bias, u)
        if !folded.factor.isFinite || !folded.summand.isFinite { return false }
      }
    }
    return true
  }
}
