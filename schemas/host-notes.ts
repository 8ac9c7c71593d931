export type HostNoteKind = 'robots' | 'tdm' | 'ai_txt' | 'mood' | 'lastmod'

/** Longest text of a note. */
export const noteCharsMax = 65_536

/**
 * What a crawler knows of hosts and would otherwise ask again, or forget, with each start. A cache: any note may be missing at any time, so whoever reads one
 * must do without, and nobody waits for one that cannot be had at once. Bounded in notes, in length and in time; a put that resolved survives kill -9.
 * @throws OrreryError `data_unreadable`, and nothing that passes: a note that cannot be read or kept now is one that is missing
 */
export interface HostNotes {
  /** The note, as long as its time is not over. */
  get(kind: HostNoteKind, host: string): Promise<string | undefined>
  /**
   * Takes the place of an earlier note; a text of more than `noteCharsMax` only takes it away.
   * @param until ms since epoch
   */
  put(kind: HostNoteKind, host: string, text: string, until: number): Promise<void>
}

/** Keeps nothing. */
export const noHostNotes: HostNotes = { get: async () => undefined, put: async () => undefined }
