import CSwiftCL

/// Which rows a full pool keeps. A draw is a function of the seed and of how
/// many rows were offered before: nothing but the counters has to be saved.
struct Retention {
  var balanced: Bool
  var key: UInt64

  /// `salt` tells the draws of one pool from those of another.
  init(_ options: swiftcl_options, salt: UInt64) {
    balanced = options.replay_policy == SWIFTCL_RETAIN_BALANCED
    key = Random.key(Random.key(Random.mix(options.seed), Random.Domain.retain), salt)
  }

  /// The place that a row of `label` takes, nil where it is not kept. It counts as `weight`
  /// rows of which it is the one that is there: 1 but for samples of a longer stream.
  @inline(never)
  func place(in pool: inout ReplayPool, label: Int, weight: UInt64 = 1) -> Int? {
    let draw = Random.key(key, pool.seen)
    let offered = balanced ? pool.classSeen[label] : pool.seen
    pool.seen &+= weight
    if balanced { pool.classSeen[label] &+= weight }
    if pool.count < pool.capacity { return pool.count }
    // docs/algorithms.md B.5: r of 0...n, stored if r is a place.
    let r = draw.multipliedFullWidth(by: offered &+ weight).high / weight
    if !balanced { return r < UInt64(pool.capacity) ? Int(r) : nil }
    let largest = pool.largestClass
    let mine = pool.classRows[label]
    if mine < pool.classRows[largest] { return pool.anyPlace(of: largest, Random.mix(draw)) }
    return r < UInt64(mine) ? pool.anyPlace(of: label, Random.mix(draw)) : nil
  }
}

extension ReplayPool {
  /// The class with the most rows; the first of equals.
  var largestClass: Int {
    var largest = 0
    for c in 1..<max(1, classes) where classRows[c] > classRows[largest] { largest = c }
    return largest
  }

  /// A place by chance among those of a class that has some.
  func anyPlace(of label: Int, _ key: UInt64) -> Int {
    for i in 0..<count {
      let place = Random.permuted(i, of: count, key: key)
      if labels[place] == Int32(label) { return place }
    }
    return 0
  }
}
