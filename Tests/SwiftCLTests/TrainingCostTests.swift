import CSwiftCL
import Testing

@testable import SwiftCL

/// What training cost, as papers count and in full, and the bytes it holds, against counts by hand.
struct TrainingCostTests {
  /// A small network over pictures of 6 x 6 pixels.
  static let picture = [
    conv(4, 1, kernel: 3, padding: 1, image: (6, 6), relu: false), normalising(),
    conv(8, 1, kernel: 3, stride: 2, padding: 1), dense(16, 1), head(3),
  ]

  private let first = TestRows(10, inputs: 7, classes: [0, 1], seed: 4)
  private let second = TestRows(10, inputs: 7, classes: [0, 1, 2], seed: 5)
  /// Weights of 7-24-40-3, and of its first layer.
  private let edges: UInt64 = 7 * 24 + 24 * 40 + 40 * 3
  private let below: UInt64 = 7 * 24

  private func network(_ configure: (inout swiftcl_options) -> Void = { _ in }) throws
    -> TestNetwork
  {
    try TestNetwork([dense(24, 1), dense(40, 1), head(3)], inputs: 7) {
      $0.max_batch = 16
      $0.sharing = SWIFTCL_TICKETS_SHARED
      configure(&$0)
    }
  }

  private final class Loaded {
    var handle: swiftcl_network_ref?

    init(_ bytes: [UInt8]) throws {
      let status = swiftcl_network_load_memory(bytes, UInt(bytes.count), nil, &handle)
      if status != SWIFTCL_OK { throw Refusal(status: status, message: "load") }
    }

    var accounting: swiftcl_accounting {
      var totals = swiftcl_accounting()
      totals.struct_size = UInt32(MemoryLayout<swiftcl_accounting>.size)
      #expect(swiftcl_accounting_get(handle, &totals) == SWIFTCL_OK)
      return totals
    }

    deinit { swiftcl_network_free(handle) }
  }

  /// Rows recalled cost a forward pass in papers, and all three passes in truth.
  @Test(arguments: [SWIFTCL_REPLAY_ER, SWIFTCL_REPLAY_DER, SWIFTCL_REPLAY_DERPP])
  func replay(kind: Int32) throws {
    let draws: UInt64 = kind == SWIFTCL_REPLAY_DERPP ? 2 : 1
    let test = try network { $0.replays(kind, rows: 30, draw: 6) }
    #expect(test.network.accounting().paper_macs == 0)
    try test.begin(classes: [0, 1])
    for _ in 0..<3 { try test.step(first) }
    // All tasks train the one ticket: its head has all rows from the start.
    let alone = test.network.accounting()
    #expect(alone.paper_macs == 30 * 3 * edges && alone.full_macs == 30 * (3 * edges - below))
    try test.end()
    try test.begin(classes: [0, 1, 2])
    for _ in 0..<2 {
      #expect(try test.step(second).replay_rows == UInt32(6 * draws))
    }
    let totals = test.network.accounting()
    let old = 2 * 6 * draws
    #expect(totals.paper_macs == 50 * 3 * edges + old * edges)
    #expect(totals.full_macs == (50 + old) * (3 * edges - below))
    #expect(totals.paper_dense_macs == totals.paper_macs)
    #expect(totals.full_dense_macs == totals.full_macs && totals.full_macs == totals.macs)
    #expect(totals.seconds > 0 && totals.seconds < 60)
  }

  /// The teacher's rows are run forward: by the library, not in papers.
  @Test func teacher() throws {
    let test = try network { $0.replays(SWIFTCL_REPLAY_DISTILL, rows: 30, draw: 6) }
    try test.begin(classes: [0, 1])
    for _ in 0..<3 { try test.step(first) }
    try test.end()
    try test.begin(classes: [0, 1, 2])
    try test.step(second)
    let totals = test.network.accounting()
    #expect(totals.paper_macs == 40 * 3 * edges + 6 * edges)
    #expect(totals.full_macs == 46 * (3 * edges - below) + 6 * edges)
    #expect(totals.full_macs == totals.macs && totals.full_dense_macs == totals.dense_macs)
  }

  /// Winners cost what runs, against the network at full width.
  @Test func winners() throws {
    let test = try TestNetwork([dense(24, 4), dense(40, 8), head(3)], inputs: 7) {
      $0.prune_threshold = 0
      $0.max_batch = 16
    }
    try test.begin(competes: 1)
    try test.step(second)
    try test.step(second)
    let alive: UInt64 = 7 * 6 + 6 * 5 + 5 * 3
    let totals = test.network.accounting()
    #expect(totals.paper_macs == 30 * (edges + alive) && totals.paper_dense_macs == 60 * edges)
    #expect(totals.full_macs == totals.macs && totals.full_dense_macs == totals.dense_macs)
    let values = alive + 6 + 5 + 3
    #expect(totals.parameter_bytes == 4 * values && totals.optimizer_bytes == 4 * values)
    #expect(totals.dense_parameter_bytes == 4 * (edges + 24 + 40 + 3))
    try test.abort()
    let none = test.network.accounting()
    #expect(none.paper_macs == 0 && none.full_macs == 0 && none.parameter_bytes == 0)
    #expect(none.seconds == totals.seconds)
  }

