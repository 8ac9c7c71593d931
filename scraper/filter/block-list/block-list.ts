import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Clock } from '#schemas/clock.ts'
import { OrreryError } from '#schemas/errors.ts'
import type { Telemetry } from '#schemas/stage.ts'
import { blockEntries, type BlockEntries } from './entries.ts'

/** What nobody may fetch or keep. */
export interface BlockList extends AsyncDisposable {
  /** @param url canonical */
  blocks(url: string): boolean
}

export interface BlockListOptions {
  /** Of the file (entries.ts says what stands in it); empty: nothing is blocked. */
  path: string
  pace: Clock
  telemetry: Pick<Telemetry, 'event'>
}

const lookMs = 2000
/** 16 bytes each. */
const entriesMax = 20_000_000
const lineCharsMax = 4096

/**
 * Reads the list, and again whenever the file has changed, which it looks for every two seconds until it is closed. A file that has become unreadable or wrong
 * is told (`crawl.block_list_kept`), and what was read before stays in force.
 * @throws OrreryError `invalid_config` when it cannot be read now
 */
export async function openBlockList({ path, pace, telemetry }: BlockListOptions): Promise<BlockList> {
  if (path === '') return { blocks: () => false, [Symbol.asyncDispose]: () => Promise.resolve() }
  let known = await versionOf(path)
  let entries = await readEntries(path)
  const closing = new AbortController()
  const look = async (): Promise<void> => {
    const version = await versionOf(path)
    if (version === known) return
    known = version
    entries = await readEntries(path)
    telemetry.event('crawl.block_list_read', { path, entries: entries.size })
  }
  const looking = (async () => {
    let told = ''
    for (;;) {
      await pace.sleep(lookMs, closing.signal)
      try {
        await look()
        told = ''
      } catch (error) {
        const { message } = error as Error
        if (message !== told) telemetry.event('crawl.block_list_kept', { path, reason: (told = message) })
      }
    }
  })().catch(() => undefined)
  return {
    blocks: (url) => entries.blocks(url),
    async [Symbol.asyncDispose]() {
      closing.abort()
      await looking
    },
  }
}

/** Changes when the file is written to or another takes its place. @throws OrreryError `invalid_config` */
async function versionOf(path: string): Promise<string> {
  try {
    const { mtimeNs, ino, size } = await stat(path, { bigint: true })
    return `${mtimeNs} ${ino} ${size}`
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

async function readEntries(path: string): Promise<BlockEntries> {
  const entries = blockEntries()
  let number = 0
  try {
    for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
      number++
      if (line.length > lineCharsMax || !entries.add(number === 1 ? line.replace(/^\uFEFF/, '') : line)) throw wrongLine(path, number, line)
      if (entries.size > entriesMax)
        throw new OrreryError('invalid_config', `The block list "${path}" has more than ${entriesMax} entries; use a shorter one.`, { path })
    }
  } catch (cause) {
    throw cause instanceof OrreryError ? cause : unreadable(path, cause)
  }
  return entries
}

const unreadable = (path: string, cause: unknown): OrreryError =>
  new OrreryError(
    'invalid_config',
    `The block list "${path}" cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)}); name another as miner.block_list.`,
    { path },
    cause,
  )

const wrongLine = (path: string, number: number, line: string): OrreryError =>
  new OrreryError(
    'invalid_config',
    `The block list "${path}", line ${number}: "${line.slice(0, 80)}" is no host, domain (.example.org) or beginning of a URL; put # in front of a comment.`,
    { path, line: number },
  )
