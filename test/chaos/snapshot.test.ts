import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lineage } from '#schemas/lineage.ts'
import type { Document } from '#schemas/document.ts'
import { expectAgreement } from '#scraper/shard/agreement.fixture.ts'
import { documentMessage, withdrawalMessage } from '#scraper/shard/arrival.ts'
import { rowsOf } from '#scraper/shard/snapshot.fixture.ts'
import { openSubnet, testJob } from '#test/adversary/subnet.ts'
import { killMoments } from '#test/conformance/child.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { runAndKill } from './killed-child.ts'

const jobs = [testJob('odd', ['https://host1.example/*']), testJob('rest')] as const
const hour = 3_600_000
const begin = Date.UTC(2026, 0, 21)
/** Milliseconds after its start at which a run is killed: over the whole of its work, the same every time. */
const moments = killMoments(11, 6, 1500)
const count = 400

test('kill -9 in the middle of flushes and merges, again and again, loses no document and doubles none', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'orrery-chaos-'))
  try {
    const { hotkey, expected, messages } = await seed(dir)
    for (const [run, moment] of moments.entries()) await runAndKill('snapshot-child.ts', [dir, String(begin + (run + 1) * hour), '40'], moment)
    expect(await runAndKill('snapshot-child.ts', [dir, String(begin + (moments.length + 1) * hour), '40'], undefined)).toBe(0)

    await using subnet = await openSubnet(dir, begin + (moments.length + 2) * hour)
    expect(await subnet.queue('documents').stats()).toMatchObject({ waiting: 0, leased: 0, done: messages, dead: 0 })
    const rows = await rowsOf(subnet, hotkey)
    expect(rows.map(nameOf).toSorted()).toEqual(expected)
    await expectAgreement(subnet, hotkey)
    const index = await subnet.catalog.head(lineage.index(hotkey))
    const [neuron] = (await subnet.chain.metagraph()).neurons
    expect(Buffer.from(neuron?.commitment ?? []).toString('hex')).toBe(index?.sha256)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

const nameOf = ({ uri, version }: Pick<Document, 'uri' | 'version'>): string => `${uri} ${version}`

/** Pages, some of them changed or taken back later: in whatever portions that comes, it comes to the same. */
async function seed(dir: string): Promise<{ hotkey: string; expected: string[]; messages: number }> {
  await using subnet = await openSubnet(dir, begin)
  const { address: hotkey } = await subnet.join('miner-1')
  const make = (n: number, parts: Partial<Document> = {}): Document => {
    const { id, params } = n % 3 === 1 ? jobs[0] : jobs[1]
    return testDocument(n, { hotkey, job_id: id, label: params.label as string, ...parts })
  }
  const pages = Array.from({ length: count }, (_, n) => make(n))
  const changed = pages.filter((_, n) => n % 5 === 0).map((page, n) => make(5 * n, { uri: page.uri, version: 2, text: prose(1000 + n) }))
  const taken = pages.filter((_, n) => n % 7 === 0)
  const queue = subnet.queue('documents')
  const withdrawals = taken.map(({ uri, version }) => withdrawalMessage({ uri, version, reason: 'http_410', at: new Date(begin) }))
  const messages = await queue.add([...[...pages, ...changed].map(documentMessage), ...withdrawals])
  const newest = new Map([...pages, ...changed].map((page) => [page.uri, page]))
  for (const { uri } of taken) if (newest.get(uri)?.version === 1) newest.delete(uri)
  return { hotkey, expected: [...newest.values()].map(nameOf).toSorted(), messages }
}
