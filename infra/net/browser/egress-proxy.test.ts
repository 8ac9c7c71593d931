import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { privateSpellings } from '#test/adversary/private-spellings.ts'
import { openListener, type Listener } from '#test/site/listener.ts'
import { openSite } from '#test/site/site.ts'
import { createEgress, type EgressOptions } from '../egress.ts'
import { openEgressProxy } from './egress-proxy.ts'

async function openProxy(options: EgressOptions) {
  const proxy = await openEgressProxy(createEgress(options))
  onTestFinished(() => proxy[Symbol.asyncDispose]())
  const port = Number(new URL(proxy.origin).port)
  /** Sends a request head and gives what comes back until the proxy, or whoever is behind it, ends the connection. */
  const say = (head: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(`${head}\r\n\r\n`)
    return text(socket)
  }
  return {
    proxy,
    say,
    tunnel: (authority: string) => say(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}`),
    get: (url: string) => say(`GET ${url} HTTP/1.1\r\nhost: x\r\nconnection: close`),
  }
}

async function openGreeter(): Promise<Listener> {
  const listener = await openListener((socket) => void socket.end('hello'))
  onTestFinished(() => listener[Symbol.asyncDispose]())
  return listener
}

const authorityOf = (url: string): string => url.replace(/^\s*h\s*t\s*tp:[/\\]*/, '').replace(/[/\\#].*$/, '')

test('no spelling of a private address is contacted, by a request or a tunnel', async () => {
  const listener = await openGreeter()
  const { get, tunnel } = await openProxy({ ports: [listener.port] })
  for (const spelling of privateSpellings) {
    const url = spelling.replace('P', String(listener.port))
    if (/[^\x21-\x7e]/.test(url)) continue
    for (const answer of await Promise.all([get(url), tunnel(authorityOf(url)), tunnel(`127.0.0.1:${listener.port}`)]))
      expect([spelling, answer]).toEqual([spelling, expect.stringMatching(/^HTTP\/1\.1 [45]/)])
  }
  expect(listener.connections()).toBe(0)
})

test('a name is connected to where it was found to be, and only while that is allowed', async () => {
  const listener = await openGreeter()
  const answers = [['127.0.0.1'], ['127.0.0.1', '10.0.0.1'], ['127.0.0.1']]
  const lookup = async () => (answers.shift() ?? []).map((address) => ({ address }))
  const { proxy, tunnel } = await openProxy({ allowPrivate: [`https://my.localhost:${listener.port}`], lookup })
  expect(await tunnel(`my.localhost:${listener.port}`)).toBe('HTTP/1.1 200 Connection Established\r\n\r\nhello')
  expect(proxy.addressOf('my.localhost')).toBe('127.0.0.1')
  expect(proxy.bytes()).toBeGreaterThan(40)
  expect([...proxy.takeRefusals()]).toEqual([])
  expect(await tunnel(`other.localhost:${listener.port}`)).toMatch(/^HTTP\/1\.1 403[^]*private_address$/)
  expect([...proxy.takeRefusals()]).toEqual(['other.localhost'])
  expect(listener.connections()).toBe(1)
})

test('a port that is not allowed is not contacted', async () => {
  const listener = await openGreeter()
  const { get, tunnel } = await openProxy({ lookup: async () => [{ address: '93.184.216.34' }] })
  expect(await tunnel(`public.example:${listener.port}`)).toMatch(/^HTTP\/1\.1 403[^]*port_refused$/)
  expect(await get(`http://public.example:${listener.port}/`)).toMatch(/^HTTP\/1\.1 403[^]*port_refused$/)
})

test('a host of our own is asked at its port, by plain requests only', async () => {
  await using site = await openSite({ 'one.localhost': { '/a?b': 'hello from the site' } })
  const { proxy, get, tunnel } = await openProxy({ hosts: site.hosts, lookup: async () => [{ address: '127.0.0.1' }] })
  expect(await get('http://one.localhost/a?b')).toMatch(/hello from the site/)
  expect(proxy.addressOf('one.localhost')).toBeUndefined()
  expect(await tunnel('one.localhost:443')).toMatch(/^HTTP\/1\.1 403/)
  expect(site.requests).toHaveLength(1)
})
