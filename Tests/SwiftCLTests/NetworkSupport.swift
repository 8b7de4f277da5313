import CSwiftCL
import Testing

@testable import SwiftCL

/// A call that a test expected to succeed did not.
struct Refusal: Error, CustomStringConvertible {
  var status: swiftcl_status
  var message: String
  var description: String { "status \(status): \(message)" }
}

/// SWIFTCL_COMPETE_ALWAYS, which Swift cannot import.
let competeAlways = UInt64.max

func dense(_ width: Int, _ blockSize: Int, relu: Bool = true, perSample: Bool = false)
  -> swiftcl_layer
{
  var layer = swiftcl_layer()
  layer.kind = SWIFTCL_LAYER_DENSE
  layer.width = UInt32(width)
  layer.block_size = UInt32(blockSize)
  layer.activation = relu ? SWIFTCL_ACTIVATION_RELU : SWIFTCL_ACTIVATION_NONE
  layer.competition = perSample ? SWIFTCL_COMPETITION_SAMPLE : SWIFTCL_COMPETITION_TASK
  return layer
}

func conv(
  _ maps: Int, _ blockSize: Int, kernel: Int, width: Int? = nil, stride: Int = 1, padding: Int = 0,
  image: (Int, Int) = (0, 0), relu: Bool = true, perSample: Bool = false
) -> swiftcl_layer {
  var layer = dense(maps, blockSize, relu: relu, perSample: perSample)
  layer.kind = SWIFTCL_LAYER_CONV2D
  layer.kernel_height = UInt32(kernel)
  layer.kernel_width = UInt32(width ?? kernel)
  layer.stride = UInt32(stride)
  layer.padding = UInt32(padding)
  layer.input_height = UInt32(image.0)
  layer.input_width = UInt32(image.1)
  return layer
}

func pool(_ kind: Int32, kernel: Int = 0, stride: Int = 0, padding: Int = 0) -> swiftcl_layer {
  var layer = swiftcl_layer()
  layer.kind = kind
  layer.kernel_height = UInt32(kernel)
  layer.kernel_width = UInt32(kernel)
  layer.stride = UInt32(stride)
  layer.padding = UInt32(padding)
  return layer
}

func normalising(_ rate: Float = 0) -> swiftcl_layer {
  var layer = pool(SWIFTCL_LAYER_BATCH_NORM)
  layer.rate = rate
  return layer
}

/// Adds what layer number `source` gives.
func adding(_ source: Int, relu: Bool = true) -> swiftcl_layer {
  var layer = pool(SWIFTCL_LAYER_ADD)
  layer.source = UInt32(source + 1)
  layer.activation = relu ? SWIFTCL_ACTIVATION_RELU : SWIFTCL_ACTIVATION_NONE
  return layer
}

/// Reads layer number `source` instead of the one before.
func reading(_ source: Int, _ layer: swiftcl_layer) -> swiftcl_layer {
  var layer = layer
  layer.source = UInt32(source + 1)
  return layer
}

func dropping(_ rate: Float) -> swiftcl_layer {
  var layer = pool(SWIFTCL_LAYER_DROPOUT)
  layer.rate = rate
  return layer
}

func head(_ width: Int) -> swiftcl_layer {
  var layer = swiftcl_layer()
  layer.kind = SWIFTCL_LAYER_HEAD
  layer.width = UInt32(width)
  layer.block_size = 1
  return layer
}

/// A network with calls that throw, and arrays where the library takes pointers.
final class TestNetwork {
  let net: UnsafeMutablePointer<Network>

  private let memory: UnsafeMutableRawPointer?

  /// `ownMemory` creates the network in memory of exactly the planned size.
  init(
    _ layers: [swiftcl_layer], inputs: Int, ownMemory: Bool = false,
    _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) throws {
    var options = Defaults.options
    options.inputs = UInt32(inputs)
    options.layer_count = UInt32(layers.count)
    options.seed = 1
    configure(&options)
    var status = SWIFTCL_OK
    var memory: UnsafeMutableRawPointer?
    let error = UnsafeMutablePointer<swiftcl_error>.allocate(capacity: 1)
    error.initialize(to: swiftcl_error())
    defer { error.deallocate() }
    let created: UnsafeMutablePointer<Network>? = layers.withUnsafeBufferPointer { buffer in
      options.layers = buffer.baseAddress
      guard let order = Network.order(options, "test", error, &status) else { return nil }
      if !ownMemory { return Network.create(order, "test", error, &status) }
      let bytes = order.plan.totalBytes
      memory = .allocate(byteCount: bytes, alignment: Arena.alignment)
      return Network.create(order, in: memory, bytes: bytes, "test", error, &status)
    }
    self.memory = memory
    guard let created else { throw Refusal(status: status, message: "create") }
    net = created
  }

  deinit {
    Network.free(net)
    memory?.deallocate()
  }

