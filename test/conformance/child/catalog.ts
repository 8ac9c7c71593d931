import type { Catalog } from '#schemas/catalog.ts'
import { OrreryError } from '#schemas/errors.ts'
import { program } from './program.ts'

const line = 'turns/all'

/** Follows the head it read, which may have moved since. */
async function commitNext(catalog: Catalog): Promise<{ version: number; sha256: string }> {
  const head = await catalog.head(line)
  const parent = head?.sha256 ?? null
  return catalog.commit(line, head?.sha256, { kind: 'turn', parent, turn: (head?.version ?? 0) + 1, step: 'started' })
}

await program<Catalog>({
  async commit(catalog, { say }) {
    for (;;) {
      const { version, sha256 } = await commitNext(catalog)
      say({ version, sha256 })
    }
  },

  /** Commits `input` times against others that do the same. */
  async race(catalog, { clock, input, say }) {
    for (let won = 0; won < Number(input);) {
      try {
        const head = await catalog.head(line)
        const manifest = {
          kind: 'cycle',
          parent: head?.sha256 ?? null,
          cycle: process.pid,
          desirability: '0'.repeat(64),
          targets: {},
          finished: false,
        } as const
        const { version } = await catalog.commit(line, head?.sha256, manifest)
        say({ version, cycle: process.pid })
        won++
      } catch (cause) {
        if (!(cause instanceof OrreryError) || cause.code !== 'conflict') throw cause
        await clock.sleep(1)
      }
    }
  },
})
