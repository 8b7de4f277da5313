import CSwiftCL

/// The layers with parameters of a checked description, and how they hang together.
struct LayerGraph {
  private var outlines = InlineArray<32, LayerShape.Outline>(repeating: LayerShape.Outline())
  private var count = 0

  /// The layer with parameters that slot `slot` belongs to.
  private func layer(of slot: Int) -> Int {
    var l = 0
    while l < count - 1 && Int(outlines[l].lastSlot) < slot { l += 1 }
    return l
  }

  private mutating func note(_ shape: LayerShape, lastSlot: Int) {
    var outline = LayerShape.Outline(shape)
    outline.lastSlot = Int8(lastSlot)
    outline.leader = Int8(count)
    outlines[count] = outline
    if shape.input >= 0 {
      outlines[shape.input].lastReader = Int8(count)
      outlines[shape.input].readers += 1
      if shape.input == count - 1 { outlines[shape.input].feedsNext = true }
    }
    if shape.added >= 0 {
      outlines[shape.added].lastReader = Int8(count)
      outlines[shape.added].readers += 1
      join(count, shape.added)
    }
    count += 1
  }

  /// Two streams that are added become one.
  private mutating func join(_ a: Int, _ b: Int) {
    let (one, other) = (outlines[a].leader, outlines[b].leader)
    let first = min(one, other)
    for l in 0...count where outlines[l].leader == one || outlines[l].leader == other {
      outlines[l].leader = first
    }
  }

  /// The layer whose first slot is `slot`, as far as those before it tell.
  private func shape(_ l: Int, from slot: Int, _ options: swiftcl_options, _ lastSlot: inout Int)
    -> LayerShape?
  {
    guard let layers = options.layers else { return nil }
    func named(_ slot: Int) -> Int? {
      let source = Int(truncatingIfNeeded: layers[slot].source)
      return source > 0 ? layer(of: source - 1) : nil
    }
    let input = named(slot) ?? l - 1
    var shape = LayerShape(
      layers[slot], slot: slot, input: input, of: input < 0 ? nil : outlines[input],
      options: options)
    lastSlot = slot
    while lastSlot + 1 < Int(options.layer_count) && !layers[lastSlot + 1].hasParameters {
      lastSlot += 1
      shape.add(layers[lastSlot], source: named(lastSlot) ?? -1)
    }
    return shape
  }

  /// Whether a step keeps what a layer gives until its way back: every n-th, and what others read
  /// than the layer above alone.
  private func isKept(_ l: Int, every n: Int) -> Bool {
    (l + 1) % n == 0 || outlines[l].readers != 1 || !outlines[l].feedsNext
  }

  /// Whether it makes that again instead. Above the last that is kept nothing is: the way back begins
  /// there and would need it at once.
  private func isMadeAgain(_ l: Int, every n: Int) -> Bool {
    if !Features.all || n < 2 || isKept(l, every: n) { return false }
    for above in l..<count - 1 where isKept(above, every: n) { return true }
    return false
  }

  /// Reads a whole description.
  @inline(never)
  init(_ options: swiftcl_options) {
    var slot = 0
    while slot < Int(options.layer_count) {
      var lastSlot = slot
      guard let shape = shape(count, from: slot, options, &lastSlot) else { return }
      note(shape, lastSlot: lastSlot)
      slot = lastSlot + 1
    }
  }

  /// Layer `l`, with what those behind it tell.
  @inline(never)
  func shape(_ l: Int, _ options: swiftcl_options) -> LayerShape? {
    var lastSlot = 0
    let first = l == 0 ? 0 : Int(outlines[l - 1].lastSlot) + 1
    guard var shape = shape(l, from: first, options, &lastSlot) else { return nil }
    let outline = outlines[l]
    shape.leader = Int(outline.leader)
    shape.lastReader = Int(outline.lastReader)
    shape.isMadeAgain = isMadeAgain(l, every: Int(options.recompute))
    shape.branches = outline.readers != 1 || !outline.feedsNext
    if shape.input >= 0 {
      shape.sharesInput =
        Int(outlines[shape.input].lastReader) > l || shape.input == shape.added
    }
    if shape.added >= 0 { shape.sharesAdded = Int(outlines[shape.added].lastReader) > l }
    return shape
  }

  /// Calls `body` with the shape of every layer that has parameters, in order.
  static func each(_ options: swiftcl_options, _ body: (Int, LayerShape) -> Void) {
    let graph = LayerGraph(options)
    for l in 0..<graph.count {
      if let shape = graph.shape(l, options) { body(l, shape) }
    }
  }
}
