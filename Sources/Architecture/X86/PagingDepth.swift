// SPDX-License-Identifier: GPL-2.0-or-later

/// How deep an x86-64 kernel's page tables are.
package enum PagingDepth: UInt32, Hashable, Sendable, CaseIterable {
    case four = 4
    /// With LA57.
    case five = 5
}
