// SPDX-License-Identifier: GPL-2.0-or-later

import Foundation

/// All that a machine has said so far, and a way to wait until it has said more.
final class Transcript: @unchecked Sendable {
    enum Channel: CaseIterable {
        case console, control, monitor
    }

    struct Contents {
        var console = ""
        var control = ""
        /// QEMU's own words: QMP, a JSON object a line.
        var monitor = ""
        /// Channels that will say nothing more.
        var ended: Set<Channel> = []

        var isOver: Bool { ended.count == Channel.allCases.count }
    }

    enum Outcome<Value> {
        case found(Value)
        case over
        case late
    }

    private let condition = NSCondition()
    private var contents = Contents()

    var now: Contents { condition.withLock { contents } }

    func append(_ bytes: some Collection<UInt8>, to channel: Channel) {
        let text = String(decoding: bytes, as: UTF8.self)
        condition.withLock {
            switch channel {
            case .console: contents.console += text.replacing("\r\n", with: "\n")
            case .control: contents.control += text
            case .monitor: contents.monitor += text
            }
            condition.broadcast()
        }
    }

    func end(_ channel: Channel) {
        condition.withLock {
            contents.ended.insert(channel)
            condition.broadcast()
        }
    }

    /// Waits until `find` gives something, the machine is over, or `limit` has passed.
    func wait<Value>(limit: Duration, for find: (Contents) -> Value?) -> Outcome<Value> {
        let deadline = Date(timeIntervalSinceNow: TimeInterval(limit.components.seconds))
        condition.lock()
        defer { condition.unlock() }
        while true {
            if let value = find(contents) { return .found(value) }
            if contents.isOver { return .over }
            if !condition.wait(until: deadline) { return .late }
        }
    }
}

extension NSCondition {
    fileprivate func withLock<Value>(_ body: () -> Value) -> Value {
        lock()
        defer { unlock() }
        return body()
    }
}
