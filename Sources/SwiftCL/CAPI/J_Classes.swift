import CSwiftCL

// MARK: - Tell classes across tasks
// When nobody says of which task a row is, a rule names its class and with it a task
// (SWIFTCL_RULE_...). Only finished tasks are asked, also while one is open. The class head is a
// linear head over the winners of all tasks, fitted on the replay memory alone: a network with
// options.class_head has room for one.

/// Fills an option struct with its defaults: 30 epochs, Adam at 2e-3, weight decay 1e-4.
///
/// - Parameter options: written, as far as `bytes` says.
/// - Parameter bytes: sizeof(swiftcl_class_head_options) in the caller's header.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STRUCT for `bytes`. Any thread. Since 0.1.
@c(swiftcl_class_head_options_init_sized)
public func swiftcl_class_head_options_init_sized(
  _ options: UnsafeMutablePointer<swiftcl_class_head_options>?, _ bytes: UInt
) -> swiftcl_status {
  Boundary.initialize(
    options, bytes, Defaults.classHeadOptions, "swiftcl_class_head_options_init_sized")
}

/// Fits the class head on the replay memory, in place of an older one: a linear map of the outputs of
/// the last hidden layer's winners, of all finished tasks side by side, to the classes that have
/// exemplars. Tickets and exemplars stay as they are. The same memory, tasks and options give the
/// same bits. It takes epochs times rows times the multiply-adds of all tasks.
///
/// It stays until it is fitted again, until a task that it looks at is removed or the last one that has
/// some class it names, or until a task that it looks at changes: it is dropped when a reopened task ends,
/// and at the end of every task that shares its ticket or whose protection lets finished tasks move. A
/// task that is finished later is not looked at before the next fit. What is forgotten of the replay memory stays learned until then.
/// A network of swiftcl_network_create whose tasks or classes outgrew the plan allocates here.
///
/// - Parameter network: a network with options.class_head and no task open.
/// - Parameter options: NULL for the defaults.
/// - Parameter info: struct_size set by the caller; written on success; may be NULL.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT; SWIFTCL_E_STATE without class_head, with a task open,
///   with none finished, or with no exemplar of a class that a finished task has; SWIFTCL_E_ARGUMENT
///   for the options; SWIFTCL_E_NONFINITE where outputs over the exemplars are too large;
///   SWIFTCL_E_MEMORY. Since 0.1.
@c(swiftcl_class_head_fit)
public func swiftcl_class_head_fit(
  _ network: swiftcl_network_ref?, _ options: UnsafePointer<swiftcl_class_head_options>?,
  _ info: UnsafeMutablePointer<swiftcl_class_head_info>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_class_head_fit") else {
    return Boundary.refused
  }
  var given = Defaults.classHeadOptions
  if let options {
    guard let read = net.pointee.read(options, "options") else { return SWIFTCL_E_STRUCT }
    given = read
  }
  if let info, !net.pointee.accepts(info, "info") { return SWIFTCL_E_STRUCT }
  let status = net.pointee.fitClassHead(given)
  if status == SWIFTCL_OK, let info { Boundary.write(net.pointee.classHeadInfo(), to: info) }
  return status
}

/// What the class head is now.
///
/// - Parameter network: a network; without class_head every number is 0.
/// - Parameter info: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK, SWIFTCL_E_NULL or SWIFTCL_E_STRUCT. Since 0.1.
@c(swiftcl_class_head_info_get)
public func swiftcl_class_head_info_get(
  _ network: swiftcl_network_ref?, _ info: UnsafeMutablePointer<swiftcl_class_head_info>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_class_head_info_get") else {
    return Boundary.refused
  }
  guard let info else { return net.pointee.failNull("info is NULL") }
  guard net.pointee.accepts(info, "info") else { return SWIFTCL_E_STRUCT }
  Boundary.write(net.pointee.classHeadInfo(), to: info)
  return SWIFTCL_OK
}

/// The class of each row, its task unknown. Never allocates.
///
/// - Parameter network: a network that learns with cross-entropy and has a finished task.
/// - Parameter rule: SWIFTCL_RULE_...
/// - Parameter inputs: rows times inputs elements of the network's input_type; read only.
/// - Parameter rows: at least 1; any number.
/// - Parameter labels: receives rows labels; of equals the first, tasks in their order. What is no number
///   (a network's own numbers may overflow) loses against every number, and the lowest label wins
///   where nothing is one.
/// - Parameter label_count: labels `labels` has room for.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for the rule or for rows; SWIFTCL_E_STATE with
///   no finished task, for a regression, or without a fitted class head; SWIFTCL_E_BUFFER with the labels
///   that would do; SWIFTCL_E_NONFINITE naming the row. Since 0.1.
@c(swiftcl_predict_classes)
public func swiftcl_predict_classes(
  _ network: swiftcl_network_ref?, _ rule: Int32, _ inputs: UnsafeRawPointer?, _ rows: UInt,
  _ labels: UnsafeMutablePointer<Int32>?, _ label_count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_predict_classes") else {
    return Boundary.refused
  }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let labels else { return net.pointee.failNull("labels is NULL") }
  let count = Int(shown: rows)
  let status = net.pointee.checkRoom("label_count", Int(shown: label_count), rows: count)
  if status != SWIFTCL_OK { return status }
  return net.pointee.predictClasses(rule, inputs, rows: count, labels: labels)
}

