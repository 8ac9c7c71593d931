import { describe, expect, test } from 'vitest'
import { isStep } from './steps.ts'
import { createTraps, trapLimits } from './traps.ts'

const found = { depth: 3, from: 'http://h.example/' }

const day = (n: number) => `http://h.example/cal/${n}`

describe('addresses', () => {
  test.each([
    ['trap_path_length', `/${'x'.repeat(1024)}`],
    ['trap_path_depth', '/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u'],
    ['trap_repeated_segments', '/a/b/a/b'],
    ['trap_repeated_segments', '/shop/a/b/c/a/b/c/x'],
    ['trap_repeated_segments', '/x/x/x/index.html'],
    ['trap_query_length', `/?q=${'x'.repeat(1024)}`],
    ['trap_parameters', '/?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1'],
    ['trap_session_id', '/(S(lit3py55t21z5v55vlm25s55))/orders.aspx'],
    ['trap_session_id', '/list?page=1&sid=8f14e45fceea167a5a36dedd4bea2543'],
    ['trap_session_id', '/list;sid=8f14'],
    ['trap_session_id', '/list;jsession=1;sid=8f14'],
    ['trap_session_id', '/sid=8f14e45fceea167a5a36dedd4bea2543/list'],
    ['trap_session_id', '/list?XTCsid=8f14e45fceea167a'],
    ['trap_session_id', '/list?nonce=8f14e45fceea'],
    ['trap_session_id', '/list?_=1700000000000'],
    ['trap_repeated_segments', '/about/news/about/shop/about/'],
    ['trap_repeated_segments', '/a/b/c/help/x/help/y/help/z.html'],
    ['trap_repeated_slashes', '/list///?page=2'],
    ['trap_repeated_slashes', '//a//b'],
    [undefined, '/list//?page=2'],
    [undefined, '/web/2026/https://h.example//page'],
    [undefined, '/'],
    [undefined, '/news/news/today'],
    [undefined, '/2011/11/11/11/11'],
    [undefined, '/a/b/c/b/a'],
    [undefined, '/list?session=autumn-conference'],
    [undefined, '/list?s=how+to+crawl+the+web'],
    [undefined, '/list?s=how-to-crawl-the-web-2026'],
    [undefined, '/?page_id=1700000000'],
  ])('%s: %s', (reason, path) => expect(createTraps().reasonOf(`http://h.example${path}`, found)).toBe(reason))
})

