// SPDX-License-Identifier: GPL-2.0-or-later

import Bytes
import KeyFiles
import KresumeImage
import LinuxPlatform
import PhysicalMemory
import SaverPlan
import Sealing
import SwapArea
import SystemPackage
import TestSupport
import Testing

@testable import Hibernation

/// One key for all of these tests: to make one of a passphrase takes time.
private enum Keys {
    static let opening = OpeningKey.random()
    static let passphrase = "correct horse"
    static let file = Result {
        try OpeningKeyFile(
            opening, passphrase: SecretBytes(passphrase.utf8),
            cost: PassphraseCost(passes: 1, memory: 8 << 20)
        ).serialised
    }
    static let open = Result { try OpeningKeyFile(opening, passphrase: nil).serialised }

    /// An image of ``OriginalKernel/shared``, sealed.
    static let image = Result { try savedImage(of: saver()) }

    /// The same; it says that the firmware knows it.
    static let remembered = Result { try savedImage(of: saver(isRemembered: true)) }

    static func saver(
        isRemembered: Bool = false, _ change: (inout SealOrders) -> Void = { _ in }
    ) throws -> SaverKernel {
        let swap = emptySwap()
        let prepared = try OriginalKernel.prepared(
            swap, isSealed: true, isRemembered: isRemembered)
        var orders = prepared.sealOrders(opening.sealingKey)!
        change(&orders)
        var bytes = swap
        bytes.store(prepared.firstPages, at: 0)
        return try SaverKernel(
            message: MessagePage(swapList: nil, sealOrders: orders), prepared: bytes)
    }
}

@Suite struct SealedWorkflowTests {
    private func restore(
        _ key: [UInt8]?, _ passphrases: [String] = [], image: [UInt8]? = nil
    ) throws -> RestoreMachine {
        let restore = try RestoreMachine(image: image ?? Keys.image.get())
        restore.machine.change { script in
            script.files["/etc/kresume/image-key"] = key
            script.passphrases = passphrases
        }
        return restore
    }

    /// The whole way of every page, and nothing of it in clear on the way.
    @Test(arguments: [true, false]) func everyPageComesHome(hasPassphrase: Bool) throws {
        let bytes = try Keys.image.get()
        #expect(isImage(bytes))
        // What cannot be packed would be there as it is.
        let pieces = bytes.pieces(of: 64)
        for frame in 0x100..<0x110 as Range<UInt64> {
            let page = try #require(OriginalKernel.shared.pages[frame])
            #expect(pieces.isDisjoint(with: page.pieces(of: 64)), "\(frame)")
        }
        let restore = try restore(
            hasPassphrase ? Keys.file.get() : Keys.open.get(), [Keys.passphrase])
        let (_, wrong) = restore.resumeToJump()
        #expect(restore.hasJumped, "\(restore.recorded.lines)")
        #expect(wrong.isEmpty, "\(wrong.prefix(10))")
        #expect(restore.machine.script.asked.count == (hasPassphrase ? 1 : 0))
    }

    /// The answer comes when all that is read without a question has been read.
    @Test(.timeLimit(.minutes(2))) func dataIsReadBeforeThePassphraseIsThere() throws {
        let unasked = try restore(Keys.open.get())
        _ = unasked.resumeToJump()
        let reads = unasked.device.faults.count(.read)
        #expect(unasked.hasJumped && reads > 5)
        let restore = try restore(Keys.file.get(), [Keys.passphrase])
        let device = restore.device
        restore.machine.change { script in
            script.whenAsked = { _ in
                while device.faults.count(.read) < reads { yieldProcessor() }
            }
        }
        let (_, wrong) = restore.resumeToJump()
        #expect(restore.hasJumped && wrong.isEmpty, "\(restore.recorded.lines)")
    }

    @Test func wrongPassphrasesLeaveTheImage() throws {
        let restore = try restore(Keys.file.get(), ["a", "b", "c", Keys.passphrase])
        guard case .wrongPassphrase(times: 3)? = restore.resume() as? KeyError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
        #expect(!restore.hasJumped && restore.machine.script.asked.count == 3)
        #expect(restore.device.bytes == (try Keys.image.get()))
        // And the third time right is right.
        let other = try self.restore(Keys.file.get(), ["a", "b", Keys.passphrase])
        _ = other.resume()
        #expect(other.hasJumped)
    }

