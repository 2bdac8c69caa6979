// SPDX-License-Identifier: GPL-2.0-or-later

import LinuxPlatform

/// An EFI variable: read, set, taken away and put back, and what is said where that fails.
struct FirmwareVariable {
    /// With the vendor's GUID.
    let name: String
    /// In bytes: more than it can have.
    let limit: Int
    let machine: any Machine
    let report: Report

    /// What it is called in a sentence.
    var title: String { "the EFI variable \(name.prefix { $0 != "-" })" }

    /// With its four bytes of attributes; nil where there is none.
    func bytes() throws -> [UInt8]? { try machine.efiVariable(name, limit: limit + 1) }

    /// - Returns: whether it is there now. That it is not is no failure: it only helps.
    func set(_ bytes: [UInt8]) -> Bool {
        do { try machine.writeEFIVariable(bytes, to: name) } catch {
            report.detail("\(title) could not be set: \(explanation(of: error))")
            return false
        }
        return true
    }

    /// - Returns: whether it is gone.
    @discardableResult
    func clear() -> Bool {
        do { try machine.removeEFIVariable(name) } catch {
            report.warn("\(title) could not be removed: \(explanation(of: error))")
            return false
        }
        return true
    }

    /// - Parameter bytes: what was in it, with its attributes.
    func putBack(_ bytes: [UInt8]) {
        do { try machine.writeEFIVariable(bytes, to: name) } catch {
            report.warn("\(title) is gone and could not be put back: \(explanation(of: error))")
        }
    }
}
