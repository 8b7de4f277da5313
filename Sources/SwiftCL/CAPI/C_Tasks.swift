import CSwiftCL

// MARK: - Learn one task after another

/// Fills task options with the defaults: fresh start, all labels of the head, logits for the task's
/// classes only, number of steps unknown.
///
/// - Parameter options: written, as far as `bytes` says.
/// - Parameter bytes: sizeof(swiftcl_task_options) in the caller's header; the macro without `_sized` gives it.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STRUCT for `bytes`. Any thread. Since 0.1.
@c(swiftcl_task_options_init_sized)
public func swiftcl_task_options_init_sized(
  _ options: UnsafeMutablePointer<swiftcl_task_options>?, _ bytes: UInt
) -> swiftcl_status {
  Boundary.initialize(options, bytes, Defaults.taskOptions, "swiftcl_task_options_init_sized")
}

/// Begins a task: chooses the candidates of every block and starts their competition. Random
/// winners, warm starts and blocks of one candidate are decided at once.
///
/// - Parameter network: a network with no task open.
/// - Parameter options: NULL is the defaults.
/// - Parameter task: receives the task's number.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT or _ARGUMENT for bad options; SWIFTCL_E_STATE when
///   a task is open; SWIFTCL_E_CAPACITY when units, tasks, classes or ticket bytes are spent;
///   SWIFTCL_E_MEMORY when the allocator returned NULL. Since 0.1.
@c(swiftcl_task_begin)
public func swiftcl_task_begin(
  _ network: swiftcl_network_ref?, _ options: UnsafePointer<swiftcl_task_options>?,
  _ task: UnsafeMutablePointer<swiftcl_task>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_task_begin") else { return Boundary.refused }
  guard let task else { return net.pointee.failNull("task is NULL") }
  guard let given = net.pointee.taskOptions(options) else { return SWIFTCL_E_STRUCT }
  let status = net.pointee.beginTask(given)
  if status == SWIFTCL_OK { task.pointee = net.pointee.task.record.task }
  return status
}

/// Runs one training step on labelled rows: forward, cross-entropy, backward, update, and the
/// competition's clock. With options.replay it recalls rows of the replay memory and trains on them
/// in the same pass; with a replay memory the rows given are offered to it (options.replay_store)
/// once the step succeeded. Never allocates.
///
/// - Parameter network: a network with a task open.
/// - Parameter inputs: rows times inputs elements of the network's input_type, row by row; read only,
///   any alignment.
/// - Parameter labels: rows labels, each one of the task's classes.
/// - Parameter rows: 1 to max_batch.
/// - Parameter step: NULL, or struct_size set by the caller; receives what the step did.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT or _ARGUMENT; SWIFTCL_E_STATE without an open task
///   or when the network's loss is squared error; SWIFTCL_E_LABEL naming the row;
///   SWIFTCL_E_NONFINITE for an input or the loss, before anything was changed. Since 0.1.
@c(swiftcl_train_step)
public func swiftcl_train_step(
  _ network: swiftcl_network_ref?, _ inputs: UnsafeRawPointer?, _ labels: UnsafePointer<Int32>?,
  _ rows: UInt, _ step: UnsafeMutablePointer<swiftcl_step>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_train_step") else { return Boundary.refused }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let labels else { return net.pointee.failNull("labels is NULL") }
  if let step, !net.pointee.accepts(step: step) { return SWIFTCL_E_STRUCT }
  var report = swiftcl_step()
  let status = net.pointee.trainStep(inputs, labels, rows: Int(shown: rows), &report)
  if status == SWIFTCL_OK, let step { Boundary.write(report, to: step) }
  return status
}

/// Runs one training step towards target values, by mean squared error.
///
/// - Parameter network: a network with SWIFTCL_LOSS_MSE and a task open.
/// - Parameter inputs: rows times inputs elements of the network's input_type.
/// - Parameter targets: rows times class_count values, row by row, in the order of the task's classes.
/// - Parameter rows: 1 to max_batch.
/// - Parameter step: NULL, or struct_size set by the caller; receives what the step did.
/// - Returns: as swiftcl_train_step; SWIFTCL_E_STATE when the network's loss is cross-entropy. Since 0.1.
@c(swiftcl_train_step_targets)
public func swiftcl_train_step_targets(
  _ network: swiftcl_network_ref?, _ inputs: UnsafeRawPointer?, _ targets: UnsafePointer<Float>?,
  _ rows: UInt, _ step: UnsafeMutablePointer<swiftcl_step>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_train_step_targets") else {
    return Boundary.refused
  }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let targets else { return net.pointee.failNull("targets is NULL") }
  if let step, !net.pointee.accepts(step: step) { return SWIFTCL_E_STRUCT }
  var report = swiftcl_step()
  let status = net.pointee.trainStep(inputs, targets: targets, rows: Int(shown: rows), &report)
  if status == SWIFTCL_OK, let step { Boundary.write(report, to: step) }
  return status
}

