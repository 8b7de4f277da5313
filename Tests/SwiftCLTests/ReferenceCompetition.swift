import CSwiftCL
import Foundation

@testable import SwiftCL

/// Samplers and KL forms of docs/algorithms.md A.1 to A.3 for one block, in double
/// precision.
struct ReferenceCompetition {
  var sampler: Int32
  var tau: Double
  var eta: Double
  var form: Int32
  var klWeight: Double

  init(_ options: swiftcl_options) {
    sampler = options.sampler
    tau = Double(options.temperature)
    eta = Double(options.posterior_floor)
    klWeight = Double(options.kl_weight)
    form = options.kl_form
    // Without noise there is no sample to look at: the analytic form.
    if !isNoisy { form = SWIFTCL_KL_ANALYTIC }
  }

  var isNoisy: Bool { sampler == SWIFTCL_SAMPLER_GUMBEL || isStraightThrough }
  var isStraightThrough: Bool { sampler == SWIFTCL_SAMPLER_STRAIGHT_THROUGH }
  var isRandom: Bool { sampler == SWIFTCL_SAMPLER_RANDOM }

  struct Sample {
    var s: [Double]
    var p: [Double]
    var xi: [Double]
  }

  static func softmax(_ a: [Double]) -> [Double] {
    let largest = a.max() ?? 0
    let powers = a.map { Foundation.exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  static func hard(_ xi: [Double]) -> [Double] {
    let winner = xi.firstIndex(of: xi.max() ?? 0)
    return xi.indices.map { $0 == winner ? 1 : 0 }
  }

  func sample(_ logits: [Double], _ noise: [Double]) -> Sample {
    let s = ReferenceCompetition.softmax(logits)
    if !isNoisy { return Sample(s: s, p: s, xi: s) }
    let p = s.map { ($0 + eta) / (1 + Double(s.count) * eta) }
    let xi = ReferenceCompetition.softmax(zip(p, noise).map { (Foundation.log($0) + $1) / tau })
    return Sample(s: s, p: p, xi: xi)
  }

  func gate(_ sample: Sample) -> [Double] {
    isStraightThrough ? ReferenceCompetition.hard(sample.xi) : sample.xi
  }

  func divergence(_ sample: Sample) -> Double {
    let logCount = Foundation.log(Double(sample.s.count))
    let terms = sample.s.indices
    switch form {
    case SWIFTCL_KL_CATEGORICAL:
      return terms.reduce(0) { $0 + sample.xi[$1] * (Foundation.log(sample.p[$1]) + logCount) }
    case SWIFTCL_KL_SAMPLE:
      return terms.reduce(0) {
        $0 + sample.xi[$1] * (Foundation.log(sample.xi[$1] + 1e-8) + logCount)
      }
    case SWIFTCL_KL_RELAXED:
      func spread(_ logs: [Double]) -> Double {
        Foundation.log(logs.reduce(0) { $0 + Foundation.exp($1) })
      }
      let y = sample.xi.map { tau * Foundation.log($0) }
      let posterior = terms.map { Foundation.log(sample.p[$0]) - y[$0] }
      let prior = terms.map { -logCount - y[$0] }
      let ratio = terms.reduce(0) { $0 + Foundation.log(sample.p[$1]) + logCount }
      return ratio - Double(terms.count) * (spread(posterior) - spread(prior))
    default:
      return terms.reduce(0) {
        $0 + (sample.s[$1] > 0 ? sample.s[$1] * (Foundation.log(sample.s[$1]) + logCount) : 0)
      }
    }
  }
}
