import CSwiftCL
import Testing

@testable import SwiftCL

/// Weight masks: a masked network is a dense one whose masked weights are 0, and stay so.
struct MaskTests {
  static let classes = (0..<5).map(Int32.init)
  static let kinds = [
    SWIFTCL_SPARSITY_IRREGULAR, SWIFTCL_SPARSITY_BLOCK, SWIFTCL_SPARSITY_PATTERN,
    SWIFTCL_SPARSITY_FILTER, SWIFTCL_SPARSITY_IRREGULAR | SWIFTCL_SPARSITY_FILTER,
    SWIFTCL_SPARSITY_BLOCK | SWIFTCL_SPARSITY_FILTER,
    SWIFTCL_SPARSITY_PATTERN | SWIFTCL_SPARSITY_FILTER,
  ]

  /// A network's layers, and its image.
  struct Shape: CustomTestStringConvertible {
    var name: String
    var layers: [swiftcl_layer]
    var inputs: Int
    var channels: Int
    var testDescription: String { name }

    /// The same with blocks of one unit.
    var alone: Shape {
      var shape = self
      for l in layers.indices where layers[l].block_size > 0 {
        shape.layers[l].block_size = 1
        shape.layers[l].competition = SWIFTCL_COMPETITION_TASK
      }
      return shape
    }

    /// Bits of all layers with parameters below the head.
    var all: UInt32 { 1 << UInt32(layers.count { $0.block_size > 0 } - 1) - 1 }

    func network(_ configure: (inout swiftcl_options) -> Void) throws -> TestNetwork {
      try TestNetwork(layers, inputs: inputs) {
        $0.input_channels = UInt32(channels)
        $0.masked_layers = all
        $0.schedule = SWIFTCL_SCHEDULE_CONSTANT
        $0.max_batch = 40
        configure(&$0)
      }
    }

    func rows(_ seed: UInt64, _ count: Int) -> TestRows {
      TestRows(count, inputs: inputs, classes: MaskTests.classes, seed: seed)
    }
  }

  static let shapes: [Shape] =
    ConvolutionTests.Shape.allCases.map {
      Shape(name: "\($0)", layers: $0.layers, inputs: 126, channels: 3)
    }
    + ResidualTests.Shape.allCases.map {
      Shape(name: "\($0)", layers: $0.layers, inputs: 48, channels: 2)
    } + [
      Shape(name: "wide", layers: [dense(50, 2), dense(40, 4), head(5)], inputs: 30, channels: 1)
    ]

  // MARK: as a dense network

  private func shared(
    _ shape: Shape, sparsity: Float, _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) throws -> TestNetwork {
    try shape.alone.network {
      $0.sharing = SWIFTCL_TICKETS_SHARED
      $0.protection = SWIFTCL_PROTECT_NONE
      $0.sampler = SWIFTCL_SAMPLER_RANDOM
      $0.sparsity = sparsity
      $0.mask_interval = 0
      configure(&$0)
    }
  }

