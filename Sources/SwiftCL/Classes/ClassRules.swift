import CSwiftCL

/// What a rule says of the rows of one chunk: a class, a task, and how sure it is.
struct ClassAnswers {
  static let mostRows = 32

  var label = InlineArray<32, Int32>(repeating: -1)
  var task = InlineArray<32, Int32>(repeating: -1)
  /// The larger the better; a rule's own unit.
  var score = InlineArray<32, Float>(repeating: -.infinity)

  /// Takes a better answer; the first of equals stays.
  mutating func offer(_ n: Int, _ score: Float, label: Int32, task: Int32) {
    if self.label[n] < 0 || HeadRows.beats(score, label, self.score[n], self.label[n]) {
      self.score[n] = score
      self.label[n] = label
      self.task[n] = task
    }
  }
}

/// Scores by label, for a caller who asked for them; the other labels keep -infinity, and so does
/// one whose score is NaN.
struct ClassScores {
  var rows: UnsafeMutablePointer<Float>?
  var width = 0

  func set(_ n: Int, _ label: Int32, _ score: Float) {
    guard let rows else { return }
    let place = n * width + Int(label)
    if score > rows[place] { rows[place] = score }
  }
}

/// How a row is told when nobody says of which task it is. Every rule names a
/// class and a task; only finished tasks are asked.
extension Network {
  /// Place of the first finished task that has a class, or -1.
  func introducer(of label: Int32) -> Int {
    for s in 0..<store.count where store.tickets[s].pointee.row(of: label) >= 0 { return s }
    return -1
  }

  /// Whether a task answers for all its classes, as it introduced none.
  func answersForAll(_ s: Int) -> Bool {
    let ticket = store.tickets[s].pointee
    for c in 0..<ticket.classCount where introducer(of: ticket.classes[c]) == s { return false }
    return true
  }

  /// Most rows of one chunk.
  func chunkRows(_ rule: Int32) -> Int {
    rule == SWIFTCL_RULE_CLASS_HEAD ? classHead.room.rows : min(batch, ClassAnswers.mostRows)
  }

  mutating func checkRule(_ rule: Int32) -> swiftcl_status {
    if rule < SWIFTCL_RULE_LAST_MASK || rule > SWIFTCL_RULE_LOWEST_ENTROPY {
      return fail(
        SWIFTCL_E_ARGUMENT, "rule", is: Int(rule), expected: "a constant from 0 to ",
        Int(SWIFTCL_RULE_LOWEST_ENTROPY))
    }
    if options.loss != SWIFTCL_LOSS_CROSS_ENTROPY {
      return fail(
        SWIFTCL_E_STATE, "the network's loss", is: Int(options.loss),
        expected: "SWIFTCL_LOSS_CROSS_ENTROPY: outputs of a regression are no classes")
    }
    if store.count == 0 {
      return fail(SWIFTCL_E_STATE, "no task is finished; rules ask finished tasks")
    }
    if rule == SWIFTCL_RULE_CLASS_HEAD, !classHead.isFitted {
      return fail(
        SWIFTCL_E_STATE, "there is no fitted class head; swiftcl_class_head_fit makes one")
    }
    return SWIFTCL_OK
  }

  /// Asks a rule that was checked for up to `chunkRows` rows.
  @inline(never)
  func ask(
    _ rule: Int32, _ x: InputRows, rows: Int, _ answers: inout ClassAnswers, _ scores: ClassScores
  ) {
    switch rule {
    case SWIFTCL_RULE_LAST_MASK:
      let head = headRows(of: store.tickets[store.count - 1], x, rows: rows)
      takeClasses(head, rows: rows, &answers, scores)
    case SWIFTCL_RULE_CLASS_HEAD:
      takeClasses(classHeadRows(x, rows: rows), rows: rows, &answers, scores)
    default:
      for s in 0..<store.count {
        let head = headRows(of: store.tickets[s], x, rows: rows)
        askTask(rule, s, head, rows: rows, &answers, scores)
      }
    }
  }

  /// One head decides; the task is that which introduced the class.
  @inline(never)
  private func takeClasses(
    _ head: HeadRows, rows: Int, _ answers: inout ClassAnswers, _ scores: ClassScores
  ) {
    for n in 0..<rows {
      let z = head.logits + n * head.stride
      let best = head.best(n)
      let label = head.names[best]
      let place = introducer(of: label)
      answers.offer(
        n, z[Int(head.columns[best])], label: label,
        task: place < 0 ? -1 : store.tickets[place].pointee.record.task)
      for c in 0..<head.classes { scores.set(n, head.names[c], z[Int(head.columns[c])]) }
    }
  }

  /// One of many heads: what it says of the classes it answers for.
  @inline(never)
  private func askTask(
    _ rule: Int32, _ s: Int, _ head: HeadRows, rows: Int, _ answers: inout ClassAnswers,
    _ scores: ClassScores
  ) {
    let number = store.tickets[s].pointee.record.task
    let answersForAll = answersForAll(s)
    var partition = InlineArray<32, (largest: Float, total: Float, spread: Float)>(
      repeating: (-.infinity, 0, 0))
    if rule != SWIFTCL_RULE_MAX_LOGIT {
      let narrow = rule == SWIFTCL_RULE_LOWEST_ENTROPY && !answersForAll
      for n in 0..<rows { partition[n] = softmax(head, n, of: narrow ? s : nil) }
    }
    var best = InlineArray<32, Int32>(repeating: -1)
    for c in 0..<head.classes {
      let label = head.names[c]
      if !answersForAll && introducer(of: label) != s { continue }
      let column = Int(head.columns[c])
      for n in 0..<rows {
        let logit = head.logits[n * head.stride + column]
        switch rule {
        case SWIFTCL_RULE_LOWEST_ENTROPY:
          let b = Int(best[n])
          if b < 0
            || HeadRows.beats(
              logit, label, head.logits[n * head.stride + Int(head.columns[b])], head.names[b])
          {
            best[n] = Int32(c)
          }
        case SWIFTCL_RULE_MAX_PROBABILITY:
          let p = Scalar.exp(logit - partition[n].largest) / partition[n].total
          answers.offer(n, p, label: label, task: number)
          scores.set(n, label, p)
        default:
          answers.offer(n, logit, label: label, task: number)
          scores.set(n, label, logit)
        }
      }
    }
    if rule != SWIFTCL_RULE_LOWEST_ENTROPY { return }
    for n in 0..<rows {
      let part = partition[n]
      // H = log sum - (sum of e * z) / sum, over z - largest.
      let entropy = Scalar.log(part.total) - part.spread / part.total
      answers.offer(n, -entropy, label: head.names[Int(best[n])], task: number)
    }
  }

  /// The largest logit, the sum of exp(z - largest) and that of exp(z - largest) * (z - largest),
  /// over all classes of a head or over those that a task introduced.
  private func softmax(_ head: HeadRows, _ n: Int, of s: Int?) -> (
    largest: Float, total: Float, spread: Float
  ) {
    let z = head.logits + n * head.stride
    var largest = -Float.infinity
    for c in 0..<head.classes where s == nil || introducer(of: head.names[c]) == s {
      largest = max(largest, z[Int(head.columns[c])])
    }
    var total: Float = 0
    var spread: Float = 0
    for c in 0..<head.classes where s == nil || introducer(of: head.names[c]) == s {
      let difference = z[Int(head.columns[c])] - largest
      let part = Scalar.exp(difference)
      total += part
      spread += part == 0 ? 0 : part * difference
    }
    return (largest, total, spread)
  }
}
