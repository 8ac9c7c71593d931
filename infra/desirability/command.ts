import { createReadStream } from 'node:fs'
import type { Command } from 'commander'
import { z } from 'zod'
import type { Catalog, CatalogEntry } from '#schemas/catalog.ts'
import type { Chain } from '#schemas/chain.ts'
import { gravity } from '#schemas/desirability-voices.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Vote } from '#schemas/preferences.ts'
import type { OpenWish } from '../preflight.ts'
import { textTable } from '../telemetry/table.ts'
import type { CastVotes } from './cast-votes.ts'
import { listAt } from './list-at.ts'
import { parseVoteFile } from './vote-file.ts'

/** The backends of a data folder, as far as lists of what is sought use them. */
export interface DesirabilityBackends extends AsyncDisposable {
  catalog: Catalog
  chain: Pick<Chain, 'block'>
  castVotes(votes: readonly Vote[]): Promise<CastVotes>
}

type Open = (command: Command, wish?: OpenWish) => Promise<DesirabilityBackends>

/** Adds `desirability import` and `desirability show` to the program. @param open opens the backends by the settings and flags of the command that runs */
export function desirabilityCommands(program: Command, open: Open): void {
  const desirability = program.command('desirability').description('What is sought, and the lists that validators vote with (Gravity).')
  desirability
    .command('import')
    .description('Sign a list of jobs with the hotkey of the validator, put it into the store, and commit its hash on the chain.')
    .argument('<file>', 'JSON: [{id, weight, params, web?, max_rows?, expires_at?}], weights in (0, 1], together at most 1; - reads standard input')
    .action(async (file: string, _flags: unknown, command: Command) => {
      const votes = await parseVoteFile(await readVoteFile(file), file === '-' ? 'standard input' : file)
      await using backends = await open(command, { ownsOutput: true })
      print(JSON.stringify(await backends.castVotes(votes)))
    })
  desirability
    .command('show')
    .description('The list in force, now or at some time: its jobs, whose word their weights are, and the lists that were counted.')
    .option('--block <number>', 'as it was in that block of the chain')
    .option('--at <time>', 'as it was then (ISO 8601)')
    .option('--json', 'the entry of the catalog as it stands', false)
    .action(async ({ block, at, json }: { block?: string; at?: string; json: boolean }, command: Command) => {
      await using backends = await open(command, { isBegun: true, ownsOutput: true })
      const instant = await instantOf(backends, { block, at })
      const entry = await listAt(backends.catalog, instant)
      if (!entry) throw new OrreryError('not_found', 'There was no desirability list then, or it is forgotten; without --block and --at the newest is shown.')
      print(json ? JSON.stringify(entry) : shown(entry))
    })
}

async function readVoteFile(file: string): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of (file === '-' ? process.stdin : createReadStream(file)) as AsyncIterable<Buffer>) {
      bytes += piece.length
      if (bytes > gravity.listBytesMax) break
      pieces.push(piece)
    }
  } catch (cause) {
    throw new OrreryError('not_found', `The file ${file} cannot be read (${(cause as NodeJS.ErrnoException).code}); name one that is there.`, { file })
  }
  if (bytes > gravity.listBytesMax)
    throw new OrreryError('too_large', `${file} has more than ${gravity.listBytesMax} bytes, which is what is taken; name fewer seeds and jobs.`, { file })
  return Buffer.concat(pieces).toString('utf8')
}

async function instantOf(
  { chain }: Pick<DesirabilityBackends, 'chain'>,
  { block, at }: { block?: string | undefined; at?: string | undefined },
): Promise<number> {
  if (block !== undefined && at !== undefined) throw new OrreryError('invalid_argument', 'Say --block or --at, not both.')
  if (at !== undefined) {
    const instant = z.iso.datetime({ offset: true }).safeParse(at)
    if (!instant.success) throw new OrreryError('invalid_argument', `--at "${at}" is no time; write it like 2026-01-31T12:00:00Z.`, { at })
    return Date.parse(instant.data)
  }
  if (block === undefined) return Number.MAX_SAFE_INTEGER
  if (!/^\d{1,15}$/.test(block)) throw new OrreryError('invalid_argument', `--block "${block}" is no number of a block.`, { block })
  return (await chain.block(Number(block))).timestamp
}

function shown({ version, committedAt, manifest: { jobs, voices } }: CatalogEntry<'desirability'>): string {
  const [own, voted] = [new Map(voices?.own), new Map(voices?.voted)]
  const rows = jobs.map(({ id, weight, params, max_rows, expires_at }) => [
    id,
    params.label ?? params.keyword ?? '',
    digits(weight),
    voices ? digits(own.get(id) ?? 0) : digits(weight),
    digits(voted.get(id) ?? 0),
    [params.post_start_datetime ?? '', params.post_end_datetime ?? ''].join('…').replace(/^…$/, ''),
    max_rows ?? '',
    expires_at ?? '',
  ])
  const lists = (voices?.lists ?? []).map(({ hotkey, list, block, stake, votes, skipped }) => [
    hotkey,
    digits(Number(stake) / 1e9),
    block,
    list.slice(0, 12),
    votes,
    skipped,
  ])
  return [
    `list ${version}, in force since ${new Date(committedAt).toISOString()}`,
    textTable(['job', 'label', 'weight', 'default', 'votes', 'dates', 'max rows', 'expires'], rows),
    ...(lists.length === 0 ? [] : [textTable(['validator', 'stake TAO', 'block', 'list', 'votes', 'passed over'], lists)]),
  ].join('\n\n')
}

const digits = (value: number): string => String(Math.round(value * 1000) / 1000)
const print = (line: string): boolean => process.stdout.write(`${line}\n`)
