import { dataSource } from '#schemas/data-universe.ts'
import type { Document } from '#schemas/document.ts'
import { sha256Hex } from '#schemas/canonical-json.ts'
import { contentId } from '#schemas/identity/content-id.ts'
import { minhash } from '#schemas/identity/minhash.ts'

export const someHotkey = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'

/** Words without meaning that differ for each seed: two texts of different seeds are no near-duplicates. */
export function prose(seed: number, words = 120): string {
  let state = (seed * 2654435761 + 12345) >>> 0
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0)
  const word = (): string => (next() >>> 8).toString(36)
  return Array.from({ length: words }, (_, i) => `${word()}${i % 12 === 11 ? '.' : ''}`).join(' ')
}

/** A document whose parts agree with each other; the n-th of its site. What depends on the text follows an overridden text. */
export function testDocument(n: number, parts: Partial<Document> = {}): Document {
  const text = parts.text ?? prose(n)
  const at = new Date(Date.UTC(2026, 0, 5) + n * 60_000)
  const uri = parts.uri ?? `https://host${n % 3}.example/page/${n}`
  return {
    id: contentId(text),
    uri,
    url: uri,
    host: new URL(uri).host,
    page_type: 'article',
    title: `Page ${n}`,
    author: n % 3 === 1 ? 'A. Author' : null,
    site_name: n % 2 === 0 ? 'Example' : null,
    text,
    markdown: null,
    lang: 'en',
    lang_score: 0.5,
    languages: { en: 1 },
    label: 'example',
    source: dataSource.WEB,
    datetime: at,
    published_at: n % 4 === 0 ? null : at,
    published_by: n % 4 === 0 ? 'none' : 'meta',
    published_score: n % 4 === 0 ? 0 : 0.8,
    modified_at: n % 5 === 0 ? at : null,
    fetched_at: new Date(Date.UTC(2026, 0, 20) + n),
    http_status: 200,
    etag: n % 2 === 0 ? `"${n}"` : null,
    last_modified: n % 3 === 0 ? 'Mon, 05 Jan 2026 00:00:00 GMT' : null,
    content_type: 'text/html',
    html_sha256: sha256Hex(`<html>${n}`),
    text_bytes: Buffer.byteLength(text),
    minhash: minhash(text),
    quality: { words: 120, mean_word: 4.25 },
    personal_data: n % 6 === 0 ? { email: 1 } : {},
    rights: { robots: 'allowed', meta_robots: [], tdm_reservation: null, licence: n % 2 === 0 ? 'MIT' : null, licence_scope: n % 2 === 0 ? 'page' : null },
    job_id: 'example-0123456789ab',
    hotkey: someHotkey,
    version: 1,
    ...parts,
  }
}

export const testDocuments = (count: number, parts: Partial<Document> = {}): Document[] => Array.from({ length: count }, (_, n) => testDocument(n, parts))
