import CSwiftCL
import Foundation

@testable import SwiftCL

/// A second implementation of forward pass, losses and KL terms, in double
/// precision and from the formulas alone; its central differences are what the
/// library's gradients are held against.
struct ReferenceNetwork {
  var layers: [ReferenceLayer] = []
  /// Rows of the head that the task trains.
  var columns: [Int] = []
  var competition: ReferenceCompetition
  var rows = 0

  /// A copy of the working set as it stands before a step of `rows` rows.
  init(_ net: Network, rows: Int) {
    competition = ReferenceCompetition(net.options)
    self.rows = rows
    columns = (0..<net.task.classCount).map { Int(net.workspace.columns[$0]) }
    for l in 0..<net.layerCount {
      layers.append(ReferenceLayer(net, l, rows: rows, noisy: competition.isNoisy))
    }
    if competition.isStraightThrough { for l in layers.indices { layers[l].anchors = [] } }
  }

  enum Target {
    case labels([Int])
    case values([Double])
  }

  struct Result {
    var loss = 0.0
    var kl = 0.0
    var logits: [Double] = []
  }

  /// Runs rows of inputs; the first run of a straight-through network fixes
  /// where its surrogate touches the hard sample.
  mutating func run(_ x: [Double], _ target: Target) -> Result {
    var result = Result()
    var outputs: [[Double]] = []
    for l in layers.indices {
      let below = layers[l].input
      let responses = layers[l].sums(below < 0 ? x : outputs[below], rows: rows)
      let sums = layers[l].normalised(responses)
      var gates = [Double](repeating: 1, count: sums.count)
      if layers[l].competes { result.kl += gatePerTask(l, &gates) }
      if layers[l].perSample { result.kl += gatePerSample(l, sums, &gates) }
      let units = layers[l].units
      var output: [Double]
      if layers[l].added >= 0 {
        output = zip(zip(sums, gates).map { $0 * $1 }, outputs[layers[l].added]).map { $0 + $1 }
        if layers[l].relu { output = output.map { max(0, $0) } }
        output = layers[l].image.pooled(output, maps: units)
        if !layers[l].drops.isEmpty { output = zip(output, layers[l].drops).map { $0 * $1 } }
        outputs.append(output)
        continue
      }
      // Gates are not negative: the rectifier may as well come first, where a
      // gate of 0 sits on no kink.
      let rectified = layers[l].relu ? sums.map { max(0, $0) } : sums
      if layers[l].competes {
        // A map has one gate, so that pooling, too, may come first.
        let pooled = layers[l].image.pooled(rectified, maps: units)
        output = pooled.indices.map { pooled[$0] * gates[$0 % units] }
      } else {
        output = layers[l].image.pooled(zip(rectified, gates).map { $0 * $1 }, maps: units)
      }
      if !layers[l].drops.isEmpty { output = zip(output, layers[l].drops).map { $0 * $1 } }
      outputs.append(output)
    }
    result.logits = outputs.last ?? []
    result.loss = loss(result.logits, target)
    return result
  }

  private mutating func gatePerTask(_ l: Int, _ gates: inout [Double]) -> Double {
    let layer = layers[l]
    // Layers of one stream have the logits of their first.
    let leader = layers[layer.leader]
    var kl = 0.0
    for block in layer.blocks where block.count > 1 {
      let sample = competition.sample(
        Array(leader.logits[block]), Array(leader.noise[block]))
      kl += competition.divergence(sample)
      let gate = anchored(l, block.lowerBound, competition.gate(sample), sample.xi)
      for n in 0..<rows * layer.image.pixels {
        for (j, u) in block.enumerated() { gates[n * layer.units + u] = gate[j] }
      }
    }
    return layer.leader == l ? kl * competition.klWeight / Double(layer.blockCount) : 0
  }

  private mutating func gatePerSample(_ l: Int, _ sums: [Double], _ gates: inout [Double]) -> Double
  {
    let layer = layers[l]
    var kl = 0.0
    let rows = rows * layer.image.pixels
    for n in 0..<rows {
      for block in layer.blocks {
        let places = n * layer.units + block.lowerBound..<n * layer.units + block.upperBound
        let sample = competition.sample(Array(sums[places]), Array(layer.noise[places]))
        var gate = competition.gate(sample)
        if competition.isRandom {
          gate = ReferenceCompetition.hard(sample.s)
        } else {
          kl += competition.divergence(sample)
          gate = anchored(l, places.lowerBound, gate, sample.xi)
        }
        for (j, place) in places.enumerated() { gates[place] = gate[j] }
      }
    }
    return kl * competition.klWeight / Double(rows * layer.blockCount)
  }

  /// Straight-through: hard + xi - (xi as it was), the surrogate whose gradient
  /// the library computes.
  private mutating func anchored(_ l: Int, _ key: Int, _ gate: [Double], _ xi: [Double]) -> [Double]
  {
    guard layers[l].anchors != nil else { return gate }
    let anchor = layers[l].anchors?.first { $0.key == key }?.offset ?? zip(gate, xi).map { $0 - $1 }
    if layers[l].anchors?.contains(where: { $0.key == key }) == false {
      layers[l].anchors?.append((key, anchor))
    }
    return zip(anchor, xi).map { $0 + $1 }
  }

