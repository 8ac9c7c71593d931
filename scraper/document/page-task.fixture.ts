import type { PageTask } from './page-document.ts'

/** A page as it is read where no rule of quality is in force. */
export const pageTask = (html: string, headers: Record<string, string> = {}): PageTask => ({
  fetched: { url: 'https://e.example/a', status: 200, headers, body: Buffer.from(html) },
  rendered: undefined,
  robotsTxt: 'found',
  host: undefined,
  nowMs: Date.UTC(2026, 5, 1),
  obeyRights: true,
  keepsMarkdown: true,
  quality: { gopher_quality: { enabled: false }, gopher_repetition: { enabled: false } },
})