describe('what can be done with a page is no page', () => {
  test.each([
    '/index.php?oldid=7&title=A',
    '/index.php?diff=8&oldid=7&title=A',
    '/index.php?action=history&title=A',
    '/index.php?action=edit&redlink=1&title=A',
    '/index.php?printable=yes&title=A',
    '/index.php?title=Special:WhatLinksHere/A',
    '/index.php?days=30&limit=500&title=Special:RecentChanges',
    '/wiki/Special:RecentChangesLinked/A',
    '/doku.php?do=revisions&id=start',
    '/doku.php?do=export_pdf&id=start',
    '/story?replytocom=12',
    '/story?share=facebook',
    '/story/feed/',
    '/2026/11/story/trackback',
    '/posting.php?mode=reply&t=4',
    '/viewtopic.php?t=4&view=print',
    '/viewtopic.php?t=4&view=next',
    '/memberlist.php?mode=viewprofile&u=4',
    '/ucp.php?mode=login&redirect=viewtopic.php%3Ft%3D4',
    '/showthread.php?goto=nextnewest&t=4',
    '/newreply.php?p=4',
    '/login?return=%2Fstory',
    '/wp-login.php?redirect_to=x',
    '/product/4?add-to-cart=4',
    '/cart?add=4',
    '/story?print=1',
    '/index.php?id=4&option=com_mailto',
    '/blog?feed=rss2',
    '/index.php?action=printpage;topic=4.0',
    '/index.php?prev_next=next;topic=4.0',
    '/files/?C=M;O=D',
    '/StartPage?action=recall&rev=7',
    '/threads/story.4/post-77',
    '/posts/77/report',
    '/comment/reply/4/77',
    '/checkout/cart/add/product/4/',
    '/catalog/product_compare/add/product/4/uenc/x/',
    '/index.php?action=pagevalues&title=A',
    '/wiki/Special%3AWhatLinksHere/A',
    '/wiki/Spezial:Linkliste/A',
    '/wiki/Sp%C3%A9cial:Pages_li%C3%A9es/A',
    '/A?action=SlideShow',
    '/bin/compare/Main/A',
    '/bin/view/Main/A?rev=1.3',
    '/bin/view/Main/A?skin=print.pattern',
    '/xwiki/bin/view/Main/A?viewer=history',
    '/wiki/A?format=txt',
    '/wiki/A?version=3',
    '/view/trunk/a.c?r1=3&r2=4',
    '/pages/viewpreviousversions.action?pageId=4',
    '/tiki-pagehistory.php?page=A',
    '/report.php?f=1&p=2',
    '/viewforum.php?f=1&mark=topics',
    '/viewtopic.php?t=2&watch=topic',
    '/showthread.php?mode=hybrid&t=4',
    '/index.php?action=post;topic=4.0',
    '/index.php?action=reporttm;topic=4.1',
    '/index.php?action=profile;u=3',
    '/t/story/12/34',
    '/t/story/12/print',
    '/whats-new/posts/12/',
    '/story?amp=1',
    '/story?output=amp',
    '/story?print',
    '/event?ical=1',
    '/node/3/revisions/12/view',
    '/print/3',
    '/cart/add/3',
    '/index.php?route=checkout/cart',
    '/index.php?back=x&controller=authentication',
    '/users/sign_in?return=x',
    '/sharer.php?u=x',
    '/wp-json/wp/v2/posts/1',
  ])('%s', (path) => expect(createTraps().reasonOf(`http://h.example${path}`, found)).toBe('trap_action'))

  test.each([
    '/index.php?title=A',
    '/index.php?title=Special:AllPages',
    '/wiki/Special:Categories',
    '/index.php?action=view&id=4',
    '/index.php?do=article&id=4',
    '/history/of/rome',
    '/feed/',
    '/share-prices?share=5',
    '/login',
    '/blog/print-is-dead',
    '/watch?v=dQw4w9WgXcQ',
    '/p?mode=dark',
    '/direction?direction=north',
    '/threads/story.4/',
    '/annual/report',
    '/index.php?topic=4.0',
    '/docs/feed',
    '/api/rss',
    '/report.php?id=4',
    '/index.php?action=post&id=4',
    '/wiki/Diff',
    '/t/story/12',
    '/t/story/12?page=2',
    '/node/3',
    '/print/the-press-in-1450',
    '/view?r1=3',
    '/story?mode=article',
    '/index.php?product_id=3&route=product/product',
  ])('%s may be one', (path) => expect(createTraps().reasonOf(`http://h.example${path}`, found)).toBeUndefined())

  test('what a sitemap lists is taken all the same', () => {
    expect(createTraps().reasonOf('http://h.example/index.php?action=history&title=A', { depth: 0 })).toBeUndefined()
  })
})

test('slashes that grow are left at once', () => {
  const traps = createTraps()
  const pages = Array.from({ length: 30 }, (_, i) => `http://h.example/list${'/'.repeat(i + 1)}?page=2`)
  expect(pages.filter((url) => traps.reasonOf(url, found) === undefined)).toHaveLength(2)
})

describe('rows without end', () => {
  test.each([
    ['/cal/7', '/cal/8', true],
    ['/cal/8', '/cal/7', true],
    ['/a?page=2', '/a?page=3', true],
    ['/2026/11/30', '/2026/12/01', true],
    ['/2026-12-31/day', '/2027-01-01/day', true],
    ['/11/30/2026', '/12/01/2026', true],
    ['/cal/20261231', '/cal/20270101', true],
    ['/cal/202612', '/cal/202701', true],
    ['/?month=12&year=2026', '/?month=1&year=2027', true],
    ['/2026/11/22', '/2020/11/22', false],
    ['/p/1', '/p/3', false],
    ['/p/1', '/p/1', false],
    ['/p/1', '/q/2', false],
    ['/p/1/2', '/p/2/3', false],
    ['/2026/story-5', '/2026/story-77', false],
  ])('%s → %s is a step: %s', (from, to, expected) => expect(isStep(`http://h.example${from}`, `http://h.example${to}`)).toBe(expected))

  test('are left after some hops, and what a sitemap lists never', () => {
    const traps = createTraps()
    let visited = 1
    while (!traps.reasonOf(day(visited + 1), { depth: visited + 1, from: day(visited) })) visited++
    expect(visited).toBe(trapLimits.stepDepthMax)
    expect(traps.reasonOf(day(visited + 1), { depth: visited + 1, from: day(visited) })).toBe('trap_calendar')
    expect(traps.reasonOf(day(visited + 1), { depth: 0 })).toBeUndefined()
  })
})
