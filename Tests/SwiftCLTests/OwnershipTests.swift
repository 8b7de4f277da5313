import CSwiftCL
import Testing

@testable import SwiftCL

/// What finished tasks own never moves while protection is frozen, although
/// every later task runs on their units.
struct OwnershipTests {
  /// How the later tasks are trained.
  struct Training: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var configure: @Sendable (inout swiftcl_options) -> Void

    init(_ name: String, _ configure: @escaping @Sendable (inout swiftcl_options) -> Void) {
      testDescription = name
      self.configure = configure
    }

    static let all = [
      Training("plain SGD") { $0.momentum = 0 },
      Training("momentum and decay") { $0.weight_decay = 0.01 },
      Training("Adam and decay") {
        $0.optimizer = SWIFTCL_OPTIMIZER_ADAM
        $0.learning_rate = 0.01
        $0.weight_decay = 0.01
      },
      Training("one norm") { $0.clip_norm = 0.1 },
      Training("a norm for each layer, Adam") {
        $0.clip_norm = 0.1
        $0.clip_scope = SWIFTCL_CLIP_LAYER
        $0.optimizer = SWIFTCL_OPTIMIZER_ADAM
      },
      Training("Gumbel") { $0.sampler = SWIFTCL_SAMPLER_GUMBEL },
      Training("straight-through, own heads") {
        $0.sampler = SWIFTCL_SAMPLER_STRAIGHT_THROUGH
        $0.head = SWIFTCL_HEAD_TASK
      },
      Training("top-1 of two, momentum") {
        $0.sampler = SWIFTCL_SAMPLER_TOP_K
        $0.top_k = 1
        $0.resample_interval = 3
        $0.weight_decay = 0.01
      },
      Training("random winners") { $0.sampler = SWIFTCL_SAMPLER_RANDOM },
      Training("any unit") { $0.allocation = SWIFTCL_ALLOCATE_ANY },
      Training("greedy") { $0.allocation = SWIFTCL_ALLOCATE_GREEDY },
      Training("slow with rate 0") {
        $0.protection = SWIFTCL_PROTECT_SLOW
        $0.slow_rate = 0
        $0.weight_decay = 0.01
      },
      Training("soft with certain winners") {
        $0.protection = SWIFTCL_PROTECT_SOFT
        $0.sampler = SWIFTCL_SAMPLER_RANDOM
        $0.weight_decay = 0.01
      },
    ]
  }

  static func rows(_ task: Int) -> TestRows {
    TestRows(48, inputs: 6, classes: [0, 1, 2], seed: UInt64(100 + task))
  }

  /// Two units a block for six tasks: from the third on all blocks reuse.
  static func forcedReuse(
    layers: [swiftcl_layer] = [dense(16, 2), dense(20, 2), head(3)], ownMemory: Bool = false,
    _ configure: (inout swiftcl_options) -> Void
  ) throws -> TestNetwork {
    try TestNetwork(layers, inputs: 6, ownMemory: ownMemory) {
      $0.expected_tasks = 2
      $0.unserved = SWIFTCL_UNSERVED_REUSE
      $0.max_batch = 16
      configure(&$0)
    }
  }

  @Test(arguments: Training.all, [SWIFTCL_START_FRESH, SWIFTCL_START_COPY_ON_WRITE])
  func nothingOwnedEverMoves(training: Training, start: Int32) throws {
    let test = try OwnershipTests.forcedReuse(training.configure)
    try learnSixTasks(test, start: start)
  }

  @Test func norDoesItUnderCompetitionPerSample() throws {
    let layers = [dense(16, 2), dense(16, 4, perSample: true), head(3)]
    try learnSixTasks(
      OwnershipTests.forcedReuse(layers: layers) { _ in }, start: SWIFTCL_START_FRESH)
  }

  @Test func norInTheCallersMemory() throws {
    let test = try OwnershipTests.forcedReuse(ownMemory: true) { _ in }
    try learnSixTasks(test, start: SWIFTCL_START_FRESH)
  }

  @Test func norOnWarmStarts() throws {
    try learnSixTasks(OwnershipTests.forcedReuse { _ in }, start: SWIFTCL_START_WARM)
  }

  private func learnSixTasks(_ test: TestNetwork, start: Int32) throws {
    let probe = TestRows(33, inputs: 6, classes: [0], seed: 99)
    var logits: [[UInt32]] = []
    var edges: [[Edge: UInt32]] = []
    var reused: UInt32 = 0
    for number in 0..<6 {
      let task = try test.learn(OwnershipTests.rows(number), steps: 45, start: start)
      reused += try test.info(task).owned_winners
      logits.append(try test.logits(task, probe).bits)
      edges.append(try test.edges(task))
      for old in 0...number {
        let now = try test.logits(swiftcl_task(old), probe).bits
        #expect(now == logits[old], "task \(old) after \(number)")
        #expect(try test.edges(swiftcl_task(old)) == edges[old], "task \(old) after \(number)")
        #expect(disagreement(edges[old], edges[number]).different == 0)
      }
    }
    #expect(reused > 0)
    #expect(disagreement(edges[5], edges[0]).shared + disagreement(edges[5], edges[1]).shared > 0)
  }
}
