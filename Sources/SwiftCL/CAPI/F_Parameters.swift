import CSwiftCL

// MARK: - Parameters

/// Shape of a layer's packed parameters: winners (or candidates, or classes) by the units that feed
/// them.
///
/// - Parameter network: a network.
/// - Parameter task: a finished task, the open one's number, or SWIFTCL_TASK_OPEN.
/// - Parameter layer: 0 to the number of layers minus 1, one that has parameters. Inputs of a window are
///   ordered by its rows, columns and the maps below.
/// - Parameter outputs: receives the rows; may be NULL.
/// - Parameter inputs: receives the columns; may be NULL.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL, SWIFTCL_E_ARGUMENT for the layer, SWIFTCL_E_TASK or _STATE. Since 0.1.
@c(swiftcl_parameter_shape)
public func swiftcl_parameter_shape(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ layer: UInt32,
  _ outputs: UnsafeMutablePointer<UInt>?, _ inputs: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_parameter_shape") else {
    return Boundary.refused
  }
  guard let packed = net.pointee.packed(task, layer: layer) else { return net.pointee.error.status }
  outputs?.pointee = UInt(packed.panels.outputs)
  inputs?.pointee = UInt(packed.panels.inputs)
  return SWIFTCL_OK
}

/// Copies a layer's parameters out, as [out][in].
///
/// - Parameter network: a network.
/// - Parameter task: as for swiftcl_parameter_shape.
/// - Parameter layer: 0 to the number of layers minus 1, one that has parameters. Inputs of a window are
///   ordered by its rows, columns and the maps below.
/// - Parameter weights: receives outputs times inputs values, one row an output. Rows and columns are
///   in the order of the winners: by block, then by unit.
/// - Parameter weight_count: floats `weights` has room for.
/// - Parameter biases: receives outputs values.
/// - Parameter bias_count: floats `biases` has room for.
/// - Returns: as swiftcl_parameter_shape; SWIFTCL_E_BUFFER with the floats that would do. Since 0.1.
@c(swiftcl_parameters_get)
public func swiftcl_parameters_get(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ layer: UInt32,
  _ weights: UnsafeMutablePointer<Float>?, _ weight_count: UInt,
  _ biases: UnsafeMutablePointer<Float>?,
  _ bias_count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_parameters_get") else {
    return Boundary.refused
  }
  guard let weights else { return net.pointee.failNull("weights is NULL") }
  guard let biases else { return net.pointee.failNull("biases is NULL") }
  return net.pointee.getParameters(
    task, layer: layer, weights, weightCount: Int(shown: weight_count), biases,
    biasCount: Int(shown: bias_count))
}

/// Sets a layer's parameters in the open task. Edges that a finished task owns may only be given the
/// value they have (except under SWIFTCL_PROTECT_NONE).
///
/// - Parameter network: a network with a task open.
/// - Parameter task: the open task's number, or SWIFTCL_TASK_OPEN.
/// - Parameter layer: 0 to the number of layers minus 1, one that has parameters. Inputs of a window are
///   ordered by its rows, columns and the maps below.
/// - Parameter weights: outputs times inputs finite values, in the order of swiftcl_parameters_get.
/// - Parameter weight_count: floats in `weights`.
/// - Parameter biases: outputs finite values.
/// - Parameter bias_count: floats in `biases`.
/// - Returns: as swiftcl_parameters_get; SWIFTCL_E_NONFINITE; SWIFTCL_E_OWNED for a finished task, or
///   naming the first owned edge that would change. Since 0.1.
@c(swiftcl_parameters_set)
public func swiftcl_parameters_set(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ layer: UInt32,
  _ weights: UnsafePointer<Float>?,
  _ weight_count: UInt, _ biases: UnsafePointer<Float>?, _ bias_count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_parameters_set") else {
    return Boundary.refused
  }
  guard let weights else { return net.pointee.failNull("weights is NULL") }
  guard let biases else { return net.pointee.failNull("biases is NULL") }
  return net.pointee.setParameters(
    task, layer: layer, weights, weightCount: Int(shown: weight_count), biases,
    biasCount: Int(shown: bias_count))
}

/// Copies out what a batch normalisation has learned and measured of each unit.
///
/// Predictions give scale * (h - mean) / sqrt(variance + 1e-5) + bias for the linear response h; the
/// bias is that of the layer before, in swiftcl_parameters_get.
///
/// - Parameter network: a network.
/// - Parameter task: as for swiftcl_parameter_shape.
/// - Parameter layer: the index of a batch normalisation in the description.
/// - Parameter scale: receives one value for each winner (or candidate) of the layer before.
/// - Parameter mean: the same of the running means.
/// - Parameter variance: the same of the running variances.
/// - Parameter count: floats that each of the three has room for.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for the layer; SWIFTCL_E_TASK or _STATE;
///   SWIFTCL_E_BUFFER with the count that would do. Since 0.1.
@c(swiftcl_norm_get)
public func swiftcl_norm_get(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ layer: UInt32,
  _ scale: UnsafeMutablePointer<Float>?, _ mean: UnsafeMutablePointer<Float>?,
  _ variance: UnsafeMutablePointer<Float>?, _ count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_norm_get") else { return Boundary.refused }
  guard let scale, let mean, let variance else {
    return net.pointee.failNull("scale, mean or variance is NULL")
  }
  return net.pointee.getNorm(
    task, layer: layer, NormParameters(scale: scale, mean: mean, variance: variance),
    count: Int(shown: count))
}

/// Sets the same in the open task.
///
/// - Parameter network: a network with a task open.
/// - Parameter task: the open task's number, or SWIFTCL_TASK_OPEN.
/// - Parameter layer: the index of a batch normalisation in the description.
/// - Parameter scale: one finite value for each winner (or candidate) of the layer before.
/// - Parameter mean: the same of the running means.
/// - Parameter variance: the same of the running variances, 0 or more.
/// - Parameter count: floats in each of the three.
/// - Returns: as swiftcl_norm_get; SWIFTCL_E_NONFINITE; SWIFTCL_E_OWNED for a finished task. Since 0.1.
@c(swiftcl_norm_set)
public func swiftcl_norm_set(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ layer: UInt32,
  _ scale: UnsafePointer<Float>?, _ mean: UnsafePointer<Float>?, _ variance: UnsafePointer<Float>?,
  _ count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_norm_set") else { return Boundary.refused }
  guard let scale, let mean, let variance else {
    return net.pointee.failNull("scale, mean or variance is NULL")
  }
  // Only read.
  return net.pointee.setNorm(
    task, layer: layer,
    NormParameters(
      scale: UnsafeMutablePointer(mutating: scale), mean: UnsafeMutablePointer(mutating: mean),
      variance: UnsafeMutablePointer(mutating: variance)),
    count: Int(shown: count))
}
