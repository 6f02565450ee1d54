// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let collections: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let nioFoundation: Target.Dependency = .product(name: "NIOFoundationCompat", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS: Target.Dependency = .product(name: "HummingbirdTLS", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let asyncAlgorithms: Target.Dependency = .product(
  name: "AsyncAlgorithms", package: "swift-async-algorithms")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The standard libraries within the program: less memory than shared ones need, with their own and each other's
/// tables, and a machine that runs it needs no Swift. The linker and the libraries come with every toolchain.
let selfContained: [LinkerSetting] = [
  .unsafeFlags(
    [
      "-static-stdlib", "-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
      "-l_FoundationICU", "-l_FoundationCShims", "-l_FoundationCollections", "-lCoreFoundation",
      "-lswiftSynchronization",
    ], .when(configuration: .release))
]

func program(
  _ name: String, _ dependencies: [Target.Dependency], path: String? = nil, settings: [SwiftSetting] = strict,
  linking: [LinkerSetting] = []
) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: path, swiftSettings: settings, linkerSettings: linking)
}

func tests(_ module: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target
{
  .testTarget(
    name: module + "Tests", dependencies: [.byName(name: module)] + dependencies, resources: resources,
    swiftSettings: strict)
}

let package = Package(
  name: "tercet",
  products: [
    .library(name: "Raft", targets: ["Raft"]),
    .executable(name: "tercet", targets: ["tercet"]),
    .executable(name: "tercetd", targets: ["tercetd"]),
    .executable(name: "tercet-sim", targets: ["tercet-sim"]),
  ],
  traits: [
    .trait(
      name: "PlantedBugs",
      description: "Bugs that tercet-sim can switch on, to see that its checkers find them. Never for use.")
  ],
  dependencies: [
    // Peers: framed mutual TLS between managers, ten times the message rate of gRPC here.
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
    // The operators' API and the zone's door.
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
    // Docker's socket, the command's requests to the managers.
    .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    // HTTP methods, statuses and fields shared by server and client.
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
    // The cluster's certificate authority and what is read from peers' certificates.
    .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-asn1.git", from: "1.7.4"),
    // Command lines with help texts and completions.
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    // Structured logs.
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
    // Queues and ordered containers for the pure core.
    .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
    // Streams to operators: events merged with a beat that shows the connection to be alive.
    .package(url: "https://github.com/apple/swift-async-algorithms.git", from: "1.1.4"),
    // Start and clean shutdown of the daemon's services, signals included.
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    // Stack files and the daemon's configuration, with line numbers.
    .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    // Postgres' tools (initdb, pg_ctl, pg_basebackup).
    .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2"),
    .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
  ],
  targets: [
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(
      name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .systemLibrary(name: "CProcess"),
    // Pure: no IO, no clock, no `async`, no Foundation; checked by `PurityTests`.
    module("WireFormat", []),
    module("PlantedBugs", []),
    module("Raft", ["WireFormat", "PlantedBugs"]),
    module("Cluster", ["Raft", "WireFormat", "PlantedBugs", collections]),
    module("Control", ["Cluster", "Raft", "PlantedBugs"]),
    module("Manager", ["Control", "Cluster", "Raft", "WireFormat", "PlantedBugs", collections]),
    // What programs say.
    module("StandardStreams", []),
    // Files people write.
    module("StackFile", ["Cluster", "Raft", yams]),
    // Drivers: each carries out its actions and reports what it observes.
    module("DockerEngine", ["Cluster", "Raft", httpClient, nio, nioHTTP1, nioFoundation, logging]),
    module("PostgresServer", ["Cluster", "Raft", "CPostgres", "CProcess", subprocess, system, logging]),
    module(
      "VarnishCache",
      ["Cluster", "Raft", nio, nioPosix, crypto, collections, subprocess, system, logging]),
    module("LoadBalancer", ["Cluster", "Raft", nio, nioPosix, subprocess, system, logging]),
    // The shell.
    module("LogStore", ["Raft", "WireFormat", "CSQLite"]),
    module("ClusterAuthority", [x509, crypto, asn1]),
    module("Peers", ["Raft", "ClusterAuthority", nio, nioPosix, nioSSL, nioTLS, collections, logging]),
    module(
      "ManagerRuntime",
      [
        "ManagerAPI", "Manager", "Control", "Cluster", "Raft", "LogStore", "Peers", "DockerEngine",
        "PostgresServer",
        "VarnishCache", "LoadBalancer", nio, nioPosix, logging, lifecycle,
      ]),
    module(
      "ManagerAPI",
      [
        "Manager", "Cluster", "Raft", "ClusterAuthority", hummingbird, hummingbirdTLS, httpClient, httpTypes,
        nio, nioHTTP1, nioSSL, nioTLS, nioPosix, nioFoundation, collections, asyncAlgorithms, logging,
        lifecycle,
      ]),
    // The programs.
    program(
      "tercetd",
      [
        "ManagerRuntime", "ManagerAPI", "ClusterAuthority", "Manager", "Control", "Cluster", "Raft", "Peers",
        "LogStore", "DockerEngine",
        "PostgresServer", "VarnishCache", "LoadBalancer", "StandardStreams", "CMalloc", nio, nioPosix, nioSSL,
        yams,
        arguments,
        logging, lifecycle, unixSignals,
      ], linking: selfContained),
    program(
      "tercet",
      [
        "ManagerAPI", "StackFile", "ClusterAuthority", "Cluster", "Raft", "StandardStreams", yams, arguments,
        logging, nio,
        nioSSL,
      ],
      // Its tests look inside, and are built in release too.
      settings: strict + [.unsafeFlags(["-enable-testing"])]),
    module("Simulation", ["WireFormat", "Manager", "Control", "Cluster", "Raft", "PlantedBugs", heap]),
    program(
      "tercet-sim",
      [
        "Simulation", "Manager", "Cluster", "Raft", "WireFormat", "PlantedBugs", "StandardStreams", arguments,
      ], linking: selfContained),
    program(
      "benchmarks",
      ["LogStore", "Raft", "Peers", "ClusterAuthority", nio, nioPosix, logging, arguments],
      path: "Tests/Benchmarks"),
    // Tests.
    tests("WireFormat"),
    tests("Raft", ["Simulation", "WireFormat"]),
    tests("Cluster", ["Raft", "WireFormat"]),
    tests("Control", ["Cluster", "Raft"]),
    tests("Manager", ["Control", "Cluster", "Raft", "WireFormat"]),
    tests("Simulation", ["PlantedBugs", "Manager", "Control", "Cluster", "Raft"]),
    tests("StackFile", ["Cluster", "Raft"], resources: [.copy("Fixtures")]),
    tests("LogStore", ["Raft", "CSQLite"]),
    tests("ClusterAuthority", [x509, asn1, subprocess, system]),
    tests("Peers", ["ClusterAuthority", "Raft", nio, nioPosix, nioSSL, logging]),
    tests("DockerEngine", ["Cluster", "Raft", logging]),
    .target(name: "FreePorts", path: "Tests/FreePorts", swiftSettings: strict),
    tests("PostgresServer", ["FreePorts", "Cluster", "Raft", logging]),
    tests("VarnishCache", ["FreePorts", "Cluster", "Raft", nio, nioPosix, nioHTTP1, logging]),
    tests("LoadBalancer", ["FreePorts", "Cluster", "Raft", nio, nioPosix, nioHTTP1, logging]),
    tests(
      "ManagerRuntime",
      [
        "ManagerAPI", "Manager", "Cluster", "Raft", "LogStore", "Peers", "ClusterAuthority", nioPosix,
        logging,
      ]),
    // A manager without Raft, for the tests of what stands before and after one.
    .target(
      name: "FakeManager",
      dependencies: [
        "ManagerAPI", "Manager", "Cluster", "Raft", "ClusterAuthority", nio, logging, lifecycle,
      ],
      path: "Tests/FakeManager", swiftSettings: strict),
    tests(
      "ManagerAPI",
      [
        "FakeManager", "Cluster", "Manager", "Raft", "ClusterAuthority", httpClient, nio, nioFoundation,
        nioHTTP1, nioPosix, nioSSL,
        logging, lifecycle,
      ]),
    tests(
      "tercet",
      [
        "FakeManager", "Cluster", "ClusterAuthority", "Manager", "ManagerAPI", "Raft", "StackFile",
        subprocess, system, yams, arguments,
      ]),
    // Runs the program, and is not linked with it.
    .testTarget(
      name: "tercetdTests", dependencies: ["ClusterAuthority", subprocess, system], swiftSettings: strict),
    .testTarget(name: "Integration", dependencies: [subprocess, system], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
