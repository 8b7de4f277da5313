import CSwiftCL

/// What a protocol costs, from the description alone (docs/algorithms.md B.7).
struct Forecast {
  let options: swiftcl_options
  let given: swiftcl_forecast_options

  /// What the protocol must be; the description was checked when it was read.
  func check(_ description: DescriptionCheck) -> swiftcl_status {
    var status = description.range("draws", given.draws, 0, 2, "0 to 2")
    if status == SWIFTCL_OK, given.samples < 1 {
      status = description.refuse("samples", is: 0, expected: "1 or more")
    }
    if status == SWIFTCL_OK {
      status = description.range(
        "classes", given.classes, 0, DescriptionCheck.largestWidth, "0 to 65536")
    }
    if status == SWIFTCL_OK {
      status = description.range(
        "tasks", given.tasks, 0, DescriptionCheck.largestTasks, "0 to 65536")
    }
    if status == SWIFTCL_OK, !(given.kept_share > 0 && given.kept_share <= 1) {
      return ErrorRecord.fail(
        description.error, SWIFTCL_E_ARGUMENT, description.call, "kept_share",
        is: Float(given.kept_share), expected: "above 0, at most 1")
    }
    return status
  }

  /// What of a masked layer's multiply-adds is left: forward and for the inputs, and for the weights.
  private var kept: Double { 1 - Double(options.sparsity) }
  private var computed: Double {
    options.gradient_sparsity > 0 ? 1 - Double(options.gradient_sparsity) : kept
  }

  /// Rows recalled for each row presented, by steps that recall; and by all on average.
  private var draws: Double { Double(given.draws) }
  private var recalled: Double {
    let skipsFirst = given.tasks > 0 && options.replay_recall == SWIFTCL_RECALL_FINISHED
    return skipsFirst ? draws * Double(given.tasks - 1) / Double(given.tasks) : draws
  }

  func report() -> swiftcl_forecast {
    var report = swiftcl_forecast()
    // Of one row, with all that it recalls.
    var (full, fullDense) = (0.0, 0.0)
    LayerGraph.each(options) { l, shape in
      let units = shape.isHead && given.classes > 0 ? Int(given.classes) : shape.width
      let weights = UInt64(units) &* UInt64(shape.inputs)
      let macs = Double(weights) * Double(shape.pixels)
      let isMasked = options.couldMask(l, shape)
      // Nothing is below the first layer that would need a gradient.
      let passes: Double = shape.input < 0 ? 1 : 2
      let done = passes + (shape.isMadeAgain ? 1 : 0)
      report.parameters &+= weights &+ UInt64(units) &* (shape.normalises ? 2 : 1)
      report.row_macs += macs
      if isMasked {
        report.maskable_parameters &+= weights
        report.masked_row_macs += macs
        full += (1 + recalled) * (done * kept + computed) * macs
      } else {
        report.unmasked_row_macs += macs
        full += (1 + recalled) * (done + 1) * macs
      }
      fullDense += (1 + recalled) * (passes + 1) * macs
    }
    let dense = 3 + draws
    let sparse = 2 * kept + computed + draws * kept
    let rows = Double(given.samples)
    report.paper_dense_macs = rows * dense * report.row_macs
    report.full_dense_macs = rows * fullDense
    let left = given.kept_share * rows
    report.paper_macs = left * sparse * report.row_macs
    report.paper_macs_unmasked_dense =
      left * (sparse * report.masked_row_macs + dense * report.unmasked_row_macs)
    report.full_macs = left * full
    return report
  }
}

extension Defaults {
  static var forecastOptions: swiftcl_forecast_options {
    var o = swiftcl_forecast_options()
    o.struct_size = UInt32(MemoryLayout<swiftcl_forecast_options>.size)
    o.kept_share = 1
    return o
  }
}
