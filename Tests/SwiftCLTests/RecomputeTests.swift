import CSwiftCL
import Testing

@testable import SwiftCL

/// Outputs that are computed again instead of kept: the same bits for fewer bytes.
struct RecomputeTests {
  struct Setting: CustomStringConvertible, Sendable {
    var name: String
    var layers: [swiftcl_layer]
    var inputs = 48
    var configure: @Sendable (inout swiftcl_options) -> Void = { _ in }
    var description: String { name }
  }

  private static let deep = [
    dense(24, 4), dense(40, 4), dense(24, 4), dense(16, 4), dense(24, 4), dense(16, 4), head(5),
  ]
  private static let rowWise = [
    dense(24, 4), dense(16, 4, perSample: true), dense(24, 4), dense(16, 4, perSample: true),
    normalising(), dense(24, 4), head(5),
  ]
  private static let picture = [
    conv(8, 4, kernel: 3, padding: 1, image: (6, 4)), dropping(0.2),
    pool(SWIFTCL_LAYER_MAX_POOL, kernel: 2, stride: 1), conv(12, 4, kernel: 3, padding: 1),
    normalising(), pool(SWIFTCL_LAYER_AVERAGE_POOL, kernel: 2, stride: 1),
    conv(8, 4, kernel: 2), dropping(0.3), conv(8, 4, kernel: 1), dense(16, 4), dropping(0.5),
    dense(24, 4), head(5),
  ]
  private static let plain = [
    conv(8, 1, kernel: 3, padding: 1, image: (6, 4)), conv(16, 1, kernel: 3, padding: 1),
    normalising(), conv(16, 1, kernel: 3, padding: 1), dense(32, 1), dense(24, 1), dense(24, 1),
    head(5),
  ]

  static let settings: [Setting] = {
    let samplers = [
      SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_STRAIGHT_THROUGH,
      SWIFTCL_SAMPLER_TOP_K, SWIFTCL_SAMPLER_RANDOM,
    ]
    var all = [Setting]()
    for sampler in samplers {
      all.append(
        Setting(name: "dense, sampler \(sampler)", layers: deep) {
          $0.sampler = sampler
          $0.clip_norm = sampler == SWIFTCL_SAMPLER_GUMBEL ? 0.5 : 0
          $0.optimizer =
            sampler == SWIFTCL_SAMPLER_MEAN ? SWIFTCL_OPTIMIZER_ADAM : SWIFTCL_OPTIMIZER_SGD
        })
      if sampler != SWIFTCL_SAMPLER_TOP_K {
        all.append(
          Setting(name: "rows compete, sampler \(sampler)", layers: rowWise) {
            $0.sampler = sampler
          }
        )
      }
      all.append(
        Setting(name: "pictures, sampler \(sampler)", layers: picture) {
          $0.sampler = sampler
          $0.input_channels = 2
        })
    }
    for shape in ResidualTests.Shape.allCases {
      all.append(
        Setting(name: "sums, \(shape)", layers: shape.layers) {
          $0.input_channels = 2
          $0.sampler = SWIFTCL_SAMPLER_GUMBEL
        })
    }
    for kind in [SWIFTCL_SPARSITY_IRREGULAR, SWIFTCL_SPARSITY_BLOCK] {
      for sparsity in [0.4, 0.8] as [Float] {
        all.append(
          Setting(name: "masks \(kind), \(sparsity)", layers: plain) {
            $0.input_channels = 2
            $0.sharing = SWIFTCL_TICKETS_SHARED
            $0.sparsity = sparsity
            $0.sparsity_kind = kind
            $0.mask_interval = 3
            $0.regrowth = SWIFTCL_REGROW_GRADIENT
            $0.replays(SWIFTCL_REPLAY_ER, rows: 40, draw: 5)
          })
      }
    }
    for kind in [SWIFTCL_REPLAY_DERPP, SWIFTCL_REPLAY_DISTILL] {
      all.append(
        Setting(name: "replay \(kind)", layers: deep) {
          $0.replays(kind, rows: 40, draw: 5)
          $0.learning_rate = 0.005
        })
    }
    return all
  }()

  private let rows = TestRows(
    clouds: 60, inputs: 48, classes: [0, 1, 2, 3, 4], noise: 0.5, seed: 3, draw: 0)

  private func network(_ setting: Setting, every n: Int) throws -> TestNetwork {
    try TestNetwork(setting.layers, inputs: setting.inputs, ownMemory: true) {
      $0.max_batch = 12
      $0.max_tasks = 3
      $0.prune_interval = 3
      $0.resample_interval = 2
      setting.configure(&$0)
      $0.recompute = UInt32(n)
    }
  }

  /// All that two tasks learn, with what each step says but for what it cost.
  private func story(_ setting: Setting, every n: Int) throws -> [UInt8] {
    let test = try network(setting, every: n)
    var said = [UInt8]()
    func say(_ values: [Float]) { values.withUnsafeBytes { said += $0 } }
    for task in 0..<2 as Range<swiftcl_task> {
      try test.begin(competes: 6)
      for n in 0..<10 {
        let step = try test.step(rows.batch(n, of: n % 4 == 3 ? 1 : 12))
        say([step.loss, step.kl, step.gradient_norm, step.replay_loss])
        if n % 3 == 2 { say(try test.openLogits(rows)) }
      }
      for l in 0..<test.network.layerCount {
        let values = try test.parameters(SWIFTCL_TASK_OPEN, test.network.shapes[l].slot)
        say(values.weights)
        say(values.biases)
      }
      try test.end()
      say(try test.logits(task, rows))
    }
    return said
  }

