// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import Testing

/// What makes `sentence` unfit for a user; empty where nothing does.
func faults(of sentence: String) -> [String] {
    var faults: [String] = []
    if sentence.allSatisfy(\.isWhitespace) { faults.append("it says nothing") }
    if sentence.contains(where: \.isNewline) { faults.append("it is more than a line") }
    if sentence.hasSuffix(".") { faults.append("it ends in a full stop") }
    if sentence.contains("  ") { faults.append("it has two blanks in a row") }
    // Swift's form of a value: a label, a name before its parenthesis, a word of its own.
    if sentence.contains(#/\(\w+: /#) { faults.append("it has a label") }
    if sentence.contains(#/[a-z0-9]\(/#) { faults.append("it has a value in Swift's form") }
    if sentence.contains(#/\b(nil|rawValue|Optional)\b/#) { faults.append("it speaks Swift") }
    return faults
}

/// Checks the sentences of all cases of an error type.
///
/// - Parameter next: gives samples of the case that comes after the one that it is given, of the
///   first one for nil, and none after the last one. So its `switch` names each case: one that is
///   new does not compile there until it has its place.
func expectSentences<Failure: ExplainedError>(
    _ next: (Failure?) -> [Failure], sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(faults(ofAll: next) == [], sourceLocation: sourceLocation)
}

/// What is wrong with the sentences, each behind its sentence. Stops at a case that comes twice.
private func faults<Failure: ExplainedError>(ofAll next: (Failure?) -> [Failure]) -> [String] {
    var faults: [String] = []
    var seen: Set<String> = []
    var samples = next(nil)
    if samples.isEmpty { return ["there are no samples"] }
    while let last = samples.last {
        guard seen.insert(String(describing: last)).inserted else {
            return faults + ["\(last) comes twice"]
        }
        for sample in samples {
            let sentence = sample.explanation
            faults += ExplanationTests.faults(of: sentence).map { "\(sentence): \($0)" }
            if sentence.contains(String(describing: sample)) {
                faults.append("\(sentence): it has the error in Swift's form")
            }
        }
        samples = next(last)
    }
    return faults
}

@Suite struct SentenceTests {
    @Test(arguments: [
        ("", "it says nothing"),
        ("one\ntwo", "it is more than a line"),
        ("it failed.", "it ends in a full stop"),
        ("it  failed", "it has two blanks in a row"),
        ("the image is damaged (offset: 4096)", "it has a label"),
        ("the image has a SectionKind(9)", "it has a value in Swift's form"),
        ("the image has no nil", "it speaks Swift"),
    ])
    func badSentence(sentence: String, fault: String) {
        #expect(faults(of: sentence) == [fault])
    }

    @Test func goodSentence() {
        #expect(faults(of: "/dev/sda2: reading 8 bytes (of 9) failed: is it truncated?") == [])
    }

    private enum Bad: ExplainedError {
        case good
        case debugForm(Int)

        var explanation: String {
            switch self {
            case .good: "it failed"
            case .debugForm: "it failed: \(self)"
            }
        }
    }

    @Test func debugFormIsFound() {
        let found = faults(ofAll: { (error: Bad?) in
            switch error {
            case nil: [.good]
            case .good: [.debugForm(1)]
            case .debugForm: []
            }
        })
        #expect(
            found == [
                "it failed: debugForm(1): it has a value in Swift's form",
                "it failed: debugForm(1): it has the error in Swift's form",
            ])
    }

    @Test func samplesComeOnce() {
        #expect(faults(ofAll: { (_: Bad?) in [] }) == ["there are no samples"])
        #expect(faults(ofAll: { (_: Bad?) in [.good] }) == ["good comes twice"])
    }
}
