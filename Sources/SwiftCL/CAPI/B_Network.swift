import CSwiftCL

// MARK: - Describe, plan, create, free

/// Fills an option struct with the defaults of swiftcl_types.h: mean-field competition with
/// pruning, fair shares, frozen protection, SGD with momentum (docs/algorithms.md).
///
/// - Parameter options: written, as far as `bytes` says; the caller then sets layers, layer_count and inputs.
/// - Parameter bytes: sizeof(swiftcl_options) in the caller's header; the macro without `_sized` gives it.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STRUCT for `bytes`. Any thread. Since 0.1.
@c(swiftcl_options_init_sized)
public func swiftcl_options_init_sized(
  _ options: UnsafeMutablePointer<swiftcl_options>?, _ bytes: UInt
) -> swiftcl_status {
  Boundary.initialize(
    options, bytes, Defaults.options, "swiftcl_options_init_sized",
    older: Boundary.olderOptions)
}

/// Fills an option struct with the preset that stays closest to the paper (docs/algorithms.md A.12):
/// Gumbel-softmax at 0.67 without pruning, any allocation, no protection. The paper's KL term is a
/// sum over blocks where kl_weight multiplies their mean: multiply kl_weight by the number of
/// blocks to have its scale. Give tasks compete_steps = UINT64_MAX to compete until the end.
///
/// - Parameter options: written, as far as `bytes` says.
/// - Parameter bytes: sizeof(swiftcl_options) in the caller's header; the macro without `_sized` gives it.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STRUCT for `bytes`. Any thread. Since 0.1.
@c(swiftcl_options_init_paper_sized)
public func swiftcl_options_init_paper_sized(
  _ options: UnsafeMutablePointer<swiftcl_options>?, _ bytes: UInt
) -> swiftcl_status {
  Boundary.initialize(
    options, bytes, Defaults.paper, "swiftcl_options_init_paper_sized",
    older: Boundary.olderOptions)
}

/// What a description needs, in bytes, part by part, and what is doubtful about it. Builds nothing.
///
/// - Parameter options: the description; read only.
/// - Parameter plan: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT, _ARGUMENT or _NONFINITE for a bad description,
///   SWIFTCL_E_MEMORY when it does not fit the address space. Any thread. Since 0.1.
@c(swiftcl_network_plan)
public func swiftcl_network_plan(
  _ options: UnsafePointer<swiftcl_options>?, _ plan: UnsafeMutablePointer<swiftcl_plan>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_network_plan"
  guard let plan else { return failThread(SWIFTCL_E_NULL, call, "plan is NULL") }
  guard
    Boundary.accepts(
      plan, MemoryLayout<swiftcl_plan>.size, "plan", call, Boundary.threadError,
      older: OlderSizes(
        swiftcl_first_plan_size(), swiftcl_second_plan_size(), swiftcl_third_plan_size()))
  else { return SWIFTCL_E_STRUCT }
  var status = SWIFTCL_OK
  guard let order = readOrder(options, call, &status) else { return status }
  Boundary.write(order.plan.report(order.options), to: plan)
  return SWIFTCL_OK
}

/// Fills forecast options with the defaults: no replay, every row kept.
///
/// - Parameter options: written, as far as `bytes` says; the caller then sets samples.
/// - Parameter bytes: sizeof(swiftcl_forecast_options) in the caller's header; the macro without `_sized`
///   gives it.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STRUCT for `bytes`. Any thread. Since 0.1.
@c(swiftcl_forecast_options_init_sized)
public func swiftcl_forecast_options_init_sized(
  _ options: UnsafeMutablePointer<swiftcl_forecast_options>?, _ bytes: UInt
) -> swiftcl_status {
  Boundary.initialize(
    options, bytes, Defaults.forecastOptions, "swiftcl_forecast_options_init_sized")
}

/// What a whole protocol costs, in multiply-adds, as papers count and in full, dense and with the
/// description's sparsity and gradient_sparsity. Builds and runs nothing.
///
/// - Parameter options: the description; read only.
/// - Parameter protocol: how many rows, and how they are recalled.
/// - Parameter forecast: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT, _ARGUMENT or _NONFINITE for a bad description or protocol,
///   SWIFTCL_E_MEMORY when it does not fit the address space. Any thread. Since 0.1.
@c(swiftcl_network_forecast)
public func swiftcl_network_forecast(
  _ options: UnsafePointer<swiftcl_options>?,
  _ `protocol`: UnsafePointer<swiftcl_forecast_options>?,
  _ forecast: UnsafeMutablePointer<swiftcl_forecast>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_network_forecast"
  guard let `protocol` else { return failThread(SWIFTCL_E_NULL, call, "protocol is NULL") }
  guard let forecast else { return failThread(SWIFTCL_E_NULL, call, "forecast is NULL") }
  guard
    Boundary.accepts(
      forecast, MemoryLayout<swiftcl_forecast>.size, "forecast", call, Boundary.threadError)
  else { return SWIFTCL_E_STRUCT }
  var status = SWIFTCL_OK
  guard let order = readOrder(options, call, &status) else { return status }
  guard let given = Boundary.read(`protocol`, "protocol", call, Boundary.threadError) else {
    return SWIFTCL_E_STRUCT
  }
  let asked = Forecast(options: order.options, given: given)
  status = asked.check(DescriptionCheck(call: call, error: Boundary.threadError))
  if status != SWIFTCL_OK { return status }
  Boundary.write(asked.report(), to: forecast)
  return SWIFTCL_OK
}