/// Fills fit options with the defaults: batches of 32, one epoch, a new order every epoch.
///
/// - Parameter options: written, as far as `bytes` says.
/// - Parameter bytes: sizeof(swiftcl_fit_options) in the caller's header; the macro without `_sized` gives it.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STRUCT for `bytes`. Any thread. Since 0.1.
@c(swiftcl_fit_options_init_sized)
public func swiftcl_fit_options_init_sized(
  _ options: UnsafeMutablePointer<swiftcl_fit_options>?, _ bytes: UInt
) -> swiftcl_status {
  Boundary.initialize(options, bytes, Defaults.fitOptions, "swiftcl_fit_options_init_sized")
}

/// Trains the open task for whole epochs over labelled rows. A task that has not learned yet and
/// was begun without expected_steps takes the number of steps from here. The place within an epoch
/// is not part of a checkpoint: to resume in the middle, step with swiftcl_train_step.
///
/// - Parameter network: a network with a task open.
/// - Parameter inputs: rows times inputs elements of the network's input_type; read only.
/// - Parameter labels: rows labels; labels and inputs are checked before the first step.
/// - Parameter rows: at least 1.
/// - Parameter options: NULL is the defaults, with no more than max_batch rows a step. Its progress callback runs after every step, on this
///   thread; it must not call into this network.
/// - Parameter report: NULL, or struct_size set by the caller; receives what was done, also with
///   SWIFTCL_E_STOPPED.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_STOPPED when the callback asked for it, steps done are kept;
///   otherwise as swiftcl_train_step, steps before the failing one are kept. Since 0.1.
@c(swiftcl_fit)
public func swiftcl_fit(
  _ network: swiftcl_network_ref?, _ inputs: UnsafeRawPointer?, _ labels: UnsafePointer<Int32>?,
  _ rows: UInt, _ options: UnsafePointer<swiftcl_fit_options>?,
  _ report: UnsafeMutablePointer<swiftcl_fit_report>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_fit") else { return Boundary.refused }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let labels else { return net.pointee.failNull("labels is NULL") }
  if let report, !net.pointee.accepts(report, "report") { return SWIFTCL_E_STRUCT }
  var given = Defaults.fitOptions
  given.batch = min(given.batch, net.pointee.options.max_batch)
  if let options {
    guard let read = net.pointee.read(options, "options") else { return SWIFTCL_E_STRUCT }
    given = read
  }
  var done = swiftcl_fit_report()
  let status = net.pointee.fit(inputs, labels, rows: Int(shown: rows), given, &done)
  if status == SWIFTCL_OK || status == SWIFTCL_E_STOPPED, let report {
    Boundary.write(done, to: report)
  }
  return status
}

/// Sets the learning rate: of the open task, constant from its next step on; without an open task,
/// the base rate of the tasks to come.
///
/// - Parameter network: a network.
/// - Parameter learning_rate: 0 to 1e6.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL or SWIFTCL_E_ARGUMENT. Since 0.1.
@c(swiftcl_set_learning_rate)
public func swiftcl_set_learning_rate(_ network: swiftcl_network_ref?, _ learning_rate: Float)
  -> swiftcl_status
{
  guard let net = Boundary.network(network, "swiftcl_set_learning_rate") else {
    return Boundary.refused
  }
  if !(learning_rate >= 0 && learning_rate <= 1e6) {
    return net.pointee.fail(
      SWIFTCL_E_ARGUMENT, "learning_rate", is: learning_rate, expected: "0 to 1e6")
  }
  if net.pointee.task.isOpen {
    net.pointee.task.rate = learning_rate
    net.pointee.task.rateIsSet = true
  } else {
    net.pointee.options.learning_rate = learning_rate
  }
  return SWIFTCL_OK
}

/// The learning rate of the next step.
///
/// - Parameter network: a network.
/// - Parameter learning_rate: receives it; without an open task, the base rate.
/// - Returns: SWIFTCL_OK or SWIFTCL_E_NULL. Since 0.1.
@c(swiftcl_learning_rate_get)
public func swiftcl_learning_rate_get(
  _ network: swiftcl_network_ref?, _ learning_rate: UnsafeMutablePointer<Float>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_learning_rate_get") else {
    return Boundary.refused
  }
  guard let learning_rate else { return net.pointee.failNull("learning_rate is NULL") }
  learning_rate.pointee = net.pointee.learningRate
  return SWIFTCL_OK
}

