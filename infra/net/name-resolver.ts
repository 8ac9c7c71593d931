import { readFileSync } from 'node:fs'
import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import { compareText } from '#schemas/compare-text.ts'
import { recentValues, textBytes } from '../recent-values.ts'

/** Finds the addresses of host names. */
export interface NameResolver {
  /**
   * IPv4 before IPv6, each sorted: whoever asks again gets the same first, however the servers turn their lists round.
   * @throws Error whose `code` is c-ares' (`ENOTFOUND`, `ESERVFAIL`, `ETIMEOUT`, …)
   */
  lookup(hostname: string): Promise<readonly Address[]>
  /** Gives up what is being asked, and asks no more. */
  close(): void
}

export interface NameResolverOptions {
  /** DNS servers, `192.0.2.1` or `192.0.2.1:53`; absent or none: those of this machine. */
  servers?: readonly string[] | undefined
  /** Clock of the times to live, ms. */
  now?: () => number
  /** Wait for the first try, ms; the second waits up to twice as long. */
  tryMs?: number
}

interface Address {
  address: string
}

/** What is known of a name: its addresses, or the code of why there is none. */
type Known = readonly Address[] | string

const lookupsMax = 64
const tries = 2
const cacheBytesMax = 8 * 2 ** 20
/** Whoever looks up a host and connects to it a moment later must find the same: what is to be forgotten at once is kept for so long. */
const ttlMinMs = 10_000
const ttlMaxMs = 3_600_000
/** Of what is not there; c-ares does not tell what the zone says of it (RFC 2308 §5). */
const nothingTtlMs = 60_000
/** Of a server that fails or keeps silent (RFC 2308 §7). */
const failureTtlMs = 5000
/** A name with one kind of address waits no longer than this for the other (RFC 8305 §3). */
const otherKindMs = 50

/**
 * A stub resolver of our own, on c-ares: the system's runs on the four threads of libuv, where a few names whose servers keep silent hold up all others.
 * Names under `localhost` are this machine (RFC 6761 §6.3), those in /etc/hosts are what it says; the rest is asked for as it is written, without search
 * domains.
 */
export function nameResolver({ servers = [], now = () => performance.now(), tryMs = 2000 }: NameResolverOptions = {}): NameResolver {
  const dns = new Resolver({ timeout: tryMs, tries, maxTimeout: 2 * tryMs })
  if (servers.length > 0) dns.setServers(servers)
  const kept = recentValues<string, Known>({ bytesMax: cacheBytesMax, bytesOf: knownBytes, now })
  const asking = new Map<string, Promise<Known>>()
  const waiting: (() => void)[] = []
  let isClosed = false
  let fixed: ReadonlyMap<string, Known> | undefined

  async function ask(name: string): Promise<Known> {
    if (asking.size >= lookupsMax) await new Promise<void>((resolve) => waiting.push(resolve))
    if (isClosed) return 'ECANCELLED'
    const [answer, other] = [settled(dns.resolve4(name, { ttl: true })), settled(dns.resolve6(name, { ttl: true }))]
    const first = await answer
    const second = first.records.length > 0 ? await soon(other) : await other
    const records = [first, second].flatMap((answer) => answer.records.toSorted(byAddress))
    const code = isNothing(first.code) ? (second.code ?? first.code) : first.code
    const known = records.length > 0 ? records.map(({ address }) => ({ address })) : (code ?? 'ENODATA')
    const ttlMs = records.reduce((least, { ttl }) => Math.min(least, ttl * 1000), ttlMaxMs)
    if (typeof known !== 'string') kept.keep(name, known, Math.max(ttlMs, ttlMinMs))
    else if (known !== 'ECANCELLED') kept.keep(name, known, isNothing(known) ? nothingTtlMs : failureTtlMs)
    return known
  }

  async function askOnce(name: string): Promise<Known> {
    const running = asking.get(name)
    if (running) return running
    const answer = ask(name)
    asking.set(name, answer)
    try {
      return await answer
    } finally {
      asking.delete(name)
      waiting.shift()?.()
    }
  }

  return {
    async lookup(hostname) {
      const name = hostname.toLowerCase().replace(/\.$/, '')
      fixed ??= hostsFile()
      const own = fixed.get(name) ?? (/(?:^|\.)localhost$/.test(name) ? loopback : undefined)
      const known = own ?? kept.get(name) ?? (await askOnce(name))
      if (typeof known === 'string') throw Object.assign(new Error(`${name}: ${known}`), { code: known })
      return known
    },
    close() {
      isClosed = true
      dns.cancel()
      for (const goOn of waiting.splice(0)) goOn()
    },
  }
}

interface Settled {
  records: readonly { address: string; ttl: number }[]
  code: string | undefined
}

const nothingInTime: Settled = { records: [], code: undefined }

const settled = (answer: Promise<Settled['records']>): Promise<Settled> =>
  answer.then(
    (records) => ({ records, code: undefined }),
    (error: NodeJS.ErrnoException) => ({ records: [], code: error.code ?? 'EFORMERR' }),
  )

/** What comes before the other kind of address is waited for no longer. */
async function soon(answer: Promise<Settled>): Promise<Settled> {
  const { promise, resolve } = Promise.withResolvers<Settled>()
  const timer = setTimeout(() => resolve(nothingInTime), otherKindMs)
  try {
    return await Promise.race([answer, promise])
  } finally {
    clearTimeout(timer)
  }
}

const isNothing = (code: string | undefined): boolean => code === 'ENODATA' || code === 'ENOTFOUND'

const byAddress = (a: Address, b: Address): number => compareText(a.address, b.address)

const knownBytes = (known: Known): number =>
  typeof known === 'string' ? textBytes(known) : known.reduce((sum, { address }) => sum + textBytes(address) + 32, 0)

const loopback: Known = [{ address: '127.0.0.1' }, { address: '::1' }]

/** Read once: nothing in it is of use to a crawl but by chance. */
function hostsFile(): Map<string, Address[]> {
  const hosts = new Map<string, Address[]>()
  for (const line of linesOf('/etc/hosts')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (isIP(address) === 0) continue
    for (const name of names) hosts.set(name.toLowerCase(), [...(hosts.get(name.toLowerCase()) ?? []), { address }])
  }
  return hosts
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
