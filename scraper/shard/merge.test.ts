import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import type { Document } from '#schemas/document.ts'
import { footer, header, sitePages } from '#test/adversary/site-pages.ts'
import { openSubnet, type Subnet } from '#test/adversary/subnet.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { compareDocuments } from '../dedup/order.ts'
import { expectAgreement } from './agreement.fixture.ts'
import { documentMessage, withdrawalMessage } from './arrival.ts'
import { filesOf, rowsOf, snapshotJobs, writeSnapshot, type SnapshotParts } from './snapshot.fixture.ts'

const [odd, rest] = snapshotJobs
const at = new Date(Date.UTC(2026, 0, 22))

async function openMine() {
  const subnet = await openSubnet()
  const signer = await subnet.join('miner-1')
  const hotkey = signer.address
  const make = (n: number, over: Partial<Document> = {}): Document => {
    const { id, params } = n % 3 === 1 ? odd : rest
    return testDocument(n, { hotkey, job_id: id, label: params.label as string, ...over })
  }
  const queue = subnet.queue('documents')
  return {
    subnet,
    signer,
    hotkey,
    make,
    flush: async (documents: readonly Document[], parts: Partial<SnapshotParts> = {}) => {
      await queue.add(documents.map(documentMessage))
      return await writeSnapshot(subnet, signer, parts)
    },
    withdraw: ({ uri, version }: Document) => queue.add([withdrawalMessage({ uri, version, reason: 'http_410', at })]),
    rows: async () => (await rowsOf(subnet, hotkey)).toSorted(compareDocuments),
    [Symbol.asyncDispose]: () => subnet[Symbol.asyncDispose](),
  }
}

const merged = (subnet: Subnet) => subnet.events.filter(({ name }) => name === 'shard.merged')
const namesOf = (documents: readonly Document[]) => documents.map(({ uri, version }) => `${uri} ${version}`).toSorted()

