import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { jobId } from '#schemas/desirability.ts'
import { lineage } from '#schemas/lineage.ts'
import { sqliteCatalog } from '../catalog/sqlite.ts'
import { developmentKey } from '../chain/key-file.ts'
import { localChain } from '../chain/local.ts'
import { folderStore } from '../store/folder.ts'
import { castingVotes } from './cast-votes.ts'
import { desirabilityCommands } from './command.ts'
import { followVotes } from './follow-votes.ts'

afterEach(() => vi.restoreAllMocks())

const params = { keyword: null, platform: 'web' as const, label: 'docs', post_start_datetime: null, post_end_datetime: null }
const web = { seeds: ['https://docs.example/'], include: ['https://docs.example/*'] }

async function house() {
  const folder = await temporaryFolder()
  const clock = manualClock(Date.UTC(2026, 0, 5))
  const stack = new AsyncDisposableStack()
  const chain = stack.use(
    localChain(join(folder, 'chain.sqlite'), { clock, netuid: 13, blockMs: 12_000, tempoBlocks: 100, faucet: true, stakeThreshold: 100n }),
  )
  const catalog = stack.use(sqliteCatalog(join(folder, 'catalog.sqlite'), { clock }))
  const store = folderStore(join(folder, 'store'))
  const { signer } = developmentKey('validator')
  const backends = { catalog, chain, store, castVotes: castingVotes({ chain, store, validator: async () => ({ signer }) }) }
  return {
    folder,
    clock,
    signer,
    ...backends,
    async orrery(...words: string[]): Promise<string> {
      const program = new Command().exitOverride()
      desirabilityCommands(program, async () => ({ ...backends, [Symbol.asyncDispose]: async () => undefined }))
      const written: string[] = []
      const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
      await program.parseAsync(['desirability', ...words], { from: 'user' }).finally(() => spy.mockRestore())
      return written.join('')
    },
    follow: () => followVotes({ catalog, chain, store, telemetry: { count: () => undefined, event: () => undefined }, hasContact: true, now: clock.now() }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

test('a list from a file is committed, counted, and shown with whose word each weight is; what was before can be asked for', async () => {
  await using given = await house()
  const { folder, clock, chain, catalog, signer, orrery, follow } = given
  const own = { id: jobId(params, web), weight: 1.25, params, web }
  await catalog.commit(lineage.desirability, undefined, { kind: 'desirability', parent: null, jobs: [own], evidence: [], caused_by: null })
  const file = join(folder, 'list.json')
  await writeFile(file, JSON.stringify([{ id: 'x', weight: 0.004, params: { platform: 'web', label: 'Docs' } }]))
  await expect(orrery('import', file)).rejects.toMatchObject({ code: 'chain_refused', details: { reason: 'AccountNotAllowedCommit' } })
  await chain.faucet(signer, 5_000_000_000n)
  await chain.register(signer, signer.address)
  const before = (await chain.block()).number
  clock.advance(60_000)
  expect(JSON.parse(await orrery('import', file))).toEqual({
    hotkey: signer.address,
    list: expect.stringMatching(/^[0-9a-f]{64}$/),
    block: before + 5,
    jobs: 1,
    counts: true,
  })
  await follow()
  const shown = await orrery('show')
  expect(shown).toContain('list 2, in force since 2026-01-05T00:01:00.000Z')
  expect(shown).toMatch(/docs-[0-9a-f]{12} +docs +2\.25 +1\.25 +1/)
  expect(shown).toMatch(new RegExp(`${signer.address} +5 +${before + 5} `))
  expect(JSON.parse(await orrery('show', '--json', '--block', String(before)))).toMatchObject({ version: 1, manifest: { jobs: [{ weight: 1.25 }] } })
  expect(JSON.parse(await orrery('show', '--json', '--at', '2026-01-05T01:01:00+01:00'))).toMatchObject({ version: 2 })
  await expect(orrery('show', '--at', '2026-01-04T00:00:00Z')).rejects.toMatchObject({ code: 'not_found' })
})

test('what cannot be is refused in words', async () => {
  await using given = await house()
  const { folder, orrery } = given
  const file = join(folder, 'list.json')
  await expect(orrery('show')).rejects.toMatchObject({ code: 'not_found' })
  await expect(orrery('show', '--at', 'now')).rejects.toThrow(/--at "now" is no time/)
  await expect(orrery('show', '--block', '1e3')).rejects.toThrow(/--block "1e3" is no number of a block/)
  await expect(orrery('show', '--block', '1', '--at', '2026-01-05')).rejects.toThrow(/not both/)
  await expect(orrery('import', join(folder, 'nowhere.json'))).rejects.toThrow(/cannot be read \(ENOENT\)/)
  await writeFile(file, JSON.stringify([{ id: 'x', weight: 1, params, web: { ...web, include: ['https://a.example/('] } }]))
  await expect(orrery('import', file)).rejects.toThrow(
    /list\.json: \[0\]\.web\.include\[0\] = "https:\/\/a\.example\/\(" is refused: no URL pattern; write one like/,
  )
  await writeFile(file, 'x'.repeat(2 ** 20 + 1))
  await expect(orrery('import', file)).rejects.toMatchObject({ code: 'too_large' })
})
