import { describe, expect, test } from 'vitest'
import type { HeaderLines } from '#infra/net/header-lines.ts'
import { createHttp } from '#infra/net/http.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { askAtOnce } from './host-file.ts'
import { createHostPolicies } from './host-policies.ts'
import { readPageRobots } from './page-robots.ts'
import { hostWord, pageRights, rightsRefusal, type HostPolicy } from './rights.ts'
import { allowAll, parseRobots } from './robots-txt.ts'
import { noAiTxt } from './ai-txt.ts'
import { noTdmRules } from './tdm.ts'

const nowMs = Date.UTC(2026, 5, 1)
const url = 'http://h.localhost/a'
const silent: HostPolicy = { tdm: noTdmRules, aiTxt: noAiTxt }
interface Said {
  policy?: HostPolicy
  robotsTxt?: string
  obey?: boolean
}
function judge(headers: HeaderLines, { policy = silent, robotsTxt = '', obey = true }: Said = {}) {
  const robots = readPageRobots(headers, { robots: [] }, url)
  const host = hostWord(policy, parseRobots(robotsTxt, 'Orrery', url), url)
  const rights = pageRights({ robotsTxt: 'found', host, robots, licence: undefined, licenceScope: undefined })
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
    [{ 'x-robots-tag': 'noml' }, silent, 'noai', undefined],
    [{ 'x-robots-tag': 'none' }, silent, 'noindex', 'noindex'],
    [{ 'tdm-reservation': '1' }, silent, 'tdm_reserved', undefined],
    [{ 'tdm-reservation': '0' }, reserving, 'tdm_reserved', undefined],
    [{}, closed, 'ai_txt_disallowed', undefined],
    [{ 'x-robots-tag': 'noarchive, noimageai' }, silent, undefined, undefined],
  ])('%j: %o gives %s, and unobeyed %s', (headers, policy, obeyed, unobeyed) => {
    expect(judge(headers as HeaderLines, { policy }).refusal).toBe(obeyed)
    expect(judge(headers as HeaderLines, { policy, obey: false }).refusal).toBe(unobeyed)
  })
})