/// A score for every class: logits, or probabilities for SWIFTCL_RULE_MAX_PROBABILITY. The largest is
/// what swiftcl_predict_classes names.
///
/// - Parameter network: as for swiftcl_predict_classes.
/// - Parameter rule: SWIFTCL_RULE_..., not SWIFTCL_RULE_LOWEST_ENTROPY, which has scores of tasks only.
/// - Parameter inputs: rows times inputs elements of the network's input_type; read only.
/// - Parameter rows: at least 1; any number.
/// - Parameter scores: receives rows times max_classes floats (swiftcl_network_info), by label;
///   -infinity for a class that the rule does not know, or whose score is no number.
/// - Parameter score_count: floats `scores` has room for.
/// - Returns: as swiftcl_predict_classes, SWIFTCL_E_BUFFER with the floats that would do. Since 0.1.
@c(swiftcl_class_scores)
public func swiftcl_class_scores(
  _ network: swiftcl_network_ref?, _ rule: Int32, _ inputs: UnsafeRawPointer?, _ rows: UInt,
  _ scores: UnsafeMutablePointer<Float>?, _ score_count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_class_scores") else {
    return Boundary.refused
  }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let scores else { return net.pointee.failNull("scores is NULL") }
  return net.pointee.classScores(
    rule, inputs, rows: Int(shown: rows), scores, capacity: score_count)
}

/// The task of each row, for callers who do not know it: the task of the class that the rule names.
/// How often each rule is right is in docs/concepts.md.
///
/// - Parameter network: as for swiftcl_predict_classes.
/// - Parameter rule: SWIFTCL_RULE_...
/// - Parameter inputs: rows times inputs elements of the network's input_type; read only.
/// - Parameter rows: at least 1; any number.
/// - Parameter tasks: receives rows numbers of finished tasks.
/// - Parameter task_count: numbers `tasks` has room for.
/// - Returns: as swiftcl_predict_classes. Since 0.1.
@c(swiftcl_infer_task)
public func swiftcl_infer_task(
  _ network: swiftcl_network_ref?, _ rule: Int32, _ inputs: UnsafeRawPointer?, _ rows: UInt,
  _ tasks: UnsafeMutablePointer<swiftcl_task>?, _ task_count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_infer_task") else { return Boundary.refused }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let tasks else { return net.pointee.failNull("tasks is NULL") }
  let count = Int(shown: rows)
  let status = net.pointee.checkRoom("task_count", Int(shown: task_count), rows: count)
  if status != SWIFTCL_OK { return status }
  return net.pointee.predictClasses(rule, inputs, rows: count, tasks: tasks)
}

/// Fills an option struct with its defaults: SWIFTCL_RULE_LAST_MASK, no matrices.
///
/// - Parameter options: written, as far as `bytes` says.
/// - Parameter bytes: sizeof(swiftcl_evaluate_options) in the caller's header.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STRUCT for `bytes`. Any thread. Since 0.1.
@c(swiftcl_evaluate_options_init_sized)
public func swiftcl_evaluate_options_init_sized(
  _ options: UnsafeMutablePointer<swiftcl_evaluate_options>?, _ bytes: UInt
) -> swiftcl_status {
  Boundary.initialize(
    options, bytes, Defaults.evaluateOptions, "swiftcl_evaluate_options_init_sized")
}

/// Evaluates all tasks so far in one call, each on its own test set: Class-IL, where the rule must name
/// the class, and Task-IL, where each task decides among the classes that it answers for (and the row's
/// own). Called after every task with the sets so far, and with the same matrices, it fills their
/// rows one by one, and tells forgetting and backward transfer. Runs in chunks; never allocates.
///
/// - Parameter network: a network that learns with cross-entropy; a task may be open.
/// - Parameter sets: count sets in the order in which their tasks were learned, each of a finished
///   task, its labels among that task's classes; the caller's, read only.
/// - Parameter count: at least 1: how many tasks were learned.
/// - Parameter options: the rule, and what to fill: row count - 1 of the matrices, all of the confusion
///   matrix. NULL for the defaults.
/// - Parameter evaluation: struct_size set by the caller; written on success.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT; SWIFTCL_E_ARGUMENT for count, rule or rows; SWIFTCL_E_STATE
///   as swiftcl_predict_classes; SWIFTCL_E_TASK for a set of no finished task; SWIFTCL_E_LABEL and
///   SWIFTCL_E_NONFINITE naming the row, the latter for earlier rows of a matrix, too; SWIFTCL_E_BUFFER
///   for matrices that are too small. Since 0.1.
@c(swiftcl_evaluate_all)
public func swiftcl_evaluate_all(
  _ network: swiftcl_network_ref?, _ sets: UnsafePointer<swiftcl_dataset>?, _ count: UInt,
  _ options: UnsafePointer<swiftcl_evaluate_options>?,
  _ evaluation: UnsafeMutablePointer<swiftcl_evaluation>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_evaluate_all") else {
    return Boundary.refused
  }
  guard let sets else { return net.pointee.failNull("sets is NULL") }
  guard let evaluation else { return net.pointee.failNull("evaluation is NULL") }
  guard net.pointee.accepts(evaluation, "evaluation") else { return SWIFTCL_E_STRUCT }
  var given = Defaults.evaluateOptions
  if let options {
    guard let read = net.pointee.read(options, "options") else { return SWIFTCL_E_STRUCT }
    given = read
  }
  if count < 1 || count > UInt(DescriptionCheck.largestTasks) {
    return net.pointee.fail(
      SWIFTCL_E_ARGUMENT, "count", is: Int(shown: count), expected: "1 to 65536")
  }
  var report = swiftcl_evaluation()
  let status = net.pointee.evaluateAll(sets, Int(count), given, &report)
  if status == SWIFTCL_OK { Boundary.write(report, to: evaluation) }
  return status
}
