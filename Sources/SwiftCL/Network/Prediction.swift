import CSwiftCL

/// The head's rows of one task, and which of their columns are its classes.
struct HeadRows {
  var logits: UnsafePointer<Float>
  var stride: Int
  var columns: UnsafePointer<Int32>
  var names: UnsafePointer<Int32>
  var classes: Int

  /// Whether a label's score is better than another's: NaN is worse than every number, and among
  /// NaNs the lowest label is best.
  static func beats(_ score: Float, _ label: Int32, _ other: Float, _ otherLabel: Int32) -> Bool {
    if !other.isNaN { return score > other }
    return !score.isNaN || label < otherLabel
  }

  /// Index of the largest logit of row `n`; the first of equals.
  func best(_ n: Int) -> Int {
    let z = logits + n * stride
    var best = 0
    for c in 1..<max(1, classes)
    where HeadRows.beats(z[Int(columns[c])], names[c], z[Int(columns[best])], names[best]) {
      best = c
    }
    return best
  }
}

/// What becomes of the head's rows: logits of several tasks, or labels of one,
/// or how many of them are right.
struct Answers {
  var logits: UnsafePointer<UnsafeMutablePointer<Float>?>?
  var labels: UnsafeMutablePointer<Int32>?
  var wanted: UnsafePointer<Int32>?
  var correct = 0

  mutating func take(_ head: HeadRows, task t: Int, first: Int, count: Int) {
    if let target = logits?[t] {
      var next = target + first * head.classes
      for n in 0..<count {
        let z = head.logits + n * head.stride
        for c in 0..<head.classes {
          next.pointee = z[Int(head.columns[c])]
          next += 1
        }
      }
      return
    }
    for n in 0..<count {
      let label = head.names[head.best(n)]
      labels?[first + n] = label
      if label == wanted?[first + n] { correct += 1 }
    }
  }
}

/// Prediction: only the winners run. A finished task reads its ticket alone, so
/// nothing that happens to other tasks can reach it.
extension Network {
  /// Classes of a task, finished or open; nil after a message.
  @inline(never)
  mutating func classCount(of number: swiftcl_task) -> Int? {
    if isOpen(number) { return task.classCount }
    return ticket(number)?.pointee.classCount
  }

  /// Runs rows in chunks of max_batch, each through all the tasks, which are known to exist.
  @inline(never)
  mutating func run(
    _ tasks: UnsafePointer<swiftcl_task>, _ taskCount: Int, _ inputs: UnsafeRawPointer, rows: Int,
    _ answers: inout Answers
  ) -> swiftcl_status {
    var status = checkRowCount(rows)
    if status != SWIFTCL_OK { return status }
    // Outputs are written only on success: all rows are checked first. Those of a single chunk
    // are when it is loaded.
    if rows > batch { status = checkRows(inputs, count: rows) }
    if status != SWIFTCL_OK { return status }
    var first = 0
    while first < rows {
      let count = min(batch, rows - first)
      guard let x = load(inputs, first: first, count: count) else { return error.status }
      for t in 0..<taskCount {
        let finished = store.ticket(of: tasks[t])
        let head = headRows(of: finished, x, rows: count)
        answers.take(head, task: t, first: first, count: count)
      }
      first += count
    }
    return SWIFTCL_OK
  }

  /// Runs rows through a finished task; nil is the open one.
  #if SWIFTCL_DENSE
    @inline(__always)  // Where a network changes, a call of what only reads it copies it first.
  #else
    @inline(never)
  #endif
  func headRows(of finished: UnsafeMutablePointer<Ticket>?, _ x: InputRows, rows: Int) -> HeadRows {
    if let finished {
      return HeadRows(
        logits: run(finished, x, rows: rows),
        stride: Panels.pad(finished.pointee.head.size.units), columns: finished.pointee.columns,
        names: finished.pointee.classes, classes: finished.pointee.classCount)
    }
    runOpen(x, rows: rows)
    let layer = working[hidden]
    return HeadRows(
      logits: layer.output, stride: layer.stride, columns: workspace.columns,
      names: workspace.classes, classes: task.classCount)
  }

