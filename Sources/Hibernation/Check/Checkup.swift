// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation

/// What `kresume check` has found: conditions, and whether each is met.
package struct Checkup {
    /// What the conditions are for.
    enum Part: String, CaseIterable {
        case own
        case stock
        case resume

        fileprivate var title: String {
            switch self {
            case .own: "to hibernate by kresume"
            case .stock: "to hibernate by the kernel (systemctl hibernate)"
            case .resume: "to resume"
            }
        }
    }

    /// What is looked at, in the order in which it is shown. Each gives a condition, met or not.
    enum Line: CaseIterable {
        case ownKernel, defects, secretMemory, watchdog, drivers, device, saverKernel,
            saverInitramfs
        case saverMemory, nextBoot, encryption
        case stockKernel, swap, stockNextBoot, place
        case resumeKernel, memoryMap, initramfs, resumeInitramfs, commandLine

        fileprivate var part: Part {
            switch self {
            case .ownKernel, .defects, .secretMemory, .watchdog, .drivers, .device, .saverKernel,
                .saverInitramfs, .saverMemory, .nextBoot, .encryption:
                .own
            case .stockKernel, .swap, .stockNextBoot, .place: .stock
            case .resumeKernel, .memoryMap, .initramfs, .resumeInitramfs, .commandLine: .resume
            }
        }

        fileprivate var name: String {
            switch self {
            case .ownKernel, .stockKernel, .resumeKernel: "kernel"
            case .defects: "known defects"
            case .secretMemory: "secret memory"
            case .watchdog: "watchdog"
            case .drivers: "drivers"
            case .device: "device"
            case .saverKernel: "saver kernel"
            case .saverInitramfs, .initramfs: "initramfs"
            case .saverMemory: "saver memory"
            case .nextBoot, .stockNextBoot: "next boot"
            case .encryption: "encryption"
            case .swap: "swap"
            case .place: "place"
            case .memoryMap: "memory map"
            case .resumeInitramfs: "resume initramfs"
            case .commandLine: "command line"
            }
        }
    }

    struct Condition: Hashable {
        enum Verdict: String {
            case met
            /// It may go wrong, or something is missed.
            case doubtful
            case unmet

            fileprivate var mark: String {
                switch self {
                case .met: "✓"
                case .doubtful: "!"
                case .unmet: "✗"
                }
            }
        }

        var line: Line
        var verdict: Verdict
        /// What was found, or what is wrong and what to do.
        var text: String

        var name: String { line.name }
    }

    private(set) var conditions: [Condition] = []

    subscript(part: Part) -> [Condition] { conditions.filter { $0.line.part == part } }

    mutating func add(_ line: Line, _ verdict: Condition.Verdict, _ text: String) {
        conditions.append(Condition(line: line, verdict: verdict, text: text))
    }

    /// Looks whether a condition is met: `body` returns what it has found, or throws why not.
    ///
    /// - Returns: whether it is.
    @discardableResult
    mutating func look(_ line: Line, _ body: () throws -> String) -> Bool {
        do {
            add(line, .met, try body())
            return true
        } catch {
            add(line, .unmet, explanation(of: error))
            return false
        }
    }

    func works(_ part: Part) -> Bool { self[part].allSatisfy { $0.verdict != .unmet } }

    /// Whether this machine can be hibernated, in one way at least, and comes back.
    package var works: Bool { works(.resume) && (works(.own) || works(.stock)) }

    /// A line for each.
    package var text: String {
        Part.allCases.map { part in
            let lines = self[part].map { "  \($0.verdict.mark) \($0.name): \(shown($0.text))" }
            return (["\(part.title): \(works(part) ? "yes" : "no")"] + lines)
                .joined(separator: "\n")
        }.joined(separator: "\n")
    }

    /// One object: for each part whether it works, and its conditions.
    package var json: String {
        let parts = Part.allCases.map { part in
            let conditions = self[part].map { condition in
                "      {\"name\": \(jsonQuoted(condition.name)), "
                    + "\"verdict\": \(jsonQuoted(condition.verdict.rawValue)), "
                    + "\"text\": \(jsonQuoted(condition.text))}"
            }
            return """
                  \(jsonQuoted(part.rawValue)): {
                    "works": \(works(part)),
                    "conditions": [
                \(conditions.joined(separator: ",\n"))
                    ]
                  }
                """
        }
        return "{\n  \"works\": \(works),\n\(parts.joined(separator: ",\n"))\n}"
    }
}
