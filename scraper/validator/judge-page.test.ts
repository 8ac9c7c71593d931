import { describe, expect, test } from 'vitest'
import type { Document } from '#schemas/document.ts'
import { prose, testDocument } from '#test/golden/documents.ts'
import { judgePage, looksApartMs, type Judgement, type OwnLook } from './judge-page.ts'
import { likeness } from './likeness.ts'
import type { Refetched } from './refetch.ts'

const hour = 3_600_000
const fetchedAt = Date.UTC(2026, 0, 20)
const at = fetchedAt + 30 * hour
const http = (time: number): string => new Date(time).toUTCString()

/** Without anything that says when the page was changed. */
const silent = { etag: null, last_modified: null, modified_at: null, published_at: null, published_by: 'none', published_score: 0 } as const
const row = (parts: Partial<Document> = {}): Document =>
  testDocument(1, { ...silent, fetched_at: new Date(fetchedAt), datetime: new Date(fetchedAt), lang_score: 0.9, ...parts })
/** The page of another text; its bytes are others, too. */
const other = (parts: Partial<Document> = {}): Document => ({
  ...testDocument(1, { ...silent, text: prose(99), lang_score: 0.9 }),
  html_sha256: 'f'.repeat(64),
  ...parts,
})
/** The page with the very same text, at another request. */
const reread = (of: Document, parts: Partial<Document> = {}): Document => ({ ...of, html_sha256: 'e'.repeat(64), ...parts })
const seen = (page: Document, time: number, changedAt?: number): OwnLook => ({ at: time, htmlSha256: page.html_sha256, minhash: page.minhash, changedAt })

async function judge(
  said: Document,
  page: Document,
  { earlier = [], reading = 'plain', hasOpening = false }: { earlier?: OwnLook[]; reading?: 'plain' | 'rendered' | 'partial'; hasOpening?: boolean } = {},
): Promise<Judgement> {
  return judgePage({ row: said, found: { state: 'found', page, reading }, at, alike: await likeness(said.text, page.text), hasOpening, earlier })
}

describe('a row is the same as its page', () => {
  test.each<[string, Document]>([
    ['when it is', row()],
    ['when its bytes are others, as with a token in a form', reread(row())],
    ['when comments came', reread(row({ text: `${row().text}\n\n${prose(5, 300)}` }))],
    ['when a counter went on', reread(row({ text: `${row().text} 1,204 views` }))],
    ['when a word was mended', reread(row({ text: row().text.replace(/\w+/, 'mended') }))],
  ])('%s', async (_, page) => {
    expect(await judge(row(), page)).toMatchObject({ verdict: 'same', lost: 0 })
  })

  test('in part lost where a part of it is', async () => {
    const { verdict, lost } = await judge(row({ text: `${row().text} ${prose(7, 20)}` }), reread(row()))
    expect([verdict, lost > 0.1 && lost < 0.2]).toEqual(['same', true])
  })
})

describe('a page that holds another text contradicts its row', () => {
  const told = http(fetchedAt - 24 * hour)
  test.each<[string, string, Document, Document, OwnLook[]]>([
    ['when its bytes are those of the row', 'bytes', row(), other({ html_sha256: row().html_sha256 }), []],
    ['when its strong ETag is', 'etag', row({ etag: '"5d8c72a5edda8"' }), other({ etag: '"5d8c72a5edda8"' }), []],
    ['when its address names a revision', 'address', row({ uri: 'https://wiki.example/w?oldid=12' }), other({ uri: 'https://wiki.example/w?oldid=12' }), []],
    [
      'when an archive keeps it',
      'address',
      row({ uri: 'https://web.archive.org/web/20250101000000/https://a.example/' }),
      other({ uri: 'https://web.archive.org/web/20250101000000/https://a.example/' }),
      [],
    ],
    ['when we saw the same there before the row was fetched', 'looks', row(), other(), [seen(other(), fetchedAt - hour)]],
    [
      'when it says it was changed last before, at two looks',
      'modified',
      row(),
      other({ last_modified: told }),
      [seen(other(), fetchedAt + hour, fetchedAt - 24 * hour)],
    ],
    ['when its markup says so', 'modified', row(), other({ modified_at: new Date(told) }), [seen(other(), fetchedAt + hour, fetchedAt - 24 * hour)]],
  ])('%s', async (_, proof, said, page, earlier) => {
    expect(await judge(said, page, { earlier })).toMatchObject({ verdict: 'contradicted', reason: 'text', proof, lost: 0 })
  })
})

