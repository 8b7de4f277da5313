import CSwiftCL

/// Checks every field of a description before anything is built from it.
struct DescriptionCheck {
  let call: StaticString
  let error: UnsafeMutablePointer<swiftcl_error>

  static let largestWidth = 65_536
  static let largestInputs = 1_048_576
  static let largestBatch = 65_536
  static let largestTasks = 65_536
  static let mostLayers = 96

  func refuse(
    _ argument: StaticString, is value: Int, expected: StaticString, _ limit: Int? = nil
  ) -> swiftcl_status {
    ErrorRecord.fail(
      error, SWIFTCL_E_ARGUMENT, call, argument, is: value, expected: expected, limit)
  }

  func range(
    _ argument: StaticString, _ value: UInt32, _ low: Int, _ high: Int, _ expected: StaticString
  ) -> swiftcl_status {
    // Compared in 64 bits: what is shown may be less where Int has 32.
    return Int64(value) < Int64(low) || Int64(value) > Int64(high)
      ? refuse(argument, is: Int(shown: UInt(value)), expected: expected) : SWIFTCL_OK
  }

  func choice(_ argument: StaticString, _ value: Int32, upTo last: Int32) -> swiftcl_status {
    value < 0 || value > last
      ? refuse(argument, is: Int(value), expected: "a constant from 0 to ", Int(last)) : SWIFTCL_OK
  }

  func real(
    _ argument: StaticString, _ value: Float, _ low: Float, _ high: Float, openLow: Bool = false,
    _ expected: StaticString
  ) -> swiftcl_status {
    if value >= low && value <= high && !(openLow && value == low) { return SWIFTCL_OK }
    return ErrorRecord.fail(
      error, SWIFTCL_E_ARGUMENT, call, argument, is: value, expected: expected)
  }

  /// The first status that is not OK, or OK.
  func check(_ options: swiftcl_options) -> swiftcl_status {
    var status = checkLayers(options)
    if status == SWIFTCL_OK { status = checkFeatures(options) }
    if status == SWIFTCL_OK { status = checkInput(options) }
    if status == SWIFTCL_OK { status = checkTasks(options) }
    if status == SWIFTCL_OK { status = checkCompetition(options) }
    if status == SWIFTCL_OK { status = checkLearning(options) }
    if !Features.all { return status }
    if status == SWIFTCL_OK { status = range("recompute", options.recompute, 0, 32, "0 to 32") }
    if status == SWIFTCL_OK { status = checkReplay(options) }
    if status == SWIFTCL_OK { status = checkSparsity(options) }
    if status == SWIFTCL_OK { status = checkData(options) }
    return status
  }

  /// What this build does not have; the layers are checked on the way to them.
  private func checkFeatures(_ o: swiftcl_options) -> swiftcl_status {
    if Features.all { return SWIFTCL_OK }
    if o.replay_bytes == 0 && o.replay_rows == 0 && o.replay == 0 && o.class_head == 0
      && o.replay_new_rows == 0 && o.replay_u8 == 0 && o.recompute == 0 && o.sparsity == 0
      && o.data_samples == 0 && o.mask_phase_count == 0 && o.gradient_sparsity == 0
      && o.replay_low == o.replay_high
      && (o.sampler == SWIFTCL_SAMPLER_MEAN || o.sampler == SWIFTCL_SAMPLER_RANDOM)
      && o.protection != SWIFTCL_PROTECT_SLOW && o.protection != SWIFTCL_PROTECT_SOFT
    {
      return SWIFTCL_OK
    }
    return ErrorRecord.fail(error, SWIFTCL_E_UNSUPPORTED, call, Features.refusal)
  }

  private func checkLayers(_ o: swiftcl_options) -> swiftcl_status {
    let status = range(
      "layer_count", o.layer_count, 1, DescriptionCheck.mostLayers, "1 to 96")
    if status != SWIFTCL_OK { return status }
    guard let layers = o.layers else {
      return ErrorRecord.fail(error, SWIFTCL_E_NULL, call, "options.layers is NULL")
    }
    return LayerCheck(call: call, error: error, options: o, layers: layers).check()
  }