/// Ends the competition now: the most probable candidate of each block wins. Happens by itself when
/// every block is decided, when compete_steps are spent, and in swiftcl_task_end.
///
/// - Parameter network: a network with a task open; one whose winners stand already is left alone.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL, or SWIFTCL_E_STATE without an open task. Since 0.1.
@c(swiftcl_task_commit)
public func swiftcl_task_commit(_ network: swiftcl_network_ref?) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_task_commit") else { return Boundary.refused }
  return net.pointee.commitTask()
}

/// Estimates the statistics of every batch normalisation anew: mean and variance of all these rows
/// together. They run max_batch at a time, normalised as in a step: layers above the first see
/// what max_batch rows of the order given make of them. Running statistics otherwise follow the steps since the winners stand.
/// Nothing else of the task changes; a network without normalisation is left alone.
///
/// - Parameter network: a network with a task open whose winners stand (swiftcl_task_commit).
/// - Parameter inputs: rows times inputs elements of the network's input_type.
/// - Parameter rows: 1 or more; the more, and the better mixed, the better the estimate.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL or _ARGUMENT; SWIFTCL_E_STATE without an open task or while it
///   competes; SWIFTCL_E_NONFINITE for an input or a statistic, before anything was changed. Since 0.1.
@c(swiftcl_task_calibrate)
public func swiftcl_task_calibrate(
  _ network: swiftcl_network_ref?, _ inputs: UnsafeRawPointer?, _ rows: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_task_calibrate") else {
    return Boundary.refused
  }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  return net.pointee.calibrate(inputs, rows: Int(shown: rows))
}

/// Ends the task: its winners become a ticket, which under frozen protection never changes again.
///
/// - Parameter network: a network with a task open.
/// - Parameter report: NULL, or struct_size set by the caller; receives what the task became.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL or _STRUCT; SWIFTCL_E_STATE without an open task;
///   SWIFTCL_E_MEMORY when there is no room for the ticket, SWIFTCL_E_NONFINITE when the task's
///   parameters overflowed: the task stays open. Since 0.1.
@c(swiftcl_task_end)
public func swiftcl_task_end(
  _ network: swiftcl_network_ref?, _ report: UnsafeMutablePointer<swiftcl_task_info>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_task_end") else { return Boundary.refused }
  if let report, !net.pointee.accepts(report, "report") { return SWIFTCL_E_STRUCT }
  let number = net.pointee.task.record.task
  let status = net.pointee.endTask()
  if status == SWIFTCL_OK, let report, let info = net.pointee.info(number) {
    Boundary.write(info, to: report)
  }
  return status
}

/// Forgets the open task, as if it had never begun; a reopened task is what it was before. Memory that
/// beginning it allocated for more tasks or classes stays. Its rows leave the replay memory, but for a
/// reopened task's; the rows that they displaced do not come back, unless SWIFTCL_STORE_AT_END kept
/// them apart.
///
/// - Parameter network: a network with a task open.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL, or SWIFTCL_E_STATE without an open task. Since 0.1.
@c(swiftcl_task_abort)
public func swiftcl_task_abort(_ network: swiftcl_network_ref?) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_task_abort") else { return Boundary.refused }
  return net.pointee.abortTask()
}

/// Opens a finished task to train it on. Its ticket stands until swiftcl_task_end replaces it; until
/// then its number names the old ticket and SWIFTCL_TASK_OPEN the new one.
///
/// - Parameter network: a network with no task open.
/// - Parameter task: a finished task.
/// - Parameter options: expected_steps is used; NULL is the defaults.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL or _STRUCT; SWIFTCL_E_STATE when a task is open;
///   SWIFTCL_E_TASK; SWIFTCL_E_SHARED, naming the later task, when under frozen protection a later
///   task uses edges of this one. Since 0.1.
@c(swiftcl_task_reopen)
public func swiftcl_task_reopen(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task,
  _ options: UnsafePointer<swiftcl_task_options>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_task_reopen") else { return Boundary.refused }
  guard let given = net.pointee.taskOptions(options) else { return SWIFTCL_E_STRUCT }
  return net.pointee.reopenTask(task, given)
}

/// Removes a finished task: its ticket is freed, and units that no other task owns are free again.
/// Its rows stay in the replay memory until swiftcl_replay_forget.
///
/// - Parameter network: a network with no task open.
/// - Parameter task: a finished task.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL, SWIFTCL_E_STATE when a task is open, or SWIFTCL_E_TASK. Since 0.1.
@c(swiftcl_task_remove)
public func swiftcl_task_remove(_ network: swiftcl_network_ref?, _ task: swiftcl_task)
  -> swiftcl_status
{
  guard let net = Boundary.network(network, "swiftcl_task_remove") else { return Boundary.refused }
  return net.pointee.removeTask(task)
}

extension Network {
  fileprivate mutating func taskOptions(
    _ options: UnsafePointer<swiftcl_task_options>?
  ) -> swiftcl_task_options? {
    guard let options else { return Defaults.taskOptions }
    return read(options, "options")
  }
}
