// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation
import Glibc
import Testing

@testable import LinuxPlatform

@Suite struct PlymouthTests {
    @Test(arguments: [
        ("kresume: 5 %", [UInt8(ascii: "M"), 2, 13] + Array("kresume: 5 %".utf8) + [0]),
        ("", [UInt8(ascii: "M"), 2, 1, 0]),
    ])
    func message(text: String, bytes: [UInt8]) {
        #expect(Plymouth.message(text) == bytes)
    }

    @Test func longMessageIsCutBetweenCharacters() {
        let message = Plymouth.message(String(repeating: "x", count: 253) + "\u{e4}more")
        #expect(message.count == 3 + 253 + 1)
        #expect(message[2] == 254)
        #expect(Plymouth.message(String(repeating: "x", count: 300))[2] == 255)
    }

    /// plymouthd reads a message from each connection, until its end.
    @Test func isSaid() throws {
        let server = try StandIn()
        let splash = Plymouth(socket: server.name)
        splash.show("first")
        splash.show("second")
        #expect(server.read() == Plymouth.message("first"))
        #expect(server.read() == Plymouth.message("second"))
    }

    /// Nobody accepts: the queue is full soon, and nobody waits.
    @Test(.timeLimit(.minutes(1))) func doesNotWait() throws {
        let server = try StandIn()
        for _ in 0..<100 { Plymouth(socket: server.name).show("x") }
    }

    @Test func nobodyListens() {
        Plymouth(socket: "/kresume-test-nobody").show("x")
        Plymouth(socket: String(repeating: "x", count: 200)).show("x")
    }
}

/// A server on a socket as plymouthd has it.
private final class StandIn {
    let name = "/kresume-test-\(UUID().uuidString)"
    private let listener: CInt

    init() throws {
        listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = [0] + Array(name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
        }
        try #require(status == 0 && listen(listener, 5) == 0)
    }

    /// All that the next one who connected has said.
    func read() -> [UInt8] {
        let connection = accept(listener, nil, nil)
        defer { close(connection) }
        var result: [UInt8] = []
        var byte: UInt8 = 0
        while Glibc.read(connection, &byte, 1) == 1 { result.append(byte) }
        return result
    }

    deinit { close(listener) }
}
