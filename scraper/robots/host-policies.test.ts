import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { sqliteHostNotes } from '#infra/host-notes/sqlite.ts'
import { createHttp, type Http } from '#infra/net/http.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openSite } from '#test/site/site.ts'
import { askAtOnce } from './host-file.ts'
import { createHostPolicies, type HostPolicies } from './host-policies.ts'
import { parseRobots } from './robots-txt.ts'

const rules = parseRobots('', 'orrery', 'http://h.localhost/robots.txt')
const page = 'http://h.localhost/a'
const said = async (policies: HostPolicies) => {
  const { tdm, aiTxt } = await policies.of(page)
  return { tdm: tdm.of('/a'), ai: ['/a', '/b'].map((path) => aiTxt.allowsText(path)) }
}

/** @returns how many requests that took */
const askAll = async (policies: HostPolicies, http: Http) => {
  let asked = 0
  expect(await policies.read(page, rules, (url, read) => (asked++, askAtOnce(http)(url, read)))).toBe(true)
  return asked
}

test('of what says nothing only that is noted, and what is very long and without repeats is asked again after a restart', async () => {
  const clock = manualClock()
  const noise = randomBytes(80_000).toString('base64')
  await using site = await openSite({ 'h.localhost': { '/.well-known/tdmrep.json': `<html>${noise}`, '/ai.txt': `User-agent: *\nDisallow: /b${noise}` } })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, hosts: site.hosts })
  await using notes = sqliteHostNotes(join(await temporaryFolder(), 'hosts.sqlite'), { clock })
  expect(await askAll(createHostPolicies(clock, notes), http)).toBe(2)
  expect(((await notes.get('tdm', 'http://h.localhost')) ?? noise).length).toBeLessThan(150)
  expect(await askAll(createHostPolicies(clock, notes), http)).toBe(1)
  expect(site.paths('h.localhost')).toEqual(['/.well-known/tdmrep.json', '/ai.txt', '/ai.txt'])
})

test('what a host says of learning from it is asked once a day, restarts or not', async () => {
  const clock = manualClock()
  await using site = await openSite({
    'h.localhost': {
      '/.well-known/tdmrep.json': JSON.stringify([{ location: '/a', 'tdm-reservation': 1, 'tdm-policy': '/p' }]),
      '/ai.txt': 'User-agent: *\nDisallow: /b',
    },
  })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, hosts: site.hosts })
  await using notes = sqliteHostNotes(join(await temporaryFolder(), 'hosts.sqlite'), { clock })

  const first = createHostPolicies(clock, notes)
  expect(await askAll(first, http)).toBe(2)
  clock.advance(86_399_000)
  const second = createHostPolicies(clock, notes)
  expect(await askAll(second, http)).toBe(0)
  expect(await said(second)).toEqual(await said(first))
  expect(await said(first)).toEqual({ tdm: { reserved: true, policy: 'http://h.localhost/p' }, ai: [undefined, false] })
  clock.advance(1000)
  expect(await askAll(createHostPolicies(clock, notes), http)).toBe(2)
  expect(site.paths('h.localhost')).toHaveLength(4)
})

test.each([
  '',
  'null',
  '{',
  '[1]',
  '{"text":1,"until":"x"}',
  '{"text":"{","until":-1}',
  `{"text":"${'['.repeat(9)}","url":"http://h.localhost/ai.txt","until":1e300}`,
  `{"text":"AAAA","url":"http://h.localhost/ai.txt","until":1}`,
  '\u0000',
])('a note of a host that says %j is as good as none', async (text) => {
  const clock = manualClock()
  await using site = await openSite({ 'h.localhost': { '/ai.txt': 'User-agent: *\nDisallow: /b' } })
  await using http = createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, hosts: site.hosts })
  await using notes = sqliteHostNotes(join(await temporaryFolder(), 'hosts.sqlite'), { clock })
  for (const kind of ['tdm', 'ai_txt'] as const) await notes.put(kind, 'http://h.localhost', text, clock.now() + 1000)
  const policies = createHostPolicies(clock, notes)
  expect(await askAll(policies, http)).toBe(2)
  expect(await said(policies)).toEqual({ tdm: { reserved: null, policy: undefined }, ai: [undefined, false] })
})
