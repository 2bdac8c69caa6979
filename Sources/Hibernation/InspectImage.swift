// SPDX-License-Identifier: GPL-2.0-or-later

import KresumeImage
import LinuxPlatform
import PhysicalMemory

/// `kresume inspect`: all that an image says of itself.
public struct InspectImage {
    public init() {}

    /// Nil where there is no image of ours.
    public func run(_ location: ImageLocation) throws -> Inspection? {
        let (path, offset) = try location.resolve()
        let area = try ImageArea(open: path, offset: offset, .read)
        guard let image = try HibernationImage.read(areaSize: area.size, readAt: area.readAt)
        else { return nil }
        let storedData = image.chunks.reduce(UInt64(0)) { $0 + UInt64($1.size) }
        let dataSize = image.header.dataPages * UInt64(PageFrame.size)
        let jump = image.machine.jump
        return Inspection([
            ("device", .text("\(path)")),
            ("offset", .number(offset)),
            ("kind", .text("kresume")),
            ("version", .number(1)),
            ("id", .text("\(image.header.id)")),
            ("state", .text(image.state.word)),
            ("created", .number(image.header.creationTime)),
            ("image_size", .number(image.header.imageSize)),
            ("area_size", .number(area.size)),
            ("kernel_release", .text(image.machine.system.kernelRelease)),
            ("kernel_version", .text(image.machine.system.kernelVersion)),
            ("machine", .text(image.machine.system.machine)),
            ("host_name", .text(image.machine.system.hostName)),
            ("data_pages", .number(image.header.dataPages)),
            ("zero_pages", .number(image.header.zeroPages)),
            ("runs", .number(UInt64(image.runs.count))),
            ("chunks", .number(image.header.chunkCount)),
            ("data_size", .number(dataSize)),
            ("stored_data_size", .number(storedData)),
            ("jump_back_entry", .text(jump.jumpBackEntry.map { "\($0)" } ?? "none")),
            ("paging_levels", .number(UInt64(jump.pagingLevels))),
            ("saver_region", .text("\(jump.saverRegion)")),
            ("saver_low_memory", .text("\(jump.saverLowMemory)")),
            ("memory_map", .list(image.machine.memoryMap.entries.map { "\($0)" })),
            (
                "invariants",
                .list(image.machine.invariants.facts.map { "\($0.category) \($0.value)" })
            ),
        ])
    }
}

/// Names and values, for people and for programs.
public struct Inspection {
    enum Value {
        case text(String)
        /// Bytes, pages, or seconds since 1970-01-01 00:00 UTC, as the name says.
        case number(UInt64)
        case list([String])
    }

    private let fields: [(name: String, value: Value)]

    init(_ fields: [(name: String, value: Value)]) { self.fields = fields }

    /// One line for each, lists indented below their name.
    public var text: String {
        let width = fields.map(\.name.count).max() ?? 0
        return fields.flatMap { name, value -> [String] in
            let label = name + String(repeating: " ", count: width + 2 - name.count)
            return switch value {
            case .text(let text): [label + text]
            case .number(let number): [label + "\(number)"]
            case .list(let items): [name] + items.map { "  \($0)" }
            }
        }.joined(separator: "\n")
    }

    /// One object, its members in the same order.
    public var json: String {
        let members = fields.map { name, value in
            let json =
                switch value {
                case .text(let text): Self.quoted(text)
                case .number(let number): "\(number)"
                case .list(let items):
                    "[" + items.map(Self.quoted).joined(separator: ", ") + "]"
                }
            return "  \(Self.quoted(name)): \(json)"
        }
        return "{\n" + members.joined(separator: ",\n") + "\n}"
    }

    /// RFC 8259, section 7.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