  var network: Network { net.pointee }
  var handle: swiftcl_network_ref { Boundary.handle(net) }

  /// What the network last said.
  var message: String {
    withUnsafeBytes(of: net.pointee.error.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  private func check(_ status: swiftcl_status) throws {
    if status != SWIFTCL_OK { throw Refusal(status: status, message: message) }
  }

  // MARK: tasks

  func beginStatus(
    classes: [Int32]? = nil, masks: Bool = true, start: Int32 = SWIFTCL_START_FRESH,
    steps: UInt64 = 0, competes: UInt64 = 0
  ) -> swiftcl_status {
    var options = Defaults.taskOptions
    options.start = start
    options.mask_classes = masks ? 1 : 0
    options.expected_steps = steps
    options.compete_steps = competes
    guard let classes else { return net.pointee.beginTask(options) }
    return classes.withUnsafeBufferPointer { buffer in
      options.classes = buffer.baseAddress
      options.class_count = UInt32(buffer.count)
      return net.pointee.beginTask(options)
    }
  }

  @discardableResult
  func begin(
    classes: [Int32]? = nil, masks: Bool = true, start: Int32 = SWIFTCL_START_FRESH,
    steps: UInt64 = 0, competes: UInt64 = 0
  ) throws -> swiftcl_task {
    try check(
      beginStatus(classes: classes, masks: masks, start: start, steps: steps, competes: competes))
    return network.task.record.task
  }

  @discardableResult
  func step(_ data: TestRows) throws -> swiftcl_step {
    var report = swiftcl_step()
    try check(net.pointee.trainStep(data.x, data.labels, rows: data.count, &report))
    return report
  }

  @discardableResult
  func step(_ data: TestRows, targets: [Float]) throws -> swiftcl_step {
    var report = swiftcl_step()
    try check(net.pointee.trainStep(data.x, targets: targets, rows: data.count, &report))
    return report
  }

  @discardableResult
  func end() throws -> swiftcl_task_info {
    let number = network.task.record.task
    try check(net.pointee.endTask())
    return try info(number)
  }

  func abort() throws { try check(net.pointee.abortTask()) }

  func commit() throws { try check(net.pointee.commitTask()) }

  /// What the open task has learned so far.
  func openLogits(_ data: TestRows) throws -> [Float] { try logits(SWIFTCL_TASK_OPEN, data) }

  func reopenStatus(_ task: swiftcl_task) -> swiftcl_status {
    net.pointee.reopenTask(task, Defaults.taskOptions)
  }

  func remove(_ task: swiftcl_task) throws { try check(net.pointee.removeTask(task)) }

  /// Begins a task, learns `data` for some steps, and ends it.
  @discardableResult
  func learn(
    _ data: TestRows, steps: Int, start: Int32 = SWIFTCL_START_FRESH, classes: [Int32]? = nil
  ) throws -> swiftcl_task {
    let task = try begin(classes: classes, start: start, steps: UInt64(steps))
    for n in 0..<steps { try step(data.batch(n, of: 16)) }
    try end()
    return task
  }

  // MARK: queries

  func info(_ task: swiftcl_task) throws -> swiftcl_task_info {
    guard let info = net.pointee.info(task) else { throw Refusal(status: -1, message: message) }
    return info
  }

  func logits(_ task: swiftcl_task, _ data: TestRows) throws -> [Float] {
    let classes = Int(try info(task).class_count)
    var logits = [Float](repeating: .nan, count: data.count * classes)
    try check(
      net.pointee.predict(task, data.x, rows: data.count, &logits, capacity: logits.count))
    return logits
  }

  func accuracy(_ task: swiftcl_task, _ data: TestRows) throws -> Double {
    var percent: Double = 0
    try check(net.pointee.evaluate(task, data.x, data.labels, rows: data.count, &percent))
    return percent
  }

  func winners(_ task: swiftcl_task, _ layer: Int) throws -> [Int32] {
    var winners = [Int32](repeating: -2, count: network.shapes[layer].blocks)
    try check(net.pointee.winners(task, layer: layer, &winners))
    return winners
  }

  func capacity(_ layer: Int) -> swiftcl_capacity { net.pointee.capacity(layer: layer) }

  /// Weights as rows of inputs, and biases.
  func parameters(_ task: swiftcl_task, _ layer: Int) throws -> (weights: [Float], biases: [Float])
  {
    guard let packed = net.pointee.packed(task, layer: UInt32(layer)) else {
      throw Refusal(status: -1, message: message)
    }
    var weights = [Float](repeating: .nan, count: packed.panels.inputs * packed.panels.outputs)
    var biases = [Float](repeating: .nan, count: packed.panels.outputs)
    try check(
      net.pointee.getParameters(
        task, layer: UInt32(layer), &weights, weightCount: weights.count, &biases,
        biasCount: biases.count))
    return (weights, biases)
  }
}
