import CSwiftCL

/// Checks what a description says of masks.
extension DescriptionCheck {
  func checkSparsity(_ o: swiftcl_options) -> swiftcl_status {
    var status = real("sparsity", o.sparsity, 0, Float(1).nextDown, "0 to below 1")
    if status == SWIFTCL_OK { status = checkKind(o) }
    if status == SWIFTCL_OK {
      status = choice("mask_budget", o.mask_budget, upTo: SWIFTCL_BUDGET_GLOBAL)
    }
    if status == SWIFTCL_OK {
      status = range("mask_interval", o.mask_interval, 0, Int(Int32.max), "0 or more")
    }
    if status == SWIFTCL_OK {
      status = range("mask_final_step", o.mask_final_step, 0, Int(Int32.max), "0 or more")
    }
    if status == SWIFTCL_OK { status = real("mask_intra", o.mask_intra, 0, 1, "0 to 1") }
    if status == SWIFTCL_OK { status = real("mask_inter", o.mask_inter, 0, 1, "0 to 1") }
    if status == SWIFTCL_OK { status = real("score_current", o.score_current, 0, 1e6, "0 to 1e6") }
    if status == SWIFTCL_OK { status = real("score_replay", o.score_replay, 0, 1e6, "0 to 1e6") }
    if status == SWIFTCL_OK {
      status = choice("regrowth", o.regrowth, upTo: SWIFTCL_REGROW_GRADIENT)
    }
    if status == SWIFTCL_OK {
      status = range("gradient_interval", o.gradient_interval, 1, Int(Int32.max), "1 or more")
    }
    if status == SWIFTCL_OK { status = checkGradients(o) }
    if status == SWIFTCL_OK { status = checkPhases(o) }
    if status == SWIFTCL_OK && o.hasMasks { status = checkMasked(o) }
    return status
  }

  private func checkKind(_ o: swiftcl_options) -> swiftcl_status {
    let kind = o.sparsity_kind
    let filter = SWIFTCL_SPARSITY_FILTER
    let base = kind & ~filter
    let known =
      base == SWIFTCL_SPARSITY_IRREGULAR || base == SWIFTCL_SPARSITY_BLOCK
      || base == SWIFTCL_SPARSITY_PATTERN || kind == filter
    if !known {
      return refuse(
        "sparsity_kind", is: Int(kind),
        expected:
          "SWIFTCL_SPARSITY_IRREGULAR, _BLOCK or _PATTERN, with or without _FILTER, or _FILTER")
    }
    if base == SWIFTCL_SPARSITY_PATTERN && o.hasMasks && o.sparsity < 5 / 9 as Float {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "sparsity", is: o.sparsity,
        expected: "at least 5/9 = 0.5556 with SWIFTCL_SPARSITY_PATTERN")
    }
    return SWIFTCL_OK
  }

  private func checkGradients(_ o: swiftcl_options) -> swiftcl_status {
    let status = real(
      "gradient_sparsity", o.gradient_sparsity, 0, Float(1).nextDown, "0 to below 1")
    if status != SWIFTCL_OK || o.gradient_sparsity == 0 { return status }
    if !o.hasMasks || o.gradient_sparsity < o.sparsity {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "gradient_sparsity", is: o.gradient_sparsity,
        expected: "0, or at least sparsity where that is above 0")
    }
    return SWIFTCL_OK
  }

  private func checkPhases(_ o: swiftcl_options) -> swiftcl_status {
    if o.mask_phase_count == 0 { return SWIFTCL_OK }
    let status = range(
      "mask_phase_count", o.mask_phase_count, 0, Int(SWIFTCL_MAX_MASK_PHASES), "0 to 8")
    if status != SWIFTCL_OK { return status }
    guard let phases = o.mask_phases else {
      return ErrorRecord.fail(
        error, SWIFTCL_E_NULL, call, "mask_phases is NULL although mask_phase_count is not 0")
    }
    for p in 0..<Int(o.mask_phase_count) {
      let phase = phases[p]
      if p == 0 ? phase.step != 0 : phase.step <= phases[p - 1].step {
        return refuse(
          "step of a mask phase", is: Int(shown: phase.step),
          expected: "0 for the first, then more than that of the one before; it is phase ", p)
      }
      var status = real("prune_to of a mask phase", phase.prune_to, 0, 1, "0 to 1")
      if status == SWIFTCL_OK {
        status = real("grow_to of a mask phase", phase.grow_to, 0, 1, "0 to 1")
      }
      if status != SWIFTCL_OK { return status }
      if phase.grow_to > phase.prune_to {
        return ErrorRecord.fail(
          error, SWIFTCL_E_ARGUMENT, call, "grow_to of a mask phase", is: phase.grow_to,
          expected: "at most its prune_to")
      }
    }
    return SWIFTCL_OK
  }

  /// What a network with masks cannot be besides.
  private func checkMasked(_ o: swiftcl_options) -> swiftcl_status {
    if o.mask_phase_count == 0 && o.mask_interval > 0 && !(o.sparsity + o.mask_intra < 1) {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "mask_intra", is: o.mask_intra,
        expected: "less than what sparsity leaves of 1")
    }
    if !o.sharesTicket && o.protection != SWIFTCL_PROTECT_FROZEN {
      return refuse(
        "protection", is: Int(o.protection),
        expected: "SWIFTCL_PROTECT_FROZEN with sparsity, unless tasks share one ticket")
    }
    var masked: UInt32 = 0
    var largest = 0
    var planeFloats = 0
    var head = 0
    LayerGraph.each(o) { l, shape in
      if shape.isHead { head = l }
      if !o.masks(l, shape) { return }
      masked |= 1 << UInt32(l)
      largest = max(largest, BufferPlan.product(shape.inputs, Panels.pad(shape.width)))
      // Places in planes are counted by 32 bits.
      let planes = Planes(shape, inputs: shape.winnerInputs, samples: o.stepRows)
      planeFloats = max(
        planeFloats, BufferPlan.product(planes.channels, planes.planeStride))
    }
    if o.masked_layers >> UInt32(head) != 0 {
      return refuse(
        "masked_layers", is: Int(o.masked_layers),
        expected: "bits of layers with parameters below the head, which is number ", head)
    }
    if masked == 0 {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "sparsity", is: o.sparsity,
        expected: "0 where there is no layer that could be masked")
    }
    if largest > Int(Int32.max) / 2 {
      return refuse(
        "weights of a masked layer", is: largest, expected: "at most ", Int(Int32.max) / 2)
    }
    if planeFloats > Int(Int32.max) / 2 {
      return refuse(
        "floats of a masked layer's lines under its windows", is: planeFloats,
        expected: "at most ", Int(Int32.max) / 2)
    }
    return SWIFTCL_OK
  }
}
