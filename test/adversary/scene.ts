import { join } from 'node:path'
import type { Signer } from '#schemas/chain.ts'
import type { Document } from '#schemas/document.ts'
import { lineage } from '#schemas/lineage.ts'
import { writeSnapshot } from '#scraper/shard/snapshot.fixture.ts'
import type { Refetch } from '#scraper/validator/refetch.ts'
import { openValidator, type ValidationReport } from '#scraper/validator/validator.ts'
import { testDocument } from '#test/golden/documents.ts'
import { enqueue, openSubnet, testJob, type Subnet } from './subnet.ts'

export const job = testJob('example')

/** A subnet with one job, a validator and a miner, over a web that is a map. */
export interface Scene extends AsyncDisposable {
  subnet: Subnet
  validator: Signer
  miner: Signer
  /** What is on the web, by uri. */
  web: Map<string, Document>
  refetch: Refetch
  /** One round. @param samplePages pages looked at per miner */
  validate(look?: Refetch, samplePages?: number): Promise<ValidationReport>
  /** Codes of all failures of the miner in one round. */
  failures(): Promise<string[]>
  /** Rows of one hotkey in the listed job; with `onWeb`, the pages are really there. */
  rows(signer: Signer, count: number, options?: { from?: number; onWeb?: boolean }): Document[]
  mineHonestly(signer: Signer, documents: readonly Document[]): Promise<void>
}

export async function openScene(): Promise<Scene> {
  const subnet = await openSubnet()
  const [validator, miner] = [await subnet.join('validator-1', 5000n), await subnet.join('miner-1')]
  await subnet.catalog.commit(lineage.desirability, undefined, { kind: 'desirability', parent: null, jobs: [job], evidence: [], caused_by: null })
  const web = new Map<string, Document>()
  const refetch: Refetch = async (uri) => {
    const page = web.get(uri)
    return page ? { state: 'found', page } : { state: 'gone', reason: 'http_404' }
  }
  const validate = async (look = refetch, samplePages = 20): Promise<ValidationReport> => {
    await using open = openValidator({
      ...subnet,
      signer: validator,
      settings: { sample_pages: samplePages },
      refetch: look,
      folder: join(subnet.dir, 'validator'),
    })
    return await open.cycle(new AbortController().signal)
  }
  return {
    subnet,
    validator,
    miner,
    web,
    refetch,
    validate,
    async failures() {
      const { miners } = await validate()
      return [...new Set(miners.find(({ hotkey }) => hotkey === miner.address)?.failures.map(({ code }) => code))]
    },
    rows(signer, count, { from = 0, onWeb = true } = {}) {
      const documents = Array.from({ length: count }, (_, n) => testDocument(from + n, { hotkey: signer.address, job_id: job.id, label: 'example' }))
      if (onWeb) for (const document of documents) web.set(document.uri, document)
      return documents
    },
    async mineHonestly(signer, documents) {
      const queue = subnet.queue(`documents-${signer.address}`)
      await enqueue(queue, documents)
      await writeSnapshot(subnet, signer, { jobs: [job], documents: queue })
    },
    [Symbol.asyncDispose]: () => subnet[Symbol.asyncDispose](),
  }
}
