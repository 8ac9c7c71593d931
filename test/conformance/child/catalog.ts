import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { lineage } from '#schemas/lineage.ts'
import type { DesirabilityManifest } from '#schemas/manifest.ts'
import { program } from './program.ts'

/** Of a kind whose line is kept until it is expired. */
const line = lineage.desirability

/** `epoch` tells lists of one parent apart. */
const made = (parent: string | undefined, epoch: number): DesirabilityManifest => ({
  kind: 'desirability',
  parent: parent ?? null,
  jobs: [
    {
      id: 'web',
      weight: 1,
      params: { keyword: null, platform: 'web', label: 'web', post_start_datetime: null, post_end_datetime: null },
      web: { seeds: [], include: ['*'] },
    },
  ],
  evidence: [],
  caused_by: { plan_id: '0'.repeat(64), epoch },
})

/** Follows the head it read, which may have moved since. */
async function commitNext(catalog: Catalog): Promise<{ version: number; sha256: string }> {
  const head = await catalog.head(line)
  return catalog.commit(line, head?.sha256, made(head?.sha256, head?.version ?? 0))
}

await program<Catalog>({
  async commit(catalog, { say }) {
    for (;;) {
      const { version, sha256 } = await commitNext(catalog)
      say({ version, sha256 })
    }
  },

  /** Keeps `input` entries of a line that goes on. */
  async expire(catalog, { clock, input, say }) {
    for (;;) {
      const { version, sha256 } = await commitNext(catalog)
      say({ version, sha256 })
      await catalog.expire(line, { keepNewest: Number(input), before: clock.now() })
    }
  },

  /** Commits `input` times against others that do the same. */
  async race(catalog, { clock, input, say }) {
    for (let won = 0; won < Number(input);) {
      try {
        const head = await catalog.head(line)
        const { version } = await catalog.commit(line, head?.sha256, made(head?.sha256, process.pid))
        say({ version, by: process.pid })
        won++
      } catch (cause) {
        if (!(cause instanceof OrreryError) || cause.code !== 'conflict') throw cause
        await clock.sleep(1)
      }
    }
  },
})