  private func checkInput(_ o: swiftcl_options) -> swiftcl_status {
    var status = range(
      "inputs", o.inputs, 1, DescriptionCheck.largestInputs, "1 to 1048576")
    if status == SWIFTCL_OK { status = choice("input_type", o.input_type, upTo: SWIFTCL_INPUT_I16) }
    if status == SWIFTCL_OK {
      status = choice("input_layout", o.input_layout, upTo: SWIFTCL_LAYOUT_PLANAR)
    }
    if status != SWIFTCL_OK { return status }
    if o.input_channels < 1 || o.input_channels > o.inputs || o.inputs % o.input_channels != 0 {
      return refuse(
        "input_channels", is: Int(shown: UInt(o.input_channels)),
        expected: "a divisor of inputs = ",
        Int(o.inputs))
    }
    for i in 0..<Int(o.input_channels) {
      if let scale = o.input_scale, !scale[i].isFinite {
        return ErrorRecord.fail(
          error, SWIFTCL_E_NONFINITE, call, "input_scale of a channel", is: scale[i],
          expected: "a finite number")
      }
      if let offset = o.input_offset, !offset[i].isFinite {
        return ErrorRecord.fail(
          error, SWIFTCL_E_NONFINITE, call, "input_offset of a channel", is: offset[i],
          expected: "a finite number")
      }
    }
    status = checkScaledRange(o)
    if status != SWIFTCL_OK { return status }
    status = range("max_batch", o.max_batch, 1, DescriptionCheck.largestBatch, "1 to 65536")
    if status == SWIFTCL_OK {
      status = range("max_tasks", o.max_tasks, 1, DescriptionCheck.largestTasks, "1 to 65536")
    }
    if status == SWIFTCL_OK {
      status = range("max_classes", o.max_classes, 0, DescriptionCheck.largestWidth, "0 to 65536")
    }
    if status == SWIFTCL_OK, o.max_classes != 0, let layers = o.layers {
      let width = layers[Int(o.layer_count) - 1].width
      if o.max_classes < width {
        status = refuse(
          "max_classes", is: Int(shown: UInt(o.max_classes)),
          expected: "0 or at least the head's width = ",
          Int(width))
      }
    }
    return status
  }

  /// Integer inputs need no look at every value if no value can overflow.
  private func checkScaledRange(_ o: swiftcl_options) -> swiftcl_status {
    if o.input_type == SWIFTCL_INPUT_F32 { return SWIFTCL_OK }
    for c in 0..<Int(o.input_channels) {
      let scale = o.input_scale.map { $0[c] } ?? 1
      let offset = o.input_offset.map { $0[c] } ?? 0
      if !(scale.magnitude * 32_768 + offset.magnitude).isFinite {
        return ErrorRecord.fail(
          error, SWIFTCL_E_ARGUMENT, call, "input_scale of a channel", is: scale,
          expected: "a factor that keeps every input finite")
      }
    }
    return SWIFTCL_OK
  }

  private func checkTasks(_ o: swiftcl_options) -> swiftcl_status {
    var status = choice("allocation", o.allocation, upTo: SWIFTCL_ALLOCATE_GROWING)
    if status == SWIFTCL_OK {
      status = choice("unserved", o.unserved, upTo: SWIFTCL_UNSERVED_REUSE)
    }
    if status == SWIFTCL_OK {
      status = choice("protection", o.protection, upTo: SWIFTCL_PROTECT_NONE)
    }
    if status == SWIFTCL_OK { status = choice("sharing", o.sharing, upTo: SWIFTCL_TICKETS_SHARED) }
    if status == SWIFTCL_OK { status = choice("head", o.head, upTo: SWIFTCL_HEAD_TASK) }
    if status == SWIFTCL_OK {
      status = range(
        "expected_tasks", o.expected_tasks, 0, DescriptionCheck.largestTasks, "0 to 65536")
    }
    if status == SWIFTCL_OK { status = real("slow_rate", o.slow_rate, 0, 1, "0 to 1") }
    if status == SWIFTCL_OK { status = real("usage_bias", o.usage_bias, -100, 100, "-100 to 100") }
    return status
  }

