import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { goldenTokenizers } from '#test/golden/tokenizers.ts'
import { openTextEncoder } from '#infra/tokenizer/text-encoder.ts'
import { createHttp } from '#infra/net/http.ts'
import type { DesirabilityJob } from '#schemas/desirability.ts'
import { targetsOf } from '#scraper/discovery/targets.ts'
import { createTraps } from '#scraper/discovery/traps.ts'
import { dateName } from '#scraper/extract/dates/date-meta.ts'
import { HtmlParser } from '#scraper/extract/html/html-parser.ts'
import { linkResolver } from '#scraper/extract/html/link-resolver.ts'
import { remembered } from '#scraper/extract/html/name-memory.ts'
import { Detours } from '#scraper/fetch/redirect-chain.ts'
import { compileJobs } from '#scraper/jobs/jobs.ts'
import { shareOf } from '#scraper/jobs/share.ts'
import { hostMoods } from '#scraper/limits/host-rest.ts'
import { scriptCache } from '#scraper/render/scripts.ts'
import { renderWorth } from '#scraper/render/worth.ts'
import { askAtOnce } from '#scraper/robots/host-file.ts'
import { createHostPolicies } from '#scraper/robots/host-policies.ts'
import { createRobots } from '#scraper/robots/robots.ts'
import { parseRobots } from '#scraper/robots/robots-txt.ts'
import { noFinds } from '#scraper/source/found.ts'
import { memoryTurns } from '#scraper/limits/memory-turns.ts'
import { aliveBytes } from '#test/alive-bytes.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openSite, type Page } from '#test/site/site.ts'

async function growth(fill: () => Promise<unknown> | unknown): Promise<number> {
  const before = await aliveBytes()
  // What is filled is given back, so that it is alive when it is weighed.
  const filled = await fill()
  const grown = (await aliveBytes()) - before
  expect(filled).toBeDefined()
  return grown
}

const long = (i: number, chars = 8192): string => `${i}${'x'.repeat(chars)}`
const times = 10_000
/** Numbers that were not given before: some caches are of the whole process. */
let next = 0
const each = (touch: (i: number) => unknown): void => {
  for (const end = next + times; next < end; next++) touch(next)
}
const job: DesirabilityJob = {
  id: 'all',
  weight: 1,
  params: { keyword: null, platform: 'web', label: 'all', post_start_datetime: null, post_end_datetime: null },
  web: { seeds: [], include: ['http://*:*/*'] },
}
const jobs = compileJobs([job])
const clock = manualClock()
const mebibyte = 2 ** 20

test.each<[string, number, () => Promise<unknown> | unknown]>([
  ['the moods of hosts', 8, () => withAll(hostMoods(), (moods, i) => void moods.note(long(i), { responseMs: 1, isTrouble: true }))],
  ['which hosts are ours', 8, () => withAll(shareOf('1/2'), (share, i) => share(`http://h${i}.example/${long(i)}`))],
  ['which job takes a host', 16, () => withAll(jobs, ({ of }, i) => of(`http://h${i}.example/${long(i)}`))],
  [
    'which URLs were added',
    80,
    () =>
      withAll(targetsOf({ jobs, isOurs: () => true, traps: createTraps(), now: () => 0 }), (targets, i) =>
        targets.found({ ...noFinds, pages: [{ url: `http://h${i}.example/${long(i)}` }] }, { url: 'http://h.example/', kind: 'page' }),
      ),
  ],
  ['where the browser pays', 8, () => withAll(renderWorth(), (worth, i) => worth.isWorth(long(i)))],
  [
    'whose turn it is',
    16,
    () => withAll(memoryTurns(clock), (turns, i) => turns.takeTurn({ url: `http://h${i}.example/`, page: long(i), latest: Infinity, leaseMs: 1 })),
  ],
  [
    'the scripts of pages',
    40,
    () => withAll(scriptCache(clock), (scripts, i) => scripts.keep(long(i), { status: 200, headers: { x: long(i) }, body: Buffer.alloc(9) })),
  ],
  [
    'readings of names',
    16,
    () =>
      withAll(
        remembered((names) => [names.length]),
        (read, i) => read(long(i, 590)),
      ),
  ],
  ['names of dates', 16, () => withAll(dateName, (read, i) => read(long(i, 50)))],
  ['names of elements', 8, () => withAll(new HtmlParser(), (parser, i) => parser.write(`<${`a${long(i, 30)}`} ${`b${long(i, 30)}`}=1>`))],
  ['who sends back what it sent away', 8, () => withAll(new Detours(), (detours, i) => detours.note(long(i), true))],
  ['spellings of hosts', 8, () => withAll(linkResolver('http://h.example/'), (resolve, i) => resolve(`http://h${i}.example/${'x'.repeat(1900)}`))],
  [
    'the tokens of words',
    80,
    async () => withAll(await openTextEncoder('cl100k_base', goldenTokenizers), ({ encode }, i) => encode(`${i}${'\u{1f9ff}'.repeat(15)}${long(i, 30)}`)),
  ],
])('%s take a bounded number of bytes, whatever they are called', async (_, mebibytesMax, fill) => {
  // What is loaded and compiled once is no part of it.
  await fill()
  expect(await growth(fill)).toBeLessThan(mebibytesMax * mebibyte)
})

function withAll<T>(cache: T, touch: (cache: T, i: number) => unknown): T {
  each((i) => touch(cache, i))
  return cache
}

/** 500 KiB of rules that no other host has, about one on the wire. */
const hostileRobots = (host: string): Buffer =>
  gzipSync(`User-agent: *\n${Array.from({ length: 125 }, (_, i) => `Disallow: /*${i}${'a'.repeat(4000)}${host}`).join('\n')}`)
const hostilePolicy = (host: string): Buffer =>
  gzipSync(
    JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ location: `/${i}${'a'.repeat(2000)}`, 'tdm-reservation': 1, 'tdm-policy': `/${i}${host}` }))),
  )

const send =
  (body: (host: string) => Buffer): Page =>
  (response, { host }) =>
    void response.writeHead(200, { 'content-encoding': 'gzip' }).end(body(host))

test('what hosts say of themselves takes a bounded number of bytes: 160 hosts with 1.4 MB each', async () => {
  const names = Array.from({ length: 160 }, (_, i) => `h${i}.localhost`)
  const pages = { '/robots.txt': send(hostileRobots), '/.well-known/tdmrep.json': send(hostilePolicy), '/ai.txt': send(hostileRobots) }
  await using site = await openSite(Object.fromEntries(names.map((name) => [name, pages])))
  await using http = createHttp({ userAgent: 'x', timeoutMs: 30_000, bytesMax: 1 << 20, hosts: site.hosts })
  const [robots, policies] = [createRobots(http, clock), createHostPolicies(clock)]
  const rules = parseRobots('', 'orrery', 'http://h.localhost/robots.txt')
  const grown = await growth(async () => {
    for (const name of names) {
      const found = await robots.of(`http://${name}/`)
      expect(found.state === 'found' && found.rules.allows(`/7${'a'.repeat(4000)}${name}`)).toBe(false)
      expect(await policies.read(`http://${name}/`, rules, askAtOnce(http))).toBe(true)
      expect((await policies.of(`http://${name}/`)).tdm.of(`/7${'a'.repeat(2000)}`)).toEqual({ reserved: true, policy: `http://${name}/7${name}` })
    }
    return [robots, policies]
  })
  expect(grown).toBeLessThan(140 * mebibyte)
})
