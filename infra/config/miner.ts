import { isIP } from 'node:net'
import { z } from 'zod'
import { Name, seconds } from './values.ts'

/** What one miner visits, how fast, and what it keeps of it. */
export const Miner = z.strictObject({
  name: Name.default('miner-1').describe('Hotkey name in the wallet folder.'),
  share: z
    .string()
    .regex(/^[1-9]\d{0,4}\/[1-9]\d{0,4}$/, 'like 1/2')
    .refine((share) => Number(share.split('/')[0]) <= Number(share.split('/')[1]), 'a part beyond the whole; of two parts there are 1/2 and 2/2')
    .default('1/1')
    .describe('Which part of the hosts this miner crawls: "1/2" = the first of two, by hash of the host.'),
  pages_per_cycle: z.int().min(1).default(700).describe('Visits of one cycle, sitemaps and feeds among them, shared among the jobs by weight.'),
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
    .describe('Processes that read pages; 0 = one less than there are cores, between 1 and 8. A page that takes one for 2 s of CPU, or 640 MiB, is refused.'),
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
  ports: z.array(z.int().min(1).max(65_535)).default([80, 443, 8080, 8443]).describe('Ports that may be asked, beside those of the origins named as seeds.'),
  dns_servers: z
    .array(z.string().refine((server) => isIP(server) !== 0 || isIP(/^\[?(.*?)\]?:\d{1,5}$/.exec(server)?.[1] ?? '') !== 0, 'like 192.0.2.1 or 192.0.2.1:53'))
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
