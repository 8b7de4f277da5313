import CSwiftCL

/// Default options; docs/algorithms.md has the reasons.
enum Defaults {
  static var options: swiftcl_options {
    var o = swiftcl_options()
    o.struct_size = UInt32(MemoryLayout<swiftcl_options>.size)
    o.input_channels = 1
    o.max_batch = 128
    o.max_tasks = 16
    o.slow_rate = 0.03
    o.temperature = 0.67
    o.posterior_floor = 1e-4
    o.top_k = 2
    o.resample_interval = 10
    o.logit_learning_rate = 0.5
    o.logit_init = 0.01
    o.kl_form = SWIFTCL_KL_ANALYTIC
    o.kl_weight = 1e-3
    o.prune_threshold = -1
    o.prune_interval = 20
    o.learning_rate = 0.03
    o.final_rate = 0.1
    o.momentum = 0.9
    o.adam_beta1 = 0.9
    o.adam_beta2 = 0.999
    o.adam_epsilon = 1e-8
    o.replay_batch = 32
    o.replay_weight = 1
    o.replay_alpha = 0.1
    o.replay_beta = 0.5
    o.distill_temperature = 2
    o.distill_weight = 0.5
    o.sparsity_kind = SWIFTCL_SPARSITY_BLOCK
    o.mask_intra = 0.01
    o.mask_inter = 0.01
    o.score_current = 0.5
    o.score_replay = 0.5
    o.gradient_interval = 30
    return o
  }

  /// docs/algorithms.md A.12: what is known of the paper, completed where it is silent.
  static var paper: swiftcl_options {
    var o = options
    o.sampler = SWIFTCL_SAMPLER_GUMBEL
    o.allocation = SWIFTCL_ALLOCATE_ANY
    o.protection = SWIFTCL_PROTECT_NONE
    o.head = SWIFTCL_HEAD_SHARED
    o.logit_learning_rate = 0.2
    o.logit_init = 0
    o.prune_threshold = 0
    return o
  }

  static var taskOptions: swiftcl_task_options {
    var o = swiftcl_task_options()
    o.struct_size = UInt32(MemoryLayout<swiftcl_task_options>.size)
    o.mask_classes = 1
    return o
  }

  static var fitOptions: swiftcl_fit_options {
    var o = swiftcl_fit_options()
    o.struct_size = UInt32(MemoryLayout<swiftcl_fit_options>.size)
    o.batch = 32
    o.epochs = 1
    o.shuffle = 1
    return o
  }

  static var classHeadOptions: swiftcl_class_head_options {
    var o = swiftcl_class_head_options()
    o.struct_size = UInt32(MemoryLayout<swiftcl_class_head_options>.size)
    o.epochs = 30
    o.learning_rate = 2e-3
    o.weight_decay = 1e-4
    o.deviation_floor = 0.1
    return o
  }

  static var evaluateOptions: swiftcl_evaluate_options {
    var o = swiftcl_evaluate_options()
    o.struct_size = UInt32(MemoryLayout<swiftcl_evaluate_options>.size)
    return o
  }

  static var loadOptions: swiftcl_load_options {
    var o = swiftcl_load_options()
    o.struct_size = UInt32(MemoryLayout<swiftcl_load_options>.size)
    return o
  }
}