describe('a page that holds another text has changed, and proves nothing', () => {
  const told = http(fetchedAt - 24 * hour)
  const long = row({ text: prose(1, 2000) })
  test.each<[string, Document, Document, OwnLook[]]>([
    ['when nothing is known of it', row(), other(), []],
    ['when its ETag is weak', row({ etag: 'W/"5d8c72a5edda8"' }), other({ etag: 'W/"5d8c72a5edda8"' }), []],
    ['when its ETag is a word that any page might have', row({ etag: '"1"' }), other({ etag: '"1"' }), []],
    ['when it says so', row(), other({ last_modified: http(fetchedAt + hour) }), []],
    ['when it says that it was changed before, at one look', row(), other({ last_modified: told }), []],
    ['at two looks that are one', row(), other({ last_modified: told }), [seen(other(), at - looksApartMs / 2, fetchedAt - 24 * hour)]],
    [
      'at two looks that differ',
      row(),
      other({ last_modified: told }),
      [seen(other({ minhash: row({ text: prose(50) }).minhash, html_sha256: 'd'.repeat(64) }), fetchedAt + hour, fetchedAt - 24 * hour)],
    ],
    ['when it names the time of the visit as that of its change', row(), other({ last_modified: http(at) }), [seen(other(), fetchedAt + hour)]],
    [
      'when its date has moved on since',
      row(),
      other({ last_modified: told, modified_at: new Date(fetchedAt + hour) }),
      [seen(other(), fetchedAt + hour, fetchedAt - hour)],
    ],
    [
      'when what we see is a wall',
      long,
      other({ text: 'Please log in to read on.', text_bytes: 25, etag: '"5d8c72a5edda8"', last_modified: told }),
      [seen(other(), fetchedAt - hour)],
    ],
    ['when it speaks another language to us', row(), other({ lang: 'de', last_modified: told }), [seen(other(), fetchedAt - hour)]],
    ['when it is a front page', row(), other({ page_type: 'collection', last_modified: told }), [seen(other(), fetchedAt - hour)]],
    [
      'when we saw another text there before',
      row(),
      other(),
      [seen(other({ minhash: row({ text: prose(50) }).minhash, html_sha256: 'd'.repeat(64) }), fetchedAt - hour)],
    ],
  ])('%s', async (_, said, page, earlier) => {
    expect(await judge({ ...said, etag: said.etag ?? page.etag }, page, { earlier })).toMatchObject({
      verdict: 'changed',
      reason: expect.stringMatching(/^(?:text|restless)$/),
    })
  })

  test('counts less where it is no wonder', async () => {
    const reasons = async (page: Document, earlier: OwnLook[] = []) => {
      const { reason, lost } = await judge(row(), page, { earlier })
      return [reason, Math.round(lost * 10) / 10]
    }
    expect(await reasons(other())).toEqual(['text', 1])
    for (const page of [other({ last_modified: http(fetchedAt + hour) }), other({ page_type: 'listing' })])
      expect(await reasons(page)).toEqual(['restless', 0.3])
    expect(await reasons(other(), [seen(row({ text: prose(50) }), fetchedAt + hour)])).toEqual(['restless', 0.3])
    // It may say so at each visit.
    expect(await reasons(other({ last_modified: http(at) }))).toEqual(['text', 1])
  })

  test('when it shows how the row begins, whatever stands below', async () => {
    const earlier = [seen(other(), fetchedAt - hour), seen(other(), fetchedAt + hour, fetchedAt - 24 * hour)]
    expect(await judge(row(), other({ last_modified: told }), { earlier, hasOpening: true })).toMatchObject({ verdict: 'changed' })
  })

  test('is looked at again where a second look may prove it', async () => {
    expect(await judge(row(), other({ last_modified: told }))).toMatchObject({ verdict: 'changed', again: true })
    expect((await judge(row(), other())).again).toBeUndefined()
  })

  test('where scripts make the text, its bytes and headers say nothing of it', async () => {
    const said = row({ etag: '"5d8c72a5edda8"' })
    const shell = other({ html_sha256: said.html_sha256, etag: said.etag, last_modified: told })
    expect(await judge(said, shell, { reading: 'rendered' })).toMatchObject({ verdict: 'changed' })
    expect(await judge(said, shell, { reading: 'partial' })).toMatchObject({ verdict: 'unfetchable', reason: 'needs_browser' })
  })
})

