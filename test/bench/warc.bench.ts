import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { parseHttpResponse } from '#scraper/warc/http-message.ts'
import { readWarc } from '#scraper/warc/read-warc.ts'
import { prose } from '../golden/documents.ts'
import { pageRecord, warcRecord } from '../golden/warc.ts'
import { median, type Bench, type Contestant, type Sample } from './bench.ts'

/** Reading a WARC with records like Common Crawl's (a request, a response of 4 to 100 KB, metadata), each response read down to its body. */
const megabytesOf = (quick: boolean) => (quick ? 64 : 1024)
const pageBytesMax = 4 * 2 ** 20
let folder = ''
let file = ''

async function write(quick: boolean, pack: (record: Buffer) => Buffer): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  file = join(folder, 'pages.warc')
  const handle = await open(file, 'w')
  const parts = Array.from({ length: 256 }, (_, n) => recordsOf(n).map((record) => ({ bytes: record.length, packed: pack(record) })))
  let bytes = 0
  for (let n = 0; bytes < megabytesOf(quick) * 1e6; n++) {
    const part = parts[n % parts.length] ?? []
    bytes += part.reduce((sum, record) => sum + record.bytes, 0)
    await handle.write(Buffer.concat(part.map(({ packed }) => packed)))
  }
  await handle.close()
}

function recordsOf(n: number): Buffer[] {
  const url = `https://host${n % 7}.example/page/${n}`
  const body = `<html><head><title>${n}</title></head><body>${`<p>${prose(n, 400)}</p>\n`.repeat(1 + ((n * 37) % 25))}</body></html>`
  return [
    warcRecord('request', `GET /page/${n} HTTP/1.1\r\nHost: host.example\r\nUser-Agent: x\r\n\r\n`, { 'WARC-Target-URI': url }),
    pageRecord(url, body, { 'Content-Type': 'text/html; charset=utf-8', 'X-Crawl-Content-Encoding': 'gzip', Server: 'x', ETag: `"${n}"` }),
    warcRecord('metadata', 'fetchTimeMs: 120\r\n', { 'WARC-Target-URI': url }),
  ]
}

async function read(): Promise<Record<string, number>> {
  let bytes = 0
  let pages = 0
  for await (const { type, block, headers } of readWarc(createReadStream(file, { highWaterMark: 1 << 20 }), { blockBytesMax: pageBytesMax })) {
    bytes += block.length + Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
    if (type === 'response' && typeof (await parseHttpResponse(block, pageBytesMax)) !== 'string') pages += 1
  }
  return { bytes, pages }
}

const contestant = (pack: (record: Buffer) => Buffer): Contestant => ({
  setUp: (quick) => write(quick, pack),
  run: read,
  tearDown: () => rm(folder, { recursive: true }),
})

export const bench: Bench = {
  contestants: { plain: contestant((record) => record), gzip: contestant((record) => gzipSync(record)) },
  summarize: ({ plain = [], gzip = [] }) => ({
    figures: {
      warc_mb_per_cpu_s: megabytesPerCpuSecond(plain),
      warc_gz_mb_per_cpu_s: megabytesPerCpuSecond(gzip),
      warc_rss_mb: median(plain.map((s) => s.rssBytes / 1e6)),
    },
    notes: { warc_gz_mb_per_cpu_s: 'uncompressed megabytes' },
  }),
}

const megabytesPerCpuSecond = (samples: readonly Sample[]) => median(samples.map((s) => (s.counts['bytes'] ?? 0) / 1e6 / s.cpuSeconds))
