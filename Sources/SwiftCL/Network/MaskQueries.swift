import CSwiftCL

/// What callers ask of masks.
extension Network {
  mutating func maskInfo(_ number: swiftcl_task, layer: UInt32) -> swiftcl_mask_info? {
    guard let packed = packed(number, layer: layer), let l = parameterLayer(layer) else {
      return nil
    }
    var info = swiftcl_mask_info()
    info.weights = UInt64(packed.panels.inputs) * UInt64(packed.panels.outputs)
    info.width = 1
    info.kept = info.weights
    info.capacity = info.weights
    if let mask = packed.mask {
      info.masked = 1
      info.width = UInt32(mask.width)
      info.kept = UInt64(mask.weights(outputs: packed.panels.outputs))
      info.capacity = min(info.weights, UInt64(mask.capacity) * UInt64(mask.width))
      info.form = form(layer: l, mask, packed.panels)
    }
    info.computed = info.kept
    if isOpen(number), let mask = runningMask(l), mask.computes {
      info.computed = UInt64(
        mask.live.weights(mask.activeStarts, outputs: packed.panels.outputs))
    }
    return info
  }

  private func form(layer l: Int, _ mask: SparseWeights, _ panels: Panels) -> Int32 {
    switch maskedForm(
      layer: l, mask, samples: options.stepRows, inputs: panels.inputs, outputs: panels.outputs)
    {
    case .rows: return SWIFTCL_FORM_ROWS
    case .planes: return SWIFTCL_FORM_PLANES
    case .unmasked: return SWIFTCL_FORM_UNMASKED
    }
  }

  mutating func weightMask(
    _ number: swiftcl_task, layer: UInt32, _ target: UnsafeMutablePointer<UInt8>, count: Int,
    computed: Bool
  ) -> swiftcl_status {
    guard let packed = packed(number, layer: layer), let l = parameterLayer(layer) else {
      return error.status
    }
    let panels = packed.panels
    let needed = panels.inputs * panels.outputs
    if count < needed {
      return fail(SWIFTCL_E_BUFFER, "count", is: count, expected: "outputs times inputs = ", needed)
    }
    guard let mask = packed.mask else {
      target.update(repeating: 1, count: needed)
      return SWIFTCL_OK
    }
    target.update(repeating: 0, count: needed)
    let chosen = computed ? runningMask(l) : nil
    for g in 0..<mask.groups {
      for e in mask.entries(g) {
        if let chosen, chosen.computes, !chosen.isActive(e, in: g) { continue }
        for o in g * mask.width..<min(panels.outputs, (g + 1) * mask.width) {
          target[o * panels.inputs + Int(mask.inputs[e])] = 1
        }
      }
    }
    return SWIFTCL_OK
  }
}

extension LayerMask {
  /// Whether entry `e` of group `g` is among those whose gradient is computed.
  func isActive(_ e: Int, in g: Int) -> Bool {
    var (low, high) = (Int(activeStarts[g]), Int(activeStarts[g + 1]))
    let end = high
    while low < high {
      let middle = (low + high) / 2
      if Int(active[middle]) < e { low = middle + 1 } else { high = middle }
    }
    return low < end && Int(active[low]) == e
  }
}
