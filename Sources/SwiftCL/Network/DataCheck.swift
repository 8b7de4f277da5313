import CSwiftCL

/// Checks what a description says of data removal.
extension DescriptionCheck {
  static let mostSamples = 1 << 30

  func checkData(_ o: swiftcl_options) -> swiftcl_status {
    var status = range(
      "data_samples", o.data_samples, 0, DescriptionCheck.mostSamples, "0 to 1073741824")
    if status == SWIFTCL_OK {
      status = choice("data_rule", o.data_rule, upTo: SWIFTCL_DATA_MISCLASSIFIED)
    }
    if status == SWIFTCL_OK, o.data_samples > 0, o.loss != SWIFTCL_LOSS_CROSS_ENTROPY {
      status = refuse(
        "loss", is: Int(o.loss), expected: "SWIFTCL_LOSS_CROSS_ENTROPY with data_samples")
    }
    return status
  }
}
