import { describe, expect, onTestFinished, test } from 'vitest'
import { openNameServer, type Question, type Reply } from '#test/site/name-server.ts'
import { createHttp, type HttpOptions } from './http.ts'
import { nameResolver } from './name-resolver.ts'

const clock = { now: 0 }

/** A resolver that asks a server of this machine. */
async function resolver(replyTo: (question: Question) => Reply, tryMs = 200) {
  const server = await openNameServer(replyTo)
  const names = nameResolver({ servers: [server.address], now: () => clock.now, tryMs })
  onTestFinished(async () => {
    names.close()
    await server[Symbol.asyncDispose]()
  })
  const lookup = async (name: string) => (await names.lookup(name)).map(({ address }) => address)
  const asked = (type: Question['type'] = 'A') => server.questions.filter((question) => question.type === type).map(({ name }) => name)
  return { lookup, asked, names, server }
}

const addresses = (...given: string[]): Reply => ({ addresses: given })
const client = (server: { address: string }, options: Partial<HttpOptions> = {}) =>
  createHttp({ userAgent: 'Orrery/0 (+test)', timeoutMs: 60_000, bytesMax: 1000, dnsServers: [server.address], ...options })
/** Longer than any test. */
const silentMs = 60_000

describe('the addresses of a name', () => {
  test('are the same in the same order, IPv4 first, however the server turns them round', async () => {
    const turns = [
      ['192.0.2.9', '2001:db8::2', '192.0.2.10', '2001:db8::1'],
      ['192.0.2.10', '192.0.2.9', '2001:db8::1', '2001:db8::2'],
    ]
    let turn = 0
    const { lookup } = await resolver(() => addresses(...(turns[turn] ?? [])))
    const first = await lookup('a.example')
    clock.now += 61_000
    turn += 1
    expect(await lookup('a.example')).toEqual(first)
    expect(first).toEqual(['192.0.2.10', '192.0.2.9', '2001:db8::1', '2001:db8::2'])
  })

  test('come through an alias', async () => {
    const { lookup } = await resolver(() => ({ addresses: ['192.0.2.1'], alias: 'cdn.example' }))
    expect(await lookup('www.example')).toEqual(['192.0.2.1'])
  })

  test('are there though nobody says anything of the other kind', async () => {
    const { lookup } = await resolver(({ type }) => (type === 'A' ? addresses('192.0.2.1') : undefined), silentMs)
    expect(await lookup('a.example')).toEqual(['192.0.2.1'])
  })

  test('may be of IPv6 alone', async () => {
    const { lookup } = await resolver(() => addresses('2001:db8::1'))
    expect(await lookup('a.example')).toEqual(['2001:db8::1'])
  })

  test.each(['localhost', 'any.LOCALHOST', 'localhost.'])('of %s are those of this machine, whatever a server says', async (name) => {
    const { lookup, asked } = await resolver(() => addresses('192.0.2.1'))
    expect(await lookup(name)).toContain('127.0.0.1')
    expect(asked()).toEqual([])
  })
})

describe('what is known is not asked again', () => {
  test.each([
    ['for as long as the server says', { addresses: ['192.0.2.1'], ttl: 300 }, 300_000],
    ['for ten seconds where it says not at all', { addresses: ['192.0.2.1'], ttl: 0 }, 10_000],
    ['for an hour at most', { addresses: ['192.0.2.1'], ttl: 1e6 }, 3_600_000],
    ['for a minute: there is no such name', { code: 'NXDOMAIN' }, 60_000],
    ['for a minute: it has no address', { addresses: [] }, 60_000],
    ['for five seconds: the server failed', { code: 'SERVFAIL' }, 5000],
  ] as const)('%s', async (_, reply, ms) => {
    const { lookup, asked } = await resolver(() => reply)
    const look = () => lookup('a.example').catch((error: NodeJS.ErrnoException) => error.code)
    const first = await look()
    const before = asked().length
    clock.now += ms - 1
    expect(await look()).toEqual(first)
    expect(asked()).toHaveLength(before)
    clock.now += 1
    expect(await look()).toEqual(first)
    expect(asked().length).toBeGreaterThan(before)
  })

  test('while it is being asked', async () => {
    const { lookup, asked } = await resolver(() => addresses('192.0.2.1'))
    await Promise.all([lookup('a.example'), lookup('A.example.'), lookup('a.example')])
    expect(asked()).toEqual(['a.example'])
  })
})

