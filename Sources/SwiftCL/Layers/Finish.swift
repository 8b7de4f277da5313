/// The last pass over a layer's rows, where a product alone does not give them:
/// y = act(factor * x + summand + r), each part where there is one.
struct Finish {
  /// Padded units, and floats from one row to the next, of `x` and `y`.
  var padded: Int
  var stride: Int
  var factor: UnsafePointer<Float>?
  var summand: UnsafePointer<Float>?
  var added: UnsafePointer<Float>?
  var relu: Bool

  @inline(never)
  func run(_ x: UnsafePointer<Float>, rows: Int, _ y: UnsafeMutablePointer<Float>) {
    if let factor, let summand {
      if let added {
        each(x, rows, y) { h, u, at in
          Lane.load(factor + u) * h + Lane.load(summand + u) + Lane.load(added + at)
        }
      } else {
        each(x, rows, y) { h, u, _ in Lane.load(factor + u) * h + Lane.load(summand + u) }
      }
    } else if let added {
      each(x, rows, y) { h, _, at in h + Lane.load(added + at) }
    } else {
      each(x, rows, y) { h, _, _ in h }
    }
  }

  @inline(__always)
  private func each(
    _ x: UnsafePointer<Float>, _ rows: Int, _ y: UnsafeMutablePointer<Float>,
    _ value: (SIMD16<Float>, Int, Int) -> SIMD16<Float>
  ) {
    let least = SIMD16<Float>(repeating: relu ? 0 : -Float.infinity)
    for n in 0..<rows {
      var u = 0
      while u < padded {
        let at = n &* stride &+ u
        let v = value(Lane.load(x + at), u, at)
        Lane.store(v.replacing(with: least, where: v .<= least), y + at)
        u &+= 16
      }
    }
  }
}
