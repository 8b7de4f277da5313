import CSwiftCL

/// Class-IL and Task-IL of all tasks so far in one pass over their test sets.
extension Network {
  @inline(never)
  mutating func evaluateAll(
    _ sets: UnsafePointer<swiftcl_dataset>, _ count: Int, _ given: swiftcl_evaluate_options,
    _ report: inout swiftcl_evaluation
  ) -> swiftcl_status {
    var status = checkEvaluation(given, count)
    if status != SWIFTCL_OK { return status }
    for i in 0..<count {
      if ticket(sets[i].task) == nil { return error.status }
      status = check(sets[i])
      if status != SWIFTCL_OK { return status }
    }
    // All is checked: from here on outputs are written.
    if let confusion = given.confusion {
      let classes = Int(given.confusion_classes)
      confusion.update(repeating: 0, count: classes * classes)
    }
    let hasMatrix = given.class_il != nil || given.task_il != nil
    let stride = hasMatrix ? Int(given.matrix_tasks) : 0
    var inferred: UInt64 = 0
    for i in 0..<count {
      let hits = evaluateSet(sets[i], given)
      let rows = UInt64(UInt(bitPattern: sets[i].rows))
      let classAccuracy = 100 * Double(hits.classes) / Double(rows)
      let taskAccuracy = 100 * Double(hits.tasks) / Double(rows)
      let place = (count - 1) * stride + i
      given.class_il?[place] = classAccuracy
      given.task_il?[place] = taskAccuracy
      report.class_accuracy += classAccuracy / Double(count)
      report.task_accuracy += taskAccuracy / Double(count)
      report.rows += rows
      inferred += hits.inferred
    }
    report.tasks = UInt32(count)
    report.inferred_accuracy = 100 * Double(inferred) / Double(report.rows)
    (report.class_forgetting, report.class_transfer) = EvaluationScores.of(
      given.class_il, count, stride: stride)
    (report.task_forgetting, report.task_transfer) = EvaluationScores.of(
      given.task_il, count, stride: stride)
    return SWIFTCL_OK
  }

  @inline(never)
  private mutating func checkEvaluation(_ given: swiftcl_evaluate_options, _ count: Int)
    -> swiftcl_status
  {
    let status = checkRule(given.rule)
    if status != SWIFTCL_OK { return status }
    let tasks = Int(shown: UInt(given.matrix_tasks))
    if given.class_il != nil || given.task_il != nil {
      if tasks < count || tasks > DescriptionCheck.largestTasks {
        return fail(
          SWIFTCL_E_BUFFER, "matrix_tasks", is: tasks,
          expected: "at most 65536 and at least the number of sets = ", count)
      }
      for k in 0..<count - 1 {
        for i in 0...k {
          let known = given.class_il.map { $0[k * tasks + i].isFinite } ?? true
          if known && given.task_il.map({ $0[k * tasks + i].isFinite }) ?? true { continue }
          return fail(
            SWIFTCL_E_NONFINITE, "matrix row", is: k,
            expected: "the accuracies of an earlier call, as far as its diagonal")
        }
      }
    }
    let classes = Int(shown: UInt(given.confusion_classes))
    if given.confusion != nil,
      classes < Int(options.max_classes) || classes > DescriptionCheck.largestWidth
    {
      return fail(
        SWIFTCL_E_BUFFER, "confusion_classes", is: classes,
        expected: "at most 65536 and at least max_classes = ", Int(options.max_classes))
    }
    return SWIFTCL_OK
  }

  @inline(never)
  private mutating func evaluateSet(_ set: swiftcl_dataset, _ given: swiftcl_evaluate_options) -> (
    classes: UInt64, tasks: UInt64, inferred: UInt64
  ) {
    var hits: (classes: UInt64, tasks: UInt64, inferred: UInt64) = (0, 0, 0)
    guard let inputs = set.inputs, let labels = set.labels, let s = store.index(of: set.task) else {
      return hits
    }
    let rows = Int(shown: UInt(bitPattern: set.rows))
    let width = given.confusion == nil ? 0 : Int(given.confusion_classes)
    let answersForAll = answersForAll(s)
    let most = chunkRows(given.rule)
    var first = 0
    while first < rows {
      let count = min(most, rows - first)
      guard let x = load(inputs, first: first, count: count) else { return hits }
      var answers = ClassAnswers()
      ask(given.rule, x, rows: count, &answers, ClassScores())
      for n in 0..<count {
        let label = labels[first + n]
        if answers.label[n] == label { hits.classes += 1 }
        if answers.task[n] == set.task { hits.inferred += 1 }
        given.confusion?[Int(label) * width + Int(answers.label[n])] += 1
      }
      let head = headRows(of: store.tickets[s], x, rows: count)
      for n in 0..<count where isRight(head, n, s, answersForAll, labels[first + n]) {
        hits.tasks += 1
      }
      first += count
    }
    return hits
  }

  /// Whether a task's own head names a row's label, asked for the classes that the task answers
  /// for and for that label.
  private func isRight(_ head: HeadRows, _ n: Int, _ s: Int, _ answersForAll: Bool, _ label: Int32)
    -> Bool
  {
    let z = head.logits + n * head.stride
    var best: Int32 = -1
    var largest = -Float.infinity
    for c in 0..<head.classes {
      let name = head.names[c]
      let logit = z[Int(head.columns[c])]
      if best >= 0 && !HeadRows.beats(logit, name, largest, best) { continue }
      if !answersForAll && name != label && introducer(of: name) != s { continue }
      best = name
      largest = logit
    }
    return best == label
  }
}

/// Forgetting and backward transfer of the first `count` rows of a matrix; NaN without one.
enum EvaluationScores {
  static func of(_ matrix: UnsafePointer<Double>?, _ count: Int, stride: Int) -> (Double, Double) {
    guard let matrix else { return (.nan, .nan) }
    let scores = Scores.of(matrix, count, stride: stride)
    return (scores.forgetting, scores.backward_transfer)
  }
}
