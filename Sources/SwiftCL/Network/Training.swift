import CSwiftCL

/// Checks what a step is given, then runs it; and whole passes over a data set.
extension Network {
  mutating func checkStep(rows: Int, _ loss: Int32) -> swiftcl_status {
    if !task.isOpen { return fail(SWIFTCL_E_STATE, "no task is open; begin one first") }
    if options.loss != loss {
      return fail(
        SWIFTCL_E_STATE, "the network's loss", is: Int(options.loss),
        expected: "the loss that this call trains: ", Int(loss))
    }
    if rows < 1 || rows > batch {
      return fail(SWIFTCL_E_ARGUMENT, "rows", is: rows, expected: "1 to max_batch = ", batch)
    }
    return SWIFTCL_OK
  }

  /// Finds the head's row of a label; -1 when the task has no such class.
  func column(of label: Int32) -> Int32 {
    let count = task.classCount
    // Labels in order are their own index.
    if label >= 0, Int(label) < count, workspace.classes[Int(label)] == label {
      return workspace.columns[Int(label)]
    }
    for c in 0..<count where workspace.classes[c] == label { return workspace.columns[c] }
    return -1
  }

  @inline(never)
  mutating func loadLabels(_ labels: UnsafePointer<Int32>, count: Int) -> swiftcl_status {
    let net = self
    for n in 0..<count where !net.loadLabel(labels, row: n, to: n) {
      return failLabel(labels, row: n)
    }
    return SWIFTCL_OK
  }

  /// Finds the target of one row; false when the task has no such class.
  func loadLabel(_ labels: UnsafePointer<Int32>, row: Int, to n: Int) -> Bool {
    workspace.targets[n] = column(of: labels[row])
    return workspace.targets[n] >= 0
  }

  mutating func failLabel(_ labels: UnsafePointer<Int32>, row: Int) -> swiftcl_status {
    fail(
      SWIFTCL_E_LABEL, "labels", at: row, is: Int(labels[row]),
      expected: "one of the task's classes; their number is ", task.classCount)
  }

  mutating func trainStep(
    _ inputs: UnsafeRawPointer, _ labels: UnsafePointer<Int32>, rows: Int,
    _ report: inout swiftcl_step
  ) -> swiftcl_status {
    var status = checkStep(rows: rows, SWIFTCL_LOSS_CROSS_ENTROPY)
    if status == SWIFTCL_OK { status = loadLabels(labels, count: rows) }
    if status != SWIFTCL_OK { return status }
    guard let x = load(inputs, first: 0, count: rows) else { return error.status }
    status = trainStep(x, rows: rows, .labels, &report)
    if status == SWIFTCL_OK { offerPresented(inputs, labels, count: rows, order: RowOrder()) }
    return status
  }

  mutating func trainStep(
    _ inputs: UnsafeRawPointer, targets: UnsafePointer<Float>, rows: Int,
    _ report: inout swiftcl_step
  ) -> swiftcl_status {
    let status = checkStep(rows: rows, SWIFTCL_LOSS_MSE)
    if status != SWIFTCL_OK { return status }
    for n in 0..<rows where !allFinite(targets + n * task.classCount, task.classCount) {
      return fail(SWIFTCL_E_NONFINITE, "targets of row", is: n, expected: "finite numbers only")
    }
    guard let x = load(inputs, first: 0, count: rows) else { return error.status }
    return trainStep(x, rows: rows, .values(targets), &report)
  }

  /// Whole epochs over `rows` labelled rows, in a new order each time.
  mutating func fit(
    _ inputs: UnsafeRawPointer, _ labels: UnsafePointer<Int32>, rows: Int,
    _ given: swiftcl_fit_options, _ report: inout swiftcl_fit_report
  ) -> swiftcl_status {
    var status = checkFit(rows: rows, given)
    // A bad row must be found before the first step, not in the third epoch.
    if status == SWIFTCL_OK { status = checkLabels(SWIFTCL_TASK_OPEN, labels, rows: rows) }
    if status == SWIFTCL_OK { status = checkRows(inputs, count: rows) }
    if status != SWIFTCL_OK { return status }
    let size = Int(given.batch)
    let perEpoch = (rows + size - 1) / size
    let (product, overflow) = UInt64(perEpoch).multipliedReportingOverflow(by: UInt64(given.epochs))
    let steps = overflow ? UInt64.max : product
    expect(steps: steps)
    for epoch in 0..<Int(given.epochs) {
      var loss: Double = 0
      var correct: UInt64 = 0
      let key = Random.key(
        seed: options.seed, Random.Domain.order, UInt64(UInt32(bitPattern: task.record.task)),
        task.record.steps)
      for b in 0..<perEpoch {
        let first = b * size
        let count = min(size, rows - first)
        let order = RowOrder(first: first, rows: rows, key: key, shuffles: given.shuffle == 1)
        var step = swiftcl_step()
        guard let x = load(inputs, labels, count: count, order: order) else { return error.status }
        status = trainStep(x, rows: count, .labels, &step)
        if status != SWIFTCL_OK { return status }
        offerPresented(inputs, labels, count: count, order: order)
        loss += Double(step.loss)
        correct += UInt64(step.correct)
        report.steps += 1
        report.rows += UInt64(count)
        report.mean_loss = loss / Double(b + 1)
        report.accuracy = 100 * Double(correct) / Double(first + count)
        if !goesOn(
          given, step, epoch: epoch, steps: steps, report)
        {
          return fail(SWIFTCL_E_STOPPED, "the progress callback asked to stop")
        }
      }
      report.epochs += 1
    }
    return SWIFTCL_OK
  }

  private mutating func checkFit(rows: Int, _ given: swiftcl_fit_options) -> swiftcl_status {
    var status = checkRowCount(rows)
    if status != SWIFTCL_OK { return status }
    if given.batch < 1 || Int(given.batch) > batch {
      return fail(
        SWIFTCL_E_ARGUMENT, "batch", is: Int(given.batch), expected: "1 to max_batch = ", batch)
    }
    status = checkStep(rows: min(rows, Int(given.batch)), SWIFTCL_LOSS_CROSS_ENTROPY)
    if status != SWIFTCL_OK { return status }
    if given.epochs < 1 {
      return fail(SWIFTCL_E_ARGUMENT, "epochs", is: Int(given.epochs), expected: "1 or more")
    }
    if given.shuffle > 1 {
      return fail(SWIFTCL_E_ARGUMENT, "shuffle", is: Int(given.shuffle), expected: "0 or 1")
    }
    return SWIFTCL_OK
  }

  /// The schedule of a task that has not begun to learn and does not know its
  /// length follows the first fit.
  private mutating func expect(steps: UInt64) {
    if task.expectedSteps > 0 || task.record.steps > task.startStep { return }
    task.expectedSteps = steps
  }

  private func goesOn(
    _ given: swiftcl_fit_options, _ step: swiftcl_step, epoch: Int, steps: UInt64,
    _ report: swiftcl_fit_report
  ) -> Bool {
    guard let progress = given.progress else { return true }
    var now = swiftcl_progress()
    now.step = report.steps
    now.steps = steps
    now.epoch = UInt32(epoch)
    now.phase = step.phase
    now.loss = step.loss
    now.learning_rate = step.learning_rate
    now.alive_units = step.alive_units
    now.decided_blocks = step.decided_blocks
    return progress(given.progress_context, &now) == 0
  }
}
