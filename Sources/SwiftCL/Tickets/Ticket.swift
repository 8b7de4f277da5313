import CSwiftCL

/// Size of one packed layer of a ticket.
struct TicketSize {
  var units: Int
  var inputs: Int
  var blocks: Int
  @Beyond var normalises = false
  /// Of a masked layer: room for so many entries of `width` outputs; 0 where there is no mask.
  var entries = 0
  var width = 1
}

/// One layer of a finished task: who won, and the winners' parameters, packed.
struct TicketLayer {
  var size: TicketSize
  /// Per block the group that won, or -1 where the block abstains.
  var winners: UnsafeMutablePointer<Int32>
  /// Per block the packed index of the winner's first unit, or -1.
  var positions: UnsafeMutablePointer<Int32>
  /// Per block the posterior of the winner when it was committed.
  var probabilities: UnsafeMutablePointer<Float>
  /// Of a layer that normalises, what is added behind that.
  var bias: UnsafeMutablePointer<Float>
  @Beyond var norm: NormParameters?
  /// Empty where there is a mask.
  var weights: UnsafeMutablePointer<Float>
  #if SWIFTCL_DENSE
    var mask: SparseWeights? {
      get { nil }
      set {}
    }
  #else
    // Stored in plain: @Beyond would make coroutines of changes in place.
    var mask: SparseWeights?
  #endif

  /// The weight from input `k` to unit `o`.
  func weight(_ k: Int, _ o: Int) -> Float {
    if let mask { return mask.weight(k, o) }
    return weights[panels.index(k, o)]
  }

  /// Weights that run.
  var kept: Int { mask.map { $0.weights(outputs: size.units) } ?? size.units * size.inputs }

  var panels: Panels { Panels(inputs: size.inputs, outputs: size.units) }
}

/// What is told of a task after it; kept with the ticket and in the checkpoint.
struct TaskRecord {
  var task: swiftcl_task = 0
  var steps: UInt64 = 0
  var committedAt: UInt64 = 0
  var macs: UInt64 = 0
  var denseMacs: UInt64 = 0
  var userTag: UInt64 = 0
  var ownedWinners: UInt32 = 0
  var copiedWinners: UInt32 = 0
  var masksClasses: UInt32 = 0
  var lastLoss: Float = 0
  var ownedEdges: UInt64 = 0
  var frozenEdges: UInt64 = 0

  /// False for counts that only a crafted checkpoint can hold: adding to them
  /// must not overflow.
  var isPossible: Bool {
    max(steps, max(macs, denseMacs)) < 1 << 62 && max(ownedEdges, frozenEdges) < 1 << 62
      && max(ownedWinners, copiedWinners) < 1 << 30
  }
}

/// A finished task: immutable while protection is frozen. The struct is the
/// head of one block of memory that holds everything its pointers name.
struct Ticket {
  var bytes: Int
  var record: TaskRecord
  var classCount: Int
  var layerCount: Int
  /// The parameters lie on the network's shared ticket, not here.
  var sharesParameters: Bool
  var classes: UnsafeMutablePointer<Int32>
  /// The head's row of each class.
  var columns: UnsafeMutablePointer<Int32>
  var layers: UnsafeMutablePointer<TicketLayer>

  var head: TicketLayer { layers[layerCount - 1] }