/// Creates a network. Memory comes from options.allocator, or from the C library: the parts of the
/// plan at once, tickets one by one as tasks end. max_tasks and max_classes may be exceeded later,
/// at the cost of another allocation in swiftcl_task_begin.
///
/// - Parameter options: the description; copied.
/// - Parameter network: receives the network, which the caller frees with swiftcl_network_free.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT, _ARGUMENT or _NONFINITE for a bad description,
///   SWIFTCL_E_MEMORY when the allocator returned NULL. Any thread. Since 0.1.
@c(swiftcl_network_create)
public func swiftcl_network_create(
  _ options: UnsafePointer<swiftcl_options>?, _ network: UnsafeMutablePointer<swiftcl_network_ref?>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_network_create"
  guard let network else { return failThread(SWIFTCL_E_NULL, call, "network is NULL") }
  var status = SWIFTCL_OK
  guard let order = readOrder(options, call, &status) else { return status }
  guard let created = Network.create(order, call, Boundary.threadError, &status) else {
    return status
  }
  network.pointee = Boundary.handle(created)
  return SWIFTCL_OK
}

/// Creates a network in the caller's memory and never allocates, then or later.
///
/// - Parameter options: the description; copied. Its allocator is not used.
/// - Parameter memory: at least plan.total_bytes bytes, aligned to SWIFTCL_ALIGNMENT; it belongs to
///   the network until swiftcl_network_free, and stays the caller's to give back.
/// - Parameter bytes: size of `memory`; more than the plan says is left alone.
/// - Parameter network: receives the network.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT, _ARGUMENT or _NONFINITE for a bad description,
///   SWIFTCL_E_ALIGNMENT, or SWIFTCL_E_BUFFER with the bytes that would do. Any thread. Since 0.1.
@c(swiftcl_network_create_in)
public func swiftcl_network_create_in(
  _ options: UnsafePointer<swiftcl_options>?, _ memory: UnsafeMutableRawPointer?, _ bytes: UInt,
  _ network: UnsafeMutablePointer<swiftcl_network_ref?>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_network_create_in"
  guard let network else { return failThread(SWIFTCL_E_NULL, call, "network is NULL") }
  var status = SWIFTCL_OK
  guard let order = readOrder(options, call, &status) else { return status }
  guard
    let created = Network.create(
      order, in: memory, bytes: Int(shown: bytes), call, Boundary.threadError, &status)
  else { return status }
  network.pointee = Boundary.handle(created)
  return SWIFTCL_OK
}

/// Frees a network and everything it allocated. Memory of create_in and load_in stays the caller's.
///
/// - Parameter network: NULL does nothing. Not to be used afterwards. Since 0.1.
@c(swiftcl_network_free)
public func swiftcl_network_free(_ network: swiftcl_network_ref?) {
  guard let pointer = Boundary.network(network, "swiftcl_network_free") else { return }
  Network.free(pointer)
}

/// What is doubtful about the network's description.
///
/// - Parameter network: a network.
/// - Parameter warnings: receives SWIFTCL_WARN_ bits; swiftcl_warning_text says each in a sentence.
/// - Returns: SWIFTCL_OK or SWIFTCL_E_NULL. Since 0.1.
@c(swiftcl_network_warnings)
public func swiftcl_network_warnings(
  _ network: swiftcl_network_ref?, _ warnings: UnsafeMutablePointer<UInt32>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_network_warnings") else {
    return Boundary.refused
  }
  guard let warnings else { return net.pointee.failNull("warnings is NULL") }
  warnings.pointee = net.pointee.plan.warnings
  return SWIFTCL_OK
}

/// What kind of network this is: for callers who loaded it.
///
/// - Parameter network: a network.
/// - Parameter info: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL or SWIFTCL_E_STRUCT. Since 0.1.
@c(swiftcl_network_info_get)
public func swiftcl_network_info_get(
  _ network: swiftcl_network_ref?, _ info: UnsafeMutablePointer<swiftcl_network_info>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_network_info_get") else {
    return Boundary.refused
  }
  guard let info else { return net.pointee.failNull("info is NULL") }
  guard net.pointee.accepts(info, "info") else { return SWIFTCL_E_STRUCT }
  Boundary.write(net.pointee.info(), to: info)
  return SWIFTCL_OK
}