describe('what an owner says of training models', () => {
  const [all, us] = ['User-agent: *', 'User-agent: Orrery']
  test.each<[string, string, HeaderLines, string | undefined]>([
    ['Content-Signal in the group for all', `${all}\nContent-Signal: search=yes, ai-train=no\nAllow: /`, {}, 'robots-content-signal'],
    ['before any group, for everybody', `Content-Signal: ai-train=no, search=yes, ai-input=no\n${us}\nAllow: /`, {}, 'robots-content-signal'],
    ['in several lines', `${all}\nContent-Signal: search=yes\nContent-Signal: ai-train=no\nAllow: /`, {}, 'robots-content-signal'],
    ['without its colon, however spaced', `${all}\ncontent-signal ai-train=no\nAllow: /`, {}, 'robots-content-signal'],
    ['in our own group', `${us}\nContent-Signal:ai-train = NO\n${all}\nContent-Signal: ai-train=yes`, {}, 'robots-content-signal'],
    ['said before our group and taken back in none', `Content-Signal: ai-train=no\n${us}\nContent-Signal: ai-train=yes`, {}, 'robots-content-signal'],
    ['of a path', `${all}\nContent-Signal: /a ai-train=no\nContent-Signal: ai-train=yes`, {}, 'robots-content-signal'],
    ['Content-Usage of a path', `${all}\nAllow: /\nContent-Usage: /a train-ai=n`, {}, 'robots-content-usage'],
    ['of all', `${all}\nContent-Usage: train-ai=n`, {}, 'robots-content-usage'],
    ['of paths of any beginning', `${all}\nContent-Usage: */a train-ai=n`, {}, 'robots-content-usage'],
    ['with a space and underscores', `${all}\nContent Signal: search=yes, ai_train='no'`, {}, 'robots-content-signal'],
    ['of the same path twice', `${all}\nContent-Usage: /a train-ai=n\nContent-Usage: /a train-ai=y`, {}, 'robots-content-usage'],
    ['of a path as it is encoded', `${all}\nContent-Usage: /%61 train-ai=n`, {}, 'robots-content-usage'],
    ['in a wider category', `${all}\nContent-Usage: bots=n`, {}, 'robots-content-usage'],
    ['beside a signal that allows', `${all}\nContent-Signal: ai-train=yes\nContent-Usage: train-ai=n`, {}, 'robots-content-usage'],
    ['the header', '', { 'content-usage': 'train-ai=n' }, 'header-content-usage'],
    ['with what else is in it', '', { 'content-usage': 'search=y, train-ai=n;exceptions="x"' }, 'header-content-usage'],
    ['sent twice', '', { 'content-usage': ['train-ai=y', 'train-ai=n'] }, 'header-content-usage'],
    ['as a signal', '', { 'content-signal': 'ai-train=no, search=yes' }, 'header-content-signal'],
    ['where robots.txt allows it', `${all}\nContent-Usage: train-ai=y`, { 'content-usage': 'train-ai=n' }, 'header-content-usage'],
    ['allowed where robots.txt forbids it', `${all}\nContent-Usage: train-ai=n`, { 'content-usage': 'train-ai=y' }, 'robots-content-usage'],
  ])('%s: it is kept with the page and obeyed', (_, robotsTxt, headers, by) => {
    const { rights, refusal } = judge(headers, { robotsTxt })
    expect({ rights, refusal }).toMatchObject({ rights: { ai_train: 'disallowed', ai_train_by: by }, refusal: 'ai_train_disallowed' })
    expect(judge(headers, { robotsTxt, obey: false }).refusal).toBeUndefined()
  })

  test.each<[string, string, HeaderLines, 'allowed' | undefined]>([
    ['allowed', `${all}\nContent-Signal: ai-train=yes`, {}, 'allowed'],
    ['allowed by the header', '', { 'content-usage': 'train-ai=y' }, 'allowed'],
    ['allowed by the longest path', `${all}\nContent-Usage: train-ai=n\nContent-Usage: /a train-ai=y`, {}, 'allowed'],
    ['the last of equal keys counts', '', { 'content-usage': 'train-ai=n, train-ai=y' }, 'allowed'],
    ['the nearest category counts', '', { 'content-usage': 'all=n, train-ai=y' }, 'allowed'],
    ['of something else', `${all}\nContent-Signal: search=no, ai-input=no`, { 'content-usage': 'search=n, ai-use=n' }, undefined],
    ['of another path', `${all}\nContent-Usage: /b train-ai=n`, {}, undefined],
    ['of other paths of any beginning', `${all}\nContent-Usage: *.pdf train-ai=n`, {}, undefined],
    ['to others', `User-agent: other\nContent-Signal: ai-train=no\n${all}\nAllow: /`, {}, undefined],
    ['to all but us, who have a group', `${all}\nContent-Signal: ai-train=no\n${us}\nAllow: /`, {}, undefined],
    ['in a group that a signal has closed', `User-agent: other\nContent-Signal: ai-train=no\n${us}\nAllow: /`, {}, undefined],
    ['in words that are none', `${all}\nContent-Signal: ai-train=maybe\nContent-Usage: n\nContent-Usage:`, { 'content-usage': 'train-ai' }, undefined],
  ])('%s: nothing forbids it', (_, robotsTxt, headers, said) => {
    const { rights, refusal } = judge(headers, { robotsTxt })
    expect({ said: rights.ai_train, refusal }).toEqual({ said, refusal: undefined })
  })
})

test('a page of an archive, whose robots.txt nobody asked, keeps to what it says itself', () => {
  const robots = readPageRobots({ 'content-usage': 'train-ai=n' }, { robots: [] }, url)
  const rights = pageRights({ robotsTxt: undefined, host: undefined, robots, licence: undefined, licenceScope: 'image' })
  expect(rights).toMatchObject({ robots: 'not_asked', ai_train: 'disallowed', licence: null, licence_scope: 'image' })
  expect(rightsRefusal(rights, robots, { obey: true, nowMs })).toBe('ai_train_disallowed')
})