  private func loss(_ z: [Double], _ target: Target) -> Double {
    let width = z.count / rows
    var sum = 0.0
    for n in 0..<rows {
      let row = columns.map { z[n * width + $0] }
      switch target {
      case .labels(let labels):
        let largest = row.max() ?? 0
        let total = row.reduce(0) { $0 + Foundation.exp($1 - largest) }
        sum += largest + Foundation.log(total) - row[labels[n]]
      case .values(let values):
        for (c, value) in row.enumerated() {
          let difference = value - values[n * row.count + c]
          sum += difference * difference / Double(row.count)
        }
      }
    }
    return sum / Double(rows)
  }
}

/// One layer of the reference, copied from a working set.
struct ReferenceLayer {
  var inputs: Int
  var units: Int
  /// Rows of inputs, one for each unit.
  var weights: [Double]
  var biases: [Double]
  var logits: [Double]
  var noise: [Double]
  var blocks: [Range<Int>] = []
  var blockCount: Int
  var relu: Bool
  var competes: Bool
  var perSample: Bool
  var image: ReferenceImage
  /// What it reads, what is added to it, and the first layer of its stream.
  var input: Int
  var added: Int
  var leader: Int
  /// Of a layer that normalises; empty otherwise.
  var scales: [Double] = []
  /// Running mean and variance, by which a single row is normalised.
  var running: [(mean: Double, variance: Double)] = []
  /// What dropout multiplies the layer's surface by in the coming step; empty without.
  var drops: [Double] = []
  /// Straight-through: hard minus relaxed sample of each block where it was taken.
  var anchors: [(key: Int, offset: [Double])]?

  init(_ net: Network, _ l: Int, rows: Int, noisy: Bool) {
    let working = net.working[l]
    let live = working.live
    let shape = net.shapes[l]
    image = ReferenceImage(shape, pixelsBelow: l > 0 ? net.shapes[shape.input].surfacePixels : 0)
    (input, added, leader) = (shape.input, shape.added, shape.leader)
    inputs = live.inputs
    units = live.units
    weights = []
    for o in 0..<live.units {
      for k in 0..<live.inputs {
        let kept = net.runningMask(l)?.live.weight(k, o)
        weights.append(Double(kept ?? live.weights[live.panels.index(k, o)]))
      }
    }
    biases = (0..<live.units).map { Double(live.bias[$0]) }
    if let norm = live.norm {
      scales = (0..<live.units).map { Double(norm.values.scale[$0]) }
      running = (0..<live.units).map {
        (Double(norm.values.mean[$0]), Double(norm.values.variance[$0]))
      }
    }
    if shape.dropRate > 0 {
      let stride = working.stride
      let pixels = rows * shape.surfacePixels
      var ones = [Float](repeating: 1, count: pixels * stride)
      net.drop(layer: l, rows: pixels, &ones)
      let units = live.units
      drops = (0..<pixels * units).map { Double(ones[$0 / units * stride + $0 % units]) }
    }
    blockCount = shape.blocks
    relu = shape.relu
    competes = working.competes
    perSample = net.competesPerSample(l)
    logits = competes ? (0..<live.units).map { Double(live.logits[$0]) } : []
    noise = []
    if l < net.hidden {
      blocks = (0..<shape.blocks).map { Int(live.blockStart[$0])..<Int(live.blockStart[$0 + 1]) }
      blocks.removeAll { $0.isEmpty }
    }
    func gumbel(_ key: UInt64) -> Double { Double(Scalar.gumbel(Random.uniform(key))) }
    if competes {
      noise = (0..<live.units).map { u in
        let unit = UInt64(live.unitBlock[u]) << 32 | UInt64(live.unitId[u])
        return noisy ? gumbel(Random.key(Random.key(net.gumbelKey, UInt64(l)), unit)) : 0
      }
    } else if perSample {
      noise = (0..<rows * shape.pixels * live.units).map { place in
        let row = Random.key(
          Random.key(net.gumbelKey, UInt64(l) | 1 << 32), UInt64(place / live.units))
        return noisy ? gumbel(Random.key(row, UInt64(place % live.units))) : 0
      }
    }
  }

  /// Mean 0 and variance 1 over all rows, then scale and bias.
  func normalised(_ sums: [Double]) -> [Double] {
    if scales.isEmpty { return sums }
    var result = sums
    let count = sums.count / units
    for u in 0..<units {
      let values = (0..<count).map { sums[$0 * units + u] }
      var mean = values.reduce(0, +) / Double(count)
      var variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
      if count == 1 { (mean, variance) = running[u] }
      for n in 0..<count {
        let normal = (values[n] - mean) / (variance + 1e-5).squareRoot()
        result[n * units + u] = scales[u] * normal + biases[u]
      }
    }
    return result
  }

  /// From the definition: for every output pixel and unit, all pixels and channels below.
  func sums(_ x: [Double], rows: Int) -> [Double] {
    var sums: [Double] = []
    let channels = inputs / (image.kernel.y * image.kernel.x)
    for n in 0..<rows {
      for y in 0..<image.after.y {
        for x0 in 0..<image.after.x {
          for o in 0..<units {
            var sum = scales.isEmpty ? biases[o] : 0
            for ky in 0..<image.kernel.y {
              for kx in 0..<image.kernel.x {
                let (py, px) = (
                  y * image.stride + ky - image.padding, x0 * image.stride + kx - image.padding
                )
                if py < 0 || py >= image.before.y || px < 0 || px >= image.before.x { continue }
                for c in 0..<channels {
                  let weight = weights[o * inputs + (ky * image.kernel.x + kx) * channels + c]
                  sum += weight * x[image.index(n, py * image.before.x + px, c, of: channels)]
                }
              }
            }
            sums.append(sum)
          }
        }
      }
    }
    return sums
  }
}
