import CSwiftCL

/// Rows as the caller gave them, or in eight bits an element, each with its label, its task and, where
/// asked for, the logits it had. The first `count` places are taken.
struct ReplayPool {
  let capacity: Int
  /// Of a row as it is stored.
  let rowBytes: Int
  private let code: RowCode?
  /// Room for one row as the caller gave it, where it is stored otherwise.
  private let decoded: UnsafeMutablePointer<UInt8>
  /// Labels are below it; a row's logits stand in their order, NaN where it had none.
  let classes: Int
  private(set) var count = 0
  /// Rows ever offered.
  var seen: UInt64 = 0

  private let rows: UnsafeMutablePointer<UInt8>
  let labels: UnsafeMutablePointer<Int32>
  let tasks: UnsafeMutablePointer<Int32>
  let logits: UnsafeMutablePointer<Float>?
  /// Rows kept of each class and, under the balanced policy, rows ever offered.
  let classRows: UnsafeMutablePointer<Int32>
  let classSeen: UnsafeMutablePointer<UInt64>

  @inline(never)
  init(_ arena: inout Arena, _ options: swiftcl_options, capacity: Int) {
    self.capacity = capacity
    rowBytes = options.storedRowBytes
    code = RowCode(options)
    decoded = arena.take(UInt8.self, code != nil && capacity > 0 ? options.inputRowBytes : 0)
    classes = options.replayClasses
    rows = arena.take(UInt8.self, capacity, by: rowBytes)
    labels = arena.take(Int32.self, capacity)
    tasks = arena.take(Int32.self, capacity)
    logits = options.storesLogits ? arena.take(Float.self, capacity, by: classes) : nil
    classRows = arena.take(Int32.self, capacity > 0 ? classes : 0)
    classSeen = arena.take(UInt64.self, capacity > 0 ? classes : 0)
  }

  func row(_ place: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(rows) + place * rowBytes
  }

  /// The row in the caller's type, until the next one is asked for.
  func given(_ place: Int) -> UnsafeRawPointer {
    guard let code else { return UnsafeRawPointer(row(place)) }
    code.decode(row(place), to: decoded)
    return UnsafeRawPointer(decoded)
  }

  /// Whether stored rows are always finite, whatever their bytes.
  var isCoded: Bool { code != nil }

  func logits(_ place: Int) -> UnsafeMutablePointer<Float>? {
    logits.map { $0 + place * classes }
  }

  mutating func clear() {
    count = 0
    seen = 0
    if capacity == 0 { return }
    classRows.update(repeating: 0, count: classes)
    classSeen.update(repeating: 0, count: classes)
  }

  /// Writes a row to a place that is taken, or to the first that is not. It is as the caller gave it,
  /// unless it comes from another pool.
  mutating func put(
    _ row: UnsafeRawPointer, isStored: Bool, label: Int32, task: Int32,
    _ given: UnsafePointer<Float>?, at place: Int
  ) {
    if place == count {
      count += 1
    } else {
      classRows[Int(labels[place])] -= 1
    }
    classRows[Int(label)] += 1
    if let code, !isStored {
      code.encode(row, to: self.row(place))
    } else {
      self.row(place).copyMemory(from: row, byteCount: rowBytes)
    }
    labels[place] = label
    tasks[place] = task
    if let own = logits(place), let given { own.update(from: given, count: classes) }
  }

  /// Takes rows over whose contents already lie in the first places.
  mutating func adopt(_ count: Int) {
    self.count = count
    classRows.update(repeating: 0, count: classes)
    for place in 0..<count { classRows[Int(labels[place])] += 1 }
  }

  /// The last row moves to the free place; nothing of the removed one is left.
  mutating func remove(at place: Int) {
    classRows[Int(labels[place])] -= 1
    count -= 1
    if place < count {
      row(place).copyMemory(from: row(count), byteCount: rowBytes)
      labels[place] = labels[count]
      tasks[place] = tasks[count]
      if let to = logits(place), let from = logits(count) { to.update(from: from, count: classes) }
    }
    row(count).initializeMemory(as: UInt8.self, repeating: 0, count: rowBytes)
    logits(count)?.update(repeating: 0, count: classes)
  }

  /// Removes all rows of a label, or of a task; returns how many there were.
  mutating func removeAll(label: Int32? = nil, task: Int32? = nil) -> Int {
    let before = count
    var place = count
    while place > 0 {
      place -= 1
      if label == labels[place] || task == tasks[place] { remove(at: place) }
    }
    return before - count
  }
}
