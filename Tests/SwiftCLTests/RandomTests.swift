import Testing

@testable import SwiftCL

/// The generator that weights, noise and orders are drawn from.
struct RandomTests {
  private func draws(_ count: Int, _ draw: (UInt64) -> Float) -> (mean: Double, variance: Double) {
    var sum = 0.0
    var squares = 0.0
    for n in 0..<count {
      let value = Double(draw(Random.key(7, UInt64(n))))
      sum += value
      squares += value * value
    }
    let mean = sum / Double(count)
    return (mean, squares / Double(count) - mean * mean)
  }

  @Test func normalHasMeanZeroAndVarianceOne() {
    let normal = draws(200_000, Random.normal)
    #expect(abs(normal.mean) < 0.01)
    #expect(abs(normal.variance - 1) < 0.01)
  }

  @Test func uniformHasMeanOneHalf() {
    let uniform = draws(200_000, Random.uniform)
    #expect(abs(uniform.mean - 0.5) < 0.003)
    #expect(abs(uniform.variance - 1.0 / 12) < 0.001)
  }

  @Test func uniformIsNeverZeroOrOne() {
    #expect(Random.uniform(0) > 0)
    #expect(Random.uniform(.max) < 1)
  }

  /// Of a standard Gumbel variable: Euler's constant, and pi squared over six.
  @Test func gumbelNoiseHasItsMoments() {
    let noise = draws(200_000) { Scalar.gumbel(Random.uniform($0)) }
    #expect(abs(noise.mean - 0.57722) < 0.02)
    #expect(abs(noise.variance - 1.64493) < 0.05)
  }

  @Test func gumbelNoiseIsFiniteForEveryDraw() {
    for bits in [0, 1 << 40, UInt64.max >> 1, .max - (1 << 41), .max] {
      #expect(Scalar.gumbel(Random.uniform(bits)).isFinite)
    }
  }

  @Test func belowIsEvenAndInRange() {
    for bound in [1, 2, 3, 7, 100] {
      var counts = [Int](repeating: 0, count: bound)
      for n in 0..<20_000 { counts[Random.below(bound, Random.key(11, UInt64(n)))] += 1 }
      let share = 20_000 / Double(bound)
      #expect(counts.allSatisfy { abs(Double($0) - share) < 6 * share.squareRoot() })
    }
  }

  @Test func permutedIsAPermutation() {
    for count in [1, 2, 3, 4, 5, 15, 16, 17, 64, 100, 1000, 4097] {
      for key in 0..<5 as Range<UInt64> {
        let order = (0..<count).map { Random.permuted($0, of: count, key: key) }
        #expect(Set(order).count == count && order.min() == 0 && order.max() == count - 1)
      }
    }
  }

  /// Every element comes first about equally often.
  @Test func permutedIsSpread() {
    var first = [Int](repeating: 0, count: 10)
    for key in 0..<20_000 as Range<UInt64> {
      first[Random.permuted(0, of: 10, key: Random.mix(key))] += 1
    }
    #expect(first.allSatisfy { abs($0 - 2000) < 300 })
  }

  @Test func keysOfNeighboursDiffer() {
    var seen = Set<UInt64>()
    for a in 0..<50 as Range<UInt64> {
      for b in 0..<50 as Range<UInt64> { seen.insert(Random.key(seed: 1, 2, a, b)) }
    }
    #expect(seen.count == 2500)
  }
}
