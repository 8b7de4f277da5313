import CSwiftCL

/// Rows of floats or of 16 bits kept in eight: an element is the nearest of 256 values, evenly from
/// `low` to `high`. The same arithmetic on every target.
struct RowCode {
  let elements: Int
  let isFloat: Bool
  let low: Float
  let high: Float
  let step: Float

  init?(_ options: swiftcl_options) {
    if !options.storesBytes { return nil }
    elements = Int(options.inputs)
    isFloat = options.input_type == SWIFTCL_INPUT_F32
    low = options.replay_low
    high = options.replay_high
    step = (high - low) / 255
  }

  /// Elements are finite.
  @inline(never)
  func encode(_ row: UnsafeRawPointer, to codes: UnsafeMutableRawPointer) {
    for e in 0..<elements {
      let value =
        isFloat
        ? (row + e * 4).loadUnaligned(as: Float.self)
        : Float((row + e * 2).loadUnaligned(as: Int16.self))
      let place = (min(max(value, low), high) - low) / step
      codes.storeBytes(
        of: UInt8(truncatingIfNeeded: min(255, Int32(place + 0.5))), toByteOffset: e, as: UInt8.self
      )
    }
  }

  /// The row that the codes stand for, as a caller would give it; 16 bits are the nearest.
  @inline(never)
  func decode(_ codes: UnsafeRawPointer, to row: UnsafeMutableRawPointer) {
    for e in 0..<elements {
      let code = Float((codes + e).load(as: UInt8.self))
      let value = min(low + code * step, high)
      if isFloat {
        row.storeBytes(of: value, toByteOffset: e * 4, as: Float.self)
      } else {
        // Above 0, so that what is cut off is what is behind the point.
        let nearest = Int32(value + 32_768.5) - 32_768
        row.storeBytes(
          of: Int16(truncatingIfNeeded: min(nearest, 32_767)), toByteOffset: e * 2, as: Int16.self)
      }
    }
  }
}

extension swiftcl_options {
  /// Whether stored rows are no longer what the caller gave.
  var storesBytes: Bool { Features.all && replay_u8 == 1 }

  /// Whether rows could be stored so.
  var couldStoreBytes: Bool {
    hasReplayMemory && replay_low < replay_high
      && (input_type == SWIFTCL_INPUT_F32 || input_type == SWIFTCL_INPUT_I16)
  }

  var storedRowBytes: Int { storesBytes ? Int(inputs) : inputRowBytes }
}

extension DescriptionCheck {
  func checkRowCode(_ o: swiftcl_options) -> swiftcl_status {
    var status = range("replay_u8", o.replay_u8, 0, 1, "0 or 1")
    let least: Float = o.input_type == SWIFTCL_INPUT_I16 ? -32_768 : -1e30
    let most: Float = o.input_type == SWIFTCL_INPUT_I16 ? 32_767 : 1e30
    if status == SWIFTCL_OK {
      status = real("replay_low", o.replay_low, least, most, "a number that inputs can have")
    }
    if status == SWIFTCL_OK {
      status = real("replay_high", o.replay_high, least, most, "a number that inputs can have")
    }
    if status != SWIFTCL_OK || (o.replay_u8 == 0 && o.replay_low == o.replay_high) { return status }
    // So far apart that 255 steps between them are steps.
    let step = (o.replay_high - o.replay_low) / 255
    if !(step >= 1e-30 && o.replay_low + step > o.replay_low
      && o.replay_high - step < o.replay_high)
    {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "replay_high", is: o.replay_high,
        expected: "above replay_low by 255 steps that floats can tell apart")
    }
    let farthest = max(o.replay_low.magnitude, o.replay_high.magnitude)
    for c in 0..<Int(o.input_channels) {
      let scale = o.input_scale.map { $0[c] } ?? 1
      let offset = o.input_offset.map { $0[c] } ?? 0
      if !(scale.magnitude * farthest + offset.magnitude).isFinite {
        return ErrorRecord.fail(
          error, SWIFTCL_E_ARGUMENT, call, "input_scale of a channel", is: scale,
          expected: "a factor that keeps replay_low and replay_high finite")
      }
    }
    if o.replay_u8 == 1 && !o.couldStoreBytes {
      return refuse(
        "replay_u8", is: 1,
        expected: "0 without a replay memory, and where inputs have eight bits already")
    }
    return SWIFTCL_OK
  }
}
