import CSwiftCL
import Testing

@testable import SwiftCL

/// Trains one step and holds every gradient it leaves behind against central
/// differences of the reference network.
struct GradientCheck {
  /// Largest relative error allowed, and the part of a tensor's largest
  /// gradient below which an entry counts as that large.
  static let tolerance = 1e-3
  static let smallest = 1e-3
  /// The same behind a normalisation, whose gradients are small differences of large sums.
  static let smallestNormalised = 0.2
  static let coordinates = 24

  private var reference: ReferenceNetwork
  private let x: [Double]
  private let target: ReferenceNetwork.Target

  /// One parameter of the reference.
  private typealias Place = WritableKeyPath<ReferenceLayer, [Double]>

  /// Options under which a step keeps its gradients and changes no candidate.
  static func configure(_ options: inout swiftcl_options) {
    options.clip_norm = 1e30
    options.prune_threshold = 0
    options.resample_interval = 1_000_000
    options.logit_init = 1
    options.kl_weight = 0.1
    options.max_batch = 16
  }

  @discardableResult
  static func run(
    _ test: TestNetwork, _ data: TestRows, targets: [Float]? = nil, inputs: [Double]? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> GradientCheck {
    test.shakeBiases()
    let labels = data.labels.map { Int(test.network.column(of: $0)) }
    let columns = (0..<test.network.task.classCount).map { Int(test.network.workspace.columns[$0]) }
    var check = GradientCheck(
      reference: ReferenceNetwork(test.network, rows: data.count),
      x: inputs ?? data.x.map(Double.init),
      target: targets.map { .values($0.map(Double.init)) }
        ?? .labels(labels.map { columns.firstIndex(of: $0) ?? 0 }))
    let expected = check.reference.run(check.x, check.target)
    let report = try targets.map { try test.step(data, targets: $0) } ?? test.step(data)
    #expect(
      abs(Double(report.loss) - expected.loss) <= 1e-4 * (1 + expected.loss),
      "loss \(report.loss), reference \(expected.loss)", sourceLocation: sourceLocation)
    #expect(
      abs(Double(report.kl) - expected.kl) <= 1e-4 * (1e-2 + abs(expected.kl)),
      "KL \(report.kl), reference \(expected.kl)", sourceLocation: sourceLocation)
    check.compareAll(test.network, sourceLocation)
    return check
  }

  private mutating func compareAll(_ net: Network, _ location: SourceLocation) {
    for l in reference.layers.indices {
      let working = net.working[l]
      let panels = working.live.panels
      guard let gradient = working.gradients.weights else {
        Issue.record("layer \(l) keeps no gradient", sourceLocation: location)
        continue
      }
      let inputs = reference.layers[l].inputs
      compare("weights \(l)", l, \.weights, location) {
        guard let mask = net.runningMask(l)?.live else {
          return gradient[panels.index($0 % inputs, $0 / inputs)]
        }
        // What is masked has none.
        let entry = mask.entry($0 % inputs, $0 / inputs)
        return entry < 0 ? nil : gradient[entry * mask.width + $0 / inputs % mask.width]
      }
      compare("biases \(l)", l, \.biases, location) { working.gradients.biases[$0] }
      compare("scales \(l)", l, \.scales, location) { working.gradients.scale[$0] }
      if reference.layers[l].competes, reference.layers[l].leader == l {
        compare("logits \(l)", l, \.logits, location) { working.gateGradient[$0] }
      }
    }
  }

  private mutating func compare(
    _ name: String, _ l: Int, _ tensor: Place, _ location: SourceLocation, _ found: (Int) -> Float?
  ) {
    let count = reference.layers[l][keyPath: tensor].count
    let order = (0..<count).map { Random.permuted($0, of: count, key: UInt64(l)) }
      .filter { found($0) != nil }
    // Hard gates leave most entries 0: as many that are not.
    let places =
      order.prefix(GradientCheck.coordinates)
      + order.dropFirst(GradientCheck.coordinates).filter { found($0) != 0 }
      .prefix(GradientCheck.coordinates)
    let slopes = places.map { slope(l, tensor, $0) }
    let scale = slopes.map(abs).max() ?? 0
    let normalises = reference.layers.contains { !$0.scales.isEmpty }
    let smallest = normalises ? GradientCheck.smallestNormalised : GradientCheck.smallest
    for (place, slope) in zip(places, slopes) {
      let value = Double(found(place) ?? .nan)
      let size = max(abs(slope), smallest * scale)
      if abs(value - slope) > GradientCheck.tolerance * size + 1e-8 {
        Issue.record(
          "\(name)[\(place)]: \(value), central difference \(slope), largest \(scale)",
          sourceLocation: location)
        return
      }
    }
  }

  private mutating func slope(_ l: Int, _ tensor: Place, _ place: Int) -> Double {
    let step = 1e-6
    let value = reference.layers[l][keyPath: tensor][place]
    reference.layers[l][keyPath: tensor][place] = value + step
    let above = reference.run(x, target)
    reference.layers[l][keyPath: tensor][place] = value - step
    let below = reference.run(x, target)
    reference.layers[l][keyPath: tensor][place] = value
    return (above.loss + above.kl - below.loss - below.kl) / (2 * step)
  }
}

extension TestNetwork {
  /// Moves all biases a little: a unit whose inputs are all 0 would otherwise
  /// sit on the kink of its rectifier.
  fileprivate func shakeBiases() {
    for l in 0..<network.layerCount {
      let live = network.working[l].live
      for u in 0..<live.units {
        let shake = 0.05 * Random.normal(UInt64(l * 1000 + u) &* 0x9E37_79B9_7F4A_7C15)
        live.bias[u] += shake
        live.norm?.values.scale[u] += 3 * shake
      }
    }
  }
}
