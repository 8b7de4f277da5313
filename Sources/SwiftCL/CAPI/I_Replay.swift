import CSwiftCL

// MARK: - Remember exemplars
// A network with options.replay_bytes or replay_rows keeps a bounded memory of rows, as they were
// given, with their labels and tasks. Training steps fill it and, with options.replay, train on what
// they recall of it. It is part of the plan and of every checkpoint.

/// Offers rows to the replay memory, whatever options.replay_store says: whether and in whose place
/// each is kept is decided by options.replay_policy. They count as rows of the open task or, without
/// one, of the task finished last; where logits are stored, they are that task's. Never allocates.
///
/// - Parameter network: a network with a replay memory.
/// - Parameter inputs: rows times inputs elements of the network's input_type; copied, any alignment.
/// - Parameter labels: rows labels, each one of that task's classes.
/// - Parameter rows: at least 1.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STATE without a replay memory, or with no task open
///   nor finished; SWIFTCL_E_ARGUMENT for rows; SWIFTCL_E_LABEL or _NONFINITE naming the row. Since 0.1.
@c(swiftcl_replay_add)
public func swiftcl_replay_add(
  _ network: swiftcl_network_ref?, _ inputs: UnsafeRawPointer?, _ labels: UnsafePointer<Int32>?,
  _ rows: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_replay_add") else { return Boundary.refused }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let labels else { return net.pointee.failNull("labels is NULL") }
  return net.pointee.addToReplay(inputs, labels, rows: Int(shown: rows))
}

/// What the replay memory holds.
///
/// - Parameter network: a network; without a replay memory every number is 0.
/// - Parameter info: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL or SWIFTCL_E_STRUCT. Since 0.1.
@c(swiftcl_replay_info_get)
public func swiftcl_replay_info_get(
  _ network: swiftcl_network_ref?, _ info: UnsafeMutablePointer<swiftcl_replay_info>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_replay_info_get") else {
    return Boundary.refused
  }
  guard let info else { return net.pointee.failNull("info is NULL") }
  guard net.pointee.accepts(info, "info") else { return SWIFTCL_E_STRUCT }
  Boundary.write(net.pointee.replayInfo(), to: info)
  return SWIFTCL_OK
}

/// How many rows of each class the replay memory keeps.
///
/// - Parameter network: a network with a replay memory.
/// - Parameter counts: receives one number a label, of 0 to classes - 1 (swiftcl_replay_info).
/// - Parameter capacity: numbers `counts` has room for.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STATE without a replay memory; SWIFTCL_E_BUFFER with
///   the numbers that would do. Since 0.1.
@c(swiftcl_replay_counts)
public func swiftcl_replay_counts(
  _ network: swiftcl_network_ref?, _ counts: UnsafeMutablePointer<UInt32>?, _ capacity: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_replay_counts") else {
    return Boundary.refused
  }
  guard let counts else { return net.pointee.failNull("counts is NULL") }
  return net.pointee.replayCounts(counts, capacity: Int(shown: capacity))
}

/// Reads a row of the replay memory back, as it was given; with options.replay_u8 in the type that it was
/// given in, each element the one of the 256 values that steps recall. Rows have no fixed places: what is added
/// or forgotten afterwards may move them.
///
/// - Parameter network: a network with a replay memory.
/// - Parameter row: 0 to below the number of rows kept.
/// - Parameter inputs: receives the row's elements; NULL to leave them.
/// - Parameter bytes: bytes `inputs` has room for, at least row_bytes; not looked at when it is NULL.
/// - Parameter label: receives the row's label; may be NULL.
/// - Parameter task: receives the task that it was offered by; may be NULL.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STATE without a replay memory; SWIFTCL_E_ARGUMENT for
///   the row; SWIFTCL_E_BUFFER with the bytes that would do. Since 0.1.
@c(swiftcl_replay_row)
public func swiftcl_replay_row(
  _ network: swiftcl_network_ref?, _ row: UInt, _ inputs: UnsafeMutableRawPointer?, _ bytes: UInt,
  _ label: UnsafeMutablePointer<Int32>?, _ task: UnsafeMutablePointer<swiftcl_task>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_replay_row") else { return Boundary.refused }
  return net.pointee.replayRow(Int(shown: row), inputs, bytes: Int(shown: bytes), label, task)
}

/// Removes rows from the replay memory and overwrites what they were. What a network learned of them
/// stays learned. Removing one moves the last row to its place.
///
/// - Parameter network: a network with a replay memory, also while a task is open.
/// - Parameter what: SWIFTCL_FORGET_ROW, _CLASS or _TASK.
/// - Parameter which: the row's place, the label, or the task's number.
/// - Parameter rows: receives how many rows were removed; may be NULL.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STATE without a replay memory; SWIFTCL_E_ARGUMENT for
///   `what` or a row that is not there; SWIFTCL_E_LABEL or _TASK for a class or task that has no row.
///   Since 0.1.
@c(swiftcl_replay_forget)
public func swiftcl_replay_forget(
  _ network: swiftcl_network_ref?, _ what: Int32, _ which: Int64,
  _ rows: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_replay_forget") else {
    return Boundary.refused
  }
  var forgotten = 0
  let status = net.pointee.forgetReplay(what, Int(clamping: which), &forgotten)
  if status == SWIFTCL_OK { rows?.pointee = UInt(forgotten) }
  return status
}