    @Test func nothingTypedLeavesTheImage() throws {
        for answers in [[], [""]] {
            let restore = try restore(Keys.file.get(), answers)
            guard case .noPassphrase? = restore.resume() as? KeyError else {
                Issue.record("\(restore.recorded.lines)")
                return
            }
            #expect(!restore.hasJumped && restore.device.faults.count(.write) == 0)
        }
    }

    @Test func aSignalEndsTheQuestion() throws {
        let restore = try restore(Keys.file.get(), [Keys.passphrase])
        restore.machine.change { script in
            script.whenAsked = { machine in machine.change { $0.signal = .interrupt } }
        }
        guard case .interrupted(.interrupt)? = restore.resume() as? MachineError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
        #expect(!restore.hasJumped)
    }

    @Test func withoutAKeyItStaysShut() throws {
        let restore = try restore(nil)
        guard case .noOpeningKey(["/etc/kresume/image-key"])? = restore.resume() as? KeyError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
        let other = try OpeningKeyFile(.random(), passphrase: nil).serialised
        let stranger = try self.restore(other)
        #expect(stranger.resume() as? ImageError == .otherKey)
        let damaged = try self.restore(Array(other.dropLast()))
        guard case .unusable(_, .size(183, expected: 184))? = damaged.resume() as? KeyError else {
            Issue.record("\(damaged.recorded.lines)")
            return
        }
        #expect(!restore.hasJumped && !stranger.hasJumped && !damaged.hasJumped)
    }

