import { appendFile, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { replaceFile } from '#infra/store/replace-file.ts'
import type { Clock } from '#schemas/clock.ts'
import type { Claim, Frontier } from '#schemas/frontier.ts'
import { releaseClaim } from './work.ts'

const Entry = z.object({
  url: z.url(),
  kind: z.enum(['page', 'sitemap', 'feed']),
  label: z.string(),
  priority: z.number(),
  token: z.string(),
  expiresAt: z.number(),
  attempt: z.number(),
})
type Entry = z.infer<typeof Entry>
/** A line of the journal: a claim that was taken, or the token of one that ended. */
const Line = z.union([Entry, z.object({ ended: z.string() })])

const heldMax = 10_000
/** The journal is written anew when it has so many bytes more than when it last was. */
const growthBytesMax = 256 << 10

/**
 * What a miner holds at this moment, beside its frontier, so that the next start of the same miner after kill -9 knows it: hosts of its own need not wait for
 * the leases to run out, and any other may have been asked just then. Only a help: a journal that is lost or torn costs that wait, and a rest shorter than
 * robots.txt asks for.
 */
export interface ClaimJournal {
  /** @param claims all that are held now; what is new among them and what has ended since is appended */
  write(claims: readonly Claim[]): Promise<void>
  /**
   * Gives back what the journal says was held of our own hosts.
   * @returns the other hosts (name and port) that were held → the time now
   */
  recover(frontier: Frontier, pace: Clock, isOwn: (hostname: string) => boolean): Promise<Map<string, number>>
}

export function claimJournal(path: string): ClaimJournal {
  /** Tokens that stand in the file; undefined before this process has written any. */
  let noted: ReadonlySet<string> | undefined
  let grownBytes = 0
  return {
    async write(claims) {
      const held = new Set(claims.map(({ token }) => token))
      const before = noted
      noted = held
      if (before === undefined || grownBytes > growthBytesMax) {
        grownBytes = 0
        return replaceFile(path, claims.map(entryOf).map(lineOf).join(''))
      }
      const ended = [...before].filter((token) => !held.has(token)).map((token) => lineOf({ ended: token }))
      const taken = claims
        .filter(({ token }) => !before.has(token))
        .map(entryOf)
        .map(lineOf)
      const lines = [...ended, ...taken].join('')
      grownBytes += lines.length
      await appendFile(path, lines)
    },
    async recover(frontier, pace, isOwn) {
      const interrupted = new Map<string, number>()
      for (const claim of heldIn(await readFile(path, 'utf8').catch(() => ''))) {
        const { host, hostname } = new URL(claim.url)
        if (isOwn(hostname)) await releaseClaim(frontier, { ...claim, previous: undefined }, pace)
        else interrupted.set(host, pace.now())
      }
      return interrupted
    },
  }
}

/** Each begins anew, so that one that is torn spoils none that comes after it. */
const lineOf = (line: Entry | { ended: string }): string => `\n${JSON.stringify(line)}`

const entryOf = ({ url, kind, label, priority, token, expiresAt, attempt }: Claim): Entry => ({ url, kind, label, priority, token, expiresAt, attempt })

/** A line that is torn says nothing; the others are as good as they were. */
function heldIn(text: string): Entry[] {
  const held = new Map<string, Entry>()
  for (const line of text.split('\n')) {
    const read = parse(line)
    if (read === undefined) continue
    if ('ended' in read) held.delete(read.ended)
    else held.set(read.token, read)
  }
  return [...held.values()].slice(0, heldMax)
}

function parse(line: string): z.infer<typeof Line> | undefined {
  try {
    return Line.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