  private func run(_ ticket: UnsafeMutablePointer<Ticket>, _ x: InputRows, rows: Int)
    -> UnsafePointer<Float>
  {
    for l in 0..<layerCount { predict(layer: l, of: ticket, x, rows: rows) }
    return UnsafePointer(working[hidden].predicted)
  }

  /// What the head of a finished task reads.
  @inline(never)
  func features(of ticket: UnsafeMutablePointer<Ticket>, _ x: InputRows, rows: Int) -> Surface {
    for l in 0..<hidden { predict(layer: l, of: ticket, x, rows: rows) }
    let below = shapes[hidden].input
    if below < 0 { return surface(of: x) }
    return surface(predicted: below, stride: Panels.pad(ticket.pointee.layers[below].size.units))
  }

  private func predict(
    layer l: Int, of ticket: UnsafeMutablePointer<Ticket>, _ x: InputRows, rows: Int
  ) {
    func stride(_ l: Int) -> Int { Panels.pad(ticket.pointee.layers[l].size.units) }
    let layer = ticket.pointee.layers[l]
    let shape = shapes[l]
    let below = shape.input
    let input = below < 0 ? surface(of: x) : surface(predicted: below, stride: stride(below))
    let perSample = competesPerSample(l)
    let finishes = layer.norm != nil || shape.added >= 0
    let width = stride(l)
    let output = working[l].predicted
    let pixels = rows * shape.pixels
    if layer.norm != nil { working[l].norm.zeros.update(repeating: 0, count: width) }
    let bias = layer.norm == nil ? layer.bias : working[l].norm.zeros
    let relu = shape.relu && !perSample && !finishes
    if let mask = layer.mask {
      maskedProduct(
        layer: l, input, samples: rows, inputs: layer.size.inputs, outputs: layer.size.units,
        weights: mask, bias: bias, y: output, yStride: width, relu: relu)
    } else {
      product(
        layer: l, input, samples: rows, inputs: layer.size.inputs, weights: layer.weights,
        bias: bias, padded: Panels.computed(layer.size.units), y: output, yStride: width,
        relu: relu)
    }
    if let norm = layer.norm { foldStatistics(layer: l, norm, bias: layer.bias, width) }
    if finishes {
      let step = working[l].norm
      Finish(
        padded: width, stride: width, factor: layer.norm == nil ? nil : step.factor,
        summand: layer.norm == nil ? nil : step.summand,
        added: shape.added < 0 ? nil : surface(predicted: shape.added, stride: width).rows,
        relu: shape.relu && !perSample
      ).run(output, rows: pixels, output)
    }
    if perSample {
      passLargest(
        output, stride: width, count: pixels, units: layer.size.units,
        blockSize: shape.blockSize, relu: shape.relu)
    }
    if shape.isPooled {
      Pooling(transition: shape.pool, samples: rows, stride: width)
        .forward(output, working[l].predictedPooled)
    }
  }

  /// The open task: candidates weighted by their posterior, without noise.
  @inline(never)
  private func runOpen(_ x: InputRows, rows: Int) {
    for l in 0..<layerCount {
      if working[l].competes { weighByPosterior(layer: l) }
      forward(layer: l, surface(below: l, x), samples: rows, trains: false)
      if shapes[l].isPooled { pool(layer: l, samples: rows) }
    }
  }

  private func weighByPosterior(layer l: Int) {
    for i in 0..<shapes[l].blocks {
      let range = blockRange(l, i)
      if !range.isEmpty { Posterior.softmax(working[l].live.logits, working[l].gate, range) }
    }
  }

  /// Rows are addressed by byte offsets: there must be some, and not too many.
  mutating func checkRowCount(_ rows: Int) -> swiftcl_status {
    if rows >= 1 && (rows <= batch || rows <= input.mostRows) { return SWIFTCL_OK }
    return fail(
      SWIFTCL_E_ARGUMENT, "rows", is: rows, expected: "at least 1, and no more than memory can hold"
    )
  }

  // MARK: what callers ask for

