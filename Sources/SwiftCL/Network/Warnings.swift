import CSwiftCL

/// What is allowed but seldom meant; a caller reads it in the plan.
enum Warnings {
  static func of(_ options: swiftcl_options) -> UInt32 {
    var bits: UInt32 = 0
    var linearBefore = false
    var nonLinear = false
    let hidden = options.parameterLayers - 1
    LayerGraph.each(options) { l, shape in
      // Only competition per sample, ReLU and the largest of a window bend the map
      // (docs/algorithms.md A.11).
      let bends =
        shape.relu || (shape.perSample && shape.blockSize > 1)
        || shape.pool.kind == SWIFTCL_LAYER_MAX_POOL
      if l < hidden {
        if linearBefore && !bends { bits |= SWIFTCL_WARN_LINEAR_STACK }
        linearBefore = !bends
        nonLinear = nonLinear || bends
      }
    }
    if hidden > 0 && !nonLinear { bits |= SWIFTCL_WARN_LINEAR_NET }
    if options.protection != SWIFTCL_PROTECT_FROZEN || options.sharesTicket {
      bits |= SWIFTCL_WARN_FORGETS
    }
    if options.loss == SWIFTCL_LOSS_MSE && options.optimizer == SWIFTCL_OPTIMIZER_SGD
      && options.momentum > 0.5 && options.learning_rate >= 0.03 && options.clip_norm == 0
    {
      bits |= SWIFTCL_WARN_FAST_MSE
    }
    if options.storesLogits && options.replay != SWIFTCL_REPLAY_DISTILL
      && options.optimizer == SWIFTCL_OPTIMIZER_SGD && options.momentum > 0.5
      && options.learning_rate >= 0.01 && options.clip_norm == 0
    {
      bits |= SWIFTCL_WARN_FAST_MSE
    }
    return bits
  }

  static func text(_ bit: UInt32) -> StaticString {
    switch bit {
    case SWIFTCL_WARN_LINEAR_STACK:
      return "adjacent layers without a non-linearity between them are one linear map"
    case SWIFTCL_WARN_LINEAR_NET:
      return "no layer has a non-linearity: the network is linear in its input"
    case SWIFTCL_WARN_FORGETS:
      return "the chosen protection lets finished tasks change"
    case SWIFTCL_WARN_FAST_MSE:
      return "momentum at this learning rate often diverges on squared error: clip or slow down"
    default:
      return "unknown warning"
    }
  }
}
