import { developmentKey } from '#infra/chain/key-file.ts'
import type { Server } from '#infra/net/server.ts'
import { signAsIotaClient } from '#infra/signed-http/epistula.ts'
import type { Signer } from '#schemas/chain.ts'

/** Python's `json.dumps`, as far as the client needs it: `, ` and `: ` between members, sorted at every depth or not, NaN as it is. */
function dumps(value: unknown, isSorted: boolean): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'NaN'
  if (Array.isArray(value)) return `[${value.map((item) => dumps(item, isSorted)).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
  const ordered = isSorted ? members.toSorted(([a], [b]) => (a < b ? -1 : 1)) : members
  return `{${ordered.map(([name, member]) => `${JSON.stringify(name)}: ${dumps(member, isSorted)}`).join(', ')}}`
}

export interface Answered {
  status: number
  body: unknown
  /** Of an error that is told as a 200. */
  errorName: string | undefined
}

/** IOTA's miner client (2026), as protocols of it describe it: signs other bytes than it sends, and sends the same headers again when no answer came. */
export interface IotaMiner {
  hotkey: string
  /** A request, as often as it is sent with these headers. @param body undefined: none is sent, `{}` is signed */
  request(method: 'GET' | 'POST', path: string, body?: Readonly<Record<string, unknown>>): () => Promise<Answered>
}

/** @param date of the miner's machine, ms since the Unix epoch; it goes on by one with each request: unlike Python's, our signatures of equal texts are equal */
export function iotaMiner(app: () => Server, name: string, date: () => number): IotaMiner {
  const signer: Signer = developmentKey(name).signer
  let requests = 0
  return {
    hotkey: signer.address,
    request(method, url, body) {
      const payload = body === undefined ? undefined : dumps(body, false)
      const signedBody = Buffer.from(body === undefined ? '{}' : dumps(body, true))
      const headers = {
        ...signAsIotaClient(signer, { signedBody, timestampMs: date() + requests++ }),
        'X-Spec-Version': '30017',
        ...(payload !== undefined && { 'Content-Type': 'application/json' }),
      }
      return async () => {
        const answer = await app().inject({ method, url, headers, ...(payload !== undefined && { payload }) })
        const told: unknown = answer.json()
        const errorName = typeof told === 'object' && told !== null && 'error_name' in told ? String(told.error_name) : undefined
        return { status: answer.statusCode, body: told, errorName }
      }
    },
  }
}

/** A repeatable choice, 0..1. */
export function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
