import { appendFile, mkdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** What somebody asked of the service, and what became of it. */
export interface AuditEntry {
  /** ISO 8601 */
  at: string
  /** As in the answer's header X-Request-Id. */
  request_id: string
  remote: string
  method: string
  /** As it was asked for, without what signs it. */
  path: string
  /** Proven; null: not proven. */
  hotkey: string | null
  /** Who it says it is, where that is not proven. */
  claimed: string | null
  /** Key it was about, where it was one. */
  key: string | null
  bytes: number | null
  status: number
  /** Error code and message of a refusal. */
  code: string | null
  reason: string | null
}

export interface AuditLog {
  /** Resolves when it is written: it survives kill -9 of this process, and a power cut as the file system has it. */
  add(entry: AuditEntry): Promise<void>
}

const fileBytesMax = 16 * 2 ** 20
/** Beside the open one. */
const filesKept = 3

/**
 * JSON lines in two files of a folder: `audit.jsonl` of proven hotkeys, `strangers.jsonl` of everybody else, who cannot push out what the others did. Each is
 * closed at 16 MiB as `NAME.1.jsonl`, of which three are kept, so that both together never take more than 128 MiB. One process writes.
 */
export function openAuditLog(folder: string): AuditLog {
  const known = rotatedLines(folder, 'audit')
  const strangers = rotatedLines(folder, 'strangers')
  return { add: (entry) => (entry.hotkey === null ? strangers : known)(`${JSON.stringify(entry)}\n`) }
}

/** Lines that come while a write is on its way go with the next. */
function rotatedLines(folder: string, name: string): (line: string) => Promise<void> {
  const path = (n?: number) => join(folder, n === undefined ? `${name}.jsonl` : `${name}.${n}.jsonl`)
  let gathered: string[] = []
  let round: Promise<void> | undefined
  let last = Promise.resolve()
  let size: number | undefined

  async function write(): Promise<void> {
    const text = gathered.join('')
    gathered = []
    round = undefined
    await mkdir(folder, { recursive: true })
    size ??= await stat(path()).then(
      (found) => found.size,
      () => 0,
    )
    if (size > 0 && size + text.length > fileBytesMax) {
      for (let n = filesKept - 1; n >= 1; n--) await rename(path(n), path(n + 1)).catch(unlessMissing)
      await rename(path(), path(1))
      size = 0
    }
    await appendFile(path(), text, { mode: 0o600 })
    size += Buffer.byteLength(text)
  }
  return (line) => {
    gathered.push(line)
    round ??= last = last.catch(() => undefined).then(write)
    return round
  }
}

function unlessMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
