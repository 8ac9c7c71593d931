import { isIP } from 'node:net'
import { z } from 'zod'
import { Crawl } from './crawl.ts'
import { Sources } from './source.ts'

const port = z.int().min(0).max(65_535)
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and "-", at most 32')
const seconds = z.number().positive().max(86_400)
const keptSeconds = z.number().positive().max(31_536_000)

/** Every setting, its default and what it is for: the config reference is made of this. Names are snake_case in TOML, ORRERY_SECTION_NAME in the environment. */
const Settings = z.strictObject({
  data: z
    .strictObject({
      dir: z
        .string()
        .min(1)
        .regex(/^[^\0]*$/, 'no name of a folder')
        .default('.orrery')
        .describe('Folder of everything that is kept.'),
    })
    .prefault({}),
  run: z
    .strictObject({
      seed: z
        .int()
        .min(0)
        .max(2 ** 32 - 1)
        .default(1)
        .describe('Seed of every random choice: the plan, the embedded wallets, the sample of a test run.'),
      frozen_at: z.iso
        .datetime({ offset: true, error: 'no time with its zone; write it like 2026-01-15T12:00:00Z' })
        .optional()
        .describe('Stamp artefacts with this time instead of the clock, for a run that can be repeated byte for byte.'),
    })
    .prefault({}),
  site: z
    .strictObject({
      root: z.string().default('node_modules').describe('Folder of npm packages whose Markdown files are the embedded web, used when no source is named.'),
      documents_max: z.int().min(1).default(5000).describe('At most this many files are served.'),
    })
    .prefault({}),
  sources: Sources.default([]).describe('What to crawl. Empty: the embedded web.'),
  chain: z
    .strictObject({
      netuid: z.int().min(0).max(65_535).default(13).describe('Subnet.'),
      block_seconds: seconds.default(1).describe('Block time of the local chain (12 on Bittensor).'),
      tempo_blocks: z.int().min(1).default(20).describe('Blocks between epochs of the local chain (360 on Bittensor).'),
      weights_rate_limit_blocks: z.int().min(0).default(5).describe('Blocks between two submissions of weights of one hotkey (100 on Bittensor).'),
    })
    .prefault({}),
  crawl: Crawl.prefault({}),
  miner: z
    .strictObject({
      name: name.default('miner-1').describe('Hotkey name in the wallet folder.'),
      share: z
        .string()
        .regex(/^[1-9]\d{0,4}\/[1-9]\d{0,4}$/, 'like 1/2')
        .refine((share) => Number(share.split('/')[0]) <= Number(share.split('/')[1]), 'a part beyond the whole; of two parts there are 1/2 and 2/2')
        .default('1/1')
        .describe('Which part of the hosts this miner crawls: "1/2" = the first of two, by hash of the host.'),
      pages_per_cycle: z.int().min(1).default(600).describe('Visits of one cycle, sitemaps and feeds among them, shared among the jobs by weight.'),
      concurrency: z.int().min(1).max(1024).default(16).describe('Hosts asked at the same time.'),
      host_delay_ms: z
        .int()
        .min(0)
        .default(1000)
        .describe('Rest of a host between two requests; robots.txt may ask for more. The embedded web is asked without rest.'),
      obey_rights: z
        .boolean()
        .default(true)
        .describe(
          'Refuse pages whose owner does not want them to be learnt from: noai, a TDM reservation (header, markup or tdmrep.json), ai.txt, Content-Usage and Content-Signal (header or robots.txt). They are recorded with the page either way.',
        ),
      host_delay_factor: z
        .number()
        .min(0)
        .max(100)
        .default(2)
        .describe('A host also rests this many times as long as it takes to answer; more while it is in trouble. 0: no matter how long.'),
      requests_per_second: z.number().positive().optional().describe('Most requests in a second, of whatever kind, over all hosts. Absent: no limit.'),
      bytes_per_second: z.int().min(1024).optional().describe('Most bytes fetched in a second, of whatever kind, on the wire, averaged. Absent: no limit.'),
      active: z
        .string()
        .regex(/^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/, 'like 22:00-06:00')
        .optional()
        .describe('Hours of the day, local time, in which pages are asked for: "22:00-06:00". Absent: always.'),
      disk_quota_bytes: z.int().min(1).optional().describe('The crawl waits while the data folder is larger than this. Absent: no limit.'),
      revisit_min_seconds: z.number().positive().max(31_536_000).default(3600).describe('Shortest time between two visits of a page.'),
      revisit_max_seconds: z.number().positive().max(31_536_000).default(2_592_000).describe('Longest time until a page is visited again.'),
      block_list: z
        .string()
        .default('')
        .describe(
          'File of hosts, domains (".example.org") and beginnings of URLs that are neither fetched nor kept, one a line, # before a comment. Read again when it changes.',
        ),
      contact: z
        .string()
        .max(200)
        .regex(/^[\x20-\x7e]*$/, 'printable ASCII only: it stands in a header')
        .default('')
        .describe('URL or e-mail in the User-Agent; needed to crawl the public web.'),
      timeout_seconds: seconds.default(20).describe('Whole time of one request.'),
      document_threads: z
        .int()
        .min(0)
        .max(256)
        .default(0)
        .describe(
          'Processes that read pages; 0 = one less than there are cores, between 1 and 8. A page that takes one for 2 s of CPU, or 640 MiB, is refused.',
        ),
      page_bytes_max: z
        .int()
        .min(1)
        .default(4 * 2 ** 20)
        .describe('Largest page, decoded.'),
      bodies_bytes_max: z
        .int()
        .min(2 ** 20)
        .default(256 * 2 ** 20)
        .describe('Most bytes of answers that are held at once, until each is read; while it is full only the oldest of those that are long goes on.'),
      ports: z
        .array(z.int().min(1).max(65_535))
        .default([80, 443, 8080, 8443])
        .describe('Ports that may be asked, beside those of the origins named as seeds.'),
      dns_servers: z
        .array(
          z.string().refine((server) => isIP(server) !== 0 || isIP(/^\[?(.*?)\]?:\d{1,5}$/.exec(server)?.[1] ?? '') !== 0, 'like 192.0.2.1 or 192.0.2.1:53'),
        )
        .default([])
        .describe('DNS servers to ask for the addresses of hosts. Empty: those of this machine.'),
      markdown: z.boolean().default(false).describe('Keep the content of each page as Markdown too, for people; its shards grow by about a half.'),
      codec: z.enum(['zstd', 'snappy']).default('zstd').describe('Compression of Parquet shards.'),
      rejected_text_bytes: z
        .int()
        .min(0)
        .max(100_000)
        .default(0)
        .describe(
          'How much of the text of a page that the quality rules refuse is kept with the reject, bytes, for `orrery scraper rejects --document`. 0: nothing.',
        ),
      warcs: z
        .array(z.string().min(1))
        .default([])
        .describe('WARC files, paths or URLs (Common Crawl publishes such), whose pages are taken as if fetched: those that a source takes, each file once.'),
      warc: z.boolean().default(false).describe('Keep whatever hosts were asked and answered as WARC files, in the folder warc of the data.'),
      warc_file_bytes: z
        .int()
        .min(2 ** 20)
        .default(2 ** 30)
        .describe('A WARC file that has reached this size is closed, and the next one begun.'),
    })
    .prefault({}),
  shard: z
    .strictObject({
      layout: z
        .enum(['parts', 'whole'])
        .default('parts')
        .describe(
          'parts: shards of bounded size, which stay as they are and are merged now and then. whole: one shard a job, written again with each flush, as validators of Data Universe want it.',
        ),
      max_rows: z.int().min(1).max(10_000_000).default(1_000_000).describe('Most rows of a shard.'),
      flush_bytes: z
        .int()
        .min(2 ** 16)
        .max(2 ** 28)
        .default(2 ** 24)
        .describe('Text of so many bytes becomes shards at once, while the crawl goes on; so much of it is in memory then.'),
      flush_seconds: seconds.default(120).describe('What was crawled becomes shards after this time, however little it is.'),
      keep_seconds: keptSeconds
        .default(10_800)
        .describe('How long files and snapshots that others took the place of are kept for who still reads them; the newest of a job is kept for ever.'),
    })
    .prefault({}),
  browser: z
    .strictObject({
      enabled: z
        .enum(['auto', 'off'])
        .default('auto')
        .describe('auto: pages that hold less than they promise are rendered, where there is a Chromium; what their scripts ask for keeps to all manners.'),
      path: z.string().default('').describe('Executable of Chromium; empty = look for one (`orrery doctor` says which).'),
      pages_max: z.int().min(1).max(64).default(4).describe('Pages open at the same time.'),
      timeout_seconds: seconds.default(20).describe('Whole time of one page, two thirds of it for what its scripts ask for.'),
    })
    .prefault({}),
  validator: z
    .strictObject({
      name: name.default('validator-1').describe('Hotkey name in the wallet folder.'),
      sample_pages: z.int().min(1).max(1000).default(20).describe('Pages fetched again per miner and cycle.'),
      every_seconds: seconds.default(1200).describe('Time between two cycles of `validator run`.'),
    })
    .prefault({}),
  dataset: z
    .strictObject({
      name: name.default('web').describe('Name of the dataset.'),
      host: z.string().default('127.0.0.1').describe('Address the query API listens on.'),
      port: port.default(8710).describe('Port of the query API; 0 = any free one.'),
      tokenizer: z.enum(['o200k_base', 'cl100k_base']).default('o200k_base').describe('Vocabulary.'),
      every_seconds: seconds.default(60).describe('Time between two ingests of `dataset serve`.'),
      keep_seconds: keptSeconds
        .default(86_400)
        .describe('How long versions that others followed are kept; the newest ten always are, and so is what training still works on.'),
    })
    .prefault({}),
  bridge: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address the feed listens on.'),
      port: port.default(8720).describe('Port of the feed; 0 = any free one.'),
      rows: z.int().min(1).max(1024).default(4).describe('Sequences in a batch.'),
      sequence_tokens: z.int().min(8).max(131_072).default(256).describe('Tokens in a sequence.'),
      epoch_batches: z.int().min(1).max(1_000_000).default(200).describe('Batches of one epoch, at most.'),
      passes: z.int().min(0).max(1_000_000).default(4).describe('How often all tokens are gone through before the bridge waits for new ones; 0 = without end.'),
      lease_seconds: seconds.default(180).describe('Time to live of a lease.'),
    })
    .prefault({}),
  up: z
    .strictObject({
      miners: z.int().min(1).max(64).default(2).describe('Miners in `orrery up`.'),
      nodes: z.int().min(1).max(64).default(2).describe('Training nodes in `orrery up`.'),
      pause_seconds: z
        .number()
        .min(0)
        .max(86_400)
        .default(5)
        .describe('Rest of a part of `orrery up` that had nothing to do, and between two turns where one step follows the other.'),
    })
    .prefault({}),
})

/** Settings that go together. */
export const Config = Settings.superRefine(({ dataset, bridge, miner }, context) => {
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
  if (dataset.port !== 0 && dataset.port === bridge.port && meet(dataset.host, bridge.host))
    refuse(['bridge', 'port'], 'it is dataset.port too; give each its own')
  if (miner.revisit_min_seconds > miner.revisit_max_seconds) refuse(['miner', 'revisit_min_seconds'], 'it is more than miner.revisit_max_seconds')
})

const everyAddress = new Set(['0.0.0.0', '::'])
const meet = (a: string, b: string): boolean => a === b || everyAddress.has(a) || everyAddress.has(b)

export type Config = z.infer<typeof Config>
