import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { needsRendering } from './need.ts'
import { renderWorth } from './worth.ts'

const words = (count: number) => 'word '.repeat(count)
const app = '<script src="/app.js"></script>'

describe('whether a page needs a browser', () => {
  test.each([
    ['empty_mount', `<div id="root"></div>${app}`],
    ['empty_mount', `<body><app-root><p>Loading…</p></app-root>${app}`],
    ['empty_mount', `<div id="__next"><div class="spinner"><span></span></div></div><script type="module" src="/x.js"></script>`],
    ['empty_mount', `<nav><a href=/>Home</a></nav><main id=app></main>${app}<footer>${words(20)}</footer>`],
    ['noscript_demand', `<noscript>You need to enable JavaScript to run this app.</noscript><div class=x></div>${app}`],
    ['noscript_demand', `<p>x</p><noscript><b>JavaScript</b> is required here.</noscript>${app}`],
    ['script_heavy', `<body><p>Hi</p><script>${'x=1;'.repeat(5000)}</script>`],
  ])('it does: %s', (why, html) => expect(needsRendering(`<!doctype html><html>${html}`)).toEqual({ needed: true, why }))

  test.each([
    ['has_text', `<div id="root"><p>${words(200)}</p></div>${app}`],
    ['has_text', `<div id="root"></div><article>${words(200)}</article>${app}`],
    ['no_scripts', `<div id="root"></div>`],
    ['no_scripts', `<div id="root"></div><script type="application/ld+json">{"a":1}</script>`],
    ['no_promise', `<p>A short page, and that is all.</p>${app}`],
    ['no_promise', `<noscript><img src="https://tracker.example/p.gif"></noscript><p>short</p>${app}`],
    ['no_promise', `<div id="root"><p>Server-rendered, only short: ${words(10)}</p></div>${app}`],
  ])('it does not: %s', (why, html) => expect(needsRendering(`<!doctype html><html>${html}`)).toEqual({ needed: false, why }))

  test('it does not when extraction found enough', () => expect(needsRendering(`<div id="root"></div>${app}`, 600)).toEqual({ needed: false, why: 'has_text' }))

  test('no markup breaks it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', '/', 'div', ' id=root', '"', 'script', 'noscript', '!--', 'x') }),
        (html) => void needsRendering(html),
      ),
    )
    for (const deep of ['<div>', '<div>x', '<div></b>', '<noscript>']) expect(needsRendering(`<script></script>${deep.repeat(100_000)}`).needed).toBe(false)
  })
})

describe('whether asking the browser pays', () => {
  test('a host is tried twice, then left alone for fifty pages, then asked again', () => {
    const worth = renderWorth()
    const asked: number[] = []
    for (let page = 0; page < 110; page++) {
      if (!worth.isWorth('a.example')) continue
      asked.push(page)
      worth.learn('a.example', 100, 120)
    }
    expect(asked).toEqual([0, 1, 52, 103])
  })

  test('a host where it paid is asked on, and forgiven a miss', () => {
    const worth = renderWorth()
    for (const gained of [2000, 2000, 0, 2000, 0]) {
      expect(worth.isWorth('a.example')).toBe(true)
      worth.learn('a.example', 50, 50 + gained)
    }
    expect(worth.isWorth('a.example')).toBe(true)
  })

  test('hosts do not learn from each other, and only so many are remembered', () => {
    const worth = renderWorth(600)
    for (let time = 0; time < 2; time++) worth.learn('a.example', 0, 0)
    expect(worth.isWorth('b.example')).toBe(true)
    expect(worth.isWorth('a.example')).toBe(false)
    worth.isWorth('b.example')
    worth.isWorth('c.example')
    expect(worth.isWorth('a.example')).toBe(true)
  })
})
