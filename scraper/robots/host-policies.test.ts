import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sqliteHostNotes } from '#infra/host-notes/sqlite.ts'
import { createHttp } from '#infra/net/http.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openSite } from '#test/site/site.ts'
import { createHostPolicies, type HostPolicies } from './host-policies.ts'
import { parseRobots } from './robots-txt.ts'

const rules = parseRobots('', 'orrery', 'http://h.localhost/robots.txt')
const page = 'http://h.localhost/a'
const said = (policies: HostPolicies) => ({ tdm: policies.of(page).tdm.of('/a'), ai: ['/a', '/b'].map((path) => policies.of(page).aiTxt.allowsText(path)) })

const askAll = async (policies: HostPolicies) => {
  const files = policies.unasked(page, rules)
  for (const file of files) await policies.ask(file, new AbortController().signal)
  return files.length
}

test('of what says nothing only that is noted, and what is very long is asked again after a restart', async () => {
  const clock = manualClock()
  const [page, long] = [`<html>${'x'.repeat(100_000)}`, `User-agent: *\nDisallow: /b${'x'.repeat(100_000)}`]
  await using site = await openSite({ 'h.localhost': { '/.well-known/tdmrep.json': page, '/ai.txt': long } })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 2000, bytesMax: 1000, hosts: site.hosts })
  using notes = sqliteHostNotes(join(await temporaryFolder(), 'hosts.sqlite'), { clock })
  expect(await askAll(createHostPolicies(http, clock, notes))).toBe(2)
  expect((notes.get('tdm', 'http://h.localhost') ?? page).length).toBeLessThan(100)
  expect(createHostPolicies(http, clock, notes).unasked('http://h.localhost/a', rules)).toEqual(['http://h.localhost/ai.txt'])
})

test('what a host says of learning from it is asked once a day, restarts or not', async () => {
  const clock = manualClock()
  await using site = await openSite({
    'h.localhost': {
      '/.well-known/tdmrep.json': JSON.stringify([{ location: '/a', 'tdm-reservation': 1, 'tdm-policy': '/p' }]),
      '/ai.txt': 'User-agent: *\nDisallow: /b',
    },
  })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 2000, bytesMax: 1000, hosts: site.hosts })
  using notes = sqliteHostNotes(join(await temporaryFolder(), 'hosts.sqlite'), { clock })

  const first = createHostPolicies(http, clock, notes)
  expect(await askAll(first)).toBe(2)
  clock.advance(86_399_000)
  const second = createHostPolicies(http, clock, notes)
  expect(await askAll(second)).toBe(0)
  expect(said(second)).toEqual(said(first))
  expect(said(first)).toEqual({ tdm: { reserved: true, policy: 'http://h.localhost/p' }, ai: [undefined, false] })
  clock.advance(1000)
  expect(await askAll(createHostPolicies(http, clock, notes))).toBe(2)
  expect(site.paths('h.localhost')).toHaveLength(4)
})