test('whatever is said is recorded, and what is not leaves no trace', () => {
  expect(judge({ 'x-robots-tag': 'noarchive' }, { policy: reserving }).rights).toEqual({
    robots: 'allowed',
    meta_robots: ['noarchive'],
    tdm_reservation: true,
    tdm_policy: 'http://h.localhost/policy',
    licence: null,
    licence_scope: null,
  })
  expect(judge({}, { policy: closed }).rights).toEqual({
    robots: 'allowed',
    meta_robots: [],
    tdm_reservation: null,
    ai_txt: 'disallowed',
    licence: null,
    licence_scope: null,
  })
})

const json =
  (body: string): Page =>
  (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(body)
async function open(pages: Record<string, Page>) {
  const stack = new AsyncDisposableStack()
  const clock = manualClock()
  const site = stack.use(await openSite({ 'h.localhost': pages }))
  const http = stack.use(createHttp({ userAgent: 'x', timeoutMs: 60_000, bytesMax: 1000, hosts: site.hosts }))
  const policies = createHostPolicies(clock)
  /** Reads what is not known. */
  const read = async (rules = allowAll, at = url) => policies.read(at, rules, askAtOnce(http))
  return { clock, site, policies, read, asked: () => site.paths('h.localhost'), [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

describe('the files of a host', () => {
  const tdmFile = JSON.stringify([{ location: '/', 'tdm-reservation': 1 }])
  const files = ['/.well-known/tdmrep.json', '/ai.txt']
  test('are asked one by one, once a day, before anything is known', async () => {
    await using host = await open({ '/.well-known/tdmrep.json': json(tdmFile), '/ai.txt': 'User-Agent: *\nDisallow: /' })
    expect((await host.policies.of(url)).tdm.of('/a').reserved).toBeNull()
    expect([await host.read(), await host.read(), await host.read(allowAll, 'http://h.localhost/other')]).toEqual([true, true, true])
    expect(host.asked()).toEqual(files)
    expect((await host.policies.of(url)).tdm.of('/a').reserved).toBe(true)
    host.clock.advance(86_400_000)
    await host.read()
    expect(host.asked()).toHaveLength(4)
  })

  test('that robots.txt forbids are left alone', async () => {
    await using host = await open({})
    expect(await host.read(parseRobots('User-agent: *\nDisallow: /.well-known/', 'Orrery', url))).toBe(true)
    expect(host.asked()).toEqual(['/ai.txt'])
  })

  test.each([404, 410, 500])('answered with %i are none', async (code) => {
    await using host = await open({ '/.well-known/tdmrep.json': (response) => void response.writeHead(code).end(tdmFile) })
    expect([await host.read(), await host.read()]).toEqual([true, true])
    expect(host.asked()).toEqual(files)
    expect((await host.policies.of(url)).tdm.of('/a').reserved).toBeNull()
  })

  test('that cannot be had are asked twice, then an hour later; what was known stays', async () => {
    await using host = await open({ '/.well-known/tdmrep.json': json(tdmFile) })
    await host.read()
    host.site.set('h.localhost', { '/.well-known/tdmrep.json': (response) => void response.writeHead(429, { 'retry-after': '7' }).end() })
    host.clock.advance(86_400_000)
    expect([await host.read(), await host.read(), await host.read()]).toEqual([false, true, true])
    expect(host.asked().filter((path) => path === files[0])).toHaveLength(3)
    expect((await host.policies.of(url)).tdm.of('/a').reserved).toBe(true)
    host.clock.advance(3_600_000)
    expect(await host.read()).toBe(false)
  })

  test('are followed where they moved to; a loop comes to nothing', async () => {
    await using host = await open({
      '/.well-known/tdmrep.json': (response) => void response.writeHead(302, { location: '/moved.json' }).end(),
      '/moved.json': json(tdmFile),
      '/ai.txt': (response) => void response.writeHead(302, { location: '/ai.txt' }).end(),
    })
    expect([await host.read(), await host.read()]).toEqual([true, true])
    expect(host.asked()).toEqual(['/.well-known/tdmrep.json', '/moved.json', '/ai.txt'])
    expect((await host.policies.of(url)).tdm.of('/a').reserved).toBe(true)
  })
})