    @Test func theKeyIsFoundWhereItIsSaidToBe() throws {
        let open = try Keys.open.get()
        let named = try restore(nil)
        named.machine.change { $0.files["/stick/key"] = open }
        _ = named.resume { $0.keyFile = "/stick/key" }
        #expect(named.hasJumped)
        // A credential comes first.
        let given = try restore([1, 2, 3])
        given.machine.change { script in
            script.credentialsDirectory = "/run/credentials/x"
            script.files["/run/credentials/x/kresume.image-key"] = open
        }
        _ = given.resume()
        #expect(given.hasJumped)
        let missing = try restore(open)
        #expect(
            missing.resume { $0.keyFile = "/stick/key" } as? PlatformError
                == .call(.open, path: "/stick/key", .noSuchFileOrDirectory))
    }

    /// The TPM was cleared, or is another one: there is a key, and nobody has it.
    @Test func aCredentialThatWasNotOpenedIsAKey() throws {
        let place: FilePath = "/etc/credstore.encrypted/kresume.image-key"
        let plain = try RestoreMachine.image.get()
        let sealed = try restore(nil)
        let other = try restore(nil, image: plain)
        for machine in [sealed.machine, other.machine] {
            machine.change { $0.files[place] = [1] }
        }
        guard case .credentialNotOpened(place)? = sealed.resume() as? KeyError,
            case .plainImage(swapPath)? = other.resume({ $0.isUnattended = true }) as? ResumeError
        else {
            Issue.record("\(sealed.recorded.lines) \(other.recorded.lines)")
            return
        }
        #expect(!sealed.hasJumped && !other.hasJumped && other.device.bytes == plain)
        // And the kernel's own resume takes it neither.
        #expect(other.machine.script.forbidsOtherResumes)
    }

    /// Each chunk, at its beginning and its end.
    @Test func nothingThatWasChangedIsJumpedInto() throws {
        let good = try Keys.image.get()
        let image = try #require(
            try HibernationImage.read(areaSize: UInt64(good.count)) { offset, count in
                Array(good[Int(offset)..<Int(offset) + count])
            })
        for (index, chunk) in image.chunks.enumerated() {
            var bytes = good
            bytes[Int(chunk.offset) + (index % 2 == 0 ? 0 : Int(chunk.size) - 1)] ^= 1
            // The key may be there before or after the chunk is read.
            for key in [try Keys.open.get(), try Keys.file.get()] {
                let restore = try restore(key, [Keys.passphrase], image: bytes)
                #expect(
                    restore.resume() as? ImageError
                        == .chunkNotAuthentic(index, offset: chunk.offset))
                #expect(!restore.hasJumped)
            }
        }
    }

    // Images that are not sealed, where a key is.

    @Test func aBootTakesNoPlainImageWhereAKeyIs() throws {
        let plain = try RestoreMachine.image.get()
        for key in [try Keys.open.get(), try Keys.file.get(), [0]] {
            let restore = try restore(key, image: plain)
            guard
                case .plainImage(swapPath)? = restore.resume({ $0.isUnattended = true })
                    as? ResumeError
            else {
                Issue.record("\(restore.recorded.lines)")
                return
            }
            #expect(!restore.hasJumped && restore.device.bytes == plain)
        }
        let allowed = try restore(Keys.open.get(), image: plain)
        _ = allowed.resume {
            $0.isUnattended = true
            $0.takesPlainImages = true
        }
        #expect(allowed.hasJumped && !allowed.recorded.contains("anybody may have written it"))
        let person = try restore(Keys.open.get(), image: plain)
        _ = person.resume()
        #expect(person.hasJumped && person.recorded.contains("anybody may have written it"))
        let keyless = try restore(nil, image: plain)
        _ = keyless.resume { $0.isUnattended = true }
        #expect(keyless.hasJumped)
        // Where the key should be, and is not.
        for change in [{ $0.keyFile = "/stick/key" }, { $0.takesPlainImages = false }]
            as [(inout Resume) -> Void]
        {
            let missing = try restore(nil, image: plain)
            let error = missing.resume {
                $0.isUnattended = true
                change(&$0)
            }
            guard case .plainImage? = error as? ResumeError else {
                Issue.record("\(missing.recorded.lines)")
                return
            }
            #expect(!missing.hasJumped)
        }
    }

    // Older images that are put back.

    /// What the firmware remembers, for an image that says so or does not.
    private func resumed(
        remembering id: [UInt8]?, isSaid: Bool, isUnattended: Bool = true
    ) throws -> (RestoreMachine, (any Error)?) {
        let image = try isSaid ? Keys.remembered.get() : Keys.image.get()
        let restore = try restore(Keys.open.get(), image: image)
        restore.machine.change { script in
            script.hasEFI = true
            if let id { script.variables[NewestImage.variableName] = [7, 0, 0, 0] + id }
        }
        let error = restore.resume { $0.isUnattended = isUnattended }
        return (restore, error)
    }

    @Test func anOlderImageIsNotTaken() throws {
        let id = OriginalKernel.id.bytes
        let other = [id[0] ^ 1] + id.dropFirst()
        for (remembered, isSaid) in [(other, true), (nil, true), (other, false)] {
            let (restore, error) = try resumed(remembering: remembered, isSaid: isSaid)
            guard case .olderImage(swapPath)? = error as? ResumeError else {
                Issue.record("\(restore.recorded.lines)")
                return
            }
            #expect(!restore.hasJumped && restore.device.faults.count(.write) == 0)
            // A person may.
            let (byHand, _) = try resumed(
                remembering: remembered, isSaid: isSaid, isUnattended: false)
            #expect(byHand.hasJumped && byHand.recorded.contains("older one"))
        }
        for (remembered, isSaid) in [(id, true), (id, false), (nil, false)] {
            let (restore, _) = try resumed(remembering: remembered, isSaid: isSaid)
            #expect(restore.hasJumped && !restore.recorded.contains("older one"))
        }
    }

    /// Where there is no knowing, nothing is taken unasked.
    @Test func whatCannotBeReadIsNotTheNewest() throws {
        let restore = try restore(Keys.open.get(), image: Keys.remembered.get())
        restore.machine.change { script in
            script.hasEFI = true
            script.variables[NewestImage.variableName] =
                [7, 0, 0, 0] + OriginalKernel.id.bytes
            script.failures["efiVariable"] = .call(.read, path: nil, .ioError)
        }
        guard case .olderImage? = restore.resume({ $0.isUnattended = true }) as? ResumeError else {
            Issue.record("\(restore.recorded.lines)")
            return
        }
    }

    /// It is forgotten at the jump, and remembered again when that fails.
    @Test func whatIsResumedIsTheNewestNoMore() throws {
        let restore = try restore(Keys.open.get(), image: Keys.remembered.get())
        let name = NewestImage.variableName
        let bytes = [7, 0, 0, 0] + OriginalKernel.id.bytes
        let atJump = Captured()
        restore.machine.change { script in
            script.hasEFI = true
            script.variables[name] = bytes
            script.whenJumping = { machine throws(PlatformError) in
                atJump.set(machine.script.variables[name] ?? [1])
                throw .call(.reboot, path: nil, .ioError)
            }
        }
        #expect(restore.resume() as? PlatformError == .call(.reboot, path: nil, .ioError))
        #expect(atJump.value == [1] && restore.machine.script.variables[name] == bytes)
    }

    @Test func discardForgetsIt() throws {
        for (isIt, id) in [
            (true, OriginalKernel.id.bytes), (false, .init(repeating: 3, count: 16)),
        ] {
            let machine = try restore(nil, image: Keys.remembered.get()).machine
            machine.change { $0.variables[NewestImage.variableName] = [7, 0, 0, 0] + id }
            #expect(
                try DiscardImage(machine, RecordedReport().report).run(
                    ImageLocation(.path(swapPath))))
            #expect(machine.script.variables.isEmpty == isIt)
        }
    }

    /// By the kernel that hibernates, while the image is there; and only of what is sealed.
    @Test(arguments: [true, false]) func theFirmwareIsTold(isSealed: Bool) throws {
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        let remembered = Captured()
        machine.change { script in
            script.hasEFI = true
            script.files["/etc/kresume/sealing-key"] = SealingKeyFile.serialised(
                Keys.opening.sealingKey)
            script.whenJumping = { machine throws(PlatformError) in
                remembered.set(machine.script.variables[NewestImage.variableName] ?? [])
            }
        }
        var hibernate = Hibernate(machine, RecordedReport().report)
        hibernate.location = ImageLocation(.path(swapPath))
        hibernate.encryption = isSealed ? .always : .never
        _ = try? hibernate.run()
        let bytes = try #require(machine.script.devicesAtJump[swapPath])
        let header = try ImageHeader(parsing: Array(bytes[4096..<8192]))
        #expect(remembered.value == (isSealed ? [7, 0, 0, 0] + header.id.bytes : []))
        #expect(bytes.prefix(1 << 16).contains(Array("\nrollback efi\n".utf8)) == isSealed)
        #expect(machine.script.variables.isEmpty)
    }

    /// What a boot with a key does not take, the kernel is not to take either; whatever is there.
    @Test func nobodyElseResumesWhereAKeyIs() throws {
        let plain = try RestoreMachine.image.get()
        for (key, image, isUnattended, isForbidden) in [
            (try Keys.open.get(), plain, true, true),
            (try Keys.open.get(), emptySwap(), true, true),
            (try Keys.open.get(), plain, false, false), (nil, emptySwap(), true, false),
        ] {
            let restore = try restore(key, image: image)
            _ = restore.resume { $0.isUnattended = isUnattended }
            #expect(restore.machine.script.forbidsOtherResumes == isForbidden)
        }
        let allowed = try restore(Keys.open.get(), image: emptySwap())
        _ = allowed.resume {
            $0.isUnattended = true
            $0.takesPlainImages = true
        }
        #expect(!allowed.machine.script.forbidsOtherResumes)
    }

    @Test func verifyOpensIt() throws {
        let machine = try restore(Keys.file.get(), ["no", Keys.passphrase]).machine
        let recorded = RecordedReport()
        let location = ImageLocation(.path(swapPath))
        #expect(try VerifyImage(machine, recorded.report).run(location))
        #expect(recorded.contains("this is not the passphrase"))
        #expect(recorded.contains("is whole"))
        let inspection = try #require(
            try InspectImage(machine, RecordedReport().report).run(location))
        #expect(inspection.json.contains("\"encrypted\": \""))
        #expect(!inspection.json.contains("\"encrypted\": \"no\""))
        #expect(throws: KeyError.self) { try VerifyImage(machine, recorded.report).run(location) }
    }

    // The kernel that hibernates.

    /// What it has left for the saver at the jump; and whether what it prepared is to be sealed.
    private func hibernate(
        _ key: [UInt8]?, _ encryption: ImageEncryption
    ) throws -> (orders: SealOrders?, isSealed: Bool?, error: (any Error)?) {
        let machine = try HibernateWorkflowTests.machine(swapPages: 4096)
        let pages = Captured()
        machine.change { script in
            script.files["/etc/kresume/sealing-key"] = key
            script.whenJumping = { machine throws(PlatformError) in
                for memory in machine.script.pinned where memory.pageCount > 0 {
                    if let page = memory.page(PageFrame(0x3000)) { pages.set(page) }
                }
            }
        }
        var hibernate = Hibernate(machine, RecordedReport().report)
        hibernate.location = ImageLocation(.path(swapPath))
        hibernate.encryption = encryption
        var failure: (any Error)?
        do { _ = try hibernate.run() } catch { failure = error }
        let orders = try pages.value.withUnsafeBytes { try MessagePage($0)?.sealOrders() }
        let header = (machine.script.devicesAtJump[swapPath]).flatMap {
            try? ImageHeader(parsing: Array($0[4096..<8192]))
        }
        return (orders, header?.isSealed, failure)
    }

    @Test func aKeyMakesASealedImage() throws {
        let file = SealingKeyFile.serialised(Keys.opening.sealingKey)
        for encryption in [ImageEncryption.automatic, .always] {
            let (orders, isSealed, _) = try hibernate(file, encryption)
            #expect(orders?.publicKey == Keys.opening.pair.publicKey && isSealed == true)
        }
        for (key, encryption) in [(nil, ImageEncryption.automatic), (file, .never)] {
            let (orders, isSealed, _) = try hibernate(key, encryption)
            #expect(orders == nil && isSealed == false)
        }
        // Never in clear by mistake.
        let unusable: [UInt8] = [1, 2]
        for (key, encryption) in [(nil, ImageEncryption.always), (unusable, .automatic)] {
            let (_, isSealed, error) = try hibernate(key, encryption)
            #expect(isSealed == nil && error is KeyError)
        }
    }

    // The saver.

    /// Nothing on the disk says whether to encrypt, or to whom.
    @Test func whatIsOnTheDiskDoesNotDecide() throws {
        let plain = try OriginalKernel.preparedSwap()
        let prepared = try OriginalKernel.prepared(emptySwap(), isSealed: true)
        let orders = try #require(prepared.sealOrders(Keys.opening.sealingKey))
        let wanted = try SaverKernel(
            message: MessagePage(swapList: nil, sealOrders: orders), prepared: plain)
        _ = wanted.save()
        #expect(wanted.messageInOriginal?.text.contains("not to be encrypted") == true)
        var bytes = emptySwap()
        bytes.store(prepared.firstPages, at: 0)
        let unwanted = try SaverKernel(prepared: bytes)
        _ = unwanted.save()
        #expect(unwanted.messageInOriginal?.text.contains("is to be encrypted") == true)
        for saver in [wanted, unwanted] {
            #expect(saver.hasJumped && !isImage(saver.device.bytes))
        }
    }

    @Test func ordersThatAreDamagedAreNoPlainImage() throws {
        let page = MessagePage(.pending, "seal:00 0")
        let saver = try SaverKernel(message: page)
        _ = saver.save()
        #expect(saver.messageInOriginal?.text.contains("how to encrypt") == true)
        #expect(!isImage(saver.device.bytes))
        // A key that is none.
        let none = try Keys.saver { $0.publicKey = [UInt8](repeating: 0, count: 32) }
        _ = none.save()
        #expect(none.messageInOriginal?.text.contains("is no key") == true)
    }

    @Test func eachImageHasAnotherKey() throws {
        let first = try Keys.image.get()
        let second = try savedImage(of: Keys.saver())
        let start = Int(try #require(try ImageHeader.firstChunk(of: first)))
        #expect(first[start..<start + 64] != second[start..<start + 64])
    }
}

