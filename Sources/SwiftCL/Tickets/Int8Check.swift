import CSwiftCL

/// What is checked of an int8 ticket beside what all tickets have: no sum may leave 32 bits, no
/// product 64, and no integer its range.
extension OpenTicket {
  /// Products stay below 2^62, and what is added to them below 2^61.
  static let largestSummand: Int64 = 1 << 60
  static let largestShift: UInt32 = 62
  /// The head's integers are exact as floats.
  static let largestLogit: Int32 = 1 << 24 - 1
  static let largestShort: Int32 = 32_767

  /// Elements of four bytes that ranges and channels take.
  var rangeWords: UInt64 {
    UInt64(layerCount + 1) * 8 + (input.isFloat ? 0 : UInt64(input.channels) * 4)
  }

  var rangesArePossible: Bool {
    for l in 0...layerCount {
      let range = ranges[l]
      let most = l == layerCount ? OpenTicket.largestLogit : OpenTicket.largestShort
      if range.largest < 1 || range.largest > most { return false }
      if !(range.scale > 0) || !range.scale.isFinite || !(1 / range.scale).isFinite { return false }
      if !isPossible(range.shift) || !isPossible(range.added_shift) { return false }
      if range.reserved.0 | range.reserved.1 | range.reserved.2 != 0 { return false }
    }
    if input.isFloat { return true }
    for c in 0..<input.channels {
      if inputChannels[c].summand.magnitude > UInt64(OpenTicket.largestSummand)
        || inputChannels[c].reserved != 0
      {
        return false
      }
    }
    return true
  }

  private func isPossible(_ shift: UInt32) -> Bool {
    shift >= 1 && shift <= OpenTicket.largestShift
  }

  /// The head gives integers of 32 bits, which nothing but the caller reads.
  var lastLayerIsPlain: Bool {
    let last = layerCount - 1
    return window(last).pool.kind == 0 && layers[last].flags & TicketFormat.perSample == 0
  }

  /// Whether no order of a layer's sums can leave 32 bits, whatever its inputs, and its window is
  /// one of those that int8 tickets have.
  func sumsFit(_ l: Int) -> Bool {
    let window = window(l)
    let layer = layers[l]
    let width = panels(l).padded
    if window.normalises { return false }
    if l == layerCount - 1 {
      if !lastLayerIsPlain { return false }
    } else if window.pool.kind != 0 {
      let taps = Int64(window.pool.window.taps)
      if taps * Int64(ranges[l + 1].largest) > Int64(Int32.max) { return false }
    }
    let largest = Int64(ranges[input(of: l, window) + 1].largest)
    let quads = (Int(layer.inputs) + 3) / 4
    let bias = section(layer.bias, Int32.self)
    let weights = section(layer.weights, Int8.self)
    for o in 0..<width {
      var sum: Int64 = 0
      let column = weights + ((o & ~15) * quads + o & 15) * 4
      for quad in 0..<quads {
        let word = column + quad &* 64
        for byte in 0..<4 { sum &+= Int64(word[byte].magnitude) }
      }
      if sum * largest + Int64(bias[o].magnitude) > Int64(Int32.max) { return false }
    }
    return true
  }
}
