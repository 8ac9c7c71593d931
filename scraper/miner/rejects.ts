import { appendFile, mkdir, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Reject, Telemetry } from '#schemas/stage.ts'

/** What was dropped, and why: JSON lines, for people. */
export interface Rejects extends AsyncDisposable {
  /** Resolves when it is written. */
  add(reject: Reject): Promise<void>
}

const fileBytesMax = 16 * 2 ** 20
const subjectChars = 2048

/**
 * Appends to `path`; a file of 16 MiB becomes `path.1`, which replaces the one before. Counts `crawl.rejected{reason}`.
 * Written, not synced: a power cut may cost the last lines, which no artefact depends on.
 */
export async function openRejects(path: string, telemetry: Telemetry): Promise<Rejects> {
  await mkdir(dirname(path), { recursive: true })
  let bytes = (await stat(path).catch(() => undefined))?.size ?? 0
  let writing = Promise.resolve()
  const write = async (line: string): Promise<void> => {
    if (bytes + line.length > fileBytesMax) {
      await rename(path, `${path}.1`)
      bytes = 0
    }
    await appendFile(path, line)
    bytes += Buffer.byteLength(line)
  }
  return {
    async add(reject) {
      telemetry.count('crawl.rejected', 1, { reason: reject.reason })
      const line = `${JSON.stringify({ ...reject, subject: reject.subject.slice(0, subjectChars) })}\n`
      const written = writing.then(() => write(line))
      writing = written.catch(() => undefined)
      await written
    },
    async [Symbol.asyncDispose]() {
      await writing
    },
  }
}