  /// Lays a ticket over `arena`; nothing is written when it measures.
  @inline(never)
  static func lay(
    _ arena: inout Arena, sizes: UnsafePointer<TicketSize>, layerCount: Int, classCount: Int,
    sharesParameters: Bool, writes: Bool
  ) -> UnsafeMutablePointer<Ticket> {
    let ticket = arena.take(Ticket.self, 1)
    let layers = arena.take(TicketLayer.self, layerCount)
    let classes = arena.take(Int32.self, classCount)
    let columns = arena.take(Int32.self, classCount)
    for l in 0..<layerCount {
      let size = sizes[l]
      if sharesParameters { continue }
      var layer = TicketLayer(
        size: size,
        winners: arena.take(Int32.self, size.blocks),
        positions: arena.take(Int32.self, size.blocks),
        probabilities: arena.take(Float.self, size.blocks),
        bias: arena.take(Float.self, Panels.pad(size.units)),
        norm: size.normalises ? NormParameters(&arena, Panels.pad(size.units)) : nil,
        weights: arena.take(
          Float.self,
          size.entries > 0 ? 0 : Panels(inputs: size.inputs, outputs: size.units).count))
      // By itself: builds without masks have no such place.
      if size.entries > 0 {
        layer.mask = SparseWeights(
          &arena, outputs: size.units, entries: size.entries, width: size.width)
      }
      if writes { layers[l] = layer }
    }
    if writes {
      ticket.pointee = Ticket(
        bytes: arena.used, record: TaskRecord(), classCount: classCount, layerCount: layerCount,
        sharesParameters: sharesParameters, classes: classes, columns: columns, layers: layers)
    }
    return ticket
  }

  static func bytes(
    sizes: UnsafePointer<TicketSize>, layerCount: Int, classCount: Int, sharesParameters: Bool
  ) -> Int? {
    var arena = Arena(measuring: ())
    _ = lay(
      &arena, sizes: sizes, layerCount: layerCount, classCount: classCount,
      sharesParameters: sharesParameters, writes: false)
    return arena.overflows ? nil : arena.used
  }

  /// After the block was moved by `distance` bytes: its pointers follow.
  mutating func follow(_ distance: Int) {
    func moved<T>(_ pointer: UnsafeMutablePointer<T>) -> UnsafeMutablePointer<T> {
      SwiftCL.moved(pointer, distance)
    }
    classes = moved(classes)
    columns = moved(columns)
    layers = moved(layers)
    if sharesParameters { return }
    for l in 0..<layerCount {
      layers[l].winners = moved(layers[l].winners)
      layers[l].positions = moved(layers[l].positions)
      layers[l].probabilities = moved(layers[l].probabilities)
      layers[l].bias = moved(layers[l].bias)
      if let norm = layers[l].norm {
        layers[l].norm = NormParameters(
          scale: moved(norm.scale), mean: moved(norm.mean), variance: moved(norm.variance))
      }
      layers[l].weights = moved(layers[l].weights)
      if Features.all { layers[l].mask?.follow(distance) }
    }
  }

  /// Recomputes packed positions from the winners.
  func placeWinners(_ shapes: UnsafePointer<LayerShape>) {
    for l in 0..<layerCount - 1 {
      let layer = layers[l]
      var next: Int32 = 0
      for i in 0..<layer.size.blocks {
        layer.positions[i] = layer.winners[i] < 0 ? -1 : next
        if layer.winners[i] >= 0 { next += Int32(shapes[l].groupSize) }
      }
    }
  }

  /// A shared ticket has every class, each in the row of its label.
  func nameAllClasses() {
    for c in 0..<classCount {
      classes[c] = Int32(c)
      columns[c] = Int32(c)
    }
  }

  /// Row of a class in this ticket's head, or -1.
  func row(of label: Int32) -> Int32 {
    // Labels in order are their own index.
    if label >= 0, Int(label) < classCount, classes[Int(label)] == label {
      return columns[Int(label)]
    }
    for c in 0..<classCount where classes[c] == label { return columns[c] }
    return -1
  }

  func hasClasses(_ other: UnsafePointer<Int32>, _ count: Int) -> Bool {
    if count != classCount { return false }
    for c in 0..<count where classes[c] != other[c] { return false }
    return true
  }

  var parameters: UInt64 {
    var sum: UInt64 = 0
    for l in 0..<layerCount {
      let size = layers[l].size
      sum += UInt64(layers[l].kept) + UInt64(size.units) * (size.normalises ? 2 : 1)
    }
    return sum
  }

  /// Multiply-adds of one predicted row.
  func predictMacs(_ shapes: UnsafePointer<LayerShape>) -> UInt64 {
    var sum: UInt64 = 0
    for l in 0..<layerCount {
      sum += UInt64(layers[l].kept) * UInt64(shapes[l].pixels)
    }
    return sum
  }
}
