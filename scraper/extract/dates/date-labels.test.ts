import { expect, test } from 'vitest'
import { dateLabel } from './date-labels.ts'

test.each([
  ['Published on', 'published'],
  ['Posted by Ann', 'published'],
  ['Veröffentlicht am', 'published'],
  ['Stand:', 'published'],
  ['發布日期：', 'published'],
  ['Last updated:', 'modified'],
  ['Güncelleme Tarihi:', 'modified'],
  ['Diese Seite wurde zuletzt am', 'modified'],
  ['Эта страница в последний раз была отредактирована', 'modified'],
  ["Questa pagina è stata modificata per l'ultima volta il", 'modified'],
  ['Esta página se editó por última vez el', 'modified'],
  ['最終更新', 'modified'],
  ['Page generated on', 'other'],
  ['Retrieved', 'other'],
  ['Heute ist Mittwoch,', 'other'],
  ['valid until', 'other'],
])('%s: it is %s', (before, kind) => expect(dateLabel(before)?.kind).toBe(kind))

test.each(['', 'the mill', '— 12 —', 'by Ann Lee'])('nothing is said: %j', (before) => expect(dateLabel(before)).toBeUndefined())

test('a phrase may be such that it can only speak of the page', () => {
  expect(dateLabel('This page was last updated on')?.isOfPage).toBe(true)
  expect(dateLabel('The site was updated on')?.isOfPage).toBe(false)
  expect(dateLabel('published on')?.isOfPage).toBe(false)
})
