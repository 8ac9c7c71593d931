import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '#infra/clock.ts'
import { sqliteCatalog } from '#infra/catalog/sqlite.ts'
import { folderStore } from '#infra/store/folder.ts'
import { families } from '#schemas/lineage.ts'
import { startProgram } from '../e2e/program.ts'
import { headsOf, liveRows, repeated } from '../e2e/turn-facts.ts'
import { rejectsOf } from './rejects.ts'

/** Starts `orrery up`, kills it after a random part of `withinMs` of work, and gives what then stands in its data folder. */
export async function killUp(args: readonly string[], dataDir: string, { random, withinMs }: { random: () => number; withinMs: number }): Promise<Standing> {
  const program = startProgram(args)
  await program.event('listening')
  await Promise.race([delay(random() * withinMs), program.ended])
  program.child.kill('SIGKILL')
  await program.ended
  return standing(dataDir)
}

export interface Standing {
  keptTwice: string[]
  /** Pages the frontier holds for stored whose document is nowhere. */
  lost: string[]
  settledTwice: number[]
}

export const sound: Standing = { keptTwice: [], lost: [], settledTwice: [] }

export async function standing(dataDir: string): Promise<Standing> {
  const rows = await shardRows(dataDir)
  const whole = new Set(rows.map(({ hotkey, uri }) => `${hotkey} ${uri}`))
  const lost: string[] = []
  for (const { name, hotkey } of await miners(dataDir)) {
    const waiting = waitingIn(dataDir, name)
    const rejected = await rejectedOf(dataDir, name)
    const stored = query<{ url: string }>(
      join(dataDir, `frontier-${name}.sqlite`),
      "select url from targets join classes on classes.id = targets.class where classes.kind = 'page' and outcome = 'stored'",
    )
    for (const { url } of stored) if (!waiting.has(url) && !whole.has(`${hotkey} ${url}`) && !rejected.has(url)) lost.push(`${name} ${url}`)
  }
  const settled = query<{ batch: string }>(join(dataDir, 'ledger.sqlite'), "select epoch || '/' || batch as batch from settlements")
  return {
    keptTwice: [...repeated(rows.map(({ hotkey, uri }) => `${hotkey} ${uri}`)), ...repeated(rows.map(({ hotkey, id }) => `${hotkey} ${id}`))],
    lost,
    settledTwice: repeated(settled.map(({ batch }) => batch)).map(Number),
  }
}

async function shardRows(dataDir: string) {
  await using catalog = sqliteCatalog(join(dataDir, 'catalog.sqlite'), { clock: systemClock() })
  const store = folderStore(join(dataDir, 'store'))
  const files = (await headsOf(catalog, families.snapshots)).flatMap((snapshot) => snapshot.files)
  return (await Promise.all(files.map((listed) => liveRows(store, listed)))).flat()
}

/** The hotkey of each miner, from its wallet. */
async function miners(dataDir: string): Promise<{ name: string; hotkey: string }[]> {
  return Promise.all(
    ['miner-1', 'miner-2'].map(async (name) => {
      const key = JSON.parse(await readFile(join(dataDir, 'wallets', name, 'hotkeys', 'default'), 'utf8')) as { ss58Address: string }
      return { name, hotkey: key.ss58Address }
    }),
  )
}

/** URLs of the documents that a miner's queue still holds: what is done has no body any more. */
function waitingIn(dataDir: string, name: string): Set<string> {
  const held = query<{ uri: string }>(
    join(dataDir, 'queue.sqlite'),
    "select json_extract(body, '$.uri') as uri from messages where queue = ? and body is not null",
    `documents-${name}`,
  )
  return new Set(held.map(({ uri }) => uri))
}

/** URLs among the rejects: a duplicate is not lost, it was refused with a reason. */
async function rejectedOf(dataDir: string, name: string): Promise<Set<string>> {
  return new Set((await rejectsOf(dataDir, name)).keys())
}

function query<Row>(path: string, sql: string, ...values: string[]): Row[] {
  const database = new DatabaseSync(path)
  try {
    return database.prepare(sql).all(...values) as Row[]
  } finally {
    database.close()
  }
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