/// Bytes the network holds now, and the most it ever held (since it was created or loaded).
///
/// - Parameter network: a network.
/// - Parameter current_bytes: receives bytes held now, tickets included; may be NULL.
/// - Parameter peak_bytes: receives the most held at once; may be NULL.
/// - Returns: SWIFTCL_OK or SWIFTCL_E_NULL. Since 0.1.
@c(swiftcl_network_memory)
public func swiftcl_network_memory(
  _ network: swiftcl_network_ref?, _ current_bytes: UnsafeMutablePointer<UInt64>?,
  _ peak_bytes: UnsafeMutablePointer<UInt64>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_network_memory") else {
    return Boundary.refused
  }
  current_bytes?.pointee = net.pointee.currentBytes
  peak_bytes?.pointee = net.pointee.peakBytes
  return SWIFTCL_OK
}

/// Lets large products of this network use several threads. Off at first; results do not depend on
/// it, bit for bit. The network keeps its threads, which sleep while there is nothing for them to
/// do, until the number is set lower or the network is freed: one in the caller's memory must be
/// freed before that memory is used for anything else. The number is no part of the description nor
/// of a checkpoint: a loaded network has 1. After a fork the child's networks have 1 as well. In the
/// OpenBLAS flavour it is the number of OpenBLAS's threads instead: one for the whole process, which
/// networks made or loaded later have as well, and on which results may depend.
/// docs/api-conventions.md says what the threads do and do not do.
///
/// - Parameter network: a network, also while a task is open.
/// - Parameter threads: 1, which ends all but the caller's, to SWIFTCL_MAX_THREADS; the caller's
///   counts. More than the machine has processors is of no use.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for the number; SWIFTCL_E_MEMORY when
///   the system starts no more threads; SWIFTCL_E_UNSUPPORTED for more than 1 in firmware.
///   The number then stays as it was. Since 0.1.
@c(swiftcl_set_threads)
public func swiftcl_set_threads(_ network: swiftcl_network_ref?, _ threads: UInt32)
  -> swiftcl_status
{
  guard let net = Boundary.network(network, "swiftcl_set_threads") else { return Boundary.refused }
  if threads < 1 || threads > UInt32(SWIFTCL_MAX_THREADS) {
    return net.pointee.fail(
      SWIFTCL_E_ARGUMENT, "threads", is: Int(shown: UInt(threads)),
      expected: "1 to SWIFTCL_MAX_THREADS = ", Int(SWIFTCL_MAX_THREADS))
  }
  switch net.pointee.threads.set(Int32(threads)) {
  case SWIFTCL_OK:
    return SWIFTCL_OK
  case SWIFTCL_E_UNSUPPORTED:
    return net.pointee.fail(
      SWIFTCL_E_UNSUPPORTED, "this build has no threads but the caller's: threads must be 1")
  default:
    return net.pointee.fail(
      SWIFTCL_E_MEMORY, "the system starts no more threads; asked for: ", Int(threads))
  }
}

/// How many threads share the large products of this network.
///
/// - Parameter network: a network.
/// - Parameter threads: receives the number, the caller's thread included; 1 unless it was set. In
///   the OpenBLAS flavour: how many OpenBLAS uses, for every network of the process.
/// - Returns: SWIFTCL_OK or SWIFTCL_E_NULL. Since 0.1.
@c(swiftcl_threads_get)
public func swiftcl_threads_get(
  _ network: swiftcl_network_ref?, _ threads: UnsafeMutablePointer<UInt32>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_threads_get") else { return Boundary.refused }
  guard let threads else { return net.pointee.failNull("threads is NULL") }
  threads.pointee = net.pointee.threads.count
  return SWIFTCL_OK
}

func failThread(_ status: swiftcl_status, _ call: StaticString, _ what: StaticString)
  -> swiftcl_status
{
  ErrorRecord.fail(Boundary.threadError, status, call, what)
}

/// Reads, checks and measures a description; failures go to the thread's record.
private func readOrder(
  _ options: UnsafePointer<swiftcl_options>?, _ call: StaticString, _ status: inout swiftcl_status
) -> Network.Order? {
  guard let options else {
    status = failThread(SWIFTCL_E_NULL, call, "options is NULL")
    return nil
  }
  guard let given = Boundary.readOptions(options, "options", call, Boundary.threadError) else {
    status = SWIFTCL_E_STRUCT
    return nil
  }
  return Network.order(given, call, Boundary.threadError, &status)
}
