import CSwiftCL

/// Where the gradients of consecutive weights come from, sixteen at a time.
protocol GradientSource {
  func lanes(at offset: Int) -> Lanes
}

/// Gradients that were stored.
struct StoredGradient: GradientSource {
  var start: UnsafePointer<Float>

  @inline(__always)
  func lanes(at offset: Int) -> Lanes { start.lanes(at: offset) }
}

/// Gradients of one panel from a single sample: a product each, not worth storing.
struct SampleGradient: GradientSource {
  /// The input of each sixteen weights.
  var x: UnsafePointer<Float>
  var dy: Lanes

  @inline(__always)
  func lanes(at offset: Int) -> Lanes {
    fma16(Lanes(repeating: x[offset >> 4]), dy, Lanes.zero)
  }
}

/// A matrix of weights with its optimiser state, and the step to make.
struct UpdateTarget {
  var weights: UnsafeMutablePointer<Float>
  var first: UnsafeMutablePointer<Float>
  var second: UnsafeMutablePointer<Float>?
  var ownership: Ownership?
  var update: UnsafePointer<swiftcl_update>

  @inline(__always)
  init(
    weights: UnsafeMutablePointer<Float>, first: UnsafeMutablePointer<Float>,
    second: UnsafeMutablePointer<Float>?, owned: UnsafePointer<UInt16>?,
    rates: UnsafePointer<Float>?, update: UnsafePointer<swiftcl_update>
  ) {
    self.weights = weights
    self.first = first
    self.second = second
    self.update = update
    ownership = owned.map { Ownership(words: $0, rates: rates, rate: update.pointee.owned_rate) }
  }

  /// Whether all of `count` weights from number `start` on are frozen.
  @inline(__always)
  func allFrozen(at start: Int, count: Int) -> Bool {
    ownership?.allFrozen(at: start, count: count) ?? false
  }

  #if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
    /// Makes the step for `lanes` weights of each of so many groups of sixteen, from number
    /// `start` on. Their gradients lie `step` apart. One weight at a time: small in code.
    @inline(never)
    func apply(
      _ gradient: UnsafePointer<Float>, step: Int, start: Int, groups: Int, lanes: Int
    ) {
      if update.pointee.kind == SWIFTCL_OPTIMIZER_ADAM, let second {
        apply(gradient, step, start, groups, lanes, second, AdamRule(update: update.pointee))
      } else {
        apply(gradient, step, start, groups, lanes, first, SGDRule(update: update.pointee))
      }
    }

    @inline(__always)
    private func apply<Rule: UpdateRule>(
      _ gradient: UnsafePointer<Float>, _ step: Int, _ start: Int, _ groups: Int, _ lanes: Int,
      _ second: UnsafeMutablePointer<Float>, _ rule: Rule
    ) {
      var gradient = gradient
      var index = start
      let end = start &+ groups &* 16
      while index < end {
        var state = StatePointers(
          weight: weights + index, first: first + index, second: second + index)
        let last = gradient + lanes
        var next = gradient
        if let ownership, ownership.words[index >> 4] != 0 {
          var owned = index
          while next != last {
            let factor = ownership.factor(at: owned) ?? 1
            if factor != 0 { state.move(next.pointee, rule, rate: rule.update.rate * factor) }
            state.advance(Rule.hasSecond)
            owned &+= 1
            next += 1
          }
        } else {
          while next != last {
            state.move(next.pointee, rule, rate: rule.update.rate)
            state.advance(Rule.hasSecond)
            next += 1
          }
        }
        gradient += step
        index &+= 16
      }
    }
  #else
    /// Makes the step for `count` weights from number `start` on.
    @inline(never)
    func apply(_ source: some GradientSource, start: Int, count: Int) {
      if isPlain {
        applyPlain(source, start: start, count: count)
      } else if update.pointee.kind == SWIFTCL_OPTIMIZER_ADAM, let second {
        apply(source, start: start, count: count, second, AdamRule(update: update.pointee))
      } else {
        apply(source, start: start, count: count, first, SGDRule(update: update.pointee))
      }
    }

