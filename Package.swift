// swift-tools-version: 6.2
// SwiftPM builds libswiftcl for its tests; the shipped libraries come from the
// Makefile, which compiles the same sources as Embedded Swift.
import PackageDescription

let package = Package(
  name: "swiftcl",
  products: [
    .library(name: "SwiftCL", targets: ["SwiftCL"])
  ],
  targets: [
    .target(name: "CSwiftCL"),
    .target(
      name: "SwiftCL",
      dependencies: ["CSwiftCL"],
      swiftSettings: [.treatWarning("EmbeddedRestrictions", as: .error)]),
    .testTarget(name: "SwiftCLTests", dependencies: ["SwiftCL", "CSwiftCL"]),
  ]
)
