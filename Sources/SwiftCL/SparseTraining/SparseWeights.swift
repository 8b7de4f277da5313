import CSwiftCL

/// The weights of a layer that its mask keeps, and only these: entries of `width` consecutive
/// outputs and one input, group by group of outputs, inputs ascending (swiftcl_sparse).
struct SparseWeights {
  /// 8, or 1.
  var width: Int
  /// All outputs with their pads, in groups of `width`; groups of pads are empty.
  var groups: Int
  /// The most entries there is room for.
  var capacity: Int
  var starts: UnsafeMutablePointer<Int32>
  var inputs: UnsafeMutablePointer<Int32>
  var values: UnsafeMutablePointer<Float>

  init(_ arena: inout Arena, outputs: Int, entries: Int, width: Int) {
    self.width = width
    capacity = entries
    groups = Panels.pad(outputs) / width
    starts = arena.take(Int32.self, groups + 1)
    inputs = arena.take(Int32.self, entries)
    values = arena.take(Float.self, Panels.pad(entries * width))
  }

  var count: Int { Int(starts[groups]) }

  /// Bytes of the room that there is, for values and places.
  var bytes: UInt64 { 4 &* UInt64(capacity &* (width &+ 1) &+ groups &+ 1) }

  /// Floats that the entries take, in whole vectors.
  var floats: Int { Panels.pad(count &* width) }

  /// Weights of entries that are listed group by group, by where each group's begin; without the pads
  /// of the last outputs.
  func weights(_ starts: UnsafePointer<Int32>, outputs: Int) -> Int {
    let all = Int(starts[groups]) &* width
    let short = outputs % width
    if short == 0 { return all }
    let last = outputs / width
    return all &- Int(starts[last &+ 1] &- starts[last]) &* (width &- short)
  }

  /// Weights that are kept.
  func weights(outputs: Int) -> Int { weights(starts, outputs: outputs) }

  func entries(_ group: Int) -> Range<Int> { Int(starts[group])..<Int(starts[group + 1]) }

  /// No entries.
  func clear() { starts.update(repeating: 0, count: groups + 1) }

  /// The pads behind the last entry, which kernels for whole vectors read.
  func clearTail() {
    for at in count &* width..<floats { values[at] = 0 }
  }

  /// What the entries' values, or others like them, have for outputs that there are not.
  func clearPads(_ values: UnsafeMutablePointer<Float>, outputs: Int) {
    if outputs % width == 0 { return }
    for e in entries(outputs / width) {
      for lane in outputs % width..<width { values[e &* width &+ lane] = 0 }
    }
  }

  /// The same entries and values; `self` has room for them.
  func copy(_ other: SparseWeights) {
    starts.update(from: other.starts, count: groups + 1)
    inputs.update(from: other.inputs, count: other.count)
    values.update(from: other.values, count: other.floats)
  }

  /// The entry of input `k` to output `o`, or -1.
  func entry(_ k: Int, _ o: Int) -> Int {
    var (low, high) = (Int(starts[o / width]), Int(starts[o / width + 1]))
    let end = high
    while low < high {
      let middle = (low &+ high) / 2
      if Int(inputs[middle]) < k { low = middle &+ 1 } else { high = middle }
    }
    return low < end && Int(inputs[low]) == k ? low : -1
  }

  /// The weight from input `k` to output `o`: 0 where it is masked.
  func weight(_ k: Int, _ o: Int) -> Float {
    let entry = entry(k, o)
    return entry < 0 ? 0 : values[entry &* width &+ o % width]
  }

  /// One row of inputs for each output, 0 where it is masked.
  func unpack(to rows: UnsafeMutablePointer<Float>, inputs count: Int, outputs: Int) {
    rows.update(repeating: 0, count: count * outputs)
    for g in 0..<groups {
      for e in entries(g) {
        for lane in 0..<width where g * width + lane < outputs {
          rows[(g * width + lane) * count + Int(inputs[e])] = values[e * width + lane]
        }
      }
    }
  }

  /// The reverse, as far as entries are kept.
  func pack(_ rows: UnsafePointer<Float>, inputs count: Int, outputs: Int) {
    for g in 0..<groups {
      for e in entries(g) {
        for lane in 0..<width where g * width + lane < outputs {
          values[e * width + lane] = rows[(g * width + lane) * count + Int(inputs[e])]
        }
      }
    }
  }

  /// The sum of an entry's magnitudes, in its weights or in what else has a value for each of them.
  @inline(__always)
  func magnitude(_ entry: Int, of values: UnsafePointer<Float>) -> Float {
    var sum: Float = 0
    for lane in 0..<width { sum += abs(values[entry &* width &+ lane]) }
    return sum
  }

  /// As kernels take it.
  func view(_ values: UnsafeMutablePointer<Float>? = nil, active: LayerMask? = nil)
    -> swiftcl_sparse
  {
    let list = active?.computes == true ? active : nil
    return swiftcl_sparse(
      width: width, groups: groups, starts: starts, inputs: inputs, values: values ?? self.values,
      active: list.map { UnsafePointer($0.active) },
      active_starts: list.map { UnsafePointer($0.activeStarts) })
  }

  mutating func follow(_ distance: Int) {
    starts = moved(starts, distance)
    inputs = moved(inputs, distance)
    values = moved(values, distance)
  }
}

/// A pointer into a block that was moved.
func moved<T>(_ pointer: UnsafeMutablePointer<T>, _ distance: Int) -> UnsafeMutablePointer<T> {
  (UnsafeMutableRawPointer(pointer) + distance).assumingMemoryBound(to: T.self)
}
