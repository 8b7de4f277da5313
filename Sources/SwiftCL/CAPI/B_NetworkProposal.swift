import CSwiftCL

/// Looks for options by which the described network fits into a number of bytes. Settings are planned
/// one after the other: as described; as many rows stored in eight bits (replay_u8), where replay_low and
/// replay_high are a range; replay_batch halved, down to 1; max_batch halved, down to 1; as many
/// replay_rows as there is room for; each with all changes of those before it. Every setting is tried
/// as it is; with `recompute` of 2, 3 and so on, which is slower and has the same results; with two
/// candidates of a block at a time, which is faster and has others; with both (docs/concepts.md, "What
/// fits"). Of the changes only those are made that `allowed` names; the first setting that fits is the
/// proposal. Builds nothing.
///
/// - Parameter options: the description; read only.
/// - Parameter bytes: what there is: of the memory that swiftcl_network_create_in is to get.
/// - Parameter allowed: SWIFTCL_CHANGE_ bits; 0 only tells whether the description fits as it is.
/// - Parameter proposed: struct_size set by the caller; written on success: the options, changed, for
///   swiftcl_network_plan and swiftcl_network_create_in. It points to the caller's arrays, as `options`
///   does, and may be the same struct.
/// - Parameter report: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT, _ARGUMENT or _NONFINITE for a bad description, and
///   _ARGUMENT for unknown bits of `allowed`; SWIFTCL_E_BUFFER when nothing allowed fits, with the least
///   bytes that would do, how many are missing, and the largest part of the plan; SWIFTCL_E_MEMORY when
///   no setting fits the address space. Any thread. Since 0.1.
@c(swiftcl_network_propose)
public func swiftcl_network_propose(
  _ options: UnsafePointer<swiftcl_options>?, _ bytes: UInt64, _ allowed: UInt32,
  _ proposed: UnsafeMutablePointer<swiftcl_options>?,
  _ report: UnsafeMutablePointer<swiftcl_proposal>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_network_propose"
  let error = Boundary.threadError
  guard let options else { return failThread(SWIFTCL_E_NULL, call, "options is NULL") }
  guard let proposed else { return failThread(SWIFTCL_E_NULL, call, "proposed is NULL") }
  guard let report else { return failThread(SWIFTCL_E_NULL, call, "report is NULL") }
  guard
    Boundary.accepts(proposed, MemoryLayout<swiftcl_options>.size, "proposed", call, error),
    Boundary.accepts(report, MemoryLayout<swiftcl_proposal>.size, "report", call, error),
    let given = Boundary.readOptions(options, "options", call, error)
  else { return SWIFTCL_E_STRUCT }
  var status = Network.check(given, call, error)
  if status != SWIFTCL_OK { return status }
  let known =
    SWIFTCL_CHANGE_RECOMPUTE | SWIFTCL_CHANGE_SAMPLER | SWIFTCL_CHANGE_DRAWS | SWIFTCL_CHANGE_BATCH
    | SWIFTCL_CHANGE_REPLAY_U8 | SWIFTCL_CHANGE_ROWS
  if allowed & ~known != 0 {
    return ErrorRecord.fail(
      error, SWIFTCL_E_ARGUMENT, call, "allowed", is: Int(shown: UInt64(allowed)),
      expected: "SWIFTCL_CHANGE_ bits, at most ", Int(known))
  }
  var proposal = Proposal(given, bytes: bytes, allowed: allowed)
  guard let found = proposal.find() else {
    guard let least = proposal.least else { return Network.failAddress(call, error) }
    status = ErrorRecord.failFit(error, call, bytes: bytes, least)
    return status
  }
  Boundary.write(proposal.options, to: proposed)
  Boundary.write(found, to: report)
  return SWIFTCL_OK
}
