import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { TargetKind } from '#schemas/frontier.ts'
import type { ForeignText } from '#schemas/import-reader.ts'
import { noFinds, partsOf, type Found } from '../source/found.ts'
import { sources, type Fetched } from '../source/source.ts'
import { readerFd, readFrame, writeFrame } from './frame.ts'
import { openLanguages } from '../extract/language/language.ts'
import { openTaskReader, type PageTask } from './page-document.ts'
import { openTextReader } from './text-document.ts'
import { openBegun, type Watched } from './watch-state.ts'

/** What a reader is asked for; the body comes beside it, as bytes. */
export type ReaderJob =
  | { make: 'document'; task: PageTask }
  | { make: 'text'; text: Omit<ForeignText, 'text'> }
  | { make: 'finds'; kind: TargetKind; fetched: Fetched }

/** What it answers: parts of what was found, if that is much, and then what was made, or what was thrown. */
export type ReaderAnswer = { part: Found } | { made: unknown } | { thrown: { message: string; stack: string | undefined } }

/** What a reader may be when a page is begun in it: twice what it is without one, or so much more than it was when it was last collected. */
const leftBytesMax = 256 * 2 ** 20
const leftBytesMore = 64 * 2 ** 20

/** URLs that are handed over at a time: unpacking 50,000 at once would hold up the other side. */
const partUrls = 1000

/** What pages have in common, so that no page pays for the compilation of what reads it. */
const firstPage = `<!doctype html><html lang="en"><head><title>A first page</title><meta name="author" content="Nobody"><script type="application/ld+json">{"@type":"Article","datePublished":"2020-01-02"}</script></head><body><nav><ul><li><a href="/a">One</a></li></ul></nav><main><article><h1>A first page</h1>${'<p>The garden of the house is on the other side of the road, and it was the place that <a href="/b">we liked</a> to be in with friends.</p>'.repeat(20)}<ul><li>One thing</li></ul><table><tr><td>1</td></tr></table></article></main></body></html>`

/**
 * A process of the pool: reads one page after the other, as long as somebody holds the other end. What a page does to it, by time, by memory or by a fault of the
 * machine below, it does to nothing else. It needs no event loop, so it waits for each page and for each answer to be taken.
 */
const cpuMsMax = Number(process.argv[2])
const languages = openLanguages()
const readTask = await openTaskReader(languages)
const readText = await openTextReader(languages)
const make = (job: ReaderJob, body: Uint8Array): unknown => {
  if (job.make === 'document') return readTask({ ...job.task, fetched: { ...job.task.fetched, body } })
  if (job.make === 'text') return readText({ ...job.text, text: Buffer.from(body).toString('utf8') })
  const read = sources[job.kind].read({ ...job.fetched, body })
  if (typeof read === 'string') return read
  for (const part of partsOf(read.found, partUrls)) writeFrame(readerFd, { part } satisfies ReaderAnswer)
  return { ...read, found: noFinds }
}

const fetched: Fetched = { url: 'http://localhost/', status: 200, headers: {}, body: new Uint8Array() }
make(
  { make: 'document', task: { fetched, rendered: undefined, robotsTxt: undefined, host: undefined, nowMs: 0, obeyRights: true, keepsMarkdown: true } },
  Buffer.from(firstPage),
)

const begun = openBegun()
const watched: Watched = { buffer: begun.buffer, cpuMsMax }
const watch = new Worker(new URL('./page-watch.ts', import.meta.url), { workerData: watched })
await once(watch, 'online')

let collectAbove = leftBytesMax
for (let frame = readFrame(readerFd); frame; frame = readFrame(readerFd)) {
  begun.begin()
  let answer: ReaderAnswer
  try {
    answer = { made: make(frame.value as ReaderJob, frame.bytes) }
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error))
    answer = { thrown: { message, stack } }
  }
  begun.end()
  // What a page leaves behind must not count as the next one's. What is not given back by collecting is not asked for again at each page: that costs ten pages.
  if (process.memoryUsage.rss() > collectAbove) {
    globalThis.gc?.()
    collectAbove = Math.max(leftBytesMax, process.memoryUsage.rss() + leftBytesMore)
  }
  writeFrame(readerFd, answer)
}
process.exit()
