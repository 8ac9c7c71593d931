import { join } from 'node:path'
import type { Config } from '#infra/config/schema.ts'
import type { Clock } from '#schemas/clock.ts'
import type { ArchivedRecord, ImportReader } from '#schemas/import-reader.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { openBlockList } from '../filter/block-list/block-list.ts'
import { openPagePool, type PagePool } from '../document/page-pool.ts'
import { pageTask } from '../document/read-page.ts'
import { openRejects } from '../rejects/rejects.ts'
import { readAnswer } from '../source/read-answer.ts'
import { warcPages, type ArchivedPage, type PassedOver } from '../source/warc.ts'

export interface ImportReaderParts {
  dataDir: string
  /** Name of what is dropped among the rejects. */
  name: string
  telemetry: Telemetry
  facts: Clock
  pace: Clock
  settings: Pick<Config['miner'], 'document_threads' | 'obey_rights' | 'markdown' | 'page_bytes_max' | 'block_list'>
}

/** Pages that are read at the same time; they are kept in their order. */
const pagesAhead = 8

/** Reads for an import in processes of its own, with the settings of a miner. */
export async function openImportReader({ dataDir, name, telemetry, facts, pace, settings }: ImportReaderParts): Promise<ImportReader> {
  await using stack = new AsyncDisposableStack()
  const pages = stack.use(openPagePool({ threads: settings.document_threads }))
  const rejects = stack.use(await openRejects({ path: join(dataDir, 'rejects', `${name}.jsonl`), telemetry, facts }))
  const { blocks } = stack.use(await openBlockList({ path: settings.block_list, pace, telemetry }))
  const closing = stack.move()
  const parts = { pages, facts, settings, blocks }
  return {
    readText: (text, signal) => (blocks(text.url) ? Promise.resolve('blocked') : pages.readText(text, signal)),
    readArchive: (chunks, from, signal) => readArchive(parts, chunks, from, signal),
    reject: (reject) => rejects.add(reject),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

type ArchiveParts = Pick<ImportReaderParts, 'facts' | 'settings'> & { pages: PagePool; blocks(url: string): boolean }

async function* readArchive(parts: ArchiveParts, chunks: AsyncIterable<Uint8Array>, from: number, signal: AbortSignal): AsyncGenerator<ArchivedRecord> {
  const passed: PassedOver[] = []
  const ahead: Promise<ArchivedRecord>[] = []
  const options = { pageBytesMax: parts.settings.page_bytes_max, from, onPassed: (over: PassedOver) => void (over.fault && passed.push(over)) }
  const faults = (): ArchivedRecord[] =>
    passed.splice(0).map(({ index, reason, fault }) => ({ index, subject: String(fault?.['url'] ?? `record ${index}`), document: reason }))
  const first = (): Promise<ArchivedRecord> => ahead.shift() as Promise<ArchivedRecord>
  let tear: unknown
  try {
    for await (const page of warcPages(chunks, options)) {
      for (const fault of faults()) ahead.push(Promise.resolve(fault))
      const reading = readPage(parts, page, signal)
      // Nobody may be waiting for it when one before it fails.
      reading.catch(() => undefined)
      ahead.push(reading)
      while (ahead.length >= pagesAhead) yield await first()
    }
  } catch (error) {
    signal.throwIfAborted()
    tear = error
  }
  // What came before a tear is good.
  while (ahead.length > 0) yield await first()
  yield* faults()
  if (tear !== undefined) throw tear
}

async function readPage(
  { pages, facts, settings, blocks }: ArchiveParts,
  { index, url, fetched, fetchedAt, refusal }: ArchivedPage,
  signal: AbortSignal,
): Promise<ArchivedRecord> {
  const refused = (document: string): ArchivedRecord => ({ index, subject: url, document })
  if (refusal !== undefined || blocks(url)) return refused(refusal ?? 'blocked')
  const read = await readAnswer('page', fetched, pages, signal)
  if (typeof read === 'string' || !read.isPage) return refused(typeof read === 'string' ? read : 'no_text')
  // Nobody was asked.
  const asked = { fetched, permission: undefined, policy: undefined }
  const wishes = { obeyRights: settings.obey_rights, keepsMarkdown: settings.markdown }
  const { document } = await pages.read(pageTask(asked, Math.min(fetchedAt, facts.now()), wishes), signal)
  return { index, subject: url, document }
}
