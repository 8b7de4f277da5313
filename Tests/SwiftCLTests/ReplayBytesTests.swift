import CSwiftCL
import Testing

@testable import SwiftCL

/// Rows stored in eight bits an element: what they stand for is what steps recall, and what callers read.
struct ReplayBytesTests {
  private func network(
    _ rows: Int = 40, inputs: Int = 6, _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) throws -> TestNetwork {
    try TestNetwork([dense(24, 4), dense(16, 4), head(3)], inputs: inputs) {
      $0.max_batch = 16
      $0.replays(SWIFTCL_REPLAY_ER, rows: rows, draw: 4)
      $0.replay_u8 = 1
      $0.replay_low = -1
      $0.replay_high = 3
      configure(&$0)
    }
  }

  private let step: Float = (3 - -1) / 255

  private func coded(_ value: Float) -> Float {
    let place = ((min(max(value, -1), 3) + 1) / step + 0.5).rounded(.down)
    return min(-1 + min(place, 255) * step, 3)
  }

  private func row(_ test: TestNetwork, _ place: Int) -> [Float] {
    var row = [Float](repeating: .nan, count: test.network.inputCount)
    let bytes = UInt(4 * row.count)
    #expect(
      swiftcl_replay_row(test.handle, UInt(place), &row, bytes - 1, nil, nil) == SWIFTCL_E_BUFFER)
    #expect(swiftcl_replay_row(test.handle, UInt(place), &row, bytes, nil, nil) == SWIFTCL_OK)
    return row
  }

  /// Values, both ends, what is beyond them, and what lies between two.
  @Test func rowsAreTheNearestValues() throws {
    let test = try network()
    try test.begin()
    let values: [Float] = [-1, 3, 0.3, -7, 5e20, 0.7 * step - 1]
    let data = TestRows(x: values, labels: [1])
    #expect(test.addStatus(data) == SWIFTCL_OK)
    let kept = row(test, 0)
    #expect(kept == values.map(coded))
    #expect(kept[0] == -1 && abs(kept[1] - 3) < 1e-6 && kept[3] == -1 && kept[4] == kept[1])
    #expect(abs(kept[2] - 0.3) <= step / 2 && kept[5] == -1 + step)
    // Stored again, a row stays what it is.
    #expect(test.addStatus(TestRows(x: kept, labels: [1])) == SWIFTCL_OK)
    #expect(row(test, 1) == kept)
  }

  /// Sixteen bits: the value is a whole number again.
  @Test func rowsOfSixteenBits() throws {
    let test = try network(inputs: 5) {
      $0.input_type = SWIFTCL_INPUT_I16
      $0.replay_low = -32768
      $0.replay_high = 32767
    }
    try test.begin()
    let given: [Int16] = [-32768, 32767, 0, 129, -12345]
    var label: Int32 = 0
    #expect(swiftcl_replay_add(test.handle, given, &label, 1) == SWIFTCL_OK)
    var kept = [Int16](repeating: 0, count: 5)
    #expect(swiftcl_replay_row(test.handle, 0, &kept, 10, nil, nil) == SWIFTCL_OK)
    #expect(kept[0] == -32768 && kept[1] == 32767)
    for (a, b) in zip(given, kept) { #expect(abs(Int(a) - Int(b)) <= 129) }
  }

  /// A network that stores bytes learns the bits of one that was given what the bytes stand for.
  @Test(arguments: [SWIFTCL_STORE_PRESENTED, SWIFTCL_STORE_AT_END])
  func recalledRowsAreWhatTheyStandFor(_ store: Int32) throws {
    let data = TestRows(24, inputs: 6, classes: [0, 1, 2], seed: 9)
    let known = TestRows(x: data.x.map(coded), labels: data.labels)
    func story(_ rows: TestRows, bytes: Bool) throws -> [UInt32] {
      let test = try network {
        $0.replay_store = store
        $0.replay_u8 = bytes ? 1 : 0
      }
      for _ in 0..<2 {
        try test.begin(competes: 4)
        for n in 0..<6 { try test.step(rows.batch(n, of: 8)) }
        try test.end()
      }
      return try test.logits(1, rows).bits
    }
    #expect(try story(known, bytes: true) == story(known, bytes: false))
    #expect(try story(data, bytes: true) != story(data, bytes: false))
  }

  @Test func aQuarterOfTheBytes() throws {
    func bytes(_ u8: UInt32, inputs: Int = 600) throws -> UInt64 {
      try network(1000, inputs: inputs) { $0.replay_u8 = u8 }.network.plan.replay_bytes
    }
    let saved = try bytes(0) - bytes(1)
    // One row is decoded at a time.
    #expect(saved <= 1000 * 600 * 3 && saved > 1000 * 600 * 3 - 5000)
  }

  /// Checkpoints keep the option and the bytes, also of rows that wait.
  @Test(arguments: [SWIFTCL_STORE_PRESENTED, SWIFTCL_STORE_AT_END])
  func checkpointsKeepThem(_ store: Int32) throws {
    let data = TestRows(24, inputs: 6, classes: [0, 1, 2], seed: 9)
    let test = try network { $0.replay_store = store }
    try test.learn(data, steps: 6)
    try test.begin(competes: 20)
    for n in 0..<4 { try test.step(data.batch(n, of: 8)) }
    let bytes = test.checkpoint()
    var handle: swiftcl_network_ref?
    #expect(swiftcl_network_load_memory(bytes, UInt(bytes.count), nil, &handle) == SWIFTCL_OK)
    let loaded = try #require(Boundary.network(handle, "test"))
    defer { Network.free(loaded) }
    #expect(loaded.pointee.options.replay_u8 == 1 && loaded.pointee.options.replay_low == -1)
    let next = data.batch(5, of: 8)
    var report = swiftcl_step()
    let step = try test.step(next)
    #expect(
      loaded.pointee.trainStep(next.x, next.labels, rows: next.count, &report) == SWIFTCL_OK)
    #expect(report.loss.bitPattern == step.loss.bitPattern)
    #expect(report.replay_loss.bitPattern == step.replay_loss.bitPattern)
  }

  @Test func whatCannotBeIsRefused() throws {
    let wrong: [(inout swiftcl_options) -> Void] = [
      { $0.replay_u8 = 2 }, { $0.replay_low = 3 }, { $0.replay_low = 4 }, { $0.replay_low = .nan },
      { $0.replay_high = .infinity }, { $0.replay_high = -1 }, { $0.input_type = SWIFTCL_INPUT_U8 },
      { $0.input_type = SWIFTCL_INPUT_I8 },
      {
        $0.replay_low = -1e-45; $0.replay_high = 0
      },
      {
        $0.replay_low = 1e8; $0.replay_high = 1e8 + 64
      },
      {
        $0.input_type = SWIFTCL_INPUT_I16; $0.replay_high = 32768
      },
      {
        $0.replay = SWIFTCL_REPLAY_NONE; $0.replay_rows = 0
      },
    ]
    for change in wrong {
      #expect(throws: Refusal.self) { try self.network { change(&$0) } }
    }
  }
}
