import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { readAnswer } from './read-answer.ts'

const { signal } = new AbortController()
const fetchedOf = (body: string | Uint8Array) => ({ url: 'http://h.example/', status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from(body) })
/** A pool that answers nothing but that it was asked. */
const pages = { find: async () => 'in the pool' }

test('what is short is read here', async () => {
  const read = await readAnswer('page', fetchedOf('<a href=/x>'), pages, signal)
  expect(read).toEqual({ found: { pages: [{ url: 'http://h.example/x' }], sitemaps: [], feeds: [] }, isPage: true })
})

test('what is long, and what may become long, is read in the pool', async () => {
  expect(await readAnswer('page', fetchedOf('x'.repeat(64 * 1024 + 1)), pages, signal)).toBe('in the pool')
  expect(await readAnswer('sitemap', fetchedOf(gzipSync('http://h.example/x')), pages, signal)).toBe('in the pool')
})

test('without a pool everything is read here', async () => {
  const read = await readAnswer('page', fetchedOf(`${' '.repeat(64 * 1024)}<a href=/x>`), undefined, signal)
  expect(read).toMatchObject({ found: { pages: [{ url: 'http://h.example/x' }] } })
})
