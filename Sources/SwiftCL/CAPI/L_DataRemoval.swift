import CSwiftCL

// MARK: - Leave out what is easy
// A network with options.data_samples takes down which examples of the open task it has right, in a few
// bits each, and removes the easiest from the task when asked (docs/algorithms.md B.3). The caller numbers
// the examples, says with each batch which they are, and presents those that are kept. The paper's
// schedule removes N examples of a task of 50 epochs in four parts: swiftcl_data_remove(net, N / 4, NULL)
// after epochs 5, 10, 15 and 20; N is three tenths of the examples.

/// Follows the open task's examples from here on: all are kept, and nothing is known of them. Called again
/// in the same task it starts anew. Until it is called none are followed; when the task ends or is aborted
/// none are any more. Never allocates.
///
/// - Parameter network: a network with data_samples and a task open, also one opened again.
/// - Parameter samples: how many examples the task has, 1 to data_samples; their ids are below it.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STATE without data_samples or without an open task;
///   SWIFTCL_E_ARGUMENT for 0; SWIFTCL_E_CAPACITY beyond data_samples. Since 0.1.
@c(swiftcl_data_begin)
public func swiftcl_data_begin(_ network: swiftcl_network_ref?, _ samples: UInt) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_data_begin") else { return Boundary.refused }
  return net.pointee.beginData(samples: Int(shown: samples))
}

/// Runs one training step as swiftcl_train_step does, and takes down for every row given whether its
/// largest logit among all classes of the task was its label's, before the step's update. Rows recalled
/// by replay are not followed. Steps of swiftcl_train_step and swiftcl_fit take nothing down. Never
/// allocates.
///
/// - Parameter network: a network with a task open whose examples are followed (swiftcl_data_begin).
/// - Parameter inputs: rows times inputs elements of the network's input_type, row by row; read only,
///   any alignment.
/// - Parameter labels: rows labels, each one of the task's classes.
/// - Parameter ids: rows numbers of examples, all different, none of them removed.
/// - Parameter rows: 1 to max_batch.
/// - Parameter step: NULL, or struct_size set by the caller; receives what the step did.
/// - Returns: as swiftcl_train_step; SWIFTCL_E_STATE when no examples are followed; SWIFTCL_E_ARGUMENT naming
///   the place of an id that is out of range, there twice, or removed, before anything was changed. Since 0.1.
@c(swiftcl_train_step_ids)
public func swiftcl_train_step_ids(
  _ network: swiftcl_network_ref?, _ inputs: UnsafeRawPointer?, _ labels: UnsafePointer<Int32>?,
  _ ids: UnsafePointer<UInt32>?, _ rows: UInt, _ step: UnsafeMutablePointer<swiftcl_step>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_train_step_ids") else {
    return Boundary.refused
  }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let labels else { return net.pointee.failNull("labels is NULL") }
  guard let ids else { return net.pointee.failNull("ids is NULL") }
  if let step, !net.pointee.accepts(step: step) { return SWIFTCL_E_STRUCT }
  var report = swiftcl_step()
  let status = net.pointee.trainStep(inputs, labels, ids: ids, rows: Int(shown: rows), &report)
  if status == SWIFTCL_OK, let step { Boundary.write(report, to: step) }
  return status
}

/// Removes the easiest examples from the open task, until it ends, and begins anew to count. An example is
/// as hard as options.data_rule says: it was right and then wrong that often since the last removal, and
/// one that was never right is hardest; or it was wrong that often. Among equals chance decides, by the
/// seed. Only examples that were seen since the last removal are removed, so fewer may be removed than
/// asked for. The replay memory keeps what it has. It takes a few passes over the examples; never allocates.
///
/// - Parameter network: a network with a task open whose examples are followed.
/// - Parameter count: how many to remove, fewer than are kept; 0 only begins anew to count.
/// - Parameter removed: receives how many were removed; may be NULL.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STATE when no examples are followed; SWIFTCL_E_ARGUMENT
///   when none would be left. Since 0.1.
@c(swiftcl_data_remove)
public func swiftcl_data_remove(
  _ network: swiftcl_network_ref?, _ count: UInt, _ removed: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_data_remove") else { return Boundary.refused }
  var gone = 0
  let status = net.pointee.removeData(count: Int(shown: count), &gone)
  if status == SWIFTCL_OK { removed?.pointee = UInt(gone) }
  return status
}

/// Which examples of the open task are kept: what the next epoch shall present.
///
/// - Parameter network: a network with a task open whose examples are followed.
/// - Parameter ids: receives their numbers, ascending; NULL asks for the count alone.
/// - Parameter capacity: numbers `ids` has room for; not looked at when it is NULL.
/// - Parameter count: receives how many they are; may be NULL unless `ids` is.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STATE when no examples are followed; SWIFTCL_E_BUFFER
///   with the numbers that would do. Since 0.1.
@c(swiftcl_data_kept)
public func swiftcl_data_kept(
  _ network: swiftcl_network_ref?, _ ids: UnsafeMutablePointer<UInt32>?, _ capacity: UInt,
  _ count: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_data_kept") else { return Boundary.refused }
  if ids == nil && count == nil { return net.pointee.failNull("ids and count are NULL") }
  var kept = 0
  let status = net.pointee.keptData(ids, capacity: Int(shown: capacity), &kept)
  if status == SWIFTCL_OK { count?.pointee = UInt(kept) }
  return status
}

/// What is known of the open task's examples.
///
/// - Parameter network: a network; while no examples are followed every number but `bytes` is 0.
/// - Parameter info: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL or SWIFTCL_E_STRUCT. Since 0.1.
@c(swiftcl_data_info_get)
public func swiftcl_data_info_get(
  _ network: swiftcl_network_ref?, _ info: UnsafeMutablePointer<swiftcl_data_info>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_data_info_get") else {
    return Boundary.refused
  }
  guard let info else { return net.pointee.failNull("info is NULL") }
  guard net.pointee.accepts(info, "info") else { return SWIFTCL_E_STRUCT }
  Boundary.write(net.pointee.dataInfo(), to: info)
  return SWIFTCL_OK
}