extension ImageHeader {
    fileprivate static func firstChunk(of bytes: [UInt8]) throws -> UInt64? {
        try HibernationImage.read(areaSize: UInt64(bytes.count)) { offset, count in
            Array(bytes[Int(offset)..<Int(offset) + count])
        }?.chunks.map(\.offset).min()
    }
}

extension [UInt8] {
    /// The pieces at multiples of that size.
    fileprivate func pieces(of size: Int) -> Set<ArraySlice<UInt8>> {
        Set(stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] })
    }
}

@Suite struct ManageKeysTests {
    private func machine(_ answers: String...) -> ScriptedMachine {
        ScriptedMachine { $0.passphrases = answers }
    }

    private func keys(
        _ machine: ScriptedMachine, _ recorded: RecordedReport = RecordedReport()
    ) -> ManageKeys {
        ManageKeys(machine, recorded.report)
    }

    @Test func theLifeOfAKey() throws {
        let machine = machine("one", "one", "one", "two", "two", "one", "two", "two", "two")
        let recorded = RecordedReport()
        let keys = keys(machine, recorded)
        #expect(throws: KeyError.self) { try keys.show() }
        try keys.create()
        let first = machine.script.files
        #expect(
            first.keys.sorted { "\($0)" < "\($1)" } == [
                "/etc/kresume/image-key", "/etc/kresume/sealing-key",
            ])
        #expect(recorded.contains("update-initramfs"))
        #expect(throws: KeyError.self) { try keys.create() }
        #expect(machine.script.files == first)
        let shown = try keys.show().text
        #expect(shown.contains("passphrase   yes"))