describe('a name without an answer', () => {
  test.each<[string, Reply]>([
    ['ENOTFOUND', { code: 'NXDOMAIN' }],
    ['ENODATA', { addresses: [] }],
    ['ESERVFAIL', { code: 'SERVFAIL' }],
    ['EREFUSED', { code: 'REFUSED' }],
    ['EBADRESP', { bytes: Buffer.from('what is this?') }],
    ['EBADRESP', { bytes: Buffer.alloc(600, 0xc0) }],
    ['ETIMEOUT', undefined],
  ])('%s', async (code, reply) => {
    const { lookup } = await resolver(() => reply)
    await expect(lookup('a.example')).rejects.toMatchObject({ code })
  })

  test('holds up none that has one', async () => {
    const { lookup } = await resolver(({ name }) => (name.startsWith('silent') ? undefined : addresses('192.0.2.1')), silentMs)
    const silent = Array.from({ length: 40 }, (_, i) => lookup(`silent${i}.example`).catch(() => 'given up'))
    expect(await Promise.all(Array.from({ length: 20 }, (_, i) => lookup(`good${i}.example`)))).toEqual(Array.from({ length: 20 }, () => ['192.0.2.1']))
    expect(silent).toHaveLength(40)
  })

  test('waits while sixty-four are being asked, and is given up with them at the end', async () => {
    const { lookup, asked, names } = await resolver(() => undefined, silentMs)
    const all = Array.from({ length: 70 }, (_, i) => lookup(`silent${i}.example`).catch((error: NodeJS.ErrnoException) => error.code))
    while (asked().length < 64) await new Promise(setImmediate)
    names.close()
    expect(new Set(await Promise.all(all))).toEqual(new Set(['ECANCELLED']))
    expect(new Set(asked()).size).toBe(64)
  })
})

describe('a client', () => {
  test('says which address of a host it will ask first, if any may be asked', async () => {
    const hosts: Record<string, readonly string[]> = {
      'public.example': ['93.184.216.34', '8.8.8.8'],
      'rebinding.example': ['93.184.216.34', '127.0.0.1'],
      'metadata.example': ['169.254.169.254'],
    }
    const { server } = await resolver(({ name }) => (hosts[name] ? addresses(...hosts[name]) : { code: 'NXDOMAIN' }))
    await using http = client(server, { hosts: (host) => (host === 'own.localhost' ? { address: '127.0.0.1', port: 1 } : undefined) })
    expect(await http.addressOf('http://public.example/a')).toBe('8.8.8.8')
    expect(await http.addressOf('https://[2606:4700::1111]/')).toBe('2606:4700::1111')
    for (const url of [
      'http://rebinding.example/',
      'http://metadata.example/',
      'http://none.example/',
      'http://own.localhost/',
      'http://127.0.0.1/',
      'ftp://x/',
      '',
    ])
      expect([url, await http.addressOf(url)]).toEqual([url, undefined])
    expect(await http.get('http://rebinding.example/')).toMatchObject({ ok: false, reason: 'private_address' })
    expect(await http.get('http://none.example/')).toMatchObject({ ok: false, reason: 'dns_failed' })
  })

  test('is told when it is enough', async () => {
    const { server } = await resolver(() => undefined, silentMs)
    await using http = client(server)
    const stop = new AbortController()
    const address = http.addressOf('http://silent.example/', stop.signal)
    stop.abort(new Error('enough'))
    await expect(address).rejects.toThrow('enough')
  })
})
