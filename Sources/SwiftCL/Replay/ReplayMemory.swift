import CSwiftCL

/// The exemplars of a network: what is kept, what waits for its task to end,
/// and what the open task may recall. Bounded: it never allocates.
struct ReplayMemory {
  var kept: ReplayPool
  /// SWIFTCL_STORE_AT_END: a sample of the open task's rows.
  var waiting: ReplayPool
  /// Head's row of each label, -1 where the open task has no such class.
  let columnOf: UnsafeMutablePointer<Int32>
  /// The head's rows of classes that the open task introduces; none unless new rows are special.
  let ownColumns: UnsafeMutablePointer<Int32>
  var ownCount = 0
  /// Column of each of the open task's classes in the teacher's head, or -1.
  let teacherColumns: UnsafeMutablePointer<Int32>
  /// Places that the step recalled.
  let drawn: UnsafeMutablePointer<Int32>
  /// Logits, in the order of labels, of rows that are offered.
  let fresh: UnsafeMutablePointer<Float>
  /// What the step's rows shall have as logits; then the gradient of that.
  let targets: UnsafeMutablePointer<Float>
  /// Rows of this task are not recalled.
  var excluded: swiftcl_task = -1
  /// Rows kept that the open task may recall.
  private(set) var drawable = 0
  var teacher: UnsafeMutablePointer<Ticket>?

  @inline(never)
  init(_ arena: inout Arena, _ options: swiftcl_options, capacity: Int) {
    let atEnd = options.replay_store == SWIFTCL_STORE_AT_END
    let classes = options.replayClasses
    kept = ReplayPool(&arena, options, capacity: capacity)
    waiting = ReplayPool(&arena, options, capacity: atEnd ? capacity : 0)
    columnOf = arena.take(Int32.self, classes)
    ownColumns = arena.take(
      Int32.self, options.replay_new_rows == SWIFTCL_NEW_ROWS_PLAIN ? 0 : classes)
    teacherColumns = arena.take(Int32.self, options.runsTeacher ? classes : 0)
    drawn = arena.take(Int32.self, options.recalledRows)
    fresh = arena.take(Float.self, options.storesLogits ? Int(options.max_batch) : 0, by: classes)
    let taught = options.teachesAllRows ? options.stepRows : Int(options.replay_batch)
    let distils = options.storesLogits || options.runsTeacher
    targets = arena.take(Float.self, distils ? taught : 0, by: classes)
  }

  var classes: Int { kept.classes }

  mutating func clear() {
    kept.clear()
    waiting.clear()
    close()
  }

  // MARK: what may be recalled

  /// Without an open task nothing may.
  mutating func close() {
    columnOf.update(repeating: -1, count: classes)
    excluded = -1
    ownCount = 0
    teacher = nil
    drawable = 0
  }

  func isDrawable(_ place: Int) -> Bool {
    columnOf[Int(kept.labels[place])] >= 0 && kept.tasks[place] != excluded
  }

  @inline(never)
  mutating func countDrawable() {
    drawable = 0
    for place in 0..<kept.count where isDrawable(place) { drawable += 1 }
  }

  /// Up to `count` different rows by chance; returns how many it found.
  @inline(never)
  func draw(_ count: Int, _ key: UInt64, to places: UnsafeMutablePointer<Int32>) -> Int {
    let wanted = min(count, drawable)
    var found = 0
    var i = 0
    while found < wanted && i < kept.count {
      let place = Random.permuted(i, of: kept.count, key: key)
      places[found] = Int32(place)
      if isDrawable(place) { found += 1 }
      i += 1
    }
    return found
  }

  // MARK: what gets in

  @inline(never)
  mutating func keep(
    _ row: UnsafeRawPointer, label: Int32, task: Int32, _ logits: UnsafePointer<Float>?,
    by rule: Retention, weight: UInt64 = 1, isStored: Bool = false
  ) {
    guard let place = rule.place(in: &kept, label: Int(label), weight: weight) else { return }
    if place < kept.count && isDrawable(place) { drawable -= 1 }
    kept.put(row, isStored: isStored, label: label, task: task, logits, at: place)
    if isDrawable(place) { drawable += 1 }
  }

  mutating func wait(_ row: UnsafeRawPointer, label: Int32, task: Int32, by rule: Retention) {
    guard let place = rule.place(in: &waiting, label: Int(label)) else { return }
    waiting.put(row, isStored: false, label: label, task: task, nil, at: place)
  }

  /// The sample that waited joins, each row for all those it was drawn from.
  @inline(never)
  mutating func join(by rule: Retention, order key: UInt64) {
    let sample = waiting
    if sample.capacity == 0 { return }
    for i in 0..<sample.count {
      let place = Random.permuted(i, of: sample.count, key: key)
      let label = sample.labels[place]
      let offered = rule.balanced ? sample.classSeen[Int(label)] : sample.seen
      let rows = UInt64(rule.balanced ? Int(sample.classRows[Int(label)]) : sample.count)
      let more: UInt64 = !rule.balanced && UInt64(i) < offered % rows ? 1 : 0
      keep(
        sample.row(place), label: label, task: sample.tasks[place], sample.logits(place), by: rule,
        weight: max(1, offered / rows + more), isStored: true)
    }
    for c in 0..<(rule.balanced ? classes : 0) {
      let rows = UInt64(sample.classRows[c])
      let left = rows == 0 ? sample.classSeen[c] : sample.classSeen[c] % rows
      kept.classSeen[c] &+= left
      kept.seen &+= left
    }
    waiting.clear()
  }
}
