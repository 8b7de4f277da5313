import CSwiftCL

/// Ranges for the integers of an int8 ticket, from the largest magnitudes that a float ticket
/// showed on the caller's rows. Doubles, in one written order: the same ticket and rows give the
/// same bytes on every target.
struct Int8Plan {
  let ticket: OpenTicket
  /// Of the input, then of each layer.
  private(set) var scales = InlineArray<33, Double>(repeating: 1)
  private(set) var largest = InlineArray<33, Int32>(repeating: 1)

  /// Half of what sums of 32 bits have is left to products, a quarter to the bias.
  private static let mostProducts: Int64 = 1 << 30
  fileprivate static let mostBias: Double = 536_870_912  // 2^29
  /// Of the calibrated rows; four times as much fits.
  private static let usualLogit: Double = 4_194_304  // 2^22
  /// A range of more integers has room for twice what the rows showed.
  private static let fewIntegers: Int32 = 4096
  /// A range is no finer than what it is made of, by more than this.
  private static let finest: Double = 1 / 65_536

  init(_ ticket: OpenTicket, calibrated: UnsafePointer<Float>, bits: Int) {
    self.ticket = ticket
    for s in 0...ticket.layerCount { largest[s] = 1 << Int32(bits - 1) - 1 }
    for l in 0..<ticket.layerCount { boundSums(l) }
    largest[ticket.layerCount] = OpenTicket.largestLogit
    var least: Double = 0
    for c in 0..<ticket.input.channels {
      if let scale = ticket.input.scale { least = max(least, Double(scale[c].magnitude)) }
    }
    setScale(0, calibrated[0], least: ticket.input.isFloat ? 0 : least)
    for l in 0..<ticket.layerCount {
      let window = ticket.window(l)
      var least = folded(l).largestSumScale
      if window.added > 0 { least = max(least, scales[window.added]) }
      setScale(l + 1, calibrated[l + 1], least: least)
    }
  }

  /// So that no order of sums leaves 32 bits, whatever the inputs.
  private mutating func boundSums(_ l: Int) {
    let window = ticket.window(l)
    let layer = folded(l)
    var most: Int64 = 1
    for o in 0..<layer.units { most = max(most, layer.largestSum(o)) }
    let below = ticket.input(of: l, window) + 1
    largest[below] = min(largest[below], max(1, Int32(Int8Plan.mostProducts / most)))
    if window.pool.kind != 0 {
      let pooled = Int32.max / Int32(window.pool.window.taps)
      largest[l + 1] = min(largest[l + 1], max(1, pooled))
    }
  }

  private mutating func setScale(_ s: Int, _ calibrated: Float, least: Double) {
    let isHead = s == ticket.layerCount
    let usual = isHead ? Int8Plan.usualLogit : Double(largest[s])
    var scale =
      Double(calibrated) / (largest[s] < Int8Plan.fewIntegers || isHead ? usual : usual / 2)
    scale = max(scale, least * Int8Plan.finest)
    if scale == 0 { scale = 1 }
    // As the ticket has it: it and its inverse are finite, whatever weights nobody trained give.
    scales[s] = Double(Float(min(max(scale, 1e-30), 1e37)))
  }

  // MARK: one layer

  /// Before the first output's sum; the layer it reads.
  private func scaleBelow(_ l: Int) -> Double { scales[ticket.input(of: l, ticket.window(l)) + 1] }

  func folded(_ l: Int) -> FoldedLayer { FoldedLayer(ticket, l, scaleBelow: scaleBelow(l)) }

  /// The most places behind the point that leave factors below 2^31.
  func shift(of most: Double, below bound: Double = 2_147_483_647) -> UInt32 {
    var shift = OpenTicket.largestShift
    while shift > 1 && most * power(shift) >= bound { shift -= 1 }
    return shift
  }

  func fixed(_ value: Double, _ shift: UInt32) -> Int32 {
    Int32(truncatingIfNeeded: nearest(value * power(shift), 2_147_483_647))
  }

  /// The range as the ticket has it.
  func range(_ s: Int) -> swiftcl_ticket_range {
    var range = swiftcl_ticket_range()
    range.scale = Float(scales[s])
    range.largest = largest[s]
    range.added_shift = 1
    if s == 0 {
      range.shift = inputShift
      return range
    }
    let l = s - 1
    range.shift = shift(of: folded(l).largestSumScale / scales[s])
    let added = ticket.window(l).added
    if added > 0 {
      range.added_shift = shift(of: scales[added] / scales[s])
      range.added_factor = fixed(scales[added] / scales[s], range.added_shift)
    }
    return range
  }

