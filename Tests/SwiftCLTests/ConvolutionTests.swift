import CSwiftCL
import Testing

@testable import SwiftCL

/// Convolutions and poolings: gradients against the reference, and what competition,
/// repacking and tickets make of maps.
struct ConvolutionTests {
  static let classes = (0..<5).map(Int32.init)

  /// Networks of one shape each; inputs are 7 x 6 pixels of three channels.
  enum Shape: CaseIterable {
    case padded, strided, oblong, single, maxPool, overlappingPool, averagePool, globalPool
    case twoConvolutions, perSample, dropout

    var layers: [swiftcl_layer] {
      let image = (7, 6)
      switch self {
      case .padded:
        return [conv(12, 4, kernel: 3, padding: 1, image: image), head(5)]
      case .strided:
        return [conv(12, 4, kernel: 3, stride: 2, padding: 2, image: image), dense(12, 3), head(5)]
      case .oblong:
        return [conv(8, 2, kernel: 4, width: 2, image: image), head(5)]
      case .single:
        return [conv(24, 4, kernel: 1, image: image), conv(20, 4, kernel: 1), head(5)]
      case .maxPool:
        return [
          conv(12, 4, kernel: 3, padding: 1, image: image),
          pool(SWIFTCL_LAYER_MAX_POOL, kernel: 2, stride: 2), dense(12, 4), head(5),
        ]
      case .overlappingPool:
        return [
          conv(20, 4, kernel: 2, image: image),
          pool(SWIFTCL_LAYER_MAX_POOL, kernel: 3, stride: 2, padding: 1), head(5),
        ]
      case .averagePool:
        return [
          conv(12, 4, kernel: 3, image: image, relu: false),
          pool(SWIFTCL_LAYER_AVERAGE_POOL, kernel: 3, stride: 2, padding: 1),
          conv(12, 4, kernel: 2), head(5),
        ]
      case .globalPool:
        return [
          conv(12, 4, kernel: 3, padding: 1, image: image), conv(24, 8, kernel: 3),
          pool(SWIFTCL_LAYER_GLOBAL_POOL), head(5),
        ]
      case .twoConvolutions:
        return [
          conv(20, 4, kernel: 3, padding: 1, image: image),
          pool(SWIFTCL_LAYER_MAX_POOL, kernel: 2, stride: 2),
          conv(24, 4, kernel: 3, padding: 1), pool(SWIFTCL_LAYER_FLATTEN), dense(24, 8), head(5),
        ]
      case .dropout:
        return [
          conv(12, 4, kernel: 3, padding: 1, image: image),
          pool(SWIFTCL_LAYER_MAX_POOL, kernel: 2, stride: 2), dropping(0.3), dense(24, 4),
          dropping(0.5), head(5),
        ]
      case .perSample:
        return [
          conv(12, 4, kernel: 3, padding: 1, image: image, perSample: true), dense(12, 4), head(5),
        ]
      }
    }
  }

  private func network(
    _ shape: Shape, _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) throws -> TestNetwork {
    try TestNetwork(shape.layers, inputs: 126) {
      GradientCheck.configure(&$0)
      $0.input_channels = 3
      configure(&$0)
    }
  }

  private func rows(_ seed: UInt64, _ count: Int = 5) -> TestRows {
    TestRows(count, inputs: 126, classes: Self.classes, seed: seed)
  }

  @Test(arguments: Shape.allCases, [SWIFTCL_LAYOUT_INTERLEAVED, SWIFTCL_LAYOUT_PLANAR])
  func gradients(shape: Shape, layout: Int32) throws {
    let test = try network(shape) { $0.input_layout = layout }
    try test.begin(competes: competeAlways)
    try GradientCheck.run(test, rows(5))
    try GradientCheck.run(test, rows(6))
    try test.commit()
    try GradientCheck.run(test, rows(7))
  }

  @Test(arguments: GradientTests.samplers)
  func gradientsOfSamplers(sampler: Int32) throws {
    let test = try network(.twoConvolutions) { $0.sampler = sampler }
    try test.begin(competes: competeAlways)
    try GradientCheck.run(test, rows(5))
    try GradientCheck.run(test, rows(6))
  }

  /// Pruning leaves some maps of some blocks.
  @Test func gradientsOfFewerMaps() throws {
    let test = try network(.twoConvolutions) {
      $0.logit_init = 2
      $0.prune_threshold = 0.2
      $0.prune_interval = 1_000_000
    }
    try test.begin(competes: competeAlways)
    test.net.pointee.prune()
    #expect(test.network.working[1].inputs < 9 * 20)
    try GradientCheck.run(test, rows(5))
  }

  /// Rows are gathered in stretches; many rows make several.
  @Test func stretches() throws {
    let test = try network(.twoConvolutions) { $0.max_batch = 64 }
    try test.begin(competes: competeAlways)
    #expect(64 * 42 > test.network.shapes[0].patchFloats(batch: 64) / 32)
    try GradientCheck.run(test, rows(5, 64))
  }

  /// As many as the rate says, others in each step, and none in a prediction.
  @Test(arguments: [Float(0.1), 0.5, 0.9])
  func dropoutDropsItsShare(rate: Float) throws {
    let layers = [dense(64, 1), dropping(rate), head(5)]
    let test = try TestNetwork(layers, inputs: 126) {
      $0.max_batch = 64
      $0.expected_tasks = 1
    }
    try test.begin()
    func draw() -> [Float] {
      var ones = [Float](repeating: 1, count: 64 * 64)
      test.network.drop(layer: 0, rows: 64, &ones)
      return ones
    }
    let first = draw()
    #expect(first == draw())
    let share = Float(first.filter { $0 == 0 }.count) / 4096
    #expect(abs(share - rate) < 0.03)
    #expect(first.allSatisfy { $0 == 0 || abs($0 * (1 - rate) - 1) < 1e-5 })
    try test.step(rows(1))
    #expect(first != draw())
    let probe = rows(9)
    #expect(try test.openLogits(probe).bits == test.openLogits(probe).bits)
  }

  /// What a finished task computes stays, and the packed network computes what the
  /// whole one did.
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
}
