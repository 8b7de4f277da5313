import CSwiftCL

/// Dropout: while it trains, a layer's outputs are 0 by chance, and the others so much
/// larger that their mean stays. The draw is a function of the step, so that the way back
/// makes it again instead of keeping it.
extension Network {
  /// Drops in place what layer `l` gives, or the gradient of that: `rows` rows of pixels.
  @inline(never)
  func drop(layer l: Int, rows: Int, _ values: UnsafeMutablePointer<Float>) {
    let rate = shapes[l].dropRate
    let stride = working[l].stride
    let units = working[l].units
    let kept = 1 / (1 - rate)
    let key = Random.key(dropKey, UInt64(l))
    for row in 0..<rows {
      let rowKey = Random.key(key, UInt64(row))
      let place = values + row * stride
      for u in 0..<units {
        let passes = Random.uniform(Random.key(rowKey, UInt64(u))) >= rate
        place[u] = passes ? place[u] * kept : 0
      }
    }
  }

  private var dropKey: UInt64 {
    Random.key(
      seed: options.seed, Random.Domain.dropout, UInt64(UInt32(bitPattern: task.record.task)),
      task.record.steps)
  }

  /// Pooling and dropout behind a layer that trains.
  func finishForward(layer l: Int, samples: Int) {
    let shape = shapes[l]
    if shape.dropsBeforePool { drop(layer: l, rows: samples * shape.pixels, working[l].output) }
    if shape.isPooled { pool(layer: l, samples: samples) }
    if shape.dropRate > 0 && !shape.dropsBeforePool {
      drop(
        layer: l, rows: samples * shape.surfacePixels,
        shape.isPooled ? working[l].pooled : working[l].output)
    }
  }

  /// The way back: what is left in `delta` is the gradient of the layer's output.
  func beginBackward(layer l: Int, samples: Int) {
    let shape = shapes[l]
    if shape.dropRate > 0 && !shape.dropsBeforePool {
      drop(
        layer: l, rows: samples * shape.surfacePixels,
        shape.isPooled ? working[l].pooledDelta : working[l].delta)
    }
    if shape.isPooled {
      backThroughPool(layer: l, samples: samples)
    } else if shape.masksItself {
      maskDelta(layer: l, rows: samples * shape.pixels)
    }
    if shape.dropsBeforePool { drop(layer: l, rows: samples * shape.pixels, working[l].delta) }
  }
}
