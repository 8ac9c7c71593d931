export type HostNoteKind = 'robots' | 'tdm' | 'ai_txt' | 'mood' | 'lastmod'

/**
 * What a crawler knows of hosts and would otherwise ask again, or forget, with each start. A cache: any note may be missing at any time, so whoever reads one
 * must do without. Bounded in notes, in length and in time; what was put survives kill -9.
 */
export interface HostNotes {
  /** The note, as long as its time is not over. */
  get(kind: HostNoteKind, host: string): string | undefined
  /**
   * Takes the place of an earlier note; a text that is too long (64 Ki characters) only takes it away.
   * @param until ms since epoch
   */
  put(kind: HostNoteKind, host: string, text: string, until: number): void
}

/** Keeps nothing. */
export const noHostNotes: HostNotes = { get: () => undefined, put: () => undefined }
