import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { z } from 'zod'
import type { Clock } from '#schemas/clock.ts'
import type { HostNoteKind, HostNotes } from '#schemas/host-notes.ts'
import { robotsBytesMax } from './robots-txt.ts'

/** What a file of a host said when it was last read. */
const FileNote = z.object({
  /** ms since epoch; it says so no longer */
  until: z.number(),
  /** Where it was found. */
  url: z.string(),
  /** Absent: there is none, or it says nothing. */
  text: z.string().optional(),
  /** Why it could not be read; `isAsked`: `until` is what its host asked for. */
  trouble: z.object({ reason: z.string(), isAsked: z.boolean() }).optional(),
})
export type FileNote = z.infer<typeof FileNote>

const dayMs = 86_400_000

/** No file of a host is believed for longer than a day, by whatever clock. @param until ms since epoch */
export const isOver = (until: number, now: number): boolean => until <= now || until - now > dayMs

/**
 * The files of hosts as notes, for the rest of their day: packed, so that nearly all that is read of them (500 KiB) has room in a note. A text without
 * repeats that is longer than its 64 Ki characters is asked for again by a process that starts.
 */
export interface FileNotes {
  get(kind: HostNoteKind, origin: string): Promise<FileNote | undefined>
  put(kind: HostNoteKind, origin: string, note: FileNote): Promise<void>
}

export const fileNotes = (notes: HostNotes, pace: Pick<Clock, 'now'>): FileNotes => ({
  async get(kind, origin) {
    const note = parse(await notes.get(kind, origin))
    return note && !isOver(note.until, pace.now()) ? note : undefined
  },
  async put(kind, origin, { text, ...note }) {
    const packed = text === undefined ? undefined : deflateRawSync(text).toString('base64')
    await notes.put(kind, origin, JSON.stringify({ ...note, text: packed }), note.until)
  },
})

function parse(noted: string | undefined): FileNote | undefined {
  try {
    const note = noted === undefined ? undefined : FileNote.safeParse(JSON.parse(noted)).data
    if (note?.text === undefined) return note
    const text = inflateRawSync(Buffer.from(note.text, 'base64'), { maxOutputLength: 4 * robotsBytesMax })
    return { ...note, text: text.toString() }
  } catch {
    return undefined
  }
}
