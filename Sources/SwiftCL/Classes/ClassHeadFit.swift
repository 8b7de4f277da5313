import CSwiftCL

/// Fitting the class head over the replay memory: softmax regression by Adam, rows in a new order
/// every epoch. It starts from zeros, so that only the order is by chance.
extension Network {
  @inline(never)
  mutating func fitClassHead(_ given: swiftcl_class_head_options) -> swiftcl_status {
    var status = checkClassHead()
    if status == SWIFTCL_OK { status = checkClassHeadOptions(given) }
    if status == SWIFTCL_OK { status = beginClassHead(floor: given.deviation_floor) }
    if status != SWIFTCL_OK { return status }
    // Nothing can fail any more: features are standardised and steps of Adam are short, so that
    // no sum is ever large.
    learnClassHead(given)
    foldClassHead()
    return SWIFTCL_OK
  }

  private mutating func checkClassHead() -> swiftcl_status {
    guard options.hasClassHead, let replay else {
      return fail(SWIFTCL_E_STATE, "the network has no class head; options.class_head sets one")
    }
    let status = checkNoTaskOpen()
    if status != SWIFTCL_OK { return status }
    if store.count == 0 {
      return fail(SWIFTCL_E_STATE, "no task is finished; a class head looks at their winners")
    }
    if replay.pointee.kept.count == 0 {
      return fail(SWIFTCL_E_STATE, "the replay memory is empty; a class head is fitted on it")
    }
    return SWIFTCL_OK
  }

  private mutating func checkClassHeadOptions(_ o: swiftcl_class_head_options) -> swiftcl_status {
    if o.epochs < 1 || o.epochs > 10_000 {
      return fail(
        SWIFTCL_E_ARGUMENT, "epochs", is: Int(shown: UInt(o.epochs)), expected: "1 to 10000")
    }
    if !(o.learning_rate > 0 && o.learning_rate <= 1) {
      return fail(
        SWIFTCL_E_ARGUMENT, "learning_rate", is: o.learning_rate, expected: "above 0, at most 1")
    }
    if !(o.weight_decay >= 0 && o.weight_decay <= 1) {
      return fail(SWIFTCL_E_ARGUMENT, "weight_decay", is: o.weight_decay, expected: "0 to 1")
    }
    if !(o.deviation_floor >= 1e-3 && o.deviation_floor <= 1000) {
      return fail(
        SWIFTCL_E_ARGUMENT, "deviation_floor", is: o.deviation_floor, expected: "0.001 to 1000")
    }
    if o.reserved != 0 {
      return fail(SWIFTCL_E_ARGUMENT, "reserved", is: Int(shown: UInt(o.reserved)), expected: "0")
    }
    return SWIFTCL_OK
  }

  // MARK: what it will be

  /// Finds tasks, classes and the scale of every feature, in buffers that no fitted head needs;
  /// then the old head is gone.
  @inline(never)
  private mutating func beginClassHead(floor: Float) -> swiftcl_status {
    var needed = ClassHead.Room()
    for s in classHeadPlaces {
      needed.tasks += 1
      needed.features += store.tickets[s].pointee.head.size.inputs
    }
    needed.classes = options.replayClasses
    var head = classHead
    if !head.has(needed) {
      guard let larger = larger(head, needed) else {
        return fail(
          SWIFTCL_E_MEMORY, "the allocator has no memory for a class head of more features: ",
          needed.features)
      }
      head = larger
    }
    let outputs = findColumns(head)
    let status =
      outputs == 0
      ? fail(SWIFTCL_E_STATE, "no exemplar is of a class that a finished task has")
      : measureFeatures(head, needed.features, floor: floor)
    if status != SWIFTCL_OK {
      if head.block != classHead.block { Blocks.release(head.block, head.bytes, to: memory) }
      return status
    }
    adopt(head)
    nameClassHead(needed, outputs)
    return SWIFTCL_OK
  }

  /// An output for each class that has exemplars and that a finished task has.
  private func findColumns(_ head: ClassHead) -> Int {
    guard let pool = replay?.pointee.kept else { return 0 }
    var count = 0
    for c in 0..<options.replayClasses {
      let belongs = pool.classRows[c] > 0 && introducer(of: Int32(c)) >= 0
      head.columnOf[c] = belongs ? Int32(count) : -1
      if belongs { count += 1 }
    }
    return count
  }

  private mutating func nameClassHead(_ needed: ClassHead.Room, _ outputs: Int) {
    var head = classHead
    for c in 0..<needed.classes where head.columnOf[c] >= 0 {
      let column = Int(head.columnOf[c])
      head.labels[column] = Int32(c)
      head.columns[column] = Int32(column)
    }
    head.taskCount = 0
    for s in classHeadPlaces {
      head.tasks[head.taskCount] = store.tickets[s].pointee.record.task
      head.taskCount += 1
    }
    head.features = needed.features
    head.classCount = outputs
    classHead = head
  }

  /// Calls `body` with one batch of exemplars after the other, in an order by chance, or in that
  /// of their places without a key.
  private func eachBatch(
    _ head: ClassHead, key: UInt64?, _ body: (_ x: InputRows, _ rows: Int) -> Void
  ) {
    guard let pool = replay?.pointee.kept else { return }
    let format = input
    let x = InputRows(rows: workspace.inputs, stride: inputCount)
    var filled = 0
    for n in 0..<pool.count {
      let place = key.map { Random.permuted(n, of: pool.count, key: $0) } ?? n
      let column = head.columnOf[Int(pool.labels[place])]
      if column < 0 { continue }
      // Rows were finite when they were stored.
      _ = format.convert(pool.given(place), to: workspace.inputs + filled * inputCount)
      head.targets[filled] = column
      filled += 1
      if filled == head.room.rows {
        body(x, filled)
        filled = 0
      }
    }
    if filled > 0 { body(x, filled) }
  }

