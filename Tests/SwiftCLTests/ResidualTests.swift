import CSwiftCL
import Testing

@testable import SwiftCL

/// Normalisation and sums: gradients against the reference, one competition a stream, and
/// tasks whose answers stay.
struct ResidualTests {
  static let classes = (0..<5).map(Int32.init)

  /// Networks of one shape each; inputs are 6 x 4 pixels of two channels.
  enum Shape: CaseIterable {
    case norm, denseNorm, normPool, normSample, sum, denseSum, block, projection, ownInput,
      pooledSum
    case twoReaders, linearSum, dropped

    var layers: [swiftcl_layer] {
      let stem = conv(8, 4, kernel: 3, padding: 1, image: (6, 4))
      let linear = conv(8, 4, kernel: 3, padding: 1, relu: false)
      switch self {
      case .norm:
        return [stem, normalising(), conv(12, 4, kernel: 3, relu: false), normalising(), head(5)]
      case .denseNorm:
        return [dense(12, 4), normalising(), dense(20, 4), normalising(), head(5)]
      case .normPool:
        return [
          stem, normalising(), pool(SWIFTCL_LAYER_MAX_POOL, kernel: 2, stride: 2), dense(12, 4),
          head(5),
        ]
      case .normSample:
        return [
          conv(8, 4, kernel: 3, padding: 1, image: (6, 4), perSample: true), normalising(), head(5),
        ]
      case .sum:
        return [stem, linear, adding(0), pool(SWIFTCL_LAYER_GLOBAL_POOL), head(5)]
      case .denseSum:
        return [dense(12, 4), dense(20, 4), dense(12, 4, relu: false), adding(0), head(5)]
      case .block:
        // Two blocks of ResNet: two sums into one stream of three writers.
        return [
          stem, normalising(),
          conv(12, 4, kernel: 3, padding: 1), normalising(), linear, normalising(), adding(1),
          conv(12, 4, kernel: 3, padding: 1), normalising(), linear, normalising(), adding(6),
          pool(SWIFTCL_LAYER_GLOBAL_POOL), head(5),
        ]
      case .projection:
        return [
          stem, normalising(),
          conv(12, 4, kernel: 3, stride: 2, padding: 1), normalising(),
          conv(12, 4, kernel: 3, padding: 1, relu: false), normalising(),
          reading(1, conv(12, 4, kernel: 1, stride: 2, relu: false)), normalising(), adding(5),
          head(5),
        ]
      case .ownInput:
        return [stem, conv(8, 4, kernel: 1, relu: false), adding(0), dense(8, 2), head(5)]
      case .pooledSum:
        return [
          stem, pool(SWIFTCL_LAYER_AVERAGE_POOL, kernel: 2, stride: 2), linear, adding(1),
          pool(SWIFTCL_LAYER_MAX_POOL, kernel: 2, stride: 1), head(5),
        ]
      case .twoReaders:
        // The stem is read as an image and as a row; one branch joins by a 1 x 1 window.
        return [
          dense(12, 4), dense(20, 4), reading(0, dense(20, 4, relu: false)), adding(1), head(5),
        ]
      case .linearSum:
        return [
          dense(12, 4), dense(20, 4, relu: false), reading(0, dense(20, 4, relu: false)),
          adding(1, relu: false), dense(12, 4, relu: false), dense(12, 3, perSample: true), head(5),
        ]
      case .dropped:
        return [
          stem, dropping(0.3), linear, normalising(), adding(1), dropping(0.4), dense(12, 4),
          head(5),
        ]
      }
    }
  }

  private func network(
    _ shape: Shape, _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) throws -> TestNetwork {
    try TestNetwork(shape.layers, inputs: 48) {
      GradientCheck.configure(&$0)
      $0.input_channels = 2
      configure(&$0)
    }
  }

  private func rows(_ seed: UInt64, _ count: Int = 5) -> TestRows {
    TestRows(count, inputs: 48, classes: Self.classes, seed: seed)
  }

  @Test(arguments: Shape.allCases)
  func gradients(shape: Shape) throws {
    let test = try network(shape)
    try test.begin(competes: competeAlways)
    try GradientCheck.run(test, rows(5))
    try GradientCheck.run(test, rows(6))
    try test.commit()
    try GradientCheck.run(test, rows(7))
  }

