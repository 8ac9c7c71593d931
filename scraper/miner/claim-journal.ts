import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
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

/**
 * What a miner holds at this moment, beside its frontier, so that the next start of the same miner after kill -9 knows it: hosts of its own need not wait for
 * the leases to run out, and any other may have been asked just then. Only a help: a journal that is lost or torn costs that wait, and a rest shorter than
 * robots.txt asks for.
 */
export interface ClaimJournal {
  write(claims: readonly Claim[]): Promise<void>
  /**
   * Gives back what the journal says was held of our own hosts.
   * @returns the other hosts (name and port) that were held → the time now
   */
  recover(frontier: Frontier, pace: Clock, isOwn: (hostname: string) => boolean): Promise<Map<string, number>>
}

export function claimJournal(path: string): ClaimJournal {
  let folder: Promise<unknown> | undefined
  return {
    async write(claims) {
      await (folder ??= mkdir(dirname(path), { recursive: true }))
      await writeFile(path, JSON.stringify(claims))
    },
    async recover(frontier, pace, isOwn) {
      const held = parse(await readFile(path, 'utf8').catch(() => '[]'))
      const interrupted = new Map<string, number>()
      for (const claim of held) {
        const { host, hostname } = new URL(claim.url)
        if (isOwn(hostname)) await releaseClaim(frontier, { ...claim, previous: undefined }, pace)
        else interrupted.set(host, pace.now())
      }
      return interrupted
    },
  }
}

function parse(text: string): z.infer<typeof Entry>[] {
  try {
    return z.array(Entry).max(10_000).parse(JSON.parse(text))
  } catch {
    return []
  }
}
