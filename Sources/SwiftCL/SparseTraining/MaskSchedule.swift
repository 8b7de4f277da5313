import CSwiftCL

/// When masks change, in steps of a task: B.2's epochs, as the caller converted them.
extension swiftcl_options {
  /// Phases of the caller's schedule, or of the one that the other fields make.
  var phaseCount: Int {
    if mask_phase_count > 0 { return Int(mask_phase_count) }
    return mask_final_step > 0 ? 3 : 2
  }

  /// Phase `p`: inter-task expansion, then intra-task shrink and expand, then none.
  func phase(_ p: Int) -> swiftcl_mask_phase {
    if mask_phase_count > 0, let mask_phases { return mask_phases[p] }
    switch p {
    case 0:
      return swiftcl_mask_phase(
        step: 0, prune_to: sparsity, grow_to: max(0, sparsity - mask_inter))
    case 1:
      let final = mask_final_step > 0 ? UInt64(mask_final_step) : UInt64.max
      let step = min(UInt64(mask_interval), final)
      return swiftcl_mask_phase(
        step: step, prune_to: min(1, sparsity + mask_intra), grow_to: sparsity)
    default:
      return swiftcl_mask_phase(
        step: UInt64(mask_final_step), prune_to: sparsity, grow_to: sparsity)
    }
  }

  /// What an update at a step of a task does; nil where there is none.
  func maskUpdate(at step: UInt64) -> swiftcl_mask_phase? {
    if !hasMasks || masksStand || mask_interval == 0 || step % UInt64(mask_interval) != 0 {
      return nil
    }
    var found = phase(0)
    for p in 1..<max(1, phaseCount) where phase(p).step <= step { found = phase(p) }
    return found
  }
}