  /// A single row of a dense layer is normalised by what runs, and moves it.
  @Test func gradientsOfOneRow() throws {
    let test = try network(.denseNorm)
    try test.begin(competes: competeAlways)
    try test.step(rows(5))
    try GradientCheck.run(test, rows(6, 1))
    try test.commit()
    for s in 0..<40 as Range<UInt64> { try test.step(rows(s, 1)) }
    let norm = try #require(test.network.working[0].live.norm?.values)
    for u in 0..<test.network.working[0].units { #expect(norm.variance[u] > 0.01) }
  }

  /// Sums whose square overflows leave the loss finite, for a while: refused at once.
  @Test func statisticsThatOverflowAreRefused() throws {
    let test = try TestNetwork([dense(4, 2), normalising(), head(5)], inputs: 48)
    try test.begin()
    let before = try test.openLogits(rows(9)).bits
    var huge = rows(1)
    for i in huge.x.indices { huge.x[i] *= 1e20 }
    #expect(throws: (any Error).self) { try test.step(huge) }
    #expect(try test.openLogits(rows(9)).bits == before)
  }

  @Test(arguments: [SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_TOP_K, SWIFTCL_SAMPLER_RANDOM])
  func gradientsOfSamplers(sampler: Int32) throws {
    for shape in [Shape.block, .projection] {
      let test = try network(shape) { $0.sampler = sampler }
      try test.begin(competes: competeAlways)
      try GradientCheck.run(test, rows(5))
      try GradientCheck.run(test, rows(6))
    }
  }

  /// A gate that is shut hides no normalised sum, nor one that is added, from the logits.
  @Test(arguments: [Shape.norm, .linearSum])
  func gradientsOfShutGates(shape: Shape) throws {
    let test = try network(shape) { $0.sampler = SWIFTCL_SAMPLER_STRAIGHT_THROUGH }
    try test.begin(competes: competeAlways)
    try GradientCheck.run(test, rows(5))
    try GradientCheck.run(test, rows(6))
  }

  /// Writers of one stream have the same candidates and logits all along, and win alike.
  @Test(arguments: [SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_TOP_K])
  func streamsCompeteAsOne(sampler: Int32) throws {
    let test = try network(.block) {
      $0.sampler = sampler
      $0.expected_tasks = 3
      $0.prune_threshold = 0.15
      $0.prune_interval = 3
      $0.logit_learning_rate = 0.1
    }
    let leaders = (0..<test.network.hidden).map { test.network.shapes[$0].leader }
    #expect(leaders == [0, 1, 0, 3, 0])
    for t in 0..<3 as Range<UInt64> {
      try test.begin(competes: 20)
      for s in 0..<25 as Range<UInt64> {
        for l in [2, 4] {
          let (first, other) = (test.network.candidates(0), test.network.candidates(l))
          #expect(first.units == other.units)
          for u in 0..<first.units {
            #expect(first.unitBlock[u] == other.unitBlock[u])
            #expect(first.unitId[u] == other.unitId[u])
            #expect(first.logits[u].bitPattern == other.logits[u].bitPattern)
          }
        }
        try test.step(rows(100 * t + s))
      }
      try test.end()
      let layers = test.network.store.tickets[Int(t)].pointee.layers
      for l in [2, 4] {
        for i in 0..<layers[0].size.blocks { #expect(layers[0].winners[i] == layers[l].winners[i]) }
      }
    }
  }

  /// What a finished task computes stays, and it is what the open one computed.
  @Test(arguments: Shape.allCases)
  func tasks(shape: Shape) throws {
    let test = try network(shape) {
      $0.clip_norm = 0
      $0.expected_tasks = 3
      $0.logit_init = 0.01
      $0.prune_threshold = -1
      $0.kl_weight = 1e-3
    }
    try test.threeTasksStay { rows($0, $1) }
  }

  /// Running statistics: of the first step after the commit alone, then the mean of all.
  @Test func statisticsRestart() throws {
    let test = try TestNetwork([dense(4, 2), normalising(0.01), head(5)], inputs: 48) {
      $0.learning_rate = 0
      $0.expected_tasks = 2
      $0.max_batch = 16
      $0.logit_learning_rate = 0
      $0.prune_threshold = 0
    }
    try test.begin(competes: 3)
    for s in 0..<3 as Range<UInt64> { try test.step(rows(s, 16)) }
    #expect(test.network.task.phase == SWIFTCL_PHASE_SPECIALISE)
    var means: [Float] = []
    for s in 3..<6 as Range<UInt64> {
      try test.step(rows(s, 16))
      means.append(test.network.working[0].norm.mean[0])
      let running = test.network.working[0].live.norm?.values.mean[0] ?? 0
      #expect(abs(running - means.reduce(0, +) / Float(means.count)) < 1e-5)
    }
  }
}
