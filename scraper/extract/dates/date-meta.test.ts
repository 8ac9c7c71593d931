import { describe, expect, test } from 'vitest'
import { dateName } from './date-meta.ts'

describe('a name says', () => {
  test.each([
    'article:published_time',
    'og:article:published_time',
    'datePublished',
    'DC.date.issued',
    'dc:date.created',
    'parsely-pub-date',
    'pubdate',
    'publish_date',
    'date',
    'sailthru.date',
    'citation_publication_date',
    'last-published-date',
    'og:regDate',
    'article:published',
    'bt:pubDate',
    'cXenseParse:publishtime',
    'weibo:article:create_at',
    'OriginalPublicationDate',
  ])('when a page was published: %s', (name) => expect(dateName(name)?.kind).toBe('published'))

  test.each(['article:modified_time', 'og:updated_time', 'dateModified', 'last-modified', 'DCTERMS.modified', 'revision_date', 'lastmod'])(
    'when it was changed: %s',
    (name) => expect(dateName(name)?.kind).toBe('modified'),
  )

  test.each([
    'article:publisher',
    'article:expiration_time',
    'og:title',
    'validity-date',
    'event:start_time',
    'description',
    'viewport',
    'genTime',
    'generated-at',
    'build-date',
    'cache-time',
    'current-date',
    'server-time',
    '',
    'update-frequency-of-some-very-long-name-that-nobody-would-ever-give-to-a-date',
  ])('neither: %s', (name) => expect(dateName(name)).toBeUndefined())

  test('the same whatever was asked before', () => {
    const names = ['date', 'datePublished', 'title']
    const first = names.map(dateName)
    for (let n = 0; n < 5000; n++) dateName(`date-${n}`)
    expect(names.map(dateName)).toEqual(first)
  })
})