describe('of the same text', () => {
  const day = 24 * hour
  const dated = row({ published_at: new Date(fetchedAt - 9 * day), published_by: 'meta', published_score: 0.9, datetime: new Date(fetchedAt - 9 * day) })
  const fresh = { ...dated, published_at: new Date(fetchedAt - hour), datetime: new Date(fetchedAt - hour) }
  const licence = (name: string | null) => ({ ...dated.rights, licence: name, licence_scope: 'page' as const })
  const claims: [string, string, string, Document, Document][] = [
    ['a date that is fresher than the page says', 'date', 'bytes', fresh, dated],
    ['a date that the page does not name', 'date_made_up', 'bytes', fresh, { ...dated, published_at: null }],
    ['another language', 'lang', 'text', { ...dated, lang: 'fr' }, reread(dated)],
    ['a licence that the page does not give', 'licence', 'bytes', { ...dated, rights: licence('CC-BY-4.0') }, { ...dated, rights: licence(null) }],
    ['that its owner reserved nothing', 'rights', 'bytes', dated, { ...dated, rights: { ...dated.rights, tdm_reservation: true } }],
  ]
  test.each(claims)('a row may not say %s', async (_, reason, proof, said, page) => {
    expect(await judge(said, page)).toMatchObject({ verdict: 'contradicted', reason, proof })
  })

  test.each(claims.filter(([, reason]) => ['date', 'licence', 'rights'].includes(reason)))(
    '%s is lost, and not proven, where the owner may have mended it',
    async (_, reason, __, said, page) => {
      expect(await judge(said, reread(page))).toMatchObject({ verdict: 'changed', reason, lost: 1 })
    },
  )

  test.each<[string, Document, Document]>([
    ['a date that came from a sitemap', { ...fresh, published_by: 'sitemap' }, { ...dated, published_at: null }],
    ['no licence where there is one', { ...dated, rights: licence(null) }, { ...dated, rights: licence('MIT') }],
    ['a language that is a guess', { ...dated, lang: 'fr', lang_score: 0.5 }, dated],
    ['an older date, from before it was moved', dated, fresh],
  ])('a row may say %s', async (_, said, page) => {
    expect(await judge(said, page)).toMatchObject({ verdict: 'same' })
  })

  test('the page supports a date that it names', async () => {
    expect(await judge(dated, dated)).toMatchObject({ verdict: 'same', isDated: true })
    expect(await judge(row(), row())).toMatchObject({ verdict: 'same', isDated: false })
  })
})

describe('where no page was found', () => {
  const without = (found: Refetched): Judgement => judgePage({ row: row(), found, at, alike: 0, hasOpening: false, earlier: [] })
  test.each<[string, Refetched, Partial<Judgement>]>([
    ['it is gone, if its host says so', { state: 'gone', reason: 'http_404' }, { verdict: 'gone', lost: 1, isAbsent: true }],
    ['it is gone where it moved to nothing of the kind', { state: 'gone', reason: 'moved' }, { verdict: 'gone', lost: 1, isAbsent: false }],
    ['nobody knows', { state: 'unfetchable', reason: 'timeout' }, { verdict: 'unfetchable', lost: 0 }],
    [
      'its bytes tell that nothing was to be kept',
      { state: 'gone', reason: 'gopher_too_short', htmlSha256: row().html_sha256 },
      { verdict: 'contradicted', proof: 'bytes' },
    ],
    ['its owner may have closed it by a header', { state: 'gone', reason: 'noindex', htmlSha256: row().html_sha256 }, { verdict: 'gone' }],
    ['another page came', { state: 'gone', reason: 'no_text', htmlSha256: 'f'.repeat(64) }, { verdict: 'gone', isAbsent: false }],
  ])('%s', (_, found, judgement) => {
    expect(without(found)).toMatchObject(judgement)
  })

  test('one that moved is still the page where its text went with it', async () => {
    const moved = { uri: 'https://host1.example/new-name', url: 'https://host1.example/new-name' }
    expect(await judge(row(), reread(row(), moved))).toMatchObject({ verdict: 'same' })
    expect(await judge(row(), other({ ...moved, html_sha256: row().html_sha256 }))).toMatchObject({ verdict: 'gone', reason: 'moved' })
  })
})