  // MARK: the input

  private func inputScale(_ c: Int) -> Double {
    Double(ticket.input.scale.map { $0[c] } ?? 1) / scales[0]
  }

  private func inputOffset(_ c: Int) -> Double {
    Double(ticket.input.offset.map { $0[c] } ?? 0) / scales[0]
  }

  private var inputShift: UInt32 {
    if ticket.input.isFloat { return 1 }
    var most: Double = 0
    var summand: Double = 0
    for c in 0..<ticket.input.channels {
      most = max(most, inputScale(c).magnitude)
      summand = max(summand, inputOffset(c).magnitude)
    }
    let shift = min(shift(of: most), 40)
    return min(shift, self.shift(of: summand, below: 576_460_752_303_423_488))  // 2^59
  }

  func channel(_ c: Int, _ shift: UInt32) -> swiftcl_ticket_channel {
    var channel = swiftcl_ticket_channel()
    channel.factor = fixed(inputScale(c), shift)
    channel.summand =
      nearest(inputOffset(c) * power(shift), 576_460_752_303_423_488) + 1 << Int64(shift - 1)
    // Processors of 32 bits can do without the lower words then; 2^-9 of an integer is lost at most.
    if shift >= 24 { channel.summand = (channel.summand + 32_768) & ~65_535 }
    return channel
  }
}

/// A float ticket's layer as one product: its normalisation is folded in.
struct FoldedLayer {
  let units: Int
  let inputs: Int
  private let weights: UnsafePointer<Float>
  private let factors: UnsafePointer<Float>?
  private let biases: UnsafePointer<Float>
  private let scaleBelow: Double

  fileprivate init(_ ticket: OpenTicket, _ l: Int, scaleBelow: Double) {
    let layer = ticket.layers[l]
    units = Int(layer.units)
    inputs = Int(layer.inputs)
    weights = ticket.section(layer.weights, Float.self)
    self.scaleBelow = scaleBelow
    if ticket.window(l).normalises {
      let factor = ticket.section(layer.window, Float.self) + TicketWindow.count
      factors = factor
      biases = factor + ticket.panels(l).padded
    } else {
      factors = nil
      biases = ticket.section(layer.bias, Float.self)
    }
  }

  private func weight(_ k: Int, _ o: Int) -> Double {
    Double(weights[(o & ~15) * inputs + k * 16 + o & 15]) * Double(factors.map { $0[o] } ?? 1)
  }

  private func largestWeight(_ o: Int) -> Double {
    var most: Double = 0
    for k in 0..<inputs { most = max(most, weight(k, o).magnitude) }
    return most
  }

  /// Of the magnitudes of an output's int8 weights, at most.
  fileprivate func largestSum(_ o: Int) -> Int64 {
    let scale = largestWeight(o) / 127
    var sum: Int64 = 0
    for k in 0..<inputs {
      let value = nearest(weight(k, o) / scale, 127)
      sum += value < 0 ? 0 - value : value
    }
    return sum
  }

  /// What 1 stands for in the sum of an output; 0 where that is always 0.
  func sumScale(_ o: Int) -> Double {
    max(largestWeight(o) / 127 * scaleBelow, Double(biases[o].magnitude) / Int8Plan.mostBias)
  }

  var largestSumScale: Double {
    var most: Double = 0
    for o in 0..<units { most = max(most, sumScale(o)) }
    return most
  }

  func bias(_ o: Int, _ sumScale: Double) -> Int32 {
    if sumScale == 0 { return 0 }
    return Int32(truncatingIfNeeded: nearest(Double(biases[o]) / sumScale, Int8Plan.mostBias))
  }

  func weight(_ k: Int, _ o: Int, _ sumScale: Double) -> Int8 {
    if k >= inputs || sumScale == 0 { return 0 }
    return Int8(truncatingIfNeeded: nearest(weight(k, o) / (sumScale / scaleBelow), 127))
  }
}

private func power(_ n: UInt32) -> Double { Double(UInt64(1) << UInt64(n)) }

/// The nearest integer, halves away from 0, that is no further from 0 than `most`; 0 for no number.
private func nearest(_ value: Double, _ most: Double) -> Int64 {
  if value.isNaN { return 0 }
  let kept = value > most ? most : value < -most ? -most : value
  return Int64(kept + (kept < 0 ? -0.5 : 0.5))
}
