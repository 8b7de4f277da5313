import CSwiftCL

// MARK: - Predict and evaluate

/// Logits of a task for some rows; only its winners run. Works for any finished task, also while
/// another is open, and for the open one (candidates weighted by their posterior, without noise; with
/// top-k those of the current sample).
///
/// - Parameter network: a network.
/// - Parameter task: a finished task, the open one's number, or SWIFTCL_TASK_OPEN.
/// - Parameter inputs: rows times inputs elements of the network's input_type; read only.
/// - Parameter rows: at least 1; any number.
/// - Parameter logits: receives rows times class_count logits, in the order of the task's classes
///   (swiftcl_task_info_get tells class_count, swiftcl_task_classes the labels).
/// - Parameter logit_count: floats `logits` has room for.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_TASK, or _STATE for SWIFTCL_TASK_OPEN with none
///   open; SWIFTCL_E_ARGUMENT for rows; SWIFTCL_E_BUFFER with the floats that would do;
///   SWIFTCL_E_NONFINITE naming the row. Since 0.1.
@c(swiftcl_predict)
public func swiftcl_predict(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ inputs: UnsafeRawPointer?, _ rows: UInt,
  _ logits: UnsafeMutablePointer<Float>?, _ logit_count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_predict") else { return Boundary.refused }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let logits else { return net.pointee.failNull("logits is NULL") }
  return net.pointee.predict(
    task, inputs, rows: Int(shown: rows), logits, capacity: Int(shown: logit_count))
}

/// Logits of several tasks for the same rows: the inputs are checked and converted once.
///
/// - Parameter network: a network.
/// - Parameter tasks: count tasks, each as for swiftcl_predict.
/// - Parameter count: at least 1.
/// - Parameter inputs: rows times inputs elements of the network's input_type; read only.
/// - Parameter rows: at least 1; any number.
/// - Parameter logits: count arrays, none of them NULL; each receives rows times class_count logits of
///   its task, the same bits as swiftcl_predict.
/// - Parameter logit_counts: for each array the floats it has room for.
/// - Returns: as swiftcl_predict; SWIFTCL_E_ARGUMENT for count. Since 0.1.
@c(swiftcl_predict_tasks)
public func swiftcl_predict_tasks(
  _ network: swiftcl_network_ref?, _ tasks: UnsafePointer<swiftcl_task>?, _ count: UInt,
  _ inputs: UnsafeRawPointer?, _ rows: UInt,
  _ logits: UnsafePointer<UnsafeMutablePointer<Float>?>?, _ logit_counts: UnsafePointer<UInt>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_predict_tasks") else {
    return Boundary.refused
  }
  guard let tasks else { return net.pointee.failNull("tasks is NULL") }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let logits else { return net.pointee.failNull("logits is NULL") }
  guard let logit_counts else { return net.pointee.failNull("logit_counts is NULL") }
  if count < 1 || count > UInt(Int32.max) {
    return net.pointee.fail(
      SWIFTCL_E_ARGUMENT, "count", is: Int(shown: count), expected: "1 or more")
  }
  for t in 0..<Int(count) where logits[t] == nil {
    return net.pointee.fail(SWIFTCL_E_NULL, "an array of logits is NULL; its index is ", t)
  }
  return net.pointee.predict(
    tasks, Int(count), inputs, rows: Int(shown: rows), logits, capacities: logit_counts)
}

/// The class with the largest logit of each row; the first of equals. NaN is less than every number; the
/// lowest label is named where all are NaN.
///
/// - Parameter network: a network.
/// - Parameter task: as for swiftcl_predict.
/// - Parameter inputs: rows times inputs elements.
/// - Parameter rows: at least 1.
/// - Parameter labels: receives rows labels.
/// - Parameter label_count: labels `labels` has room for.
/// - Returns: as swiftcl_predict. Since 0.1.
@c(swiftcl_predict_labels)
public func swiftcl_predict_labels(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ inputs: UnsafeRawPointer?, _ rows: UInt,
  _ labels: UnsafeMutablePointer<Int32>?, _ label_count: UInt
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_predict_labels") else {
    return Boundary.refused
  }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let labels else { return net.pointee.failNull("labels is NULL") }
  return net.pointee.predictLabels(
    task, inputs, rows: Int(shown: rows), labels, capacity: Int(shown: label_count))
}

