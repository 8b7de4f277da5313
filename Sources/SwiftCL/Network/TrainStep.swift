import CSwiftCL

/// What a step trains towards: a label a row, or a target for every output.
enum Target {
  case labels
  case values(UnsafePointer<Float>)
}

/// One training step: forward, loss, backward, update, and what the step means
/// for the competition. Nothing of the task is written before the loss is known
/// to be finite.
extension Network {
  @inline(never)
  mutating func trainStep(_ x: InputRows, rows: Int, _ target: Target, _ report: inout swiftcl_step)
    -> swiftcl_status
  {
    let started = Clock.seconds
    let competes = task.phase == SWIFTCL_PHASE_COMPETE
    // One copy for what only reads: each call of it from here would make its own.
    let net = self
    var x = x
    let recalled = net.replay == nil ? Recall() : net.recall(&x, rows: rows)
    let all = rows + recalled.rows
    let kl = net.forward(x, rows: all)
    if let data, data.pointee.listens { net.noteHits(rows: rows) }
    var replayed: Float = net.replay == nil ? 0 : net.distil(recalled, after: rows)
    let isSpecial = recalled.rows > 0 && options.replay_new_rows != SWIFTCL_NEW_ROWS_PLAIN
    let loss =
      isSpecial
      ? net.newRowsLoss(rows: rows, &report.correct)
      : net.lossAndDelta(rows: rows, target, &report.correct)
    if recalled.rows > 0 { replayed += net.recallLoss(recalled, after: rows) }
    if !loss.isFinite || !kl.isFinite || !replayed.isFinite {
      return fail(
        SWIFTCL_E_NONFINITE,
        !loss.isFinite ? "the loss" : replayed.isFinite ? "the KL term" : "the replay loss",
        is: !loss.isFinite ? loss : replayed.isFinite ? kl : replayed,
        expected: "a finite number; a smaller learning_rate or clip_norm may help")
    }
    for l in 0..<hidden where shapes[l].normalises && !net.statisticsAreFinite(layer: l) {
      return failStatistics(layer: l)
    }
    report.phase = task.phase
    report.loss = loss
    report.kl = kl
    report.rows = UInt32(rows)
    report.replay_rows = UInt32(recalled.rows)
    report.replay_loss = replayed
    report.learning_rate = net.learningRate
    if !net.backward(x, rows: all, new: rows, &report) {
      return fail(
        SWIFTCL_E_NONFINITE, "the gradient's norm", is: report.gradient_norm,
        expected: "a finite number; a smaller learning_rate may help")
    }
    count(rows: all, &report)
    charge(presented: rows, recalled: recalled.rows)
    if recalled.taught > 0 { countTeacher(rows: recalled.taught, &report) }
    task.record.lastLoss = loss
    task.record.steps += 1
    if competes { advanceCompetition() }
    tellCompetition(&report)
    seconds += Clock.seconds - started
    return SWIFTCL_OK
  }

  private func tellCompetition(_ report: inout swiftcl_step) {
    report.step = task.record.steps
    report.alive_units = aliveUnits()
    report.decided_blocks = decidedBlocks()
  }

  /// Runs the working set up to the head's logits; returns the KL term.
  func forward(_ x: InputRows, rows: Int) -> Float {
    var kl: Float = 0
    for l in 0..<layerCount {
      let input = surface(below: l, x)
      if working[l].competes { openGates(layer: l) }
      forward(layer: l, input, samples: rows, trains: true)
      if working[l].competes {
        if shapes[l].leader == l { kl += divergence(layer: l) }
      } else if competesPerSample(l) {
        kl += sampleDivergence(layer: l, rows: rows * shapes[l].pixels)
      }
      finishForward(layer: l, samples: rows)
    }
    return kl
  }

  /// Makes again what the layers right below layer `l` gave and nobody kept. None of them has moved
  /// yet, and noise is a function of the step: the bits are those of the way forward.
  @inline(never)
  private func forwardAgain(below l: Int, _ x: InputRows, rows: Int) {
    var first = l
    while first > 0 && shapes[first - 1].isMadeAgain { first -= 1 }
    for below in first..<l {
      forward(layer: below, surface(below: below, x), samples: rows, trains: true)
      finishForward(layer: below, samples: rows)
    }
  }

  /// The loss; the head's rows become its gradient.
  private func lossAndDelta(rows: Int, _ target: Target, _ correct: inout UInt32) -> Float {
    let head = working[hidden]
    let loss = HeadLoss(
      columns: workspace.columns, classCount: task.classCount, stride: head.stride,
      padded: head.padded, rows: rows)
    switch target {
    case .labels:
      return loss.crossEntropy(head.output, targets: workspace.targets, correct: &correct)
    case .values(let values):
      return loss.squaredError(head.output, targets: values)
    }
  }

