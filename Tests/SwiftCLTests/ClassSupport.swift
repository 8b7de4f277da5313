import CSwiftCL

@testable import SwiftCL

extension TestNetwork {
  @discardableResult
  func fitClassHead(_ change: (inout swiftcl_class_head_options) -> Void = { _ in }) throws
    -> swiftcl_class_head_info
  {
    var options = Defaults.classHeadOptions
    change(&options)
    let status = net.pointee.fitClassHead(options)
    if status != SWIFTCL_OK { throw Refusal(status: status, message: message) }
    return net.pointee.classHeadInfo()
  }

  func fitStatus(_ change: (inout swiftcl_class_head_options) -> Void = { _ in })
    -> swiftcl_status
  {
    var options = Defaults.classHeadOptions
    change(&options)
    return net.pointee.fitClassHead(options)
  }

  /// Labels and tasks that a rule names.
  func classes(_ rule: Int32, _ data: TestRows) throws -> (labels: [Int32], tasks: [Int32]) {
    var labels = [Int32](repeating: -9, count: data.count)
    var tasks = labels
    let status = net.pointee.predictClasses(
      rule, data.x, rows: data.count, labels: &labels, tasks: &tasks)
    if status != SWIFTCL_OK { throw Refusal(status: status, message: message) }
    return (labels, tasks)
  }

  func scores(_ rule: Int32, _ data: TestRows) throws -> [[Float]] {
    let width = Int(network.options.max_classes)
    var scores = [Float](repeating: .nan, count: data.count * width)
    let status = net.pointee.classScores(
      rule, data.x, rows: data.count, &scores, capacity: UInt(scores.count))
    if status != SWIFTCL_OK { throw Refusal(status: status, message: message) }
    return (0..<data.count).map { Array(scores[$0 * width..<($0 + 1) * width]) }
  }

  func taskClasses(_ task: swiftcl_task) -> [Int32] {
    guard let s = network.store.index(of: task) else { return [] }
    let ticket = network.store.tickets[s].pointee
    return (0..<ticket.classCount).map { ticket.classes[$0] }
  }

  /// Classes that a task answers for, from the lists of classes alone.
  func answersFor(_ task: swiftcl_task) -> [Int32] {
    let all = (0..<network.store.count).map { network.store.tickets[$0].pointee.record.task }
    let before = Set(all.filter { $0 < task }.flatMap { taskClasses($0) })
    let own = taskClasses(task).filter { !before.contains($0) }
    return own.isEmpty ? taskClasses(task) : own
  }
}

/// The class head in double precision and in loops: features of dense tickets from their
/// parameters, softmax regression by Adam in the library's order of rows.
struct ReferenceClassHead {
  var labels: [Int32] = []
  private var tasks: [swiftcl_task] = []
  private var mean: [Double] = []
  private var scale: [Double] = []
  private var weights: [[Double]] = []
  private var biases: [Double] = []
  private let test: TestNetwork

  init(_ test: TestNetwork, _ given: swiftcl_class_head_options = Defaults.classHeadOptions) throws
  {
    self.test = test
    let net = test.network
    let known = (0..<net.store.count).map { net.store.tickets[$0].pointee.record.task }
    tasks = net.options.sharesTicket ? Array(known.suffix(1)) : known
    let kept = test.keptLabels
    let owned = Set(known.flatMap { test.taskClasses($0) })
    labels = Set(kept).intersection(owned).sorted()
    let places = kept.indices.filter { owned.contains(kept[$0]) }
    let features = try places.map { try self.features(test.keptRow($0)) }
    let count = Double(features.count)
    for f in features[0].indices {
      let m = features.reduce(0) { $0 + $1[f] } / count
      let v = features.reduce(0) { $0 + ($1[f] - m) * ($1[f] - m) } / count
      mean.append(m)
      scale.append(1 / (v.squareRoot() + Double(given.deviation_floor)))
    }
    let standard = features.map(standardised)
    weights = labels.map { _ in mean.map { _ in 0 } }
    biases = labels.map { _ in 0 }
    var order: [[Int]] = []
    for epoch in 0..<UInt64(given.epochs) {
      let key = Random.key(
        seed: net.options.seed, Random.Domain.classHead, given.seed, epoch)
      let shuffled = kept.indices.map { Random.permuted($0, of: kept.count, key: key) }
        .compactMap { places.firstIndex(of: $0) }
      let size = min(32, Int(net.options.max_batch))
      order += stride(from: 0, to: shuffled.count, by: size).map {
        Array(shuffled[$0..<min($0 + size, shuffled.count)])
      }
    }
    learn(
      order.map { $0.map { (standard[$0], labels.firstIndex(of: kept[places[$0]]) ?? 0) } }, given)
  }

  private mutating func learn(
    _ batches: [[(x: [Double], label: Int)]], _ given: swiftcl_class_head_options
  ) {
    var first = weights.map { $0 + [0] }
    var second = first
    for (t, batch) in batches.enumerated() {
      var gradient = weights.map { $0.map { $0 * Double(given.weight_decay) } + [0] }
      for (x, label) in batch {
        let z = logits(standard: x)
        let p = PlainMath.softmax(z)
        for o in labels.indices {
          let d = (p[o] - (o == label ? 1 : 0)) / Double(batch.count)
          for f in x.indices { gradient[o][f] += d * x[f] }
          gradient[o][x.count] += d
        }
      }
      let (c1, c2) = (1 - PlainMath.power(0.9, t + 1), 1 - PlainMath.power(0.999, t + 1))
      for o in labels.indices {
        for f in gradient[o].indices {
          let g = gradient[o][f]
          first[o][f] = 0.9 * first[o][f] + 0.1 * g
          second[o][f] = 0.999 * second[o][f] + 0.001 * g * g
          let step =
            Double(given.learning_rate) * (first[o][f] / c1)
            / ((second[o][f] / c2).squareRoot() + 1e-8)
          if f < mean.count { weights[o][f] -= step } else { biases[o] -= step }
        }
      }
    }
  }

  private func features(_ row: [Float]) throws -> [Double] {
    var all: [Double] = []
    for task in tasks {
      var x = row.map(Double.init)
      for l in 0..<test.network.hidden {
        let (w, b) = try test.parameters(task, l)
        let inputs = w.count / b.count
        x = b.indices.map { o in
          max(0, (0..<inputs).reduce(Double(b[o])) { $0 + x[$1] * Double(w[o * inputs + $1]) })
        }
      }
      all += x
    }
    return all
  }

  private func standardised(_ x: [Double]) -> [Double] {
    x.indices.map { (x[$0] - mean[$0]) * scale[$0] }
  }

  private func logits(standard x: [Double]) -> [Double] {
    labels.indices.map { o in x.indices.reduce(biases[o]) { $0 + weights[o][$1] * x[$1] } }
  }

  func logits(_ row: [Float]) throws -> [Double] {
    logits(standard: standardised(try features(row)))
  }
}

enum PlainMath {
  static func softmax(_ z: [Double]) -> [Double] {
    let largest = z.max() ?? 0
    let e = z.map { exponential($0 - largest) }
    let total = e.reduce(0, +)
    return e.map { $0 / total }
  }

  static func exponential(_ x: Double) -> Double {
    // e^x = (e^(x / 1024))^1024; a series for the small one.
    let y = x / 1024
    var term = 1.0
    var sum = 1.0
    for n in 1..<20 {
      term *= y / Double(n)
      sum += term
    }
    return power(sum, 1024)
  }

  static func power(_ base: Double, _ n: Int) -> Double {
    (0..<n).reduce(1) { p, _ in p * base }
  }
}