  /// The weights of all layers of the open task, with 1 where one is kept.
  private func masks(_ test: TestNetwork) throws -> [[UInt8]] {
    try (0..<test.network.layerCount).map { l in
      let slot = test.network.shapes[l].slot
      var mask = [UInt8](
        repeating: 9, count: try test.parameters(SWIFTCL_TASK_OPEN, slot).weights.count)
      #expect(
        test.net.pointee.weightMask(
          SWIFTCL_TASK_OPEN, layer: UInt32(slot), &mask, count: mask.count, computed: false)
          == SWIFTCL_OK)
      return mask
    }
  }

  private func copyParameters(_ from: TestNetwork, to: TestNetwork) throws {
    for l in 0..<from.network.layerCount {
      let slot = from.network.shapes[l].slot
      let (weights, biases) = try from.parameters(SWIFTCL_TASK_OPEN, slot)
      #expect(
        to.net.pointee.setParameters(
          SWIFTCL_TASK_OPEN, layer: UInt32(slot), weights, weightCount: weights.count, biases,
          biasCount: biases.count) == SWIFTCL_OK)
    }
  }

  /// Bits of two lists, or their distance where only rounding may differ.
  private func same(_ a: [Float], _ b: [Float], exactly: Bool) -> Bool {
    if exactly { return a.bits == b.bits }
    let scale = b.map(abs).max() ?? 0
    return zip(a, b).allSatisfy { abs($0 - $1) <= 2e-6 * max(scale, 0.05) }
  }

  private func compare(
    _ sparse: TestNetwork, _ dense: TestNetwork, _ masks: [[UInt8]], exactly: Bool, _ note: String
  ) throws {
    for l in 0..<sparse.network.layerCount {
      let slot = sparse.network.shapes[l].slot
      let (a, b) = (
        try sparse.parameters(SWIFTCL_TASK_OPEN, slot),
        try dense.parameters(SWIFTCL_TASK_OPEN, slot)
      )
      let kept = zip(b.weights, masks[l]).map { $1 == 1 ? $0 : 0 }
      #expect(same(a.weights, kept, exactly: exactly), "weights of \(l), \(note)")
      #expect(same(a.biases, b.biases, exactly: exactly), "biases of \(l), \(note)")
      for i in a.weights.indices where masks[l][i] == 0 && a.weights[i] != 0 {
        Issue.record("masked weight \(i) of \(l), \(note)")
      }
      guard let one = sparse.network.working[l].live.norm?.values,
        let two = dense.network.working[l].live.norm?.values
      else { continue }
      let units = 0..<sparse.network.working[l].units
      #expect(
        same(units.map { one.scale[$0] }, units.map { two.scale[$0] }, exactly: exactly),
        "scales of \(l), \(note)")
      #expect(units.allSatisfy { one.mean[$0] == two.mean[$0] }, "means of \(l), \(note)")
      #expect(units.allSatisfy { one.variance[$0] == two.variance[$0] }, "variances, \(note)")
    }
  }

  @Test(arguments: shapes, kinds)
  func isDenseWithZeros(shape: Shape, kind: Int32) throws {
    for (n, batch) in [1, 3, 8, 20, 40].enumerated() {
      for sparsity in [0.7, 0.9] as [Float] {
        let note = "\(batch) rows at \(sparsity)"
        let configure: (inout swiftcl_options) -> Void = {
          $0.sparsity_kind = kind
          $0.optimizer = n % 2 == 1 ? SWIFTCL_OPTIMIZER_ADAM : SWIFTCL_OPTIMIZER_SGD
          $0.adam_epsilon = 0.1
          $0.weight_decay = n == 2 ? 0.01 : 0
          $0.momentum = n == 0 ? 0 : 0.9
        }
        let sparse = try shared(shape, sparsity: sparsity, configure)
        let dense = try shared(shape, sparsity: 0, configure)
        try sparse.begin()
        try dense.begin()
        let masks = try masks(sparse)
        try copyParameters(sparse, to: dense)
        let data = shape.rows(7, batch)
        #expect(try sparse.openLogits(data).bits == dense.openLogits(data).bits, "\(note)")
        let (one, two) = (try sparse.step(data), try dense.step(data))
        #expect(one.loss.bitPattern == two.loss.bitPattern, "\(note)")
        let exactly = (0..<sparse.network.hidden).allSatisfy {
          if case .unmasked = sparse.network.maskedForm(layer: $0, samples: batch) { return true }
          return false
        }
        try compare(sparse, dense, masks, exactly: exactly, note)
      }
    }
  }

  /// Clipping sees the gradients of kept weights, and of no others.
  @Test(arguments: [SWIFTCL_CLIP_GLOBAL, SWIFTCL_CLIP_LAYER], kinds)
  func clips(scope: Int32, kind: Int32) throws {
    for shape in Self.shapes {
      for batch in [3, 20] {
        let clip: Float = 0.01
        let sparse = try shared(shape, sparsity: 0.75) {
          $0.sparsity_kind = kind
          $0.clip_norm = clip
          $0.clip_scope = scope
        }
        let dense = try shared(shape, sparsity: 0) {
          $0.clip_norm = 1e30
          $0.clip_scope = scope
        }
        try sparse.begin()
        try dense.begin()
        let masks = try masks(sparse)
        try copyParameters(sparse, to: dense)
        let before = try (0..<sparse.network.layerCount).map {
          try sparse.parameters(SWIFTCL_TASK_OPEN, sparse.network.shapes[$0].slot).weights
        }
        let report = try sparse.step(shape.rows(7, batch))
        try dense.step(shape.rows(7, batch))
        var squares: [Double] = []
        for l in 0..<dense.network.layerCount {
          let layer = dense.network.working[l]
          let gradient = try #require(layer.gradients.weights)
          var sum = 0.0
          for o in 0..<layer.units {
            sum += Double(layer.gradients.biases[o]) * Double(layer.gradients.biases[o])
            if layer.live.norm != nil {
              sum += Double(layer.gradients.scale[o]) * Double(layer.gradients.scale[o])
            }
            for k in 0..<layer.inputs where masks[l][o * layer.inputs + k] == 1 {
              let g = Double(gradient[layer.live.panels.index(k, o)])
              sum += g * g
            }
          }
          squares.append(sum)
        }
        let norm = squares.reduce(0, +).squareRoot()
        #expect(abs(Double(report.gradient_norm) - norm) < 1e-4 * norm, "\(shape.name)")
        for l in 0..<dense.network.layerCount {
          let layer = dense.network.working[l]
          let gradient = try #require(layer.gradients.weights)
          let whole = scope == SWIFTCL_CLIP_LAYER ? squares[l].squareRoot() : norm
          let scale = min(1, Double(clip) / whole)
          let after = try sparse.parameters(SWIFTCL_TASK_OPEN, dense.network.shapes[l].slot).weights
          for o in 0..<layer.units {
            for k in 0..<layer.inputs where masks[l][o * layer.inputs + k] == 1 {
              let i = o * layer.inputs + k
              let moved = Double(before[l][i] - after[i])
              let wanted = scale * Double(gradient[layer.live.panels.index(k, o)])
              #expect(
                abs(moved - Double(report.learning_rate) * wanted) < 1e-6, "\(shape.name) \(l)")
            }
          }
        }
      }
    }
  }

  @Test(arguments: [SWIFTCL_SPARSITY_IRREGULAR, SWIFTCL_SPARSITY_BLOCK, SWIFTCL_SPARSITY_PATTERN])
  func gradients(kind: Int32) throws {
    // As all shapes are like dense ones, some will do.
    for shape in Self.shapes where ["strided", "denseNorm", "wide"].contains(shape.name) {
      for (batch, sparsity) in [(3, 0.7), (9, 0.6), (9, 0.85)] as [(Int, Float)] {
        let test = try shared(shape, sparsity: sparsity) {
          GradientCheck.configure(&$0)
          $0.sparsity_kind = kind
        }
        try test.begin()
        try GradientCheck.run(test, shape.rows(5, batch))
        try GradientCheck.run(test, shape.rows(6, batch))
      }
    }
  }

  // MARK: on top of winners

  /// What a finished task computes stays, under masks too, and rows are alone.
  @Test(arguments: shapes, kinds)
  func tasks(shape: Shape, kind: Int32) throws {
    let samplers = [
      SWIFTCL_SAMPLER_MEAN, SWIFTCL_SAMPLER_GUMBEL, SWIFTCL_SAMPLER_STRAIGHT_THROUGH,
      SWIFTCL_SAMPLER_TOP_K, SWIFTCL_SAMPLER_RANDOM,
    ]
    let perSample = shape.layers.contains { $0.competition == SWIFTCL_COMPETITION_SAMPLE }
    for (n, sampler) in samplers.enumerated() where sampler != SWIFTCL_SAMPLER_TOP_K || !perSample {
      let test = try shape.network {
        $0.sparsity = n % 2 == 0 ? 0.7 : 0.85
        $0.sparsity_kind = kind
        $0.sampler = sampler
        $0.learning_rate = 0.01
        $0.expected_tasks = 3
        $0.mask_interval = 3
        $0.gradient_sparsity = n < 2 ? 0.9 : 0
        $0.gradient_interval = 4
        $0.regrowth = Int32(n % 2)
        $0.unserved = n == 3 ? SWIFTCL_UNSERVED_ABSTAIN : SWIFTCL_UNSERVED_REUSE
        $0.allocation = n == 4 ? SWIFTCL_ALLOCATE_GROWING : $0.allocation
      }
      try test.threeTasksStay { shape.rows($0, $1) }
      let data = shape.rows(3, 40)
      for t in 0..<3 as Range<swiftcl_task> {
        let all = try test.logits(t, data)
        let classes = all.count / 40
        for n in 0..<40 {
          let row = try test.logits(t, data.batch(n, of: 1))
          #expect(row.bits == Array(all[n * classes..<(n + 1) * classes]).bits)
        }
      }
    }
  }

  /// A row's logits are the same bits however many come with it, while a task learns.
  @Test(arguments: shapes)
  func rowsAreAlone(shape: Shape) throws {
    for (n, kind) in Self.kinds.enumerated() {
      let test = try shared(shape, sparsity: n % 2 == 0 ? 0.7 : 0.9) { $0.sparsity_kind = kind }
      try test.begin()
      for s in 0..<3 as Range<UInt64> { try test.step(shape.rows(s, 20)) }
      let data = shape.rows(9, 40)
      let all = try test.openLogits(data).bits
      for count in 1...40 {
        let some = TestRows(
          x: Array(data.x.prefix(count * data.inputs)), labels: Array(data.labels.prefix(count)))
        #expect(try test.openLogits(some).bits == Array(all.prefix(count * 5)))
      }
    }
  }

  // MARK: schedule

  private static let wide = Shape(
    name: "wide", layers: [dense(48, 1), dense(40, 1), head(5)], inputs: 30, channels: 1)

  private func info(_ test: TestNetwork, _ l: UInt32) throws -> swiftcl_mask_info {
    let info = test.net.pointee.maskInfo(SWIFTCL_TASK_OPEN, layer: l)
    return try #require(info)
  }

  private func kept(_ test: TestNetwork, _ l: Int) throws -> Int {
    Int(try info(test, UInt32(l)).kept)
  }

  /// Counts after every step are those of the schedule, exactly.
  @Test(arguments: [SWIFTCL_SPARSITY_IRREGULAR, SWIFTCL_SPARSITY_BLOCK], [0, 1] as [Int32])
  func followsTheSchedule(kind: Int32, regrowth: Int32) throws {
    let test = try shared(Self.wide, sparsity: 0.8) {
      $0.sparsity_kind = kind
      $0.regrowth = regrowth
      $0.mask_interval = 4
      $0.mask_intra = 0.1
      $0.mask_inter = 0.05
      $0.mask_final_step = 12
    }
    let width = kind == SWIFTCL_SPARSITY_BLOCK ? 8 : 1
    for task in 0..<2 as Range<UInt64> {
      try test.begin()
      for s in 0..<20 as Range<UInt64> {
        let before = try masks(test)
        try test.step(Self.wide.rows(100 * task + s, 16))
        let after = try masks(test)
        // Gradients of what is dead may be 0, so that fewer grow.
        for (l, atoms) in [30 * 48 / width, 48 * 40 / width].enumerated() {
          let density = s < 4 ? 0.25 : 0.2
          let wanted = Int((density * Double(atoms) + 0.5).rounded(.down)) * width
          let found = try kept(test, l)
          #expect(regrowth == 0 ? found == wanted : found <= wanted && found * 10 > wanted * 9)
          let stayed = zip(before[l], after[l]).count { $0 == 1 && $1 == 1 }
          let least = Int((0.1 * Double(atoms) + 0.5).rounded(.down)) * width
          #expect(stayed >= (s % 4 == 0 ? least : found))
          if s % 4 != 0 || s >= 12 { #expect(before[l] == after[l]) }
        }
      }
      try test.end()
    }
  }

  /// A schedule of the caller's own, down to nothing and back.
  @Test(arguments: [SWIFTCL_BUDGET_LAYER, SWIFTCL_BUDGET_GLOBAL])
  func phasesOfOnesOwn(budget: Int32) throws {
    let phases = [
      swiftcl_mask_phase(step: 0, prune_to: 0.9, grow_to: 0.6),
      swiftcl_mask_phase(step: 3, prune_to: 1, grow_to: 0.95),
      swiftcl_mask_phase(step: 5, prune_to: 0.99, grow_to: 0),
    ]
    let wanted = [0.4, 0.4, 0.4, 0.05, 0.05, 1, 1, 1]
    try phases.withUnsafeBufferPointer { buffer in
      let test = try shared(Self.wide, sparsity: 0.8) {
        $0.sparsity_kind = SWIFTCL_SPARSITY_IRREGULAR
        $0.mask_budget = budget
        $0.mask_interval = 1
        $0.mask_phases = buffer.baseAddress
        $0.mask_phase_count = 3
      }
      try test.begin()
      for s in 0..<8 {
        try test.step(Self.wide.rows(UInt64(s), 16))
        let (a, b) = (try kept(test, 0), try kept(test, 1))
        if budget == SWIFTCL_BUDGET_LAYER {
          #expect(a == Int((wanted[s] * 1440 + 0.5).rounded(.down)))
          #expect(b == Int((wanted[s] * 1920 + 0.5).rounded(.down)))
        } else {
          #expect(abs(a + b - Int(wanted[s] * 3360 + 0.5)) <= 2)
        }
      }
    }
  }

  /// One threshold for all layers: none is more than twice as dense as all.
  @Test func globalBudget() throws {
    let test = try shared(Self.wide, sparsity: 0.8) {
      $0.mask_budget = SWIFTCL_BUDGET_GLOBAL
      $0.mask_interval = 1
      $0.mask_intra = 0.1
    }
    try test.begin()
    for s in 0..<60 as Range<UInt64> {
      try test.step(Self.wide.rows(s, 16))
      var sum = 0
      for l in 0..<2 as Range<UInt32> {
        let info = try info(test, l)
        #expect(info.kept <= info.capacity)
        #expect(Double(info.capacity) <= 0.42 * Double(info.weights) + 16)
        sum += Int(info.kept)
      }
      #expect(sum <= (s == 0 ? 706 : 672) + 16)
    }
  }

  /// Every dead weight is as likely to come back.
  @Test func growsAnywhere() throws {
    var grown = [Double](repeating: 0, count: 1440)
    var expected = grown
    for seed in 0..<30 as Range<UInt64> {
      let test = try shared(Self.wide, sparsity: 0.8) {
        $0.seed = seed
        $0.sparsity_kind = SWIFTCL_SPARSITY_IRREGULAR
        $0.mask_interval = 1
        $0.mask_inter = 0
        $0.mask_intra = 0.1
        $0.learning_rate = 0
      }
      try test.begin()
      try test.step(Self.wide.rows(seed, 8))
      for s in 0..<6 as Range<UInt64> {
        let before = try masks(test)[0]
        try test.step(Self.wide.rows(seed * 10 + s, 8))
        let after = try masks(test)[0]
        let new = after.indices.filter { after[$0] == 1 && before[$0] == 0 }
        let dead = before.indices.filter { before[$0] == 0 }
        for i in new { grown[i] += 1 }
        for i in dead { expected[i] += Double(new.count) / Double(dead.count) }
      }
    }
    // By twelfths of the places, of the inputs and of the outputs.
    #expect(expected.reduce(0, +) > 10_000)
    let parts: [(Int) -> Int] = [{ $0 % 12 }, { $0 % 30 * 12 / 30 }, { $0 / 30 / 4 }]
    for part in parts {
      var chi = 0.0
      for n in 0..<12 {
        let (found, wanted) = grown.indices.reduce(into: (0.0, 0.0)) {
          if part($1) == n { $0 = ($0.0 + grown[$1], $0.1 + expected[$1]) }
        }
        chi += (found - wanted) * (found - wanted) / wanted
      }
      // Eleven degrees of freedom.
      #expect(chi < 40, "\(chi)")
    }
  }

  /// A filter that has lost its last weight is gone: nothing grows there.
  @Test(arguments: [0, 1] as [Int32])
  func filtersThatAreGone(regrowth: Int32) throws {
    for kind in [SWIFTCL_SPARSITY_IRREGULAR, SWIFTCL_SPARSITY_BLOCK] {
      let test = try shared(Self.wide, sparsity: 0.9) {
        $0.sparsity_kind = kind | SWIFTCL_SPARSITY_FILTER
        $0.regrowth = regrowth
        $0.mask_interval = 1
        $0.mask_intra = 0.09
      }
      try test.begin()
      var gone: Set<Int> = []
      for s in 0..<40 as Range<UInt64> {
        try test.step(Self.wide.rows(s, 16))
        let mask = try masks(test)[0]
        for o in 0..<48 {
          let isEmpty = mask[o * 30..<(o + 1) * 30].allSatisfy { $0 == 0 }
          #expect(isEmpty || !gone.contains(o), "\(o) is back after step \(s)")
          if isEmpty { gone.insert(o) }
        }
      }
      #expect(gone.count > 10 && gone.count < 48)
    }
  }

  /// An update that prunes everything takes as much back in the filters that were open before it.
  @Test(
    arguments: [0, 1] as [Int32], [SWIFTCL_SPARSITY_IRREGULAR, SWIFTCL_SPARSITY_BLOCK])
  func filtersGrowBack(regrowth: Int32, kind: Int32) throws {
    let phases = [swiftcl_mask_phase(step: 0, prune_to: 1, grow_to: 0.9)]
    try phases.withUnsafeBufferPointer { buffer in
      let test = try shared(Self.wide, sparsity: 0.8) {
        $0.sparsity_kind = kind | SWIFTCL_SPARSITY_FILTER
        $0.regrowth = regrowth
        $0.mask_interval = 1
        $0.mask_phases = buffer.baseAddress
        $0.mask_phase_count = 1
      }
      try test.begin()
      for s in 0..<5 as Range<UInt64> {
        try test.step(Self.wide.rows(s, 16))
        #expect(try kept(test, 0) == 144)
        #expect(try kept(test, 1) == 192)
      }
    }
  }

  /// A step whose gradient's norm is not finite chooses nothing and moves nothing.
  @Test func failedStepsChooseNothing() throws {
    for interval in [1, 100] as [UInt32] {
      let test = try shared(Self.wide, sparsity: 0.8) {
        $0.gradient_sparsity = 0.9
        $0.gradient_interval = interval
        $0.clip_norm = 1
        $0.loss = SWIFTCL_LOSS_MSE
      }
      try test.begin()
      var data = Self.wide.rows(1, 16)
      let targets = [Float](repeating: 1, count: 80)
      if interval == 1 { try test.step(data, targets: targets) }
      func state() -> [Int32] {
        guard let mask = test.network.runningMask(0) else { return [] }
        let count = mask.computes ? Int(mask.activeStarts[mask.live.groups]) : 0
        return [mask.computes ? 1 : 0, Int32(mask.chooseAt)] + (0..<count).map { mask.active[$0] }
      }
      let before = state()
      #expect(before[0] == (interval == 1 ? 1 : 0))
      for i in data.x.indices { data.x[i] *= 1e13 }
      #expect(throws: (any Error).self) { try test.step(data, targets: targets) }
      #expect(state() == before)
    }
  }

  /// Masked weights may only be set to 0.
  @Test func maskedWeightsStayZero() throws {
    let test = try shared(Self.wide, sparsity: 0.8)
    try test.begin()
    let mask = try masks(test)[0]
    var (weights, biases) = try test.parameters(SWIFTCL_TASK_OPEN, 0)
    let before = weights.bits
    let dead = try #require(mask.firstIndex(of: 0))
    weights[dead] = 0.5
    weights[try #require(mask.firstIndex(of: 1))] = 3
    biases[0] = 1
    #expect(
      test.net.pointee.setParameters(
        SWIFTCL_TASK_OPEN, layer: 0, weights, weightCount: weights.count, biases, biasCount: 48)
        == SWIFTCL_E_ARGUMENT)
    #expect(try test.parameters(SWIFTCL_TASK_OPEN, 0).weights.bits == before)
    #expect(try test.parameters(SWIFTCL_TASK_OPEN, 0).biases[0] != 1)
  }
}