  /// From the head down: input gradient before the weights it needs move. False,
  /// with nothing moved, when the norm that clipping needs is not finite.
  private func backward(_ x: InputRows, rows: Int, new: Int, _ report: inout swiftcl_step) -> Bool {
    let clips = options.clip_norm > 0
    let rule = updateRule(scale: 1)
    var l = layerCount
    while l > 0 {
      l -= 1
      if Features.all && !shapes[l].isMadeAgain { forwardAgain(below: l, x, rows: rows) }
      let pixels = rows * shapes[l].pixels
      let delta = l < hidden ? working[l].delta : working[l].output
      if l < hidden {
        beginBackward(layer: l, samples: rows)
        backThroughGate(layer: l, rows: pixels, delta)
      }
      let input = surface(below: l, x)
      let started = layerClock
      defer { working[l].backwardSeconds += layerClock - started }
      if runningMask(l) != nil {
        maskedGradients(layer: l, input, samples: rows, new: new, delta)
        if !clips { applyGradients(layer: l, rule) }
      } else if shapes[l].gathers {
        gatherGradients(layer: l, input, samples: rows, delta)
        if !clips { applyGradients(layer: l, rule) }
      } else {
        if l > 0 { gradientBelow(layer: l, rows: pixels, delta, weights: working[l].live.weights) }
        if options.storesGradients {
          storeGradients(layer: l, input, samples: rows, delta)
          if !clips { applyGradients(layer: l, rule) }
        } else {
          updateWeights(
            layer: l, input.rows, stride: input.pixelStride, rows: pixels, delta, rule)
        }
      }
    }
    gradientsOfLogits()
    if clips {
      var squared = squaredNorms()
      report.gradient_norm = Float(squared.squareRoot())
      if !report.gradient_norm.isFinite { return false }
      if chooseClipped() {
        squared = squaredNorms()
        report.gradient_norm = Float(squared.squareRoot())
      }
      applyClipped(squared)
    }
    if let phase = dueUpdate { updateMasks(phase) }
    for l in 0..<hidden {
      if working[l].competes { updateLogits(layer: l) }
      if shapes[l].normalises { followStatistics(layer: l, rows: rows * shapes[l].pixels) }
    }
    return true
  }

  /// The clock, where layers are timed.
  var layerClock: Double { timesLayers ? Clock.seconds : 0 }

  private func squaredNorms() -> Double {
    var total: Double = 0
    for l in 0..<layerCount { total += squaredNorm(layer: l) }
    return total
  }

  /// Second pass over kept gradients, shortened where they are too long.
  private func applyClipped(_ total: Double) {
    let all = clipScale(total)
    for l in 0..<layerCount {
      let scale =
        options.clip_scope == SWIFTCL_CLIP_LAYER
        ? clipScale(squaredNorm(layer: l)) : all
      applyGradients(layer: l, updateRule(scale: scale))
    }
  }

  private func clipScale(_ squared: Double) -> Float {
    let norm = Float(squared.squareRoot())
    return norm > options.clip_norm ? options.clip_norm / norm : 1
  }

  /// The competition's clock: candidates leave, samples change, winners stand.
  private mutating func advanceCompetition() {
    let done = task.record.steps
    if done >= competeBudget {
      commit()
      return
    }
    var isSampled = false
    if done % UInt64(options.prune_interval) == 0 {
      isSampled = prune()
      if isDecided {
        commit()
        return
      }
    }
    // A second sample of the same step would be the same.
    if isParked, !isSampled, done % UInt64(options.resample_interval) == 0 {
      parkLive()
      sampleTopK()
    }
  }

  /// Multiply-adds of one step: 2 per edge of the first layer, 3 of the others, and 1 where a layer is
  /// computed again.
  private mutating func count(rows: Int, _ report: inout swiftcl_step) {
    var alive: UInt64 = 0
    var gradients: UInt64 = 0
    var dense: UInt64 = 0
    for l in 0..<layerCount {
      let factor: UInt64 = UInt64(l == 0 ? 2 : 3) * UInt64(shapes[l].pixels)
      let units = l < hidden ? shapes[l].width : working[l].units
      // The weight gradient may be of fewer than the rest.
      let again = shapes[l].isMadeAgain ? UInt64(shapes[l].pixels) : 0
      alive +=
        (factor - UInt64(shapes[l].pixels) + again) * multipliedEdges(layer: l, samples: rows)
      gradients += gradientMacs(layer: l, rows: rows)
      dense += factor * UInt64(units) * UInt64(shapes[l].inputs)
    }
    report.macs = alive * UInt64(rows) + gradients
    report.dense_macs = dense * UInt64(rows)
    task.record.macs &+= report.macs
    task.record.denseMacs &+= report.dense_macs
  }

  /// A teacher only predicts: 1 per edge.
  private mutating func countTeacher(rows: Int, _ report: inout swiftcl_step) {
    guard let teacher = replay?.pointee.teacher else { return }
    let alive = teacher.pointee.predictMacs(shapes) * UInt64(rows)
    var dense: UInt64 = 0
    for l in 0..<layerCount {
      let units = l < hidden ? shapes[l].width : teacher.pointee.head.size.units
      dense += UInt64(units) * UInt64(shapes[l].inputs) * UInt64(rows) * UInt64(shapes[l].pixels)
    }
    report.macs &+= alive
    report.dense_macs &+= dense
    task.record.macs &+= alive
    task.record.denseMacs &+= dense
    task.costs.full &+= alive
    task.costs.fullDense &+= dense
  }
}
