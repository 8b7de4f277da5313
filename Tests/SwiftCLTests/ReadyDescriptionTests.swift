import CSwiftCL
import Testing

@testable import SwiftCL

/// Descriptions of well-known networks: their layers, and as many weights as the papers' have.
struct ReadyDescriptionTests {
  private typealias Describe = (UnsafeMutablePointer<swiftcl_layer>?, UInt32, inout UInt32) -> Int32

  /// The layers, which must be as many as were counted.
  private func layers(_ describe: Describe) -> [swiftcl_layer] {
    var count: UInt32 = 0
    #expect(describe(nil, 0, &count) == SWIFTCL_OK)
    var marked = swiftcl_layer()
    marked.kind = -1
    var layers = [swiftcl_layer](repeating: marked, count: Int(count) + 1)
    var again: UInt32 = 0
    #expect(describe(&layers, count + 1, &again) == SWIFTCL_OK)
    #expect(again == count)
    #expect(layers.removeLast().kind == -1)
    return layers
  }

  private func mlp(_ widths: [UInt32], _ J: UInt32, _ classes: UInt32) -> [swiftcl_layer] {
    layers { swiftcl_describe_mlp($0, $1, &$2, widths, UInt32(widths.count), J, classes) }
  }

  private func lenet(_ widths: [UInt32]?, _ J: UInt32, classes: UInt32 = 10, side: UInt32 = 32)
    -> [swiftcl_layer]
  {
    layers {
      swiftcl_describe_lenet($0, $1, &$2, side, side, widths, widths == nil ? 0 : 4, J, classes)
    }
  }

  private func alexnet(_ J: UInt32, normalised: Int32 = 0, side: UInt32 = 32) -> [swiftcl_layer] {
    layers { swiftcl_describe_alexnet($0, $1, &$2, side, side, nil, 0, J, 10, normalised) }
  }

  private func resnet(_ maps: UInt32, _ J: UInt32, side: UInt32 = 32) -> [swiftcl_layer] {
    layers { swiftcl_describe_resnet18($0, $1, &$2, side, side, maps, J, 10) }
  }

  /// Weights and biases of the dense network, and the values that normalise.
  private struct Sizes: Equatable {
    var hidden = 0
    var biases = 0
    var head = 0
    var normalised = 0
    var macs = 0
  }

