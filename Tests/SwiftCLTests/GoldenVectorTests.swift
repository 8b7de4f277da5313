import CSwiftCL
import Testing

@testable import SwiftCL

/// The numbers of docs/algorithms.md A.2 and A.3, and the check value of CRC-32C.
struct GoldenVectorTests {
  let logits: [Float] = [0.3, -1, 0.7, 0.1]
  let uniforms: [Float] = [0.2, 0.5, 0.7, 0.9]
  let gateGradient: [Float] = [0.5, -0.2, 1.3, 0.9]
  let eta: Float = 1e-4
  let tau: Float = 0.67
  let block = 0..<4

  /// The block of the test vectors, sampled.
  private struct Sample {
    var s = [Float](repeating: 0, count: 4)
    var p = [Float](repeating: 0, count: 4)
    var xi = [Float](repeating: 0, count: 4)
  }

  private var sample: Sample {
    var sample = Sample()
    Posterior.softmax(logits, &sample.s, block)
    Posterior.floored(sample.s, &sample.p, block, eta)
    Posterior.relaxed(sample.p, &sample.xi, block, tau: tau) { Scalar.gumbel(uniforms[$0]) }
    return sample
  }

  private func near(_ a: Float, _ b: Float, _ tolerance: Float = 2e-6) -> Bool {
    abs(a - b) <= tolerance
  }

  private func near(_ a: [Float], _ b: [Float]) -> Bool {
    zip(a, b).allSatisfy { near($0, $1) }
  }

  @Test func relaxedSampleOfA2() {
    #expect(near(sample.xi, [0.016095, 0.008141, 0.277093, 0.698670]))
  }

  @Test func gradientOfA2() {
    let sample = sample
    var g = gateGradient
    Posterior.throughRelaxation(sample.xi, &g, block, tau: tau)
    Posterior.throughFloor(sample.s, &g, block, eta)
    #expect(near(g, [-0.011908, -0.014510, 0.125910, -0.099492]))
  }

  private static let forms = [
    SWIFTCL_KL_ANALYTIC, SWIFTCL_KL_CATEGORICAL, SWIFTCL_KL_SAMPLE, SWIFTCL_KL_RELAXED,
  ]
  private static let values: [Float] = [0.132032, 0.070577, 0.674518, 0.865725]

  @Test(arguments: zip(forms, values))
  func valuesOfA3(form: Int32, expected: Float) {
    let sample = sample
    let kl = Divergence(form: form, tau: tau)
    let value = kl.value(s: sample.s, p: sample.p, xi: sample.xi, block)
    #expect(near(value, expected), "form \(form): \(value)")
  }

  @Test func gradientOfTheAnalyticForm() {
    let sample = sample
    var da = [Float](repeating: 0, count: 4)
    let kl = Divergence(form: SWIFTCL_KL_ANALYTIC, tau: tau)
    kl.addToLogits(s: sample.s, &da, block, weight: 1)
    #expect(near(da, [-0.006129, -0.100549, 0.157397, -0.050718]))
    // It depends on nothing else.
    var rest = [Float](repeating: 0, count: 4)
    kl.addToSample(p: sample.p, xi: sample.xi, &rest, block, weight: 1)
    kl.addToLogPosterior(p: sample.p, xi: sample.xi, &rest, block, weight: 1)
    #expect(rest == [0, 0, 0, 0])
  }

  /// A uniform posterior has no divergence, a decided one has log J.
  @Test func endsOfTheAnalyticForm() {
    let kl = Divergence(form: SWIFTCL_KL_ANALYTIC, tau: tau)
    let uniform: [Float] = [0.25, 0.25, 0.25, 0.25]
    let decided: [Float] = [0, 1, 0, 0]
    #expect(near(kl.value(s: uniform, p: uniform, xi: uniform, block), 0))
    #expect(near(kl.value(s: decided, p: decided, xi: decided, block), 1.386294))
  }

  @Test func hardGateIsTheFirstOfTheLargest() {
    var gate = [Float](repeating: 7, count: 5)
    Posterior.hard([0.1, 0.4, 0.4, 0.1], &gate, 0..<4)
    #expect(gate == [0, 1, 0, 0, 7])
  }

  @Test func checksumOfTheCheckString() {
    let text = Array("123456789".utf8)
    var whole = CRC32C()
    whole.update(text, text.count)
    #expect(whole.value == 0xE306_9283)
    for split in 0...text.count {
      var parts = CRC32C()
      text.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return }
        parts.update(start, split)
        parts.update(start + split, text.count - split)
      }
      #expect(parts.value == 0xE306_9283)
    }
    #expect(CRC32C().value == 0)
  }
}
