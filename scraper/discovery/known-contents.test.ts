import { expect, test } from 'vitest'
import { minhash } from '#schemas/identity/minhash.ts'
import { story } from '#test/site/story.ts'
import { encodeMemory } from '../revisit/page-memory.ts'
import { openHostMarks } from './host-marks.ts'
import { knownContents } from './known-contents.ts'
import { priorities } from './priority.ts'

const page = (path: string, host = 'h.example') => ({ url: `http://${host}${path}`, priority: 1, previous: undefined })
const life = { firstSeenAt: 0, checkedAt: 0, checks: 0, changes: 0, watchedMs: 0, quietMs: 0, dated: 0, undated: [] }
const [bytes, text] = ['bytes-of-it', 'text-of-it-']
const signature = minhash(story(1, 20))
/** A page that had these before. */
const visited = (path: string) => ({
  ...page(path),
  previous: { version: 1, etag: undefined, lastModified: undefined, memory: encodeMemory({ ends: 0, life: { ...life, contents: [text], answer: bytes } }) },
})

test('what a host has sent is known of all its pages but the first that sent it, and of no other host', () => {
  const contents = knownContents(openHostMarks())
  contents.noteSent(page('/a'), bytes)
  contents.noteSent(page('/b'), bytes)
  const asked = [page('/a'), page('/b'), { ...page('/b'), url: 'https://h.example/b' }, page('/b', 'mirror.example')]
  expect(asked.map((each) => contents.isSent(each, bytes))).toEqual([false, true, true, false])
  expect(contents.isSent(page('/b'), 'other-bytes')).toBe(false)
})

test('whoever runs the crawl has asked for a seed: it is read whatever was sent before', () => {
  const contents = knownContents(openHostMarks())
  contents.noteSent(page('/a'), bytes)
  expect(contents.isSent({ ...page('/b'), priority: priorities.seed }, bytes)).toBe(false)
})

test('a text is known, and what nearly is that text', () => {
  const contents = knownContents(openHostMarks())
  contents.noteText(page('/a'), text, signature)
  expect([contents.isText(page('/a'), text), contents.isText(page('/b'), text), contents.isText(page('/b'), 'another-one')]).toEqual([false, true, false])
  const like = [story(1, 20), `${story(1, 20)} It was printed on Monday at noon.`, story(2, 20)].map(minhash)
  expect(like.map((each) => contents.isLike(page('/b'), each))).toEqual([true, true, false])
  expect(contents.isLike(page('/a'), signature)).toBe(false)
})

test('what a page has no more is free for the page it moved to', () => {
  const contents = knownContents(openHostMarks())
  contents.noteSent(page('/old'), bytes)
  contents.noteText(page('/old'), text, signature)
  contents.forget(visited('/other'))
  expect([contents.isSent(page('/new'), bytes), contents.isText(page('/new'), text)]).toEqual([true, true])
  contents.forget(visited('/old'))
  expect([contents.isSent(page('/new'), bytes), contents.isText(page('/new'), text)]).toEqual([false, false])
})

test('a page that has another text now gives the old one free', () => {
  const contents = knownContents(openHostMarks())
  contents.noteText(page('/a'), text, signature)
  contents.noteText(visited('/a'), 'text-of-now', minhash(story(2, 20)))
  expect([contents.isText(page('/b'), text), contents.isText(page('/b'), 'text-of-now')]).toEqual([false, true])
})

test("a text that is kept is known to be another host's there, until its page gives it up", () => {
  const contents = knownContents(openHostMarks())
  const mirror = page('/a', 'mirror.example')
  contents.noteText(page('/a'), text, signature)
  expect([contents.isElsewhere(mirror, text), contents.isElsewhere(page('/b'), text)]).toEqual([true, false])
  contents.forget(visited('/a'))
  expect(contents.isElsewhere(mirror, text)).toBe(false)
})
