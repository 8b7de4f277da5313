import CSwiftCL

/// Adds neighbouring groups of `span` lanes in two vectors at once.
///
/// Each vector holds groups of 2 * span lanes, one group for each sum in the making. The
/// lower and the upper half of each group are added, and the result holds the groups
/// of both vectors, half as wide. Four such steps with spans 8, 4, 2 and 1 turn sixteen
/// vectors into one vector of their sums, in order; the additions are always lane i with
/// lane i + 8, then i + 4, i + 2 and i + 1.
@inline(__always)
func folded(_ a: Lanes, _ b: Lanes, span: Int) -> Lanes {
  switch span {
  case 8: return swiftcl_fold8(a, b)
  case 4: return swiftcl_fold4(a, b)
  case 2: return swiftcl_fold2(a, b)
  default: return swiftcl_fold1(a, b)
  }
}

/// The sum of the sixteen lanes in the order of `folded(_:_:span:)`.
@inline(__always)
func folded(_ a: Lanes) -> Float {
  let eight = a.lowHalf + a.highHalf
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}
