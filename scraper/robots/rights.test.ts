import { describe, expect, test } from 'vitest'
import { createHttp } from '#infra/net/http.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { createHostPolicies } from './host-policies.ts'
import { readPageRobots } from './page-robots.ts'
import { hostWord, pageRights, rightsRefusal, type HostPolicy } from './rights.ts'
import { allowAll, parseRobots } from './robots-txt.ts'
import { noAiTxt } from './ai-txt.ts'
import { noTdmRules } from './tdm.ts'

const nowMs = Date.UTC(2026, 5, 1)
const url = 'http://h.localhost/a'
const silent: HostPolicy = { tdm: noTdmRules, aiTxt: noAiTxt }
function judge(headers: Record<string, string>, { policy = silent, obey = true }: { policy?: HostPolicy; obey?: boolean } = {}) {
  const robots = readPageRobots(headers, { robots: [] }, url)
  const rights = pageRights({ robotsTxt: 'found', host: hostWord(policy, url), robots, licence: undefined })
  return { rights, refusal: rightsRefusal(rights, robots, { obey, nowMs }) }
}
const reserving: HostPolicy = { tdm: { of: () => ({ reserved: true, policy: 'http://h.localhost/policy' }) }, aiTxt: noAiTxt }
const closed: HostPolicy = { tdm: noTdmRules, aiTxt: { allowsText: () => false } }

describe('a page is refused', () => {
  test.each([
    [{ 'x-robots-tag': 'noindex' }, silent, 'noindex', 'noindex'],
    [{ 'x-robots-tag': 'unavailable_after: 2026-05-31' }, silent, 'unavailable', 'unavailable'],
    [{ 'x-robots-tag': 'unavailable_after: 2026-06-02' }, silent, undefined, undefined],
    [{ 'x-robots-tag': 'noai' }, silent, 'noai', undefined],
    [{ 'tdm-reservation': '1' }, silent, 'tdm_reserved', undefined],
    [{ 'tdm-reservation': '0' }, reserving, 'tdm_reserved', undefined],
    [{}, closed, 'ai_txt_disallowed', undefined],
    [{ 'x-robots-tag': 'noarchive, noimageai' }, silent, undefined, undefined],
  ])('%j: %o gives %s, and unobeyed %s', (headers, policy, obeyed, unobeyed) => {
    expect(judge(headers as Record<string, string>, { policy }).refusal).toBe(obeyed)
    expect(judge(headers as Record<string, string>, { policy, obey: false }).refusal).toBe(unobeyed)
  })
})

test('whatever is said is recorded, and what is not leaves no trace', () => {
  expect(judge({ 'x-robots-tag': 'noarchive' }, { policy: reserving }).rights).toEqual({
    robots: 'allowed',
    meta_robots: ['noarchive'],
    tdm_reservation: true,
    tdm_policy: 'http://h.localhost/policy',
    licence: null,
  })
  expect(judge({}, { policy: closed }).rights).toEqual({ robots: 'allowed', meta_robots: [], tdm_reservation: null, ai_txt: 'disallowed', licence: null })
})

const json =
  (body: string): Page =>
  (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(body)
async function open(pages: Record<string, Page>) {
  const stack = new AsyncDisposableStack()
  const clock = manualClock()
  const site = stack.use(await openSite({ 'h.localhost': pages }))
  const http = stack.use(createHttp({ userAgent: 'x', timeoutMs: 2000, bytesMax: 1000, hosts: site.hosts }))
  const policies = createHostPolicies(http, clock)
  const { signal } = new AbortController()
  const askNext = async () => policies.ask(policies.unasked(url, allowAll)[0] ?? 'http://h.localhost/none', signal)
  return { clock, site, policies, askNext, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

describe('the files of a host', () => {
  const tdmFile = JSON.stringify([{ location: '/', 'tdm-reservation': 1 }])
  test('are asked one by one, once a day, before anything is known', async () => {
    await using host = await open({ '/.well-known/tdmrep.json': json(tdmFile), '/ai.txt': 'User-Agent: *\nDisallow: /' })
    expect(host.policies.unasked(url, allowAll)).toEqual(['http://h.localhost/.well-known/tdmrep.json', 'http://h.localhost/ai.txt'])
    expect(host.policies.of(url).tdm.of('/a').reserved).toBeNull()
    await host.askNext()
    await host.askNext()
    expect(host.policies.unasked('http://h.localhost/other', allowAll)).toEqual([])
    expect(host.policies.of(url).tdm.of('/a').reserved).toBe(true)
    host.clock.advance(86_400_000)
    expect(host.policies.unasked(url, allowAll)).toHaveLength(2)
  })

  test('that robots.txt forbids are left alone', async () => {
    await using host = await open({})
    const rules = parseRobots('User-agent: *\nDisallow: /.well-known/', 'Orrery', url)
    expect(host.policies.unasked(url, rules)).toEqual(['http://h.localhost/ai.txt'])
  })

  test.each([404, 410, 500])('answered with %i are none', async (code) => {
    await using host = await open({ '/.well-known/tdmrep.json': (response) => void response.writeHead(code).end(tdmFile) })
    expect(await host.askNext()).toMatchObject({ trouble: undefined })
    expect(host.policies.unasked(url, allowAll)).toHaveLength(1)
    expect(host.policies.of(url).tdm.of('/a').reserved).toBeNull()
  })

  test('that cannot be had are asked twice, then an hour later; what was known stays', async () => {
    await using host = await open({ '/.well-known/tdmrep.json': json(tdmFile) })
    await host.askNext()
    await host.askNext()
    host.site.set('h.localhost', { '/.well-known/tdmrep.json': (response) => void response.writeHead(429, { 'retry-after': '7' }).end() })
    host.clock.advance(86_400_000)
    expect(await host.askNext()).toMatchObject({ trouble: { reason: 'http_429', retryAfter: '7' } })
    expect(host.policies.unasked(url, allowAll)).toHaveLength(2)
    expect(await host.askNext()).toMatchObject({ trouble: undefined })
    expect(host.policies.unasked(url, allowAll)).toHaveLength(1)
    expect(host.policies.of(url).tdm.of('/a').reserved).toBe(true)
    host.clock.advance(3_600_000)
    expect(host.policies.unasked(url, allowAll)).toHaveLength(2)
  })
})
