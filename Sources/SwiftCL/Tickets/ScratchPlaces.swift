#if SWIFTCL_DENSE
  /// Where in the scratch of a row a ticket's layers put what they give: a chain of dense
  /// layers needs two buffers, which take turns.
  struct ScratchPlaces {
    private var even = 0
    private var odd = 0
    /// No ticket of use needs more; stops overflow early.
    static let largest = Int.max / 16

    /// Elements of a row: floats, or sixteen-bit integers.
    var total: Int { even + odd }
    func output(_ l: Int) -> Int { l % 2 == 0 ? 0 : even }
    func pooled(_ l: Int) -> Int { output(l) }

    init(_ ticket: OpenTicket) {
      for l in 0..<ticket.layerCount {
        var size = ticket.panels(l).padded
        // The head of an int8 ticket gives integers of 32 bits.
        if ticket.isInt8 && l == ticket.layerCount - 1 { size *= 2 }
        if l % 2 == 0 { even = max(even, size) } else { odd = max(odd, size) }
      }
    }
  }
#else
  /// Where in the scratch of a row a ticket's layers put what they give: each until its last
  /// reader has run. Computed anew for every chunk of rows: a handle has no room for it, and
  /// it costs little beside the rows.
  struct ScratchPlaces {
    /// Elements of a row: floats, or sixteen-bit integers.
    private(set) var total = 0
    /// No ticket of use needs more; stops overflow early.
    static let largest = Int.max / 16
    /// Those of the layers with even numbers, in a chain.
    private var even = 0

    /// Two buffers a layer: what it gives, and the same after the pooling.
    private var offsets = InlineArray<64, Int>(repeating: 0)
    private var sizes = InlineArray<64, Int>(repeating: 0)
    private var deaths = InlineArray<64, Int>(repeating: 0)

    func output(_ l: Int) -> Int { offsets[2 * l] }
    func pooled(_ l: Int) -> Int { offsets[2 * l + 1] }

    init(_ ticket: OpenTicket) {
      measure(ticket)
      if ticket.isChain {
        placeInTurn(ticket)
      } else {
        place(ticket)
      }
    }

    private mutating func measure(_ ticket: OpenTicket) {
      for l in 0..<ticket.layerCount {
        let window = ticket.window(l)
        let width = ticket.panels(l).padded
        sizes[2 * l] = window.window.outPixels * width
        // The head of an int8 ticket gives integers of 32 bits.
        if ticket.isInt8 && l == ticket.layerCount - 1 { sizes[2 * l] *= 2 }
        sizes[2 * l + 1] = window.pool.kind == 0 ? 0 : window.surfacePixels * width
        // Moments are twice the number of the layer that runs, one later for its pooling.
        deaths[2 * l] = 2 * l + 1
        deaths[2 * l + 1] = 2 * l + 1
        let input = ticket.input(of: l, window)
        if input >= 0 { keep(input, until: 2 * l) }
        if window.added > 0 { keep(window.added - 1, until: 2 * l) }
      }
    }

    private mutating func keep(_ l: Int, until moment: Int) {
      let buffer = sizes[2 * l + 1] > 0 ? 2 * l + 1 : 2 * l
      deaths[buffer] = max(deaths[buffer], moment)
    }

    /// A chain needs no more than two buffers, which take turns.
    private mutating func placeInTurn(_ ticket: OpenTicket) {
      var turn = 0
      var odd = 0
      for b in 0..<2 * ticket.layerCount where sizes[b] > 0 {
        if turn % 2 == 0 { even = max(even, sizes[b]) } else { odd = max(odd, sizes[b]) }
        turn += 1
      }
      turn = 0
      for b in 0..<2 * ticket.layerCount where sizes[b] > 0 {
        offsets[b] = turn % 2 == 0 ? 0 : even
        turn += 1
      }
      total = even + odd
    }

    /// Each as low as those allow that are still read.
    private mutating func place(_ ticket: OpenTicket) {
      for b in 0..<2 * ticket.layerCount where sizes[b] > 0 {
        var offset = 0
        var moved = true
        while moved {
          moved = false
          for other in 0..<b where sizes[other] > 0 && deaths[other] >= b {
            let end = offsets[other] + sizes[other]
            if end > offset && offsets[other] < offset + sizes[b] {
              offset = end
              moved = true
            }
          }
        }
        offsets[b] = offset
        total = max(total, offset + sizes[b])
        if total > ScratchPlaces.largest { return }
      }
    }
  }
#endif

extension OpenTicket {
  /// The layer that layer `l` reads; -1 is the input.
  func input(of l: Int, _ window: TicketWindow) -> Int {
    window.input > 0 ? window.input - 1 : l - 1
  }
}