        // With the old one, and the new one twice.
        try keys.changePassphrase()
        #expect(
            machine.script.files["/etc/kresume/sealing-key"] == first["/etc/kresume/sealing-key"])
        #expect(machine.script.files["/etc/kresume/image-key"] != first["/etc/kresume/image-key"])
        #expect(try keys.show().text == shown)
        // The old one is none any more; and two that differ change nothing.
        try keys.changePassphrase()
        #expect(recorded.contains("this is not the passphrase"))
        #expect(machine.script.passphrases.isEmpty)

        try keys.remove()
        #expect(machine.script.files.isEmpty)
        #expect(throws: KeyError.self) { try keys.remove() }
        #expect(throws: KeyError.self) { try keys.changePassphrase() }
    }

    @Test func withoutPassphrase() throws {
        let machine = machine()
        var keys = keys(machine)
        keys.withoutPassphrase = true
        keys.keyFile = "/stick/key"
        try keys.create()
        #expect(machine.script.asked.isEmpty)
        let file = try OpeningKeyFile(parsing: machine.script.files["/stick/key"] ?? [])
        #expect(!file.needsPassphrase && machine.script.files["/etc/kresume/image-key"] == nil)
        #expect(try keys.show().text.contains("passphrase   no"))
    }

    @Test func passphrasesThatDifferMakeNoKey() {
        for machine in [machine("one", "One"), machine(""), machine()] {
            #expect(throws: KeyError.self) { try keys(machine).create() }
            #expect(machine.script.files.isEmpty)
        }
    }

    @Test func aKeyThatCannotBeWrittenIsNotThere() {
        let machine = machine()
        machine.change { $0.failures["replaceFile"] = .call(.write, path: nil, .noSpace) }
        var keys = keys(machine)
        keys.withoutPassphrase = true
        #expect(throws: PlatformError.self) { try keys.create() }
        #expect(machine.script.files.isEmpty)
    }

    @Test func halvesOfTwoKeysAreTold() throws {
        let machine = machine()
        var keys = keys(machine)
        keys.withoutPassphrase = true
        try keys.create()
        machine.change {
            $0.files["/etc/kresume/sealing-key"] = SealingKeyFile.serialised(
                OpeningKey.random().sealingKey)
        }
        #expect(throws: KeyError.self) { try keys.show() }
    }
}
