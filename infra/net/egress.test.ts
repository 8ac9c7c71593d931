import type { ServerResponse } from 'node:http'
import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, onTestFinished, test } from 'vitest'
import { privateSpellings } from '#test/adversary/private-spellings.ts'
import { openListener } from '#test/site/listener.ts'
import { openSite } from '#test/site/site.ts'
import { guardedConnector } from './connector.ts'
import { createEgress, type Egress } from './egress.ts'
import { ownAddresses } from './own-addresses.ts'
import { createHttp, type Http, type HttpOptions } from './http.ts'

const lookup = async () => []
const refusals = new Set(['private_address', 'bad_url', 'bad_redirect', 'credentials_refused', 'dns_failed'])

function client(options: Partial<HttpOptions>): Http {
  const http = createHttp({ userAgent: 'Orrery/0 (+test)', timeoutMs: 60_000, bytesMax: 1000, ...options })
  onTestFinished(() => http[Symbol.asyncDispose]())
  return http
}

test('no spelling of a private address is contacted', async () => {
  await using listener = await openListener()
  const http = client({ ports: [listener.port] })
  for (const spelling of privateSpellings) {
    const answer = await http.get(spelling.replace('P', String(listener.port)))
    expect([spelling, !answer.ok && refusals.has(answer.reason)]).toEqual([spelling, true])
  }
  expect(listener.connections()).toBe(0)
})

test('no redirect to one is followed', async () => {
  await using listener = await openListener()
  const locations = privateSpellings.map((spelling) => spelling.replace('P', String(listener.port))).filter((location) => /^[\x21-\x7e]+$/.test(location))
  const pages = locations.map((location, i) => [`/${i}`, (response: ServerResponse) => void response.writeHead(302, { location }).end()] as const)
  await using site = await openSite({ 'public.example': Object.fromEntries(pages) })
  const http = client({ ports: [listener.port], hosts: site.hosts })
  for (const [path] of pages) {
    const answer = await http.get(`http://public.example${path}`)
    // `http:127.0.0.1` is a path when it is relative to an HTTP page.
    const isPath = answer.ok && new URL(answer.url).hostname === 'public.example'
    expect([path, isPath || (!answer.ok && refusals.has(answer.reason))]).toEqual([path, true])
  }
  expect(locations.length).toBeGreaterThan(25)
  expect(listener.connections()).toBe(0)
})

describe('a name', () => {
  test.each([
    [['127.0.0.1']],
    [['93.184.216.34', '127.0.0.1']],
    [['::1']],
    [['::ffff:127.0.0.1']],
    [['::ffff:7f00:1']],
    [['64:ff9b::7f00:1']],
    [['fe80::1%lo']],
    [['169.254.169.254']],
    [['not an address']],
    [[]],
  ])('that resolves to %j is not contacted', async (addresses) => {
    await using listener = await openListener()
    const http = client({ ports: [listener.port], lookup: async () => addresses.map((address) => ({ address })) })
    const answer = await http.get(`http://rebinding.example:${listener.port}/`)
    expect(!answer.ok && answer.reason).toBe(addresses.length === 0 ? 'dns_failed' : 'private_address')
    expect(listener.connections()).toBe(0)
  })

  test('that changes its answer is judged by the answer that is used, and used as it was judged', async () => {
    const answers = [['93.184.216.34'], ['127.0.0.1'], ['93.184.216.34', '10.0.0.1']]
    const egress = createEgress({ lookup: async () => (answers.shift() ?? []).map((address) => ({ address })) })
    expect(await egress.resolve('http:', 'rebinding.example', 80)).toEqual([{ address: '93.184.216.34', port: 80 }])
    await expect(egress.resolve('http:', 'rebinding.example', 80)).rejects.toMatchObject({ reason: 'private_address' })
    await expect(egress.resolve('http:', 'rebinding.example', 80)).rejects.toMatchObject({ reason: 'private_address' })
  })

  test('is not looked up again when the connection is made', async () => {
    const greeted = Promise.withResolvers<void>()
    await using listener = await openListener(() => greeted.resolve())
    // As if this loopback address had been found public: a name that does not exist shows that nobody asks for it again.
    const egress: Egress = { ...createEgress({ lookup }), resolve: async () => [{ address: '127.0.0.1', port: listener.port }] }
    const connector = guardedConnector({ egress, connectMs: 5000 })
    const connected = Promise.withResolvers<void>()
    connector.connect({ protocol: 'http:', hostname: 'no.such.name.invalid', host: 'no.such.name.invalid', port: '' }, (error, socket) => {
      socket?.destroy()
      if (error) connected.reject(error)
      else connected.resolve()
    })
    await connected.promise
    await greeted.promise
    expect(connector.latest('http://no.such.name.invalid')).toMatchObject({ address: '127.0.0.1' })
  })

  test('of this machine is allowed by its origin only, and another name never', async () => {
    await using listener = await openListener()
    const origin = (name: string) => `http://${name}:${listener.port}`
    const egress = createEgress({ allowPrivate: [origin('my.localhost'), origin('intranet.example')], lookup: async () => [{ address: '127.0.0.1' }] })
    expect(await egress.resolve('http:', 'my.localhost', listener.port)).toEqual([{ address: '127.0.0.1', port: listener.port }])
    await expect(egress.resolve('https:', 'my.localhost', listener.port)).rejects.toMatchObject({ reason: 'private_address' })
    await expect(egress.resolve('http:', 'intranet.example', listener.port)).rejects.toMatchObject({ reason: 'private_address' })
    await expect(egress.resolve('http:', '127.0.0.1', listener.port)).rejects.toMatchObject({ reason: 'private_address' })
  })
})

