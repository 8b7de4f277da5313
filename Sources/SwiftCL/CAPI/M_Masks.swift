import CSwiftCL

// MARK: - Ask for weight masks
// A network with options.sparsity keeps of its masked layers' weights only those that a mask keeps
// (SparCL; docs/concepts.md). A network whose tasks share one ticket (J = 1) has masks from its first step on;
// where units compete, a task's masks begin with its commit.

/// The mask of a layer: how much it keeps, and how the layer runs by it.
///
/// - Parameter network: a network.
/// - Parameter task: a finished task, the open one's number, or SWIFTCL_TASK_OPEN.
/// - Parameter layer: 0 to the number of layers minus 1, one that has parameters.
/// - Parameter info: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL, _STRUCT, SWIFTCL_E_ARGUMENT for the layer, SWIFTCL_E_TASK or
///   _STATE. Since 0.1.
@c(swiftcl_mask_info_get)
public func swiftcl_mask_info_get(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ layer: UInt32,
  _ info: UnsafeMutablePointer<swiftcl_mask_info>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_mask_info_get") else {
    return Boundary.refused
  }
  guard let info else { return net.pointee.failNull("info is NULL") }
  if !net.pointee.accepts(info, "info") { return SWIFTCL_E_STRUCT }
  guard let found = net.pointee.maskInfo(task, layer: layer) else {
    return net.pointee.error.status
  }
  Boundary.write(found, to: info)
  return SWIFTCL_OK
}

/// Which weights of a layer are kept, in the order of swiftcl_parameters_get.
///
/// - Parameter network: a network.
/// - Parameter task: as for swiftcl_mask_info_get.
/// - Parameter layer: as for swiftcl_mask_info_get.
/// - Parameter mask: receives outputs times inputs bytes, one row an output: 1 where a weight is kept, 0
///   where it is masked. All 1 for a layer without a mask.
/// - Parameter count: bytes `mask` has room for.
/// - Returns: as swiftcl_mask_info_get; SWIFTCL_E_BUFFER with the bytes that would do. Since 0.1.
@c(swiftcl_weight_mask)
public func swiftcl_weight_mask(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ layer: UInt32,
  _ mask: UnsafeMutablePointer<UInt8>?, _ count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_weight_mask") else { return Boundary.refused }
  guard let mask else { return net.pointee.failNull("mask is NULL") }
  return net.pointee.weightMask(task, layer: layer, mask, count: Int(shown: count), computed: false)
}

/// Which weights of a layer of the open task have their gradient computed in a step: all that are kept,
/// or, with options.gradient_sparsity, those chosen last.
///
/// - Parameter network: a network with a task open.
/// - Parameter layer: as for swiftcl_mask_info_get.
/// - Parameter mask: as for swiftcl_weight_mask.
/// - Parameter count: bytes `mask` has room for.
/// - Returns: as swiftcl_weight_mask; SWIFTCL_E_STATE without an open task. Since 0.1.
@c(swiftcl_gradient_mask)
public func swiftcl_gradient_mask(
  _ network: swiftcl_network_ref?, _ layer: UInt32, _ mask: UnsafeMutablePointer<UInt8>?,
  _ count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_gradient_mask") else {
    return Boundary.refused
  }
  guard let mask else { return net.pointee.failNull("mask is NULL") }
  if !net.pointee.task.isOpen { return net.pointee.fail(SWIFTCL_E_STATE, "no task is open") }
  return net.pointee.weightMask(
    SWIFTCL_TASK_OPEN, layer: layer, mask, count: Int(shown: count), computed: true)
}

/// Measures from here on how long training steps take in each layer, or stops it. It costs two looks at
/// the clock a layer and pass, and changes no number that is computed.
///
/// - Parameter network: a network.
/// - Parameter on: 1 or 0; 1 begins at 0 seconds.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for `on`; SWIFTCL_E_UNSUPPORTED for 1 where there is
///   no clock (firmware). Since 0.1.
@c(swiftcl_layer_times)
public func swiftcl_layer_times(_ network: swiftcl_network_ref?, _ on: Int32) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_layer_times") else { return Boundary.refused }
  if on < 0 || on > 1 {
    return net.pointee.fail(SWIFTCL_E_ARGUMENT, "on", is: Int(on), expected: "0 or 1")
  }
  #if SWIFTCL_FIRMWARE
    if on == 1 { return net.pointee.fail(SWIFTCL_E_UNSUPPORTED, "there is no clock") }
  #endif
  net.pointee.timesLayers = on == 1
  if on == 0 { return SWIFTCL_OK }
  for l in 0..<net.pointee.layerCount {
    net.pointee.working[l].forwardSeconds = 0
    net.pointee.working[l].backwardSeconds = 0
  }
  return SWIFTCL_OK
}

/// How long training steps took in a layer since swiftcl_layer_times was called with 1.
///
/// - Parameter network: a network.
/// - Parameter layer: as for swiftcl_mask_info_get.
/// - Parameter forward: receives seconds of its products, with the gathering or copying they need; may be
///   NULL. Normalisation, gates, sums and pooling are not in it.
/// - Parameter backward: receives seconds of both gradients and of the update; may be NULL. With
///   options.clip_norm updates of weights are not in it; of updates of masks only the gradients that score
///   are.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL, SWIFTCL_E_ARGUMENT for the layer. Since 0.1.
@c(swiftcl_layer_seconds)
public func swiftcl_layer_seconds(
  _ network: swiftcl_network_ref?, _ layer: UInt32, _ forward: UnsafeMutablePointer<Double>?,
  _ backward: UnsafeMutablePointer<Double>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_layer_seconds") else {
    return Boundary.refused
  }
  guard let l = net.pointee.parameterLayer(layer) else { return net.pointee.error.status }
  forward?.pointee = net.pointee.working[l].forwardSeconds
  backward?.pointee = net.pointee.working[l].backwardSeconds
  return SWIFTCL_OK
}