  private func sizes(_ layers: [swiftcl_layer], channels: Int, side: Int = 32) throws -> Sizes {
    let test = try TestNetwork(layers, inputs: channels * side * side) {
      $0.input_channels = UInt32(channels)
      $0.max_batch = 1
      $0.expected_tasks = 1
    }
    try test.begin()
    var sizes = Sizes()
    for (l, layer) in layers.enumerated() where layer.hasParameters {
      var (outputs, inputs): (UInt, UInt) = (0, 0)
      #expect(
        swiftcl_parameter_shape(test.handle, SWIFTCL_TASK_OPEN, UInt32(l), &outputs, &inputs)
          == SWIFTCL_OK)
      if layer.kind == SWIFTCL_LAYER_HEAD {
        sizes.head = Int(outputs * (inputs + 1))
      } else {
        sizes.hidden += Int(outputs * inputs)
        sizes.biases += Int(outputs)
      }
    }
    for layer in layers where layer.kind == SWIFTCL_LAYER_BATCH_NORM { sizes.normalised += 1 }
    sizes.macs = Int(try test.info(SWIFTCL_TASK_OPEN).dense_predict_macs)
    return sizes
  }

  private func kinds(_ layers: [swiftcl_layer]) -> [Int32] { layers.map(\.kind) }

  @Test func perceptron() throws {
    let found = try sizes(mlp([100, 100], 1, 10), channels: 1, side: 28)
    #expect(found.hidden == 88_400)
    #expect(found.biases == 200)
    #expect(found.head == 1010)
    #expect(mlp([100, 100], 4, 10).map(\.block_size) == [4, 4, 1])
    #expect(mlp([UInt32](repeating: 8, count: 31), 8, 2).count == 32)
  }

  @Test func lenets() throws {
    let dense = try sizes(lenet(nil, 1), channels: 3)
    #expect(dense.hidden == 2_986_500)
    #expect(dense.biases == 20 + 50 + 800 + 500)
    #expect(dense.head == 5010)
    // 10.9 million multiply-adds without the head.
    #expect(dense.macs - 5000 == 10_896_000)
    let large = try sizes(lenet([64, 128, 2500, 1500], 1, classes: 12), channels: 1)
    #expect(large.hidden == 24_436_400)
    #expect(large.head == 12 * 1501)
    let pool = SWIFTCL_LAYER_MAX_POOL
    #expect(
      kinds(lenet([10, 20, 500, 300], 10))
        == [SWIFTCL_LAYER_CONV2D, pool, SWIFTCL_LAYER_CONV2D, pool, 1, 1, SWIFTCL_LAYER_HEAD])
    _ = try sizes(lenet([4, 4, 4, 4], 2, side: 1), channels: 1, side: 1)
  }

  @Test func alexnets() throws {
    let plain = try sizes(alexnet(1), channels: 3)
    #expect(plain.hidden == 6_499_328)
    #expect(plain.biases == 64 + 128 + 256 + 2048 + 2048)
    #expect((plain.macs - 20_480) / 100_000 == 227)  // 22.8 million, rounded
    #expect(
      alexnet(8).filter { $0.kind == SWIFTCL_LAYER_DROPOUT }.map(\.rate) == [
        0.2, 0.2, 0.5, 0.5, 0.5,
      ])
    let normalised = try sizes(alexnet(1, normalised: 1), channels: 3)
    #expect(normalised.hidden == plain.hidden)
    #expect(normalised.normalised == 5)
    #expect(alexnet(8).count == 14)
    #expect(alexnet(8, normalised: 1).count == 19)
    _ = try sizes(alexnet(8, side: 19), channels: 1, side: 19)
  }

  /// Weights of the 20 convolutions: 6 of 2 · 9 · nf² and so on, with the stem's and the shortcuts'.
  @Test func resnets() throws {
    for maps in [20, 64] {
      let found = try sizes(resnet(UInt32(maps), 1), channels: 3)
      let stages = 4 * 9 + (18 + 3 * 36 + 2) + (72 + 3 * 144 + 8) + (288 + 3 * 576 + 32)
      #expect(found.hidden == 27 * maps + stages * maps * maps)
      #expect(found.biases == maps * (1 + 4 + 5 * 14))
      #expect(found.head == 10 * (8 * maps + 1))
      #expect(found.normalised == 20)
    }
    let layers = resnet(20, 4)
    #expect(layers.count == 50)
    #expect(layers.filter { $0.kind == SWIFTCL_LAYER_ADD }.count == 8)
    #expect(layers.filter(\.hasParameters).count == 21)
    _ = try sizes(resnet(4, 2, side: 1), channels: 1, side: 1)
  }

  /// Each learns a task, and answers as it did when the next one has been learned.
  @Test func learn() throws {
    let side = 20
    let nets = [
      mlp([16, 8], 4, 5), lenet([8, 8, 16, 8], 4, classes: 5, side: 20),
      layers {
        swiftcl_describe_alexnet($0, $1, &$2, 20, 20, [8, 8, 8, 16, 16], 5, 4, 5, 1)
      },
      layers { swiftcl_describe_resnet18($0, $1, &$2, 20, 20, 4, 2, 5) },
    ]
    for net in nets {
      let test = try TestNetwork(net, inputs: side * side) {
        $0.expected_tasks = 2
        $0.max_batch = 16
      }
      let rows = TestRows(32, inputs: side * side, classes: [0, 1, 2, 3, 4], seed: 3)
      let first = try test.learn(rows, steps: 6)
      let bits = try test.logits(first, rows).bits
      try test.learn(
        TestRows(32, inputs: side * side, classes: [0, 1, 2, 3, 4], seed: 4), steps: 6)
      #expect(try test.logits(first, rows).bits == bits)
    }
  }

  @Test func refusals() {
    var count: UInt32 = 77
    var layer = swiftcl_layer()
    layer.kind = -1
    #expect(swiftcl_describe_resnet18(&layer, 1, &count, 32, 32, 20, 4, 10) == SWIFTCL_E_BUFFER)
    #expect(swiftcl_describe_resnet18(nil, 0, &count, 32, 32, 20, 8, 10) == SWIFTCL_E_ARGUMENT)
    #expect(swiftcl_describe_lenet(nil, 0, &count, 32, 32, nil, 0, 4, 10) == SWIFTCL_E_ARGUMENT)
    #expect(
      swiftcl_describe_alexnet(nil, 0, &count, 18, 32, nil, 0, 4, 10, 0) == SWIFTCL_E_ARGUMENT)
    #expect(layer.kind == -1)
    #expect(count == 77)
  }
}
