import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Clock } from '#schemas/clock.ts'
import type { Claim, Frontier } from '#schemas/frontier.ts'
import { releaseClaim } from './work.ts'

const Entry = z.object({
  url: z.string(),
  kind: z.enum(['page', 'sitemap']),
  label: z.string(),
  priority: z.number(),
  token: z.string(),
  expiresAt: z.number(),
  attempt: z.number(),
})

/**
 * What a miner holds at this moment, beside its frontier: so that after kill -9 the next start of the same miner need not wait for the leases to run out.
 * Only a help: a journal that is lost or torn costs that wait and nothing else.
 */
export interface ClaimJournal {
  write(claims: readonly Claim[]): Promise<void>
  /** Gives back what the journal says was held. */
  recover(frontier: Frontier, pace: Clock): Promise<void>
}

export function claimJournal(path: string): ClaimJournal {
  return {
    async write(claims) {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, JSON.stringify(claims))
    },
    async recover(frontier, pace) {
      const held = parse(await readFile(path, 'utf8').catch(() => '[]'))
      for (const claim of held) await releaseClaim(frontier, { ...claim, previous: undefined }, pace)
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
