import CSwiftCL

/// Prediction: only the winners run. A finished task reads its ticket alone, so
/// nothing that happens to other tasks can reach it.
extension Network {
  /// Classes of a task, finished or open; nil after a message.
  mutating func classCount(of number: swiftcl_task) -> Int? {
    if isOpen(number) { return task.classCount }
    return ticket(number)?.pointee.classCount
  }

  /// Runs rows in chunks of max_batch; `deliver` receives each chunk's logits,
  /// rows of `stride` floats, and the head column of every class.
  mutating func run(
    _ number: swiftcl_task, _ inputs: UnsafeRawPointer, rows: Int,
    deliver: (
      _ first: Int, _ count: Int, _ logits: UnsafePointer<Float>, _ stride: Int,
      _ columns: UnsafePointer<Int32>
    ) -> Void
  ) -> swiftcl_status {
    var status = checkRowCount(rows)
    if status != SWIFTCL_OK { return status }
    let open = isOpen(number)
    let finished = open ? nil : ticket(number)
    if !open && finished == nil { return error.status }
    // Outputs are written only on success: all rows are checked first.
    status = checkRows(inputs, count: rows)
    if status != SWIFTCL_OK { return status }
    var first = 0
    while first < rows {
      let count = min(batch, rows - first)
      guard let x = load(inputs, first: first, count: count) else { return error.status }
      if let finished {
        let logits = run(finished, x, rows: count)
        let stride = Panels.pad(finished.pointee.head.size.units)
        deliver(first, count, logits, stride, finished.pointee.columns)
      } else {
        runOpen(x, rows: count)
        let head = working[hidden]
        deliver(first, count, head.output, head.stride, workspace.columns)
      }
      first += count
    }
    return SWIFTCL_OK
  }

  @inline(never)
  private func run(_ ticket: UnsafeMutablePointer<Ticket>, _ x: InputRows, rows: Int)
    -> UnsafePointer<Float>
  {
    var input = x.rows
    var stride = x.stride
    for l in 0..<layerCount {
      let layer = ticket.pointee.layers[l]
      let perSample = competesPerSample(l)
      let output = l % 2 == 0 ? workspace.deltas.0 : workspace.deltas.1
      let width = Panels.pad(layer.size.units)
      threads.forwardProduct(
        x: input, xStride: stride, rows: rows, inputs: layer.size.inputs, weights: layer.weights,
        bias: layer.bias, padded: width, y: output, yStride: width,
        relu: shapes[l].relu && !perSample)
      if perSample {
        finishPerSample(l, output, stride: width, rows: rows, units: layer.size.units)
      }
      input = UnsafePointer(output)
      stride = width
    }
    return input
  }

  private func finishPerSample(
    _ l: Int, _ output: UnsafeMutablePointer<Float>, stride: Int, rows: Int, units: Int
  ) {
    passLargest(output, stride: stride, count: rows, units: units, blockSize: shapes[l].blockSize)
    if !shapes[l].relu { return }
    for i in 0..<rows * stride where output[i] < 0 { output[i] = 0 }
  }

  /// The open task: candidates weighted by their posterior, without noise.
  @inline(never)
  private func runOpen(_ x: InputRows, rows: Int) {
    var input = x.rows
    var stride = x.stride
    for l in 0..<layerCount {
      if competesPerSample(l) {
        let layer = working[l]
        threads.forwardProduct(
          x: input, xStride: stride, rows: rows, inputs: layer.inputs, weights: layer.live.weights,
          bias: layer.live.bias, padded: layer.padded, y: layer.output, yStride: layer.stride,
          relu: false)
        finishPerSample(l, layer.output, stride: layer.stride, rows: rows, units: layer.units)
      } else {
        if working[l].competes { weighByPosterior(layer: l) }
        forwardDense(layer: l, input, stride: stride, rows: rows)
      }
      input = UnsafePointer(working[l].output)
      stride = working[l].stride
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
    if rows >= 1 && rows <= Int.max / 4 / inputCount / inputBytes { return SWIFTCL_OK }
    return fail(
      SWIFTCL_E_ARGUMENT, "rows", is: rows, expected: "at least 1, and no more than memory can hold"
    )
  }

  // MARK: what callers ask for

  mutating func predict(
    _ number: swiftcl_task, _ inputs: UnsafeRawPointer, rows: Int,
    _ logits: UnsafeMutablePointer<Float>,
    capacity: Int
  ) -> swiftcl_status {
    guard let classes = classCount(of: number) else { return error.status }
    let (needed, overflow) = rows.multipliedReportingOverflow(by: classes)
    if overflow || capacity < needed {
      return fail(
        SWIFTCL_E_BUFFER, "logit_count", is: capacity, expected: "rows times classes = ",
        overflow ? Int.max : needed)
    }
    return run(number, inputs, rows: rows) { first, count, z, stride, columns in
      for n in 0..<count {
        for c in 0..<classes { logits[(first + n) * classes + c] = z[n * stride + Int(columns[c])] }
      }
    }
  }

  /// The class with the largest logit; the first of equals.
  mutating func predictLabels(
    _ number: swiftcl_task, _ inputs: UnsafeRawPointer, rows: Int,
    _ labels: UnsafeMutablePointer<Int32>,
    capacity: Int
  ) -> swiftcl_status {
    guard let classes = classCount(of: number) else { return error.status }
    if capacity < rows {
      return fail(SWIFTCL_E_BUFFER, "label_count", is: capacity, expected: "rows = ", rows)
    }
    let names = classNames(of: number)
    return run(number, inputs, rows: rows) { first, count, z, stride, columns in
      for n in 0..<count {
        labels[first + n] = names[Network.best(z + n * stride, columns, classes)]
      }
    }
  }

  static func best(_ z: UnsafePointer<Float>, _ columns: UnsafePointer<Int32>, _ classes: Int)
    -> Int
  {
    var best = 0
    for c in 0..<classes where z[Int(columns[c])] > z[Int(columns[best])] { best = c }
    return best
  }

  /// Percent of rows whose largest logit is the label's.
  mutating func evaluate(
    _ number: swiftcl_task, _ inputs: UnsafeRawPointer, _ labels: UnsafePointer<Int32>, rows: Int,
    _ accuracy: inout Double
  ) -> swiftcl_status {
    guard let classes = classCount(of: number) else { return error.status }
    var status = checkLabels(number, labels, rows: rows)
    if status != SWIFTCL_OK { return status }
    let names = classNames(of: number)
    var correct = 0
    status = run(number, inputs, rows: rows) { first, count, z, stride, columns in
      for n in 0..<count
      where names[Network.best(z + n * stride, columns, classes)] == labels[first + n] {
        correct += 1
      }
    }
    if status == SWIFTCL_OK { accuracy = 100 * Double(correct) / Double(rows) }
    return status
  }

  /// Labels of a task that is known to exist.
  mutating func classNames(of number: swiftcl_task) -> UnsafeMutablePointer<Int32> {
    isOpen(number) ? workspace.classes : ticket(number)?.pointee.classes ?? workspace.classes
  }

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
