import CSwiftCL
import Testing

@testable import SwiftCL

/// What a protocol costs, against the numbers of docs/algorithms.md B.7.
struct ForecastTests {
  private func resnet(side: Int, classes: Int) -> [swiftcl_layer] {
    var count: UInt32 = 0
    var layers = [swiftcl_layer](repeating: swiftcl_layer(), count: 50)
    let side = UInt32(side)
    #expect(
      swiftcl_describe_resnet18(&layers, 50, &count, side, side, 64, 1, UInt32(classes))
        == SWIFTCL_OK)
    return layers
  }

  private func forecast(
    _ layers: [swiftcl_layer], inputs: Int, channels: Int = 3, samples: UInt64 = 1,
    draws: UInt32 = 0, kept: Double = 1, tasks: UInt32 = 0,
    _ configure: (inout swiftcl_options) -> Void = { _ in }
  ) -> swiftcl_forecast {
    var options = Defaults.options
    options.inputs = UInt32(inputs)
    options.input_channels = UInt32(channels)
    options.layer_count = UInt32(layers.count)
    configure(&options)
    var asked = swiftcl_forecast_options()
    #expect(
      swiftcl_forecast_options_init_sized(
        &asked, UInt(MemoryLayout<swiftcl_forecast_options>.size)) == SWIFTCL_OK)
    asked.samples = samples
    asked.draws = draws
    asked.kept_share = kept
    asked.tasks = tasks
    var report = swiftcl_forecast()
    report.struct_size = UInt32(MemoryLayout<swiftcl_forecast>.size)
    layers.withUnsafeBufferPointer {
      options.layers = $0.baseAddress
      #expect(swiftcl_network_forecast(&options, &asked, &report) == SWIFTCL_OK)
    }
    return report
  }

  private func cifar(
    draws: UInt32, sparsity: Float = 0, gradients: Float = 0, kept: Double = 1, tasks: UInt32 = 0
  ) -> swiftcl_forecast {
    // Five tasks of 10,000 rows, 50 epochs.
    forecast(
      resnet(side: 32, classes: 10), inputs: 3072, samples: 2_500_000, draws: draws, kept: kept,
      tasks: tasks
    ) {
      $0.sparsity = sparsity
      $0.gradient_sparsity = gradients
    }
  }

  private func tiny(draws: UInt32, sparsity: Float = 0, gradients: Float = 0, kept: Double = 1)
    -> swiftcl_forecast
  {
    // Ten tasks of 10,000 rows, 100 epochs.
    forecast(
      resnet(side: 64, classes: 200), inputs: 12288, samples: 10_000_000, draws: draws, kept: kept
    ) {
      $0.sparsity = sparsity
      $0.gradient_sparsity = gradients
    }
  }

  /// FLOPs in units of `unit`, two a multiply-add, rounded to two digits after the point.
  private func flops(_ macs: Double, _ unit: Double) -> Double {
    (2 * macs / unit * 100).rounded() / 100
  }

  @Test func sizesOfResNet18() {
    let found = cifar(draws: 0)
    #expect(found.parameters == 11_173_962 && found.maskable_parameters == 10_985_472)
    #expect(found.row_macs == 555_422_720)
    #expect(found.masked_row_macs + found.unmasked_row_macs == found.row_macs)
    #expect((found.masked_row_macs / found.row_macs * 1000).rounded() == 985)
    let large = forecast(resnet(side: 64, classes: 10), inputs: 12288)
    #expect((large.row_macs / 1e5).rounded() == 22_217)
  }

  @Test func splitCIFAR10() {
    #expect(flops(cifar(draws: 0).paper_dense_macs, 1e15) == 8.33)
    let dense = cifar(draws: 1)
    #expect(flops(dense.paper_dense_macs, 1e15) == 11.11)
    #expect(dense.paper_macs == dense.paper_dense_macs)
    #expect(dense.paper_macs_unmasked_dense == dense.paper_dense_macs)
    #expect(dense.full_macs == dense.full_dense_macs)
    let sparse = cifar(draws: 1, sparsity: 0.75, gradients: 0.8, kept: 0.775)
    #expect(sparse.paper_dense_macs == dense.paper_dense_macs)
    #expect(flops(sparse.paper_macs, 1e15) == 2.04)
    #expect(flops(sparse.paper_macs_unmasked_dense, 1e15) == 2.14)
  }

  @Test func splitTinyImageNet() {
    #expect(flops(tiny(draws: 2).paper_dense_macs, 1e16) == 22.22)
    let sparse = tiny(draws: 2, sparsity: 0.75, gradients: 0.8, kept: 0.775)
    #expect(flops(sparse.paper_macs, 1e16) == 4.13)
  }

  /// The whole truth: recalled rows go back as well, from the second task on.
  @Test func inFull() {
    let layers = [dense(24, 1), dense(40, 1), head(3)]
    let (below, rest) = (7.0 * 24, 24.0 * 40 + 40 * 3)
    let alone = forecast(layers, inputs: 7, channels: 1, samples: 10)
    #expect(alone.full_macs == 10 * (2 * below + 3 * rest))
    #expect(alone.parameters == 7 * 24 + 24 * 40 + 40 * 3 + 24 + 40 + 3)
    #expect(alone.maskable_parameters == 7 * 24 + 24 * 40)
    let all = forecast(layers, inputs: 7, channels: 1, samples: 10, draws: 2)
    #expect(all.full_macs == 3 * alone.full_macs)
    let later = forecast(layers, inputs: 7, channels: 1, samples: 10, draws: 2, tasks: 5)
    #expect((later.full_macs / alone.full_macs * 1e9).rounded() == 2.6e9)
    let any = forecast(layers, inputs: 7, channels: 1, samples: 10, draws: 2, tasks: 5) {
      $0.replay_recall = SWIFTCL_RECALL_ANY
      $0.replay_rows = 10
    }
    #expect(any.full_macs == all.full_macs)
    let sparse = forecast(layers, inputs: 7, channels: 1, samples: 10, kept: 0.5) {
      $0.sparsity = 0.5
      $0.gradient_sparsity = 0.75
    }
    #expect(sparse.full_macs == 5 * (0.75 * below + 1.25 * 24 * 40 + 3 * 40 * 3))
    #expect(sparse.full_dense_macs == alone.full_dense_macs)
    #expect(sparse.paper_macs == 5 * 1.25 * (below + rest))
    // All that the mask keeps is computed.
    let plain = forecast(layers, inputs: 7, channels: 1, samples: 10) { $0.sparsity = 0.5 }
    #expect(plain.paper_macs == 10 * 1.5 * (below + rest))
  }

  /// A forecast says of a dense run what its counters say afterwards.
  @Test func foretellsTheCounters() throws {
    let layers = TrainingCostTests.picture
    let test = try TestNetwork(layers, inputs: 36) {
      $0.max_batch = 16
      $0.sharing = SWIFTCL_TICKETS_SHARED
      $0.learning_rate = 0.001
      $0.replays(SWIFTCL_REPLAY_DERPP, rows: 30, draw: 8)
    }
    for task in 0..<2 {
      try test.begin(classes: [0, 1, 2])
      for n in 0..<4 {
        let rows = TestRows(8, inputs: 36, classes: [0, 1, 2], seed: UInt64(task * 4 + n))
        try test.step(rows)
      }
      try test.end()
    }
    let told = forecast(layers, inputs: 36, channels: 1, samples: 64, draws: 2, tasks: 2)
    let totals = test.network.accounting()
    #expect(Double(totals.full_macs) == told.full_macs)
    // Papers charge replay in the first task too.
    let row = told.row_macs
    #expect(Double(totals.paper_macs) == told.paper_macs - 32 * 2 * row)
  }

  @Test func whichLayersAreMasked() {
    let layers = resnet(side: 32, classes: 10)
    func masked(_ bits: UInt32) -> [Int] {
      var options = Defaults.options
      options.inputs = 3072
      options.input_channels = 3
      options.layer_count = 50
      options.max_classes = 10
      options.masked_layers = bits
      var found: [Int] = []
      layers.withUnsafeBufferPointer {
        options.layers = $0.baseAddress
        for l in 0..<options.parameterLayers {
          if let shape = LayerGraph(options).shape(l, options),
            options.couldMask(l, shape)
          {
            found.append(l)
          }
        }
      }
      return found
    }
    // Neither the stem, nor the three projections of shortcuts, nor the head.
    #expect(masked(0).count == 16 && masked(0).first == 1)
    #expect(masked(1).elementsEqual([0]) && masked(0b1010_0001) == [0, 5, 7])
    #expect(masked(.max).count == 20)
  }
}