test('this machine is not asked by its public address either, which may be a new one', async () => {
  const machine = { interfaces: ['93.184.216.34', '2606:4700::1111'], now: 0 }
  const interfaces = () => ({
    eth0: machine.interfaces.map((address) => ({ address, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo),
  })
  const isOwn = ownAddresses(interfaces, () => machine.now)
  const egress = createEgress({ isOwn, lookup: async (name) => [{ address: name === 'own.example' ? '93.184.216.34' : '8.8.8.8' }] })
  for (const host of ['93.184.216.34', '[::ffff:5db8:d822]', '[2606:4700:0::1111]']) expect(() => egress.admit(`http://${host}/`)).toThrow('private_address')
  await expect(egress.resolve('http:', 'own.example', 80)).rejects.toMatchObject({ reason: 'private_address' })
  expect(await egress.resolve('http:', 'other.example', 80)).toEqual([{ address: '8.8.8.8', port: 80 }])
  machine.interfaces = ['8.8.8.8']
  machine.now += 60_000
  await expect(egress.resolve('http:', 'other.example', 80)).rejects.toMatchObject({ reason: 'private_address' })
  expect(egress.admit('http://93.184.216.34/').hostname).toBe('93.184.216.34')
})

describe('a port', () => {
  const lookups: string[] = []
  const egress = createEgress({
    allowPrivate: ['https://one.example:4443'],
    lookup: async (hostname) => {
      lookups.push(hostname)
      return [{ address: '93.184.216.34' }]
    },
  })

  test.each(['http://a.example/', 'https://a.example/', 'http://a.example:8080/', 'https://a.example:8443/', 'https://one.example:4443/'])(
    'of %s may be asked',
    (url) => expect(egress.admit(url).href).toBe(url),
  )

  test.each(['http://a.example:22/', 'http://a.example:25/', 'https://a.example:6379/', 'http://a.example:0/'])('of %s may not', async (url) => {
    expect(() => egress.admit(url)).toThrow('port_refused')
    await expect(egress.resolve('http:', 'a.example', Number(new URL(url).port))).rejects.toMatchObject({ reason: 'port_refused' })
    expect(lookups).toEqual([])
  })

  test('is allowed by the list that is given', () => {
    const other = createEgress({ ports: [81], lookup })
    expect(other.admit('http://a.example:81/').port).toBe('81')
    expect(() => other.admit('http://a.example:8080/')).toThrow('port_refused')
  })
})