  @Test(arguments: settings)
  func theBitsAreThoseOfKeeping(_ setting: Setting) throws {
    let kept = try story(setting, every: 0)
    for n in [1, 2, 3, 5] {
      let made = try story(setting, every: n) == kept
      #expect(made, "every \(n)")
    }
  }

  /// The same where nothing shares bytes: so that sharing, too, is seen to change nothing.
  @Test(arguments: settings)
  func sharingChangesNoBit(_ setting: Setting) throws {
    for n in [2, 3] {
      let shared = try story(setting, every: n)
      let same = try BufferPlan.$shares.withValue(false) { try story(setting, every: n) == shared }
      #expect(same)
    }
  }

  // MARK: bytes

  private func activations(_ layers: [swiftcl_layer], batch: Int, every n: Int) throws -> UInt64 {
    try TestNetwork(layers, inputs: 32) {
      $0.max_batch = UInt32(batch)
      $0.recompute = UInt32(n)
    }.network.plan.activation_bytes
  }

  /// Eight layers of one width: what is kept, and what is made again at once.
  @Test func bytesFollowWhatIsKept() throws {
    let layers = [swiftcl_layer](repeating: dense(32, 1), count: 8) + [head(5)]
    let one = UInt64(4 * 256 * 32)
    let all = try activations(layers, batch: 256, every: 0)
    #expect(try activations(layers, batch: 256, every: 1) == all)
    // Kept are layers 3, 7 and what is between; of eight outputs, five at a time.
    let some = try activations(layers, batch: 256, every: 4)
    #expect(all - some >= 2 * one)
    #expect(try activations(layers, batch: 256, every: 3) < all)
    #expect(try activations(layers, batch: 256, every: 2) < all)
    // Without a kept one below the head there is nothing to begin from.
    #expect(try activations(layers, batch: 256, every: 9) == all)
  }

  /// Which layers are made again: none that two others read, none above the last that is kept.
  @Test func whatIsKept() throws {
    func made(_ layers: [swiftcl_layer], inputs: Int, every n: Int) throws -> [Int] {
      let test = try TestNetwork(layers, inputs: inputs) { $0.recompute = UInt32(n) }
      return (0..<test.network.layerCount).filter { test.network.shapes[$0].isMadeAgain }
    }
    #expect(try made(Self.deep, inputs: 48, every: 0).isEmpty)
    #expect(try made(Self.deep, inputs: 48, every: 1).isEmpty)
    #expect(try made(Self.deep, inputs: 48, every: 2) == [0, 2, 4])
    #expect(try made(Self.deep, inputs: 48, every: 3) == [0, 1, 3, 4])
    #expect(try made(Self.deep, inputs: 48, every: 4) == [0, 1, 2])
    #expect(try made(Self.deep, inputs: 48, every: 6) == [0, 1, 2, 3, 4])
    #expect(try made(Self.deep, inputs: 48, every: 7).isEmpty)
    let sum = [
      dense(12, 4), dense(20, 4), dense(12, 4, relu: false), adding(0), dense(8, 4), head(5),
    ]
    #expect(try made(sum, inputs: 48, every: 3) == [1])
  }

  // MARK: costs

  /// A layer that is made again costs a third pass forward, where papers count none.
  @Test func theSecondWayForwardIsCharged() throws {
    let layers = [dense(24, 1), dense(40, 1), dense(16, 1), head(5)]
    func costs(_ n: Int) throws -> (swiftcl_accounting, swiftcl_step) {
      let test = try TestNetwork(layers, inputs: 48) {
        $0.recompute = UInt32(n)
        $0.allocation = SWIFTCL_ALLOCATE_GREEDY
      }
      try test.begin()
      let step = try test.step(rows.batch(0, of: 12))
      return (test.network.accounting(), step)
    }
    let (kept, keptStep) = try costs(0)
    let (made, madeStep) = try costs(3)
    let again = UInt64(12 * (48 * 24 + 24 * 40))
    #expect(made.full_macs == kept.full_macs + again)
    #expect(madeStep.macs == keptStep.macs + again && madeStep.dense_macs == keptStep.dense_macs)
    #expect(made.macs == kept.macs + again && made.paper_macs == kept.paper_macs)
    #expect(made.full_dense_macs == kept.full_dense_macs)
  }

  // MARK: checkpoints

  /// A checkpoint in the middle of a task keeps the option and goes on with the same bits.
  @Test func checkpointsKeepIt() throws {
    let setting = Self.settings[0]
    let test = try network(setting, every: 2)
    try test.begin(competes: 20)
    for n in 0..<4 { try test.step(rows.batch(n, of: 12)) }
    let bytes = test.checkpoint()
    var handle: swiftcl_network_ref?
    #expect(swiftcl_network_load_memory(bytes, UInt(bytes.count), nil, &handle) == SWIFTCL_OK)
    let loaded = try #require(Boundary.network(handle, "test"))
    defer { Network.free(loaded) }
    #expect(loaded.pointee.options.recompute == 2)
    #expect(loaded.pointee.plan.activation_bytes == test.network.plan.activation_bytes)
    let data = rows.batch(5, of: 12)
    var report = swiftcl_step()
    let step = try test.step(data)
    #expect(
      loaded.pointee.trainStep(data.x, data.labels, rows: data.count, &report) == SWIFTCL_OK)
    #expect(report.loss.bitPattern == step.loss.bitPattern && report.macs == step.macs)
  }
}
