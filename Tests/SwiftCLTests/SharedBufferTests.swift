import CSwiftCL
import Testing

@testable import SwiftCL

/// Buffers that take turns in the same bytes: what a network learns must not
/// depend on it, and nothing in those bytes may be needed after a call.
struct SharedBufferTests {
  struct Setting: CustomStringConvertible, Sendable {
    var name: String
    var sampler: Int32
    var perSample = false
    var configure: @Sendable (inout swiftcl_options) -> Void = { _ in }
    var description: String { name }
  }

  static let settings = [
    Setting(name: "mean-field", sampler: SWIFTCL_SAMPLER_MEAN),
    Setting(name: "Gumbel, Adam", sampler: SWIFTCL_SAMPLER_GUMBEL) {
      $0.optimizer = SWIFTCL_OPTIMIZER_ADAM
      $0.kl_form = SWIFTCL_KL_RELAXED
    },
    Setting(name: "straight-through, clipped", sampler: SWIFTCL_SAMPLER_STRAIGHT_THROUGH) {
      $0.clip_norm = 0.5
    },
    Setting(name: "top-k, clipped by layer", sampler: SWIFTCL_SAMPLER_TOP_K) {
      $0.clip_norm = 0.5
      $0.clip_scope = SWIFTCL_CLIP_LAYER
    },
    Setting(name: "random, unprotected", sampler: SWIFTCL_SAMPLER_RANDOM) {
      $0.protection = SWIFTCL_PROTECT_NONE
      $0.allocation = SWIFTCL_ALLOCATE_ANY
    },
    Setting(name: "per sample", sampler: SWIFTCL_SAMPLER_MEAN, perSample: true),
    Setting(name: "per sample, Gumbel, clipped", sampler: SWIFTCL_SAMPLER_GUMBEL, perSample: true) {
      $0.clip_norm = 0.5
    },
    Setting(name: "soft, J reused", sampler: SWIFTCL_SAMPLER_MEAN) {
      $0.protection = SWIFTCL_PROTECT_SOFT
      $0.unserved = SWIFTCL_UNSERVED_REUSE
    },
  ]

  private let rows = TestRows(
    clouds: 90, inputs: 21, classes: [0, 1, 2], noise: 0.5, seed: 3, draw: 0)

  /// Everything that a network says in two tasks, one of them learned on
  /// afterwards; `before` runs before each call.
  private func story(
    _ setting: Setting, batch: Int, depth: Int, _ before: (TestNetwork) -> Void = { _ in }
  ) throws -> [UInt8] {
    let widths = [40, 24, 56, 24, 8]
    let layers = (0..<depth).map {
      dense(widths[$0], 4, perSample: setting.perSample && $0 != 1)
    }
    let test = try TestNetwork(layers + [head(3)], inputs: 21, ownMemory: batch == 7) {
      $0.sampler = setting.sampler
      $0.max_batch = UInt32(batch)
      $0.max_tasks = 3
      $0.prune_interval = 3
      $0.resample_interval = 2
      setting.configure(&$0)
    }
    var said = [UInt8]()
    func say(_ values: [Float]) { values.withUnsafeBytes { said += $0 } }
    for task in 0..<2 {
      before(test)
      try test.begin(competes: 9)
      for n in 0..<16 {
        before(test)
        let step = try test.step(rows.batch(n, of: n % 5 == 4 ? 1 : batch))
        say([step.loss, step.kl, step.gradient_norm])
        if n % 4 != 2 { continue }
        before(test)
        say(try test.openLogits(rows))
        for finished in 0..<task {
          before(test)
          say(try test.logits(swiftcl_task(finished), rows))
        }
        before(test)
        for l in 0..<depth {
          said += (try test.winners(SWIFTCL_TASK_OPEN, l)).map { UInt8(truncatingIfNeeded: $0) }
        }
        before(test)
        said += test.checkpoint()
      }
      before(test)
      try test.end()
    }
    before(test)
    if test.reopenStatus(1) == SWIFTCL_OK {
      before(test)
      try test.step(rows.batch(3, of: batch))
      before(test)
      say(try test.parameters(SWIFTCL_TASK_OPEN, 0).weights)
      try test.abort()
    }
    before(test)
    return said + test.checkpoint()
  }

  @Test(arguments: settings, [1, 7, 32])
  func sharingChangesNoBit(_ setting: Setting, batch: Int) throws {
    for depth in [1, 2, 5] {
      let shared = try story(setting, batch: batch, depth: depth)
      let unshared = try BufferPlan.$shares.withValue(false) {
        try story(setting, batch: batch, depth: depth)
      }
      // As a flag: the difference of two checkpoints takes hours to describe.
      let same = shared == unshared
      #expect(same)
    }
  }

  /// Between two calls the whole region is filled with NaN.
  @Test(arguments: settings, [7, 32])
  func nothingSharedOutlivesACall(_ setting: Setting, batch: Int) throws {
    for depth in [1, 2, 5] {
      let calm = try story(setting, batch: batch, depth: depth)
      let poisoned = try story(setting, batch: batch, depth: depth) { test in
        let region = test.network.workspaceBlock
        region.initializeMemory(
          as: UInt8.self, repeating: 0xFF, count: Int(test.network.plan.activation_bytes))
      }
      let same = calm == poisoned
      #expect(same)
    }
  }

  /// No two buffers that are alive together overlap, and sharing saves something.
  @Test(arguments: settings)
  func livesDoNotMeet(_ setting: Setting) throws {
    for depth in 1...5 {
      var options = Defaults.options
      let layers = (0..<depth).map { dense(8 << $0, 4, perSample: setting.perSample) } + [head(3)]
      options.inputs = 30
      options.layer_count = UInt32(layers.count)
      options.sampler = setting.sampler
      setting.configure(&options)
      layers.withUnsafeBufferPointer {
        options.layers = $0.baseAddress
        let plan = BufferPlan(options)
        var sum = 0
        for a in 0..<plan.count {
          let (from, size) = (plan.offset(a), Int(plan.bytes(a..<a + 1)))
          sum += size
          #expect(from >= 0 && from % Arena.alignment == 0 && from + size <= plan.totalBytes)
          for b in 0..<a {
            if !plan.lives.meet(a, b) { continue }
            #expect(
              plan.offset(b) >= from + size || from >= plan.offset(b) + Int(plan.bytes(b..<b + 1)))
          }
        }
        #expect(plan.totalBytes < sum)
      }
    }
  }
}

extension TestNetwork {
  func checkpoint() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Int(net.pointee.checkpointBytes()))
    bytes.withUnsafeMutableBytes {
      guard let base = $0.baseAddress else { return }
      var span = MemorySpan(next: base, left: $0.count)
      #expect(net.pointee.save(through: MemorySpan.write, &span) == SWIFTCL_OK)
    }
    return bytes
  }
}
