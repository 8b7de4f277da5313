import CSwiftCL

// MARK: - Ask who won

/// How many finished tasks there are.
///
/// - Parameter network: a network.
/// - Parameter count: receives the number.
/// - Returns: SWIFTCL_OK or SWIFTCL_E_NULL. Since 0.1.
@c(swiftcl_task_count)
public func swiftcl_task_count(
  _ network: swiftcl_network_ref?, _ count: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_task_count") else { return Boundary.refused }
  guard let count else { return net.pointee.failNull("count is NULL") }
  count.pointee = UInt(net.pointee.store.count)
  return SWIFTCL_OK
}

/// Numbers of the finished tasks, in the order they were learned.
///
/// - Parameter network: a network.
/// - Parameter tasks: receives the numbers.
/// - Parameter capacity: numbers `tasks` has room for.
/// - Parameter count: receives how many there are; may be NULL.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_BUFFER with the numbers that would do. Since 0.1.
@c(swiftcl_task_list)
public func swiftcl_task_list(
  _ network: swiftcl_network_ref?, _ tasks: UnsafeMutablePointer<swiftcl_task>?, _ capacity: UInt,
  _ count: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_task_list") else { return Boundary.refused }
  guard let tasks else { return net.pointee.failNull("tasks is NULL") }
  let status = net.pointee.checkRoom("capacity", capacity, net.pointee.store.count)
  if status != SWIFTCL_OK { return status }
  for i in 0..<net.pointee.store.count {
    tasks[i] = net.pointee.store.tickets[i].pointee.record.task
  }
  count?.pointee = UInt(net.pointee.store.count)
  return SWIFTCL_OK
}

/// What is known of a task.
///
/// - Parameter network: a network.
/// - Parameter task: a finished task, the open one's number, or SWIFTCL_TASK_OPEN.
/// - Parameter info: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL or _STRUCT; SWIFTCL_E_TASK, or _STATE for SWIFTCL_TASK_OPEN
///   with none open. Since 0.1.
@c(swiftcl_task_info_get)
public func swiftcl_task_info_get(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task,
  _ info: UnsafeMutablePointer<swiftcl_task_info>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_task_info_get") else {
    return Boundary.refused
  }
  guard let info else { return net.pointee.failNull("info is NULL") }
  guard net.pointee.accepts(info, "info") else { return SWIFTCL_E_STRUCT }
  guard let found = net.pointee.info(task) else { return net.pointee.error.status }
  Boundary.write(found, to: info)
  return SWIFTCL_OK
}

/// Labels of a task's classes, in the order of its logits.
///
/// - Parameter network: a network.
/// - Parameter task: as for swiftcl_task_info_get.
/// - Parameter classes: receives the labels.
/// - Parameter capacity: labels `classes` has room for.
/// - Parameter count: receives how many there are; may be NULL.
/// - Returns: as swiftcl_task_info_get; SWIFTCL_E_BUFFER with the labels that would do. Since 0.1.
@c(swiftcl_task_classes)
public func swiftcl_task_classes(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ classes: UnsafeMutablePointer<Int32>?,
  _ capacity: UInt, _ count: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_task_classes") else { return Boundary.refused }
  guard let classes else { return net.pointee.failNull("classes is NULL") }
  guard let needed = net.pointee.classCount(of: task) else { return net.pointee.error.status }
  let status = net.pointee.checkRoom("capacity", capacity, needed)
  if status != SWIFTCL_OK { return status }
  let names = net.pointee.classNames(of: task)
  for c in 0..<needed { classes[c] = names[c] }
  count?.pointee = UInt(needed)
  return SWIFTCL_OK
}

