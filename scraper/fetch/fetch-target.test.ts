import { describe, expect, test } from 'vitest'
import { systemClock } from '#infra/clock.ts'
import { createHttp, type HttpOptions } from '#infra/net/http.ts'
import { openSite, type Page } from '#test/site/site.ts'
import { createRobots } from '../robots/robots.ts'
import { fetchTarget } from './fetch-target.ts'

const pace = systemClock()
const client = (more: Partial<HttpOptions>) => createHttp({ userAgent: 'Orrery/0', timeoutMs: 5000, bytesMax: 100_000, ...more })
const noName = () => Promise.reject(Object.assign(new Error('not known'), { code: 'ENOTFOUND' }))

describe('what is wrong with a host is the reason of its page, not that robots.txt is out of reach', () => {
  test.each<[string, string, string, Partial<HttpOptions>]>([
    ['refused', 'private_address', 'http://inside.example/', { lookup: async () => [{ address: '10.0.0.1' }] }],
    ['refused', 'private_address', 'http://[::1]/', {}],
    ['refused', 'port_refused', 'http://h.example:22/', {}],
    ['trouble', 'dns_failed', 'http://nowhere.example/', { lookup: noName }],
  ])('%s: %s', async (kind, reason, url, options) => {
    await using http = client(options)
    const outcome = await fetchTarget({ url, kind: 'page' }, undefined, { http, robots: createRobots(http, pace), pace }, new AbortController().signal)
    expect(outcome).toMatchObject({ kind, reason, permission: undefined, exchange: undefined })
  })
})

describe('what is wrong with robots.txt alone is not', () => {
  test.each<[string, Page]>([
    ['a server that fails', (response) => void response.writeHead(500).end()],
    ['a redirect to a private address', (response) => void response.writeHead(302, { location: 'http://10.0.0.1/robots.txt' }).end()],
    ['a file that ends too soon', (response) => void response.writeHead(200, { 'content-length': '100' }).write('User', () => response.socket?.destroy())],
  ])('%s', async (_, robotsTxt) => {
    await using site = await openSite({ 'a.localhost': { '/robots.txt': robotsTxt } })
    await using http = client({ hosts: site.hosts })
    const robots = createRobots(http, pace)
    const outcome = await fetchTarget({ url: 'http://a.localhost/', kind: 'page' }, undefined, { http, robots, pace }, new AbortController().signal)
    expect(outcome).toMatchObject({ kind: 'trouble', reason: 'robots_unreachable', permission: undefined })
  })
})