    /// Whether all weights take the common step: momentum, and nothing else.
    @inline(__always)
    private var isPlain: Bool {
      let rule = update.pointee
      return ownership == nil && rule.kind == SWIFTCL_OPTIMIZER_SGD && rule.decay == 0
        && rule.scale == 1
    }

    /// What `SGDRule` comes to then, without the operations that change nothing: a cache
    /// that serves a line every few cycles leaves no time for them.
    @inline(__always)
    private func applyPlain(_ source: some GradientSource, start: Int, count: Int) {
      let momentum = Lanes(repeating: update.pointee.momentum)
      let rate = Lanes(repeating: update.pointee.rate)
      let weights = weights + start
      let first = first + start
      var offset = 0
      while offset < count {
        // Both are read before one is written: where they lie whole pages apart, a processor
        // takes the one for the other for a moment, and waits.
        let weight = weights.lanes(at: offset)
        let velocity = (momentum * first.lanes(at: offset) + source.lanes(at: offset)).withoutDust
        first.setLanes(velocity, at: offset)
        weights.setLanes(weight - rate * velocity, at: offset)
        offset &+= 16
      }
    }

    /// Sixteen weights at a time.
    @inline(__always)
    private func apply<Rule: UpdateRule>(
      _ source: some GradientSource, start: Int, count: Int,
      _ second: UnsafeMutablePointer<Float>, _ rule: Rule
    ) {
      var offset = 0
      guard let ownership else {
        while offset < count {
          move(start &+ offset, source.lanes(at: offset), second, rule)
          offset &+= 16
        }
        return
      }
      while offset < count {
        let index = start &+ offset
        switch ownership.fate(at: index) {
        case .frozen:
          break
        case .free:
          move(index, source.lanes(at: offset), second, rule)
        case .mixed(let factor, let kept):
          move(index, source.lanes(at: offset), second, rule, factor: factor, kept: kept)
        }
        offset &+= 16
      }
    }

    /// Makes the step for the sixteen weights from number `index` on.
    @inline(__always)
    private func move<Rule: UpdateRule>(
      _ index: Int, _ sum: Lanes, _ second: UnsafeMutablePointer<Float>, _ rule: Rule,
      factor: Lanes? = nil, kept: SIMD16<Int32>? = nil
    ) {
      let old = WeightState<Lanes>(
        weight: weights.lanes(at: index), first: first.lanes(at: index),
        second: Rule.hasSecond ? second.lanes(at: index) : Lanes.zero)
      let gradient = rule.gradient(sum, weight: old.weight)
      var rate = Lanes(repeating: rule.update.rate)
      if let factor { rate = rate * factor }
      var new = old
      rule.step(&new, gradient, rate: rate)
      if let kept {
        new.weight = old.weight.chosen(by: kept, else: new.weight)
        new.first = old.first.chosen(by: kept, else: new.first)
        new.second = old.second.chosen(by: kept, else: new.second)
      }
      weights.setLanes(new.weight, at: index)
      first.setLanes(new.first, at: index)
      if Rule.hasSecond { second.setLanes(new.second, at: index) }
    }
  #endif
}

#if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
  /// Where a weight and its optimiser state lie.
  private struct StatePointers {
    var weight: UnsafeMutablePointer<Float>
    var first: UnsafeMutablePointer<Float>
    var second: UnsafeMutablePointer<Float>

    @inline(__always)
    func move<Rule: UpdateRule>(_ sum: Float, _ rule: Rule, rate: Float) {
      var state = WeightState<Float>(
        weight: weight.pointee, first: first.pointee,
        second: Rule.hasSecond ? second.pointee : 0)
      rule.step(&state, rule.gradient(sum, weight: state.weight), rate: rate)
      weight.pointee = state.weight
      first.pointee = state.first
      if Rule.hasSecond { second.pointee = state.second }
    }

    @inline(__always)
    mutating func advance(_ hasSecond: Bool) {
      weight += 1
      first += 1
      if hasSecond { second += 1 }
    }
  }
#endif