  /// A convolution's weights count once a pixel; a normalisation has a scale a unit.
  @Test(arguments: [SWIFTCL_OPTIMIZER_SGD, SWIFTCL_OPTIMIZER_ADAM])
  func pictures(optimizer: Int32) throws {
    let test = try TestNetwork(Self.picture, inputs: 36) {
      $0.max_batch = 16
      $0.sharing = SWIFTCL_TICKETS_SHARED
      $0.optimizer = optimizer
      $0.learning_rate = 0.001
    }
    try test.begin()
    try test.step(TestRows(5, inputs: 36, classes: [0, 1, 2], seed: 1))
    let (stem, inner, wide, out): (UInt64, UInt64, UInt64, UInt64) = (36, 288, 1152, 48)
    let row = 36 * stem + 9 * inner + wide + out
    let totals = test.network.accounting()
    #expect(totals.paper_macs == 5 * 3 * row)
    #expect(totals.full_macs == 5 * (3 * row - 36 * stem))
    let (weights, singles) = (stem + inner + wide + out, 2 * 4 + 8 + 16 + 3 as UInt64)
    let places: UInt64 = optimizer == SWIFTCL_OPTIMIZER_ADAM ? 2 : 1
    #expect(totals.parameter_bytes == 4 * (weights + singles))
    #expect(totals.optimizer_bytes == places * totals.parameter_bytes)
    // Gradients of windows are kept, and of the dense layer, whose window is the image.
    let kept = test.network.options.storesGradients ? weights : weights - out
    #expect(totals.gradient_bytes == 4 * (kept + singles))
    #expect(totals.dense_parameter_bytes == totals.parameter_bytes)
    #expect(totals.dense_optimizer_bytes == totals.optimizer_bytes)
    #expect(totals.dense_gradient_bytes == totals.gradient_bytes)
  }

  /// Between tasks the shared ticket alone is held.
  @Test func bytesOfTheSharedTicket() throws {
    let test = try network { $0.clip_norm = 1 }
    #expect(test.network.accounting().parameter_bytes == 0)
    try test.begin(classes: [0, 1])
    let open = test.network.accounting()
    let bytes = 4 * (edges + 24 + 40 + 3)
    #expect(open.parameter_bytes == bytes && open.gradient_bytes == bytes)
    try test.step(first)
    try test.end()
    let closed = test.network.accounting()
    #expect(closed.parameter_bytes == bytes)
    #expect(closed.optimizer_bytes == 0 && closed.gradient_bytes == 0)
    #expect(closed.dense_parameter_bytes == bytes && closed.dense_gradient_bytes == bytes)
  }

  /// What is trained on later, given up, or saved in the middle.
  @Test func goesOn() throws {
    let test = try TestNetwork([dense(24, 4), head(3)], inputs: 7) { $0.max_batch = 16 }
    let task = try test.learn(second, steps: 3)
    let once = test.network.accounting()
    #expect(test.reopenStatus(task) == SWIFTCL_OK)
    try test.step(second)
    #expect(test.network.accounting().paper_macs > once.paper_macs)
    try test.abort()
    #expect(test.network.accounting().paper_macs == once.paper_macs)
    #expect(test.reopenStatus(task) == SWIFTCL_OK)
    try test.step(second)
    let open = test.network.accounting()
    let copy = try Loaded(test.checkpoint()).accounting
    #expect(copy.paper_macs == open.paper_macs && copy.full_macs == open.full_macs)
    #expect(copy.paper_dense_macs == open.paper_dense_macs)
    #expect(copy.full_dense_macs == open.full_dense_macs)
    #expect(copy.seconds == 0 && copy.parameter_bytes == open.parameter_bytes)
    try test.end()
    let ended = test.network.accounting()
    #expect(ended.paper_macs == open.paper_macs && ended.full_macs == open.full_macs)
    #expect(ended.full_macs == ended.macs && ended.full_dense_macs == ended.dense_macs)
  }

  /// A file of a version without these counters has none of them.
  @Test func olderCheckpoints() throws {
    let test = try TestNetwork([dense(24, 4), head(3)], inputs: 7) { $0.max_batch = 16 }
    let untrained = test.checkpoint()
    try test.learn(second, steps: 3)
    var bytes = test.checkpoint()
    func word(_ at: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) } }
    func put(_ value: Int, _ at: Int) {
      for i in 0..<8 { bytes[at + i] = UInt8(truncatingIfNeeded: value >> (8 * i)) }
    }
    func seal(_ at: Int) {
      let covered = 16 + (word(at + 8) + 7) / 8 * 8
      var crc = CRC32C()
      bytes.withUnsafeBytes { crc.update($0.baseAddress! + at, covered) }
      put(Int(crc.value), at + covered)
    }
    // Behind the magic the head, the description and the scale; then the totals.
    var at = 8
    for _ in 0..<3 { at += 24 + (word(at + 8) + 7) / 8 * 8 }
    #expect(bytes[at..<at + 4].elementsEqual("TOTL".utf8) && word(at + 8) == 32 + 64)
    bytes.removeSubrange(at + 16 + 32..<at + 16 + 96)
    put(32, at + 8)
    seal(at)
    put(bytes.count, 8 + 16 + 24)
    seal(8)
    let older = try Loaded(bytes).accounting
    let totals = test.network.accounting()
    #expect(older.macs == totals.macs && older.steps == 3)
    #expect(older.paper_macs == 0 && older.full_macs == 0 && older.full_dense_macs == 0)
    #expect(totals.paper_macs > 0)
    // Nothing trained, nothing written.
    bytes = untrained
    at = 8
    for _ in 0..<3 { at += 24 + (word(at + 8) + 7) / 8 * 8 }
    #expect(word(at + 8) == 32)
  }
}