/// One layer as it stands: its blocks, and how many of its units tasks own.
///
/// - Parameter network: a network.
/// - Parameter layer: 0 to the number of layers minus 1; the head has blocks of one unit and owns none,
///   a layer without parameters has the width of the one below and no blocks.
/// - Parameter info: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL, _STRUCT, or SWIFTCL_E_ARGUMENT for the layer. Since 0.1.
@c(swiftcl_layer_info_get)
public func swiftcl_layer_info_get(
  _ network: swiftcl_network_ref?, _ layer: UInt32,
  _ info: UnsafeMutablePointer<swiftcl_layer_info>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_layer_info_get") else {
    return Boundary.refused
  }
  guard let info else { return net.pointee.failNull("info is NULL") }
  guard net.pointee.accepts(info, "info") else { return SWIFTCL_E_STRUCT }
  if Int(layer) >= Int(net.pointee.options.layer_count) {
    return net.pointee.fail(
      SWIFTCL_E_ARGUMENT, "layer", is: Int(layer), expected: "below the number of layers = ",
      Int(net.pointee.options.layer_count))
  }
  Boundary.write(net.pointee.info(slot: Int(layer)), to: info)
  return SWIFTCL_OK
}

/// The winner of every block of a competing layer.
///
/// - Parameter network: a network.
/// - Parameter task: as for swiftcl_task_info_get.
/// - Parameter layer: a competing layer (not the head).
/// - Parameter winners: receives, per block, the winner's index in the block; -1 where the block
///   abstains or, for the open task, is undecided. Competition per sample: the index of the group of
///   J units.
/// - Parameter count: entries `winners` has room for; at least the layer's blocks.
/// - Returns: as swiftcl_task_info_get; SWIFTCL_E_ARGUMENT for the layer; SWIFTCL_E_BUFFER. Since 0.1.
@c(swiftcl_winners)
public func swiftcl_winners(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ layer: UInt32,
  _ winners: UnsafeMutablePointer<Int32>?, _ count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_winners") else { return Boundary.refused }
  guard let winners else { return net.pointee.failNull("winners is NULL") }
  guard let l = net.pointee.competingLayer(layer) else { return net.pointee.error.status }
  let status = net.pointee.checkRoom("count", count, net.pointee.shapes[l].blocks)
  return status == SWIFTCL_OK ? net.pointee.winners(task, layer: l, winners) : status
}

/// The winner mask of a competing layer.
///
/// - Parameter network: a network.
/// - Parameter task: as for swiftcl_task_info_get.
/// - Parameter layer: a competing layer.
/// - Parameter mask: receives blocks times units_per_block bytes (swiftcl_layer_info_get), block by
///   block: 1 where a unit won, or for the open task is still a candidate; else 0.
/// - Parameter count: bytes `mask` has room for.
/// - Returns: as swiftcl_winners. Since 0.1.
@c(swiftcl_winner_mask)
public func swiftcl_winner_mask(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ layer: UInt32,
  _ mask: UnsafeMutablePointer<UInt8>?, _ count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_winner_mask") else { return Boundary.refused }
  guard let mask else { return net.pointee.failNull("mask is NULL") }
  guard let l = net.pointee.competingLayer(layer) else { return net.pointee.error.status }
  let status = net.pointee.checkMaskRoom(layer: l, count)
  return status == SWIFTCL_OK ? net.pointee.mask(task, layer: l, mask) : status
}

/// The probability with which each unit wins: the posterior of an open task, and for a finished one
/// what its winners had when they were committed (its losers' are not kept and read 0).
///
/// - Parameter network: a network.
/// - Parameter task: as for swiftcl_task_info_get.
/// - Parameter layer: a competing layer.
/// - Parameter probabilities: receives blocks times units_per_block values, in the order of the mask.
/// - Parameter count: values `probabilities` has room for.
/// - Returns: as swiftcl_winners. Since 0.1.
@c(swiftcl_winner_probabilities)
public func swiftcl_winner_probabilities(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ layer: UInt32,
  _ probabilities: UnsafeMutablePointer<Float>?, _ count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_winner_probabilities") else {
    return Boundary.refused
  }
  guard let probabilities else { return net.pointee.failNull("probabilities is NULL") }
  guard let l = net.pointee.competingLayer(layer) else { return net.pointee.error.status }
  let status = net.pointee.checkMaskRoom(layer: l, count)
  return status == SWIFTCL_OK ? net.pointee.probabilities(task, layer: l, probabilities) : status
}

