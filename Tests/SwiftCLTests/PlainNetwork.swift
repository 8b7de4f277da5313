import CSwiftCL
import Foundation

@testable import SwiftCL

/// A plain multi-layer perceptron with cross-entropy, in double precision and
/// in loops: what a network without competition must agree with.
struct PlainNetwork {
  struct Layer {
    var inputs: Int
    var outputs: Int
    var weights: [Double]
    var biases: [Double]
    var relu: Bool
    var gradient: [Double]
    var biasGradient: [Double]
    // The optimiser's moments, weights first, then biases.
    var first: [Double]
    var second: [Double]
  }

  var layers: [Layer] = []
  var rate = 0.03
  var momentum = 0.9
  var decay = 0.0
  var usesAdam = false
  var beta1 = 0.9
  var beta2 = 0.999
  var epsilon = 1e-8
  /// Longest gradient over all layers; 0 is no bound.
  var longest = 0.0
  var boundsEachLayer = false
  private var steps = 0

  /// The open task's parameters, and the optimiser of its network.
  init(_ test: TestNetwork) throws {
    let net = test.network
    for l in 0..<net.layerCount {
      let (weights, biases) = try test.parameters(SWIFTCL_TASK_OPEN, l)
      let inputs = weights.count / biases.count
      layers.append(
        Layer(
          inputs: inputs, outputs: biases.count, weights: weights.map(Double.init),
          biases: biases.map(Double.init), relu: net.shapes[l].relu, gradient: [],
          biasGradient: [], first: [Double](repeating: 0, count: weights.count + biases.count),
          second: [Double](repeating: 0, count: weights.count + biases.count)))
    }
    let options = net.options
    (rate, momentum) = (Double(options.learning_rate), Double(options.momentum))
    (decay, usesAdam) = (Double(options.weight_decay), options.usesAdam)
    (beta1, beta2) = (Double(options.adam_beta1), Double(options.adam_beta2))
    epsilon = Double(options.adam_epsilon)
    longest = Double(options.clip_norm)
    boundsEachLayer = options.clip_scope == SWIFTCL_CLIP_LAYER
  }

  private func outputs(_ row: [Double]) -> [[Double]] {
    var values = [row]
    for layer in layers {
      let x = values[values.count - 1]
      values.append(
        (0..<layer.outputs).map { o in
          let sum = (0..<layer.inputs).reduce(layer.biases[o]) {
            $0 + x[$1] * layer.weights[o * layer.inputs + $1]
          }
          return layer.relu ? max(0, sum) : sum
        })
    }
    return values
  }

  func logits(_ row: [Double]) -> [Double] { outputs(row).last ?? [] }

  /// One step on rows whose labels name columns of the head; `columns` are the
  /// ones that take part. Returns the loss and the gradient's length.
  mutating func step(_ data: TestRows, columns: [Int]) -> (loss: Double, norm: Double) {
    for l in layers.indices {
      layers[l].gradient = [Double](repeating: 0, count: layers[l].weights.count)
      layers[l].biasGradient = [Double](repeating: 0, count: layers[l].outputs)
    }
    var loss = 0.0
    for n in 0..<data.count {
      let values = outputs(data.row(n).map(Double.init))
      let z = values[layers.count]
      let total = columns.reduce(0) { $0 + Foundation.exp(z[$1]) }
      let label = Int(data.labels[n])
      loss += (Foundation.log(total) - z[label]) / Double(data.count)
      var delta = [Double](repeating: 0, count: z.count)
      for c in columns {
        delta[c] = (Foundation.exp(z[c]) / total - (c == label ? 1 : 0)) / Double(data.count)
      }
      for l in layers.indices.reversed() { delta = backward(l, values[l], delta) }
    }
    let norms = layers.map { layer in
      (layer.gradient + layer.biasGradient).reduce(0) { $0 + $1 * $1 }
    }
    let norm = norms.reduce(0, +).squareRoot()
    steps += 1
    for l in layers.indices {
      let length = boundsEachLayer ? norms[l].squareRoot() : norm
      update(l, scale: longest > 0 && length > longest ? longest / length : 1)
    }
    return (loss, norm)
  }

  /// Adds one row's gradients; returns what the layer below gets.
  private mutating func backward(_ l: Int, _ x: [Double], _ delta: [Double]) -> [Double] {
    let layer = layers[l]
    var below = [Double](repeating: 0, count: layer.inputs)
    for o in 0..<layer.outputs where delta[o] != 0 {
      layers[l].biasGradient[o] += delta[o]
      for k in 0..<layer.inputs {
        layers[l].gradient[o * layer.inputs + k] += x[k] * delta[o]
        below[k] += layer.weights[o * layer.inputs + k] * delta[o]
      }
    }
    if l > 0, layers[l - 1].relu { for k in below.indices where x[k] <= 0 { below[k] = 0 } }
    return below
  }

  private mutating func update(_ l: Int, scale: Double) {
    let count = layers[l].weights.count
    for i in 0..<count {
      let g = layers[l].gradient[i] * scale + decay * layers[l].weights[i]
      layers[l].weights[i] -= change(l, i, g)
    }
    for o in 0..<layers[l].outputs {
      layers[l].biases[o] -= change(l, count + o, layers[l].biasGradient[o] * scale)
    }
  }

  private mutating func change(_ l: Int, _ i: Int, _ g: Double) -> Double {
    if !usesAdam {
      layers[l].first[i] = momentum * layers[l].first[i] + g
      return rate * layers[l].first[i]
    }
    layers[l].first[i] = beta1 * layers[l].first[i] + (1 - beta1) * g
    layers[l].second[i] = beta2 * layers[l].second[i] + (1 - beta2) * g * g
    let mean = layers[l].first[i] / (1 - pow(beta1, Double(steps)))
    let spread = layers[l].second[i] / (1 - pow(beta2, Double(steps)))
    return rate * mean / (spread.squareRoot() + epsilon)
  }

  /// Largest difference between this network's parameters and the open task's.
  func distance(to test: TestNetwork) throws -> Double {
    var largest = 0.0
    for (l, layer) in layers.enumerated() {
      let (weights, biases) = try test.parameters(SWIFTCL_TASK_OPEN, l)
      for (a, b) in zip(layer.weights + layer.biases, weights + biases) {
        largest = max(largest, abs(a - Double(b)))
      }
    }
    return largest
  }
}
