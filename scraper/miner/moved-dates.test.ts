import { expect, test } from 'vitest'
import { decodeDocuments } from '#schemas/parquet/decode.ts'
import { openSite } from '#test/site/site.ts'
import { leapingClock, openBench } from './bench.fixture.ts'
import { good } from './pages.fixture.ts'

const day = 86_400_000
const dated = (salt: number, at: number): string =>
  good(salt, ['http://b.localhost/']).replace('</head>', `<meta property="article:published_time" content="${new Date(at).toISOString()}"></head>`)

test('a page that moves its date and keeps its text is as old as it was; one with another text is as new as it says', async () => {
  const pace = leapingClock()
  const first = Math.floor(pace.now() / 1000) * 1000 - day
  await using site = await openSite({ 'a.localhost': { '/': dated(1, first) }, 'b.localhost': { '/': dated(2, first) } })
  await using bench = await openBench(site, { pace, facts: pace })
  await bench.cycle()
  pace.leap(40 * day)
  const later = first + 40 * day
  site.set('a.localhost', { '/': dated(1, later) })
  site.set('b.localhost', { '/': dated(3, later) })
  await bench.cycle()
  const found = (await documentsOf(bench)).map(({ host, datetime, published_at }) => [host.replace(/:\d+$/, ''), datetime.getTime(), published_at?.getTime()])
  const times = (host: string) => [...new Set(found.filter(([name]) => name === host).flatMap(([, ...at]) => at))].toSorted()
  expect(times('a.localhost')).toEqual([first])
  expect(times('b.localhost')).toEqual([first, later])
})

async function documentsOf({ store }: Awaited<ReturnType<typeof openBench>>) {
  const keys = (await Array.fromAsync(store.list(''), ({ key }) => key)).filter((key) => key.endsWith('.parquet'))
  return (await Promise.all(keys.map(async (key) => decodeDocuments(await store.get(key))))).flat()
}