  mutating func predict(
    _ tasks: UnsafePointer<swiftcl_task>, _ taskCount: Int, _ inputs: UnsafeRawPointer, rows: Int,
    _ logits: UnsafePointer<UnsafeMutablePointer<Float>?>, capacities: UnsafePointer<UInt>
  ) -> swiftcl_status {
    for t in 0..<taskCount {
      let finished = store.ticket(of: tasks[t])
      guard let classes = finished?.pointee.classCount ?? classCount(of: tasks[t]) else {
        return error.status
      }
      guard let needed = Network.logitsMissing(rows, classes, capacities[t]) else { continue }
      if taskCount == 1 {
        return fail(
          SWIFTCL_E_BUFFER, "logit_count", is: Int(shown: capacities[t]),
          expected: "rows times classes = ", needed)
      }
      return fail(
        SWIFTCL_E_BUFFER, "logit_counts", at: t, is: Int(shown: capacities[t]),
        expected: "rows times classes = ", needed)
    }
    var answers = Answers(logits: logits)
    return run(tasks, taskCount, inputs, rows: rows, &answers)
  }

  mutating func predict(
    _ number: swiftcl_task, _ inputs: UnsafeRawPointer, rows: Int,
    _ logits: UnsafeMutablePointer<Float>, capacity: Int
  ) -> swiftcl_status {
    var number = number
    var target: UnsafeMutablePointer<Float>? = logits
    var room = UInt(bitPattern: capacity)
    return predict(&number, 1, inputs, rows: rows, &target, capacities: &room)
  }

  /// Floats that the logits of some rows take, when there is no room for them; else nil.
  static func logitsMissing(_ rows: Int, _ classes: Int, _ capacity: UInt) -> Int? {
    let (needed, overflow) = rows.multipliedReportingOverflow(by: classes)
    if overflow { return Int.max }
    return Int(shown: capacity) < needed ? needed : nil
  }

  /// The class with the largest logit; the first of equals.
  mutating func predictLabels(
    _ number: swiftcl_task, _ inputs: UnsafeRawPointer, rows: Int,
    _ labels: UnsafeMutablePointer<Int32>,
    capacity: Int
  ) -> swiftcl_status {
    if classCount(of: number) == nil { return error.status }
    if capacity < rows {
      return fail(SWIFTCL_E_BUFFER, "label_count", is: capacity, expected: "rows = ", rows)
    }
    var number = number
    var answers = Answers(labels: labels)
    return run(&number, 1, inputs, rows: rows, &answers)
  }

  /// Percent of rows whose largest logit is the label's.
  @inline(never)
  mutating func evaluate(
    _ number: swiftcl_task, _ inputs: UnsafeRawPointer, _ labels: UnsafePointer<Int32>, rows: Int,
    _ accuracy: inout Double
  ) -> swiftcl_status {
    if classCount(of: number) == nil { return error.status }
    var status = checkLabels(number, labels, rows: rows)
    if status != SWIFTCL_OK { return status }
    var number = number
    var answers = Answers(wanted: labels)
    status = run(&number, 1, inputs, rows: rows, &answers)
    if status == SWIFTCL_OK { accuracy = 100 * Double(answers.correct) / Double(rows) }
    return status
  }

  /// Labels of a task that is known to exist.
  @inline(never)
  mutating func classNames(of number: swiftcl_task) -> UnsafeMutablePointer<Int32> {
    isOpen(number) ? workspace.classes : ticket(number)?.pointee.classes ?? workspace.classes
  }

  @inline(never)
  mutating func checkLabels(_ number: swiftcl_task, _ labels: UnsafePointer<Int32>, rows: Int)
    -> swiftcl_status
  {
    guard let classes = classCount(of: number) else { return error.status }
    let status = checkRowCount(rows)
    if status != SWIFTCL_OK { return status }
    let names = classNames(of: number)
    for n in 0..<rows where !Network.contains(names, classes, labels[n]) {
      return fail(
        SWIFTCL_E_LABEL, "labels", at: n, is: Int(labels[n]),
        expected: "one of the task's classes; their number is ", classes)
    }
    return SWIFTCL_OK
  }

  private static func contains(_ names: UnsafePointer<Int32>, _ count: Int, _ label: Int32) -> Bool
  {
    if label >= 0, Int(label) < count, names[Int(label)] == label { return true }
    for c in 0..<count where names[c] == label { return true }
    return false
  }
}
