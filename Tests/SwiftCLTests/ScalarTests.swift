import CSwiftCL
import Foundation
import Testing

@testable import SwiftCL

/// exp and log against Foundation in double precision.
struct ScalarTests {
  /// Distance in units of the last place of the exact value.
  private func ulps(_ value: Float, _ exact: Double) -> Double {
    let unit = Double(Float(exact).ulp)
    return abs(Double(value) - exact) / unit
  }

  /// The loss takes sixteen at a time; they must be the same sixteen.
  @Test func sixteenExponentialsAreThoseOfEachAlone() {
    var x = SIMD16<Float>(repeating: 0)
    for round in 0..<4000 {
      for lane in 0..<16 { x[lane] = -Float(round * 16 + lane) * 0.0014 }
      if round == 7 {
        x[0] = .nan
        x[1] = -.infinity
        x[2] = -0.0
        x[3] = -87.336_54
        x[4] = -87.336_55
        x[5] = -1e30
        x[6] = -1e-30
      }
      let together = swiftcl_exp(x)
      for lane in 0..<16 {
        let alone = Scalar.exp(x[lane])
        let same = together[lane].bitPattern == alone.bitPattern
        #expect(same || (alone.isNaN && together[lane].isNaN), "exp(\(x[lane]))")
      }
    }
  }

  @Test func exponentialIsWithinTwoUlps() {
    var worst = (ulps: 0.0, x: Float(0))
    for n in 0..<400_000 {
      let x = -87.3 + Float(n) * (176 / 400_000)
      let error = ulps(Scalar.exp(x), Foundation.exp(Double(x)))
      if error > worst.ulps { worst = (error, x) }
    }
    #expect(worst.ulps <= 2, "exp(\(worst.x))")
  }

  @Test func logarithmIsWithinTwoUlps() {
    var worst = (ulps: 0.0, x: Float(0))
    // Every 5003rd of all positive normal numbers, and a dense walk around 1.
    var tried = stride(from: UInt32(0x0080_0000), to: 0x7F80_0000, by: 5003).map {
      Float(bitPattern: $0)
    }
    tried += (0..<200_000).map { Float(bitPattern: 0x3F00_0000 + UInt32($0) * 84) }
    for x in tried {
      let error = ulps(Scalar.log(x), Foundation.log(Double(x)))
      if error > worst.ulps { worst = (error, x) }
    }
    #expect(worst.ulps <= 2, "log(\(worst.x))")
  }

  @Test func edgesOfTheExponential() {
    #expect(Scalar.exp(0) == 1)
    #expect(Scalar.exp(-.infinity) == 0)
    #expect(Scalar.exp(-88) == 0)
    #expect(Scalar.exp(.infinity) == .infinity)
    #expect(Scalar.exp(89) == .infinity)
    #expect(Scalar.exp(88.7).isFinite)
    #expect(Scalar.exp(-87.3) > 0)
    #expect(Scalar.exp(.nan).isNaN)
  }

  @Test func edgesOfTheLogarithm() {
    #expect(Scalar.log(1) == 0)
    #expect(Scalar.log(0) == -.infinity)
    #expect(Scalar.log(-1).isNaN)
    #expect(Scalar.log(.nan).isNaN)
    #expect(Scalar.log(.infinity) == .infinity)
    // Numbers below the normal range too.
    #expect(abs(Scalar.log(Float(bitPattern: 71_362)) + 92.1034) < 1e-3)
  }

  @Test func powersByHand() {
    #expect(Scalar.power(3, 0) == 1)
    #expect(Scalar.power(3, 1) == 3)
    #expect(Scalar.power(3, 5) == 243)
    #expect(abs(Scalar.power(0.999, 1000) - 0.367695) < 1e-4)
  }

  @Test func finiteOrNot() {
    for count in 0...40 {
      var values = [Float](repeating: 1e30, count: count)
      #expect(allFinite(values, count))
      for n in 0..<count {
        for bad in [Float.nan, .infinity, -.infinity] {
          values[n] = bad
          #expect(!allFinite(values, count))
        }
        values[n] = 0
      }
    }
  }
}
