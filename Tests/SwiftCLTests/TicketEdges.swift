import CSwiftCL

@testable import SwiftCL

/// One edge of the network, whichever tickets it lies on; input -1 is the bias.
struct Edge: Hashable {
  var layer: Int
  var output: Int
  var input: Int
}

extension TestNetwork {
  /// A number for each packed unit of a finished task's layer, the same on
  /// every ticket; the head's units are its classes.
  func units(_ task: swiftcl_task, _ layer: Int) throws -> [Int] {
    if layer == network.hidden {
      guard let index = network.store.index(of: task) else { return [] }
      let ticket = network.store.tickets[index].pointee
      return (0..<ticket.classCount).map { Int(ticket.classes[$0]) }
    }
    let size = network.shapes[layer].groupSize
    return try winners(task, layer).enumerated().flatMap { block, winner in
      winner < 0 ? [] : (0..<size).map { block << 20 | Int(winner) * size + $0 }
    }
  }

  /// The bits of every edge of a finished task that another may share: with
  /// private heads those of the hidden layers only. Biases of a head are a
  /// task's own.
  func edges(_ task: swiftcl_task) throws -> [Edge: UInt32] {
    var edges: [Edge: UInt32] = [:]
    let last = network.options.head == SWIFTCL_HEAD_TASK ? network.hidden : network.layerCount
    for l in 0..<last {
      let outputs = try units(task, l)
      let inputs = l == 0 ? Array(0..<network.inputCount) : try units(task, l - 1)
      let (weights, biases) = try parameters(task, l)
      for (o, output) in outputs.enumerated() {
        for (k, input) in inputs.enumerated() {
          let edge = Edge(layer: l, output: output, input: input)
          edges[edge] = weights[o * inputs.count + k].bitPattern
        }
        if l == network.hidden { continue }
        edges[Edge(layer: l, output: output, input: -1)] = biases[o].bitPattern
      }
    }
    return edges
  }

  /// Numbers of the finished tasks, oldest first.
  var tasks: [swiftcl_task] {
    (0..<network.store.count).map { network.store.tickets[$0].pointee.record.task }
  }
}

/// Edges that both have with different values, and how many both have.
func disagreement(_ a: [Edge: UInt32], _ b: [Edge: UInt32]) -> (different: Int, shared: Int) {
  let shared = a.filter { b[$0.key] != nil }
  return (shared.filter { b[$0.key] != $0.value }.count, shared.count)
}

extension [Float] {
  /// For comparison bit for bit.
  var bits: [UInt32] { map(\.bitPattern) }
}
