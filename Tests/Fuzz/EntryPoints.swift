// SPDX-License-Identifier: GPL-2.0-or-later
//
// What libFuzzer calls: `kresume-fuzz TARGET [its own options and files]`; and besides, what
// Tests/Fuzz/run asks for: `kresume-fuzz list`, `kresume-fuzz seeds TARGET DIRECTORY`.

import Glibc

/// Set once, before the first input.
nonisolated(unsafe) private var current: FuzzTarget?

/// So that libFuzzer's children (-minimize_crash=1, -jobs=) know it too.
private let targetVariable = "KRESUME_FUZZ_TARGET"

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
    let words = (0..<Int(count.pointee)).map { list.pointee[$0].map { String(cString: $0) } ?? "" }
    switch words.dropFirst().first {
    case "list":
        for target in FuzzTarget.all { print(target.name, target.inputLimit) }
        exit(0)
    case "seeds" where words.count == 4:
        write(seedsOf: target(words[2]), to: words[3])
        exit(0)
    case let word? where FuzzTarget.all.contains { $0.name == word }:
        setenv(targetVariable, word, 1)
        list.pointee[1] = list.pointee[0]
        list.pointee += 1
        count.pointee -= 1
    default: break
    }
    current = target(getenv(targetVariable).map { String(cString: $0) } ?? "")
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do { try current?.test(Array(UnsafeBufferPointer(start: bytes, count: count))) } catch {
        fatalError("found: not refused as it should be: \(error)")
    }
    return 0
}

private func target(_ name: String) -> FuzzTarget {
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        fail("usage: kresume-fuzz list | seeds TARGET DIRECTORY | TARGET [LIBFUZZER-OPTION]...")
    }
    return target
}

private func write(seedsOf target: FuzzTarget, to directory: String) {
    do {
        for (index, seed) in try target.seeds().enumerated() {
            let path = "\(directory)/seed-\(index)"
            guard let file = fopen(path, "w"), fwrite(seed, 1, seed.count, file) == seed.count,
                fclose(file) == 0
            else { fail("\(path): cannot be written") }
        }
    } catch { fail("\(target.name): no seeds: \(error)") }
}

private func fail(_ message: String) -> Never {
    print(message)
    exit(2)
}