  /// Mean and deviation of every feature (Welford's recurrence, rows in their places).
  @inline(never)
  private mutating func measureFeatures(_ head: ClassHead, _ features: Int, floor: Float)
    -> swiftcl_status
  {
    head.mean.update(repeating: 0, count: features)
    head.scale.update(repeating: 0, count: features)
    let net = self
    var seen = 0
    net.eachBatch(head, key: nil) { x, rows in
      net.classFeatures(x, rows: rows, to: head, stride: features)
      for n in 0..<rows {
        seen += 1
        let share = 1 / Float(seen)
        let row = head.input + n * features
        for f in 0..<features {
          let difference = row[f] - head.mean[f]
          head.mean[f] += difference * share
          head.scale[f] += difference * (row[f] - head.mean[f])
        }
      }
    }
    for f in 0..<features {
      let deviation = (head.scale[f] / Float(seen)).root
      if !(head.mean[f].magnitude < 1e12 && deviation < 1e12) {
        return fail(
          SWIFTCL_E_NONFINITE, "the mean of a winner's output over the exemplars",
          is: head.mean[f], expected: "a number that can be standardised, as its deviation")
      }
      head.scale[f] = 1 / (deviation + floor)
    }
    return SWIFTCL_OK
  }

  // MARK: learning

  @inline(never)
  private mutating func learnClassHead(_ given: swiftcl_class_head_options) {
    let head = classHead
    let floats = head.padded * head.features
    head.weights.update(repeating: 0, count: floats)
    head.first.update(repeating: 0, count: floats)
    head.second.update(repeating: 0, count: floats)
    head.bias.update(repeating: 0, count: head.padded)
    head.biasFirst.update(repeating: 0, count: head.padded)
    head.biasSecond.update(repeating: 0, count: head.padded)
    var rule = swiftcl_update()
    rule.kind = SWIFTCL_OPTIMIZER_ADAM
    rule.rate = given.learning_rate
    rule.beta1 = 0.9
    rule.beta2 = 0.999
    rule.epsilon = 1e-8
    rule.scale = 1
    var powers: (first: Float, second: Float) = (1, 1)
    let net = self
    for epoch in 0..<UInt64(given.epochs) {
      let key = Random.key(seed: options.seed, Random.Domain.classHead, given.seed, epoch)
      var sum: Double = 0
      var hits: UInt32 = 0
      var count = 0
      net.eachBatch(head, key: key) { x, rows in
        powers = (powers.first * 0.9, powers.second * 0.999)
        rule.correction1 = 1 / (1 - powers.first)
        rule.correction2 = 1 / (1 - powers.second)
        sum += Double(rows) * Double(net.classHeadStep(x, rows, rule, given.weight_decay, &hits))
        count += rows
      }
      classHead.rows = UInt64(count)
      classHead.loss = Float(sum / Double(count))
      classHead.accuracy = Float(100 * Double(hits) / Double(count))
    }
  }

  private func classHeadStep(
    _ x: InputRows, _ rows: Int, _ given: swiftcl_update, _ decay: Float, _ hits: inout UInt32
  ) -> Float {
    let head = classHead
    classFeatures(x, rows: rows, to: head, stride: head.features)
    for n in 0..<rows {
      let row = head.input + n * head.features
      for f in 0..<head.features { row[f] = (row[f] - head.mean[f]) * head.scale[f] }
    }
    product(head, rows: rows)
    let padded = head.padded
    let loss = HeadLoss(
      columns: head.columns, classCount: head.classCount, stride: padded, padded: padded,
      rows: rows
    ).crossEntropy(head.output, targets: head.targets, correct: &hits)
    var rule = given
    biasGradient(
      dy: head.output, dyStride: padded, rows: rows, padded: padded, gradient: head.biasGradient)
    applyUpdate(
      gradient: head.biasGradient, weights: head.bias, first: head.biasFirst,
      second: head.biasSecond, owned: nil, rates: nil, count: padded, update: &rule)
    rule.decay = decay
    #if SWIFTCL_CBLAS
      guard let gradient = head.gradient else { return loss }
      weightGradient(
        x: head.input, xStride: head.features, dy: head.output, dyStride: padded, rows: rows,
        inputs: head.features, padded: padded, gradient: gradient, continues: false)
      applyUpdate(
        gradient: gradient, weights: head.weights, first: head.first, second: head.second,
        owned: nil, rates: nil, count: padded * head.features, update: &rule)
    #else
      weightUpdate(
        x: head.input, xStride: head.features, dy: head.output, dyStride: padded, rows: rows,
        inputs: head.features, padded: padded, weights: head.weights, first: head.first,
        second: head.second, owned: nil, rates: nil, update: &rule)
    #endif
    return loss
  }

  /// w' = w * scale and b' = b - sum of w' * mean: the same head on features as they are.
  @inline(never)
  private func foldClassHead() {
    let head = classHead
    let panels = head.panels
    for o in 0..<head.classCount {
      var shift: Double = 0
      for f in 0..<head.features {
        let place = panels.index(f, o)
        head.weights[place] *= head.scale[f]
        shift += Double(head.weights[place]) * Double(head.mean[f])
      }
      head.bias[o] -= Float(shift)
    }
  }
}