/// Accuracy of a task on labelled rows.
///
/// - Parameter network: a network.
/// - Parameter task: as for swiftcl_predict.
/// - Parameter inputs: rows times inputs elements.
/// - Parameter labels: rows labels, each one of the task's classes.
/// - Parameter rows: at least 1.
/// - Parameter accuracy: receives percent of rows whose largest logit is the label's.
/// - Returns: as swiftcl_predict; SWIFTCL_E_LABEL naming the row. Since 0.1.
@c(swiftcl_evaluate)
public func swiftcl_evaluate(
  _ network: swiftcl_network_ref?, _ task: swiftcl_task, _ inputs: UnsafeRawPointer?,
  _ labels: UnsafePointer<Int32>?, _ rows: UInt, _ accuracy: UnsafeMutablePointer<Double>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_evaluate") else { return Boundary.refused }
  guard let inputs else { return net.pointee.failNull("inputs is NULL") }
  guard let labels else { return net.pointee.failNull("labels is NULL") }
  guard let accuracy else { return net.pointee.failNull("accuracy is NULL") }
  var percent: Double = 0
  let status = net.pointee.evaluate(task, inputs, labels, rows: Int(shown: rows), &percent)
  if status == SWIFTCL_OK { accuracy.pointee = percent }
  return status
}

/// Accuracies of several tasks, each on its own set: one row of the accuracy matrix.
///
/// - Parameter network: a network.
/// - Parameter sets: count sets.
/// - Parameter count: at least 1.
/// - Parameter accuracies: receives count percentages; all sets are checked before the first is run.
/// - Returns: as swiftcl_evaluate. Since 0.1.
@c(swiftcl_evaluate_tasks)
public func swiftcl_evaluate_tasks(
  _ network: swiftcl_network_ref?, _ sets: UnsafePointer<swiftcl_dataset>?, _ count: UInt,
  _ accuracies: UnsafeMutablePointer<Double>?
) -> swiftcl_status {
  guard let net = Boundary.network(network, "swiftcl_evaluate_tasks") else {
    return Boundary.refused
  }
  guard let sets else { return net.pointee.failNull("sets is NULL") }
  guard let accuracies else { return net.pointee.failNull("accuracies is NULL") }
  if count < 1 || count > UInt(Int32.max) {
    return net.pointee.fail(
      SWIFTCL_E_ARGUMENT, "count", is: Int(shown: count), expected: "1 or more")
  }
  for i in 0..<Int(count) {
    let status = net.pointee.check(sets[i])
    if status != SWIFTCL_OK { return status }
  }
  for i in 0..<Int(count) {
    guard let inputs = sets[i].inputs, let labels = sets[i].labels else { return SWIFTCL_E_NULL }
    let status = net.pointee.evaluate(
      sets[i].task, inputs, labels, rows: Int(shown: UInt(bitPattern: sets[i].rows)), &accuracies[i]
    )
    if status != SWIFTCL_OK { return status }
  }
  return SWIFTCL_OK
}

/// Average accuracy, forgetting, backward transfer and learning accuracy of an accuracy matrix
/// (docs/algorithms.md C.3). Pure arithmetic: needs no network.
///
/// - Parameter matrix: tasks times tasks percentages; matrix[k * tasks + i] is the accuracy on task i
///   after learning task k. Only i <= k is read.
/// - Parameter tasks: 1 to 65536.
/// - Parameter scores: struct_size set by the caller; written on success. With one task forgetting
///   and backward transfer are 0.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL, _STRUCT or _ARGUMENT; SWIFTCL_E_NONFINITE for an entry.
///   The message is in swiftcl_last_error(NULL). Any thread. Since 0.1.
@c(swiftcl_score)
public func swiftcl_score(
  _ matrix: UnsafePointer<Double>?, _ tasks: UInt, _ scores: UnsafeMutablePointer<swiftcl_scores>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_score"
  guard let matrix else { return failThread(SWIFTCL_E_NULL, call, "matrix is NULL") }
  guard let scores else { return failThread(SWIFTCL_E_NULL, call, "scores is NULL") }
  guard
    Boundary.accepts(
      scores, MemoryLayout<swiftcl_scores>.size, "scores", call, Boundary.threadError)
  else { return SWIFTCL_E_STRUCT }
  if tasks < 1 || tasks > 65_536 {
    return ErrorRecord.fail(
      Boundary.threadError, SWIFTCL_E_ARGUMENT, call, "tasks", is: Int(shown: tasks),
      expected: "1 to 65536")
  }
  let count = Int(tasks)
  for k in 0..<count {
    for i in 0...k where !matrix[k * count + i].isFinite {
      return ErrorRecord.fail(
        Boundary.threadError, SWIFTCL_E_NONFINITE, call, "matrix row", is: k,
        expected: "finite accuracies")
    }
  }
  Boundary.write(Scores.of(matrix, count), to: scores)
  return SWIFTCL_OK
}
