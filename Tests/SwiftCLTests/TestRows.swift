@testable import SwiftCL

/// Labelled rows for tests, a function of their seed.
struct TestRows {
  var inputs: Int
  var x: [Float]
  var labels: [Int32]

  var count: Int { labels.count }

  /// Normal noise with labels in turn.
  init(_ count: Int, inputs: Int, classes: [Int32], seed: UInt64) {
    self.inputs = inputs
    x = (0..<count * inputs).map { Random.normal(Random.key(Random.key(seed, 1), UInt64($0))) }
    labels = (0..<count).map {
      classes[Random.below(classes.count, Random.key(Random.key(seed, 2), UInt64($0)))]
    }
  }

  /// Clouds that a small network separates: a centre for each class, and noise.
  init(clouds count: Int, inputs: Int, classes: [Int32], noise: Float, seed: UInt64, draw: UInt64) {
    self.init(count, inputs: inputs, classes: classes, seed: Random.key(seed, 100 + draw))
    for n in 0..<count {
      let centre = Random.key(Random.key(seed, 3), UInt64(labels[n]))
      for e in 0..<inputs {
        let place = n * inputs + e
        x[place] = x[place] * noise + Random.normal(Random.key(centre, UInt64(e)))
      }
    }
  }

  init(x: [Float], labels: [Int32]) {
    inputs = x.count / labels.count
    self.x = x
    self.labels = labels
  }

  func row(_ n: Int) -> ArraySlice<Float> { x[n * inputs..<(n + 1) * inputs] }

  /// The `number`-th batch of `size` rows, round and round.
  func batch(_ number: Int, of size: Int) -> TestRows {
    let rows = (0..<size).map { (number * size + $0) % count }
    return TestRows(x: rows.flatMap { row($0) }, labels: rows.map { labels[$0] })
  }
}