describe('compaction', () => {
  test('makes one file of many small ones of a job; rows stay what they are, and no other job is touched', async () => {
    await using mine = await openMine()
    const { subnet, hotkey, make } = mine
    const documents = Array.from({ length: 40 }, (_, n) => make(3 * n))
    await mine.flush([make(1)])
    const [first] = await filesOf(subnet, hotkey)
    for (const document of documents) await mine.flush([document])
    expect(merged(subnet).length).toBeGreaterThan(0)
    const files = await filesOf(subnet, hotkey)
    expect(files[0]).toEqual(first)
    expect(files.length).toBeLessThan(30)
    expect(await mine.rows()).toEqual([make(1), ...documents].toSorted(compareDocuments))
    for (const { file } of files) {
      const rows = await decodeDocuments(await subnet.store.get(file.key))
      expect(rows).toEqual(rows.toSorted(compareDocuments))
    }
    await expectAgreement(subnet, hotkey)
  })

  test('leaves out rows that are gone; a file half of which is gone is written again alone, one without rows is listed no more', async () => {
    await using mine = await openMine()
    const { subnet, hotkey, make } = mine
    const documents = Array.from({ length: 12 }, (_, n) => make(3 * n))
    await mine.flush(documents)
    for (const document of documents.slice(0, 5)) await mine.withdraw(document)
    await mine.flush([])
    expect(await filesOf(subnet, hotkey)).toMatchObject([{ file: { rows: 12 }, deletes: { rows: 5 } }])
    await mine.withdraw(documents[5] as Document)
    await mine.flush([])
    expect(await filesOf(subnet, hotkey)).toMatchObject([{ file: { rows: 6 }, deletes: null }])
    expect(namesOf(await mine.rows())).toEqual(namesOf(documents.slice(6)))
    for (const document of documents.slice(6)) await mine.withdraw(document)
    expect(await mine.flush([])).toMatchObject({ kept: 0 })
    expect(await filesOf(subnet, hotkey)).toEqual([])
    await expectAgreement(subnet, hotkey)
    // What was in it may come again, as a newer version.
    await mine.flush([{ ...(documents[7] as Document), version: 2 }])
    expect(namesOf(await mine.rows())).toEqual([`${documents[7]?.uri} 2`])
  })

  test('cuts what has become boilerplate since; a row that is a copy then leaves, wherever the better one stands', async () => {
    await using mine = await openMine()
    const { subnet, signer, hotkey, make } = mine
    const pages = sitePages(Array.from({ length: 12 }, (_, n) => make(3 * n)))
    const twin = make(300, { text: prose(6), published_at: new Date(Date.UTC(2020, 0, 1)), uri: 'https://host2.example/twin' })
    await mine.flush([...pages.slice(0, 7), twin], { compacts: false })
    expect((await mine.rows()).filter(({ text }) => text.includes(footer))).toHaveLength(7)
    for (const page of pages.slice(7)) await mine.flush([page], { compacts: false })
    expect((await mine.rows()).filter(({ text }) => text.includes(footer))).toHaveLength(7)
    // Half of it goes, so that it is written again.
    for (const page of pages.slice(3, 7)) await mine.withdraw(page)
    await mine.flush([])
    const rows = await mine.rows()
    expect(rows.filter(({ text }) => text.includes(footer) || text.includes(header)).map(({ uri }) => uri)).toEqual([pages[1]?.uri])
    // The page that says what the twin says, once its header and footer are gone.
    expect(rows.map(({ uri }) => uri).toSorted()).toEqual([pages[0], pages[1], ...pages.slice(7), twin].map((page) => page?.uri).toSorted())
    expect(subnet.rejects.filter(({ reason }) => reason.startsWith('duplicate'))).toMatchObject([{ subject: pages[2]?.uri, details: { kept_uri: twin.uri } }])
    await expectAgreement(subnet, hotkey)
    await writeSnapshot(subnet, signer)
  })

  test('keeps a file as it is when all that it was to be merged with is nothing but boilerplate by now', async () => {
    await using mine = await openMine()
    const { subnet, hotkey, make } = mine
    const layout = { layout: 'whole' as const, rowsMax: 1000 }
    const notice = 'All that is said on these pages is said without any warranty.'
    const keeper = make(0, { text: `${notice}\n\n${prose(0)}`, published_at: new Date(Date.UTC(2020, 0, 1)) })
    const [last, ...others] = Array.from({ length: 7 }, (_, n) => make(3 * (n + 1), { text: `${notice}\n\n${prose(n + 1, 12).slice(0, 90)}` }))
    await mine.flush([keeper], { compacts: false })
    const before = await filesOf(subnet, hotkey)
    await mine.flush(others, { compacts: false })
    await mine.flush([last as Document], { compacts: false })
    expect(await filesOf(subnet, hotkey)).toHaveLength(2)
    await mine.flush([], { layout })
    expect(await filesOf(subnet, hotkey)).toEqual(before)
    expect(await mine.rows()).toEqual([keeper])
    await expectAgreement(subnet, hotkey)
  })

  test('sorts no more at once than may be in memory, however large the pages are', async () => {
    await using mine = await openMine()
    const { subnet, hotkey, make } = mine
    const datetime = new Date(Date.UTC(2026, 0, 5))
    // Another row group would not begin before 10,000 rows.
    const large = [3, 6, 9].map((n) => make(n, { datetime, text: `${n} `.repeat(3_000_000).trim(), minhash: make(n).minhash }))
    const small = make(0, { datetime })
    await mine.flush(large, { compacts: false, portion: { messages: 5000, bytes: 1 << 26 } })
    await mine.flush([small], { compacts: false })
    await mine.flush([], { layout: { layout: 'whole', rowsMax: 1000 } })
    expect(await filesOf(subnet, hotkey)).toHaveLength(1)
    expect((await rowsOf(subnet, hotkey)).map(({ uri }) => uri)).toEqual([...large, small].map(({ uri }) => uri))
    await expectAgreement(subnet, hotkey)
  })

  test('comes to nothing when it is stopped', async () => {
    await using mine = await openMine()
    const { subnet, signer, hotkey, make } = mine
    for (let n = 0; n < 30; n++) await mine.flush([make(3 * n)], { compacts: false })
    const before = await filesOf(subnet, hotkey)
    const controller = new AbortController()
    let reads = 0
    const store = {
      ...subnet.store,
      get: async (...asked: Parameters<typeof subnet.store.get>) => {
        if (asked[0].endsWith('.parquet') && ++reads === 3) controller.abort(new Error('enough'))
        return await subnet.store.get(...asked)
      },
    }
    await expect(writeSnapshot(subnet, signer, { store, signal: controller.signal })).rejects.toThrow('enough')
    expect(await filesOf(subnet, hotkey)).toEqual(before)
    await writeSnapshot(subnet, signer)
    expect((await filesOf(subnet, hotkey)).length).toBeLessThan(before.length)
    await expectAgreement(subnet, hotkey)
  })

  test('with the layout `whole` a job has one file, as long as its rows go into one', async () => {
    await using mine = await openMine()
    const { subnet, hotkey, make } = mine
    const layout = { layout: 'whole' as const, rowsMax: 8 }
    const documents = Array.from({ length: 18 }, (_, n) => make(3 * n))
    for (const document of documents.slice(0, 7)) {
      await mine.flush([document], { layout })
      expect(await filesOf(subnet, hotkey)).toHaveLength(1)
    }
    await mine.withdraw(documents[0] as Document)
    await mine.flush([documents[7] as Document], { layout })
    expect(await filesOf(subnet, hotkey)).toMatchObject([{ file: { rows: 7 }, deletes: null }])
    await mine.flush(documents.slice(8), { layout })
    expect((await filesOf(subnet, hotkey)).map(({ file }) => file.rows)).toEqual([7, 8, 2])
    expect(namesOf(await mine.rows())).toEqual(namesOf(documents.slice(1)))
    await expectAgreement(subnet, hotkey)
  })
})

test('rows, files and index agree after a random history of flushes, withdrawals and compactions', async () => {
  const step = fc.record({
    pages: fc.array(fc.record({ page: fc.nat(14), version: fc.integer({ min: 1, max: 3 }), text: fc.nat(20) }), { maxLength: 5 }),
    withdrawn: fc.array(fc.tuple(fc.nat(14), fc.integer({ min: 1, max: 3 })), { maxLength: 2 }),
    layout: fc.constantFrom('parts' as const, 'whole' as const),
    rowsMax: fc.constantFrom(3, 1000),
    compacts: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      await using mine = await openMine()
      const { subnet, hotkey, make } = mine
      for (const { pages, withdrawn, layout, rowsMax, compacts } of steps) {
        for (const [page, version] of withdrawn) await mine.withdraw(make(page, { version }))
        const documents = pages.map(({ page, version, text }) =>
          make(page, { version, text: prose(text, 90), html_sha256: `${page}${version}${text}`.padEnd(64, '0') }),
        )
        await mine.flush(documents, { compacts: false })
        const after = namesOf(await mine.rows())
        if (compacts) await mine.flush([], { layout: { layout, rowsMax } })
        expect(namesOf(await mine.rows())).toEqual(after)
        await expectAgreement(subnet, hotkey)
      }
    }),
    { numRuns: 8 },
  )
})