/// How much two finished tasks share in a layer.
///
/// - Parameter network: a network.
/// - Parameter a: a finished task.
/// - Parameter b: a finished task.
/// - Parameter layer: a competing layer.
/// - Parameter shared: receives the blocks in which both have the same winner; may be NULL.
/// - Parameter both: receives the blocks in which both have a winner; may be NULL.
/// - Returns: as swiftcl_winners. Since 0.1.
@c(swiftcl_overlap)
public func swiftcl_overlap(
  _ network: swiftcl_network_ref?, _ a: swiftcl_task, _ b: swiftcl_task, _ layer: UInt32,
  _ shared: UnsafeMutablePointer<UInt32>?, _ both: UnsafeMutablePointer<UInt32>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_overlap") else { return Boundary.refused }
  guard let l = net.pointee.competingLayer(layer) else { return net.pointee.error.status }
  var same: UInt32 = 0
  var joint: UInt32 = 0
  let status = net.pointee.overlap(a, b, layer: l, &same, &joint)
  if status != SWIFTCL_OK { return status }
  shared?.pointee = same
  both?.pointee = joint
  return SWIFTCL_OK
}

/// What the next task would get of a layer, by the rule that will begin it (fresh start).
///
/// - Parameter network: a network, also while a task is open (its own units still count as free).
/// - Parameter layer: a competing layer.
/// - Parameter capacity: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL, _STRUCT, or SWIFTCL_E_ARGUMENT for the layer. Since 0.1.
@c(swiftcl_capacity_get)
public func swiftcl_capacity_get(
  _ network: swiftcl_network_ref?, _ layer: UInt32,
  _ capacity: UnsafeMutablePointer<swiftcl_capacity>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_capacity_get") else { return Boundary.refused }
  guard let capacity else { return net.pointee.failNull("capacity is NULL") }
  guard net.pointee.accepts(capacity, "capacity") else { return SWIFTCL_E_STRUCT }
  guard let l = net.pointee.competingLayer(layer) else { return net.pointee.error.status }
  Boundary.write(net.pointee.capacity(layer: l), to: capacity)
  return SWIFTCL_OK
}

/// Multiply-adds spent on training so far, and what the dense network of the same width would have
/// spent on the same steps, counted in three ways; time; and bytes held for training now. `macs` is 2 per
/// edge that runs and row in the first layer, 3 in the others, weight gradients that are not computed left
/// out. In none of the three do weights cost anything that a mask leaves out.
///
/// - Parameter network: a network.
/// - Parameter accounting: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL or _STRUCT. Since 0.1.
@c(swiftcl_accounting_get)
public func swiftcl_accounting_get(
  _ network: swiftcl_network_ref?, _ accounting: UnsafeMutablePointer<swiftcl_accounting>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_accounting_get") else {
    return Boundary.refused
  }
  guard let accounting else { return net.pointee.failNull("accounting is NULL") }
  guard
    net.pointee.accepts(
      accounting, "accounting", older: OlderSizes(swiftcl_first_accounting_size()))
  else { return SWIFTCL_E_STRUCT }
  Boundary.write(net.pointee.accounting(), to: accounting)
  return SWIFTCL_OK
}

extension Network {
  @inline(never)
  fileprivate mutating func checkRoom(_ name: StaticString, _ given: UInt, _ needed: Int)
    -> swiftcl_status
  {
    if given >= UInt(needed) { return SWIFTCL_OK }
    return fail(SWIFTCL_E_BUFFER, name, is: Int(shown: given), expected: "at least ", needed)
  }

  fileprivate mutating func checkMaskRoom(layer l: Int, _ given: UInt) -> swiftcl_status {
    checkRoom("count", given, shapes[l].blocks * unitsPerBlock(layer: l))
  }
}