  private func checkCompetition(_ o: swiftcl_options) -> swiftcl_status {
    var status = choice("sampler", o.sampler, upTo: SWIFTCL_SAMPLER_RANDOM)
    if status == SWIFTCL_OK {
      status = real("temperature", o.temperature, 0.01, 100, "0.01 to 100")
    }
    if status == SWIFTCL_OK {
      status = real("posterior_floor", o.posterior_floor, 0, 0.1, "0 to 0.1")
    }
    if status == SWIFTCL_OK {
      status = range("top_k", o.top_k, 1, DescriptionCheck.largestWidth, "1 to 65536")
    }
    if status == SWIFTCL_OK {
      status = range("resample_interval", o.resample_interval, 1, Int(Int32.max), "1 or more")
    }
    if status == SWIFTCL_OK {
      status = real("logit_learning_rate", o.logit_learning_rate, 0, 1e6, "0 to 1e6")
    }
    if status == SWIFTCL_OK { status = real("logit_init", o.logit_init, 0, 100, "0 to 100") }
    if status == SWIFTCL_OK, o.kl_form < SWIFTCL_KL_ANALYTIC || o.kl_form > SWIFTCL_KL_RELAXED {
      status = refuse("kl_form", is: Int(o.kl_form), expected: "a constant from 1 to 4")
    }
    if status == SWIFTCL_OK { status = real("kl_weight", o.kl_weight, 0, 1e6, "0 to 1e6") }
    if status == SWIFTCL_OK {
      status = real(
        "prune_threshold", o.prune_threshold, -Float.greatestFiniteMagnitude, 1, "at most 1")
    }
    if status == SWIFTCL_OK {
      status = range("prune_interval", o.prune_interval, 1, Int(Int32.max), "1 or more")
    }
    return status
  }

  private func checkLearning(_ o: swiftcl_options) -> swiftcl_status {
    var status = choice("loss", o.loss, upTo: SWIFTCL_LOSS_MSE)
    if status == SWIFTCL_OK {
      status = choice("optimizer", o.optimizer, upTo: SWIFTCL_OPTIMIZER_ADAM)
    }
    if status == SWIFTCL_OK {
      status = choice("schedule", o.schedule, upTo: SWIFTCL_SCHEDULE_CONSTANT)
    }
    if status == SWIFTCL_OK {
      status = choice("clip_scope", o.clip_scope, upTo: SWIFTCL_CLIP_LAYER)
    }
    if status == SWIFTCL_OK { status = real("learning_rate", o.learning_rate, 0, 1e6, "0 to 1e6") }
    if status == SWIFTCL_OK { status = real("final_rate", o.final_rate, 0, 1e6, "0 to 1e6") }
    if status == SWIFTCL_OK { status = real("momentum", o.momentum, 0, 0.999_999, "0 to below 1") }
    if status == SWIFTCL_OK {
      status = real("adam_beta1", o.adam_beta1, 0, 0.999_999, "0 to below 1")
    }
    if status == SWIFTCL_OK {
      status = real("adam_beta2", o.adam_beta2, 0, 0.999_999, "0 to below 1")
    }
    if status == SWIFTCL_OK {
      status = real("adam_epsilon", o.adam_epsilon, 0, 1, openLow: true, "above 0, at most 1")
    }
    if status == SWIFTCL_OK { status = real("weight_decay", o.weight_decay, 0, 1, "0 to 1") }
    if status == SWIFTCL_OK {
      status = real("clip_norm", o.clip_norm, 0, Float.greatestFiniteMagnitude, "0 or more")
    }
    return status
  }
}
