import { expect, test } from 'vitest'
import { addLoss, noLoss } from './element-loss.ts'
import { pageElements } from './page-elements.ts'
import { wordOverlap, wordsOf } from './word-overlap.ts'

const words = (html: string) => pageElements(html).elements.map((element) => [element.kind, element.words.join(' ')])

test('a page falls into the elements that hold its text', () => {
  const html = `<div>In no <b>ele</b>ment</div><h2>A <a>head</a>ing</h2><ul><li>One<ul><li>Inner</li></ul>after</li></ul><blockquote><p>First</p><p>Second</p></blockquote>
    <table><tr><th>A<p>cell</p></th></tr></table><figure><figcaption><p>Cap</p><p>tion</p></figcaption></figure><pre>x = 1\n</pre><script>no</script><p>End</p>`
  expect(words(html)).toEqual([
    [undefined, 'in no element'],
    ['heading', 'a heading'],
    ['list item', 'one'],
    ['list item', 'inner'],
    ['list item', 'after'],
    ['quote', 'first'],
    ['quote', 'second'],
    ['cell', 'a cell'],
    ['caption', 'cap tion'],
    ['code', 'x 1'],
    ['paragraph', 'end'],
  ])
})

test('cells stand where spans put them, and a table for the layout is none', () => {
  const { tables } = pageElements(
    '<table><tr><td rowspan=2>a</td><td colspan=2>b</td></tr><tr><td>c</td><td>d</td></tr></table><table><tr><td><table><tr><td>x</td><td>y</td></tr></table></td></tr></table>',
  )
  expect(tables.map((cells) => cells.map(({ element, row, column }) => [element.words[0], row, column]))).toEqual([
    [
      ['a', 0, 0],
      ['b', 0, 1],
      ['c', 1, 1],
      ['d', 1, 2],
    ],
  ])
})

const page = `<nav><ul><li>Home</li><li>12</li></ul></nav><h1>On the growing of pears</h1><p>Pears want a warm wall and a deep soil that never dries.</p>
  <table><tr><th>Kind</th><th>Weeks</th><th>Trees</th></tr><tr><td>Early</td><td></td><td>12</td></tr><tr><td>Late</td><td>3</td><td>4</td></tr></table>
  <ul><li>Prune</li><li>Water</li></ul><p>All of it was tried in three gardens over four years.</p>`
const truth = `On the growing of pears\n\nPears want a warm wall and a deep soil that never dries.\n\n| Kind | Weeks | Trees |\n| --- | --- | --- |\n| Early |  | 12 |\n| Late | 3 | 4 |\n\n- Prune\n- Water\n\nAll of it was tried in three gardens over four years.`
const lossOf = (text: string) => {
  const loss = noLoss()
  addLoss(loss, pageElements(page), text, truth)
  return loss
}

test('of a text that is the truth nothing is cut', () => {
  expect(lossOf(truth)).toEqual({
    cut: {
      paragraph: { of: 2, cut: 0 },
      heading: { of: 1, cut: 0 },
      'list item': { of: 2, cut: 0 },
      cell: { of: 8, cut: 0 },
      quote: { of: 0, cut: 0 },
      caption: { of: 0, cut: 0 },
      code: { of: 0, cut: 0 },
    },
    tables: { of: 1, torn: 0 },
    rows: { of: 3, misplaced: 0 },
  })
})

test('what is left out is cut, a table without some of its cells is torn, and a value in another column is misplaced', () => {
  const loss = lossOf(truth.replace('| Early |  | 12 |', '| Early | 12 |').replace('| Late | 3 | 4 |\n', '').replace('- Water\n', ''))
  expect([loss.cut.cell, loss.cut['list item'], loss.tables, loss.rows]).toEqual([
    { of: 8, cut: 3 },
    { of: 2, cut: 1 },
    { of: 1, torn: 1 },
    { of: 2, misplaced: 1 },
  ])
})

test('a table that is cut as one is not torn', () => {
  const loss = lossOf(truth.replace(/\|.*\|\n/gs, ''))
  expect([loss.cut.cell, loss.tables]).toEqual([
    { of: 8, cut: 8 },
    { of: 0, torn: 0 },
  ])
})

test('words are runs of letters and digits, and single characters where nobody writes spaces', () => {
  expect(wordsOf('Größe 12_b, 北京2024年 ไทย')).toEqual(['größe', '12_b', '北', '京', '2024', '年', 'ไ', 'ท', 'ย'])
  expect(wordOverlap('a b b c', 'b b b d')).toEqual({ f1: 0.5, precision: 0.5, recall: 0.5 })
  expect(wordOverlap('', '')).toEqual({ f1: 1, precision: 1, recall: 1 })
  expect(wordOverlap('a', '').f1).toBe(0)
})
