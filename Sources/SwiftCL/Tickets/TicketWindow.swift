import CSwiftCL

/// The windows of a ticket's layers: sixteen numbers in a section of its own, for every
/// layer that reads an image or whose maps are pooled.
struct TicketWindow {
  static let count = 16

  var window: Window
  var pool: Transition
  var isPlanar: Bool

  init(_ shape: LayerShape) {
    window = shape.window
    pool = shape.pool
    isPlanar = shape.isPlanar
  }

  /// A layer without a window: rows as they are.
  init() {
    window = Window()
    pool = Transition(kind: 0, window: Window())
    isPlanar = false
  }

  /// Reads numbers that were checked or will be.
  init(_ numbers: UnsafePointer<UInt32>) {
    func number(_ i: Int) -> Int { Int(truncatingIfNeeded: numbers[i]) }
    window = Window(
      height: number(0), width: number(1), kernelHeight: number(2), kernelWidth: number(3),
      stride: number(4), padding: number(5))
    pool = Transition(kind: Int32(truncatingIfNeeded: numbers[6]), window: Window())
    isPlanar = numbers[11] == 1
    if pool.kind != 0 && isPossible(window) {
      pool.window = Window(
        height: window.outHeight, width: window.outWidth, kernelHeight: number(7),
        kernelWidth: number(8), stride: number(9), padding: number(10))
    }
  }

  var numbers: InlineArray<16, UInt32> {
    var numbers = InlineArray<16, UInt32>(repeating: 0)
    put(window, 0, &numbers)
    numbers[6] = UInt32(pool.kind)
    if pool.kind != 0 {
      numbers[7] = UInt32(pool.window.kernelHeight)
      numbers[8] = UInt32(pool.window.kernelWidth)
      numbers[9] = UInt32(pool.window.stride)
      numbers[10] = UInt32(pool.window.padding)
    }
    numbers[11] = isPlanar ? 1 : 0
    return numbers
  }

  private func put(_ window: Window, _ first: Int, _ numbers: inout InlineArray<16, UInt32>) {
    numbers[first] = UInt32(window.height)
    numbers[first + 1] = UInt32(window.width)
    numbers[first + 2] = UInt32(window.kernelHeight)
    numbers[first + 3] = UInt32(window.kernelWidth)
    numbers[first + 4] = UInt32(window.stride)
    numbers[first + 5] = UInt32(window.padding)
  }

  /// Whether the layer has more than rows.
  var isNeeded: Bool { window.taps > 1 || window.pixels > 1 || pool.kind != 0 }
  var gathers: Bool { window.taps > 1 || window.stride > 1 || window.padding > 0 || isPlanar }

  var surfaceHeight: Int { pool.kind != 0 ? pool.window.outHeight : window.outHeight }
  var surfaceWidth: Int { pool.kind != 0 ? pool.window.outWidth : window.outWidth }
  var surfacePixels: Int { surfaceHeight * surfaceWidth }

  /// Whether numbers of unknown origin make windows that stay where there is something.
  var isPossible: Bool {
    isPossible(window)
      && (pool.kind == 0
        || ((pool.kind == SWIFTCL_LAYER_MAX_POOL || pool.kind == SWIFTCL_LAYER_AVERAGE_POOL)
          && isPossible(pool.window)))
  }

  private func isPossible(_ w: Window) -> Bool {
    let side = LayerCheck.largestSide
    if w.height < 1 || w.height > side || w.width < 1 || w.width > side { return false }
    if w.height > LayerCheck.largestMaps / w.width { return false }
    if w.stride < 1 || w.stride > side || w.padding < 0 || w.padding > LayerCheck.largestKernel
      || w.kernelHeight < 1
      || w.kernelWidth < 1 || w.padding >= min(w.kernelHeight, w.kernelWidth)
    {
      return false
    }
    return w.kernelHeight <= w.height + 2 * w.padding && w.kernelWidth <= w.width + 2 * w.padding
  }
}
