import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteHostNotes } from './sqlite.ts'

const pathOf = async () => join(await temporaryFolder(), 'hosts.sqlite')

test('notes of hosts outlive the process, until their time is over', async () => {
  const path = await pathOf()
  const clock = manualClock()
  {
    using notes = sqliteHostNotes(path, { clock })
    notes.put('tdm', 'h.example', 'a', clock.now() + 1000)
    notes.put('tdm', 'h.example', 'b', clock.now() + 2000)
    notes.put('mood', 'h.example', 'c', clock.now() + 1000)
  }
  using notes = sqliteHostNotes(path, { clock })
  expect([notes.get('tdm', 'h.example'), notes.get('mood', 'h.example'), notes.get('ai_txt', 'h.example')]).toEqual(['b', 'c', undefined])
  clock.advance(1000)
  expect([notes.get('tdm', 'h.example'), notes.get('mood', 'h.example')]).toEqual(['b', undefined])
})

test('a note that is too long takes the old one away', async () => {
  const clock = manualClock()
  using notes = sqliteHostNotes(await pathOf(), { clock })
  notes.put('tdm', 'h.example', 'a', clock.now() + 1000)
  notes.put('tdm', 'h.example', 'x'.repeat(65_537), clock.now() + 1000)
  expect(notes.get('tdm', 'h.example')).toBeUndefined()
})

test('of too many notes those go whose time ends first', async () => {
  const path = await pathOf()
  const clock = manualClock()
  const fill = () => {
    using notes = sqliteHostNotes(path, { clock, notesMax: 10 })
    for (let i = 0; i < 1024; i++) notes.put('tdm', `${i}.example`, 'a', clock.now() + 5000 - i)
  }
  fill()
  using notes = sqliteHostNotes(path, { clock })
  expect(Array.from({ length: 1024 }, (_, i) => notes.get('tdm', `${i}.example`)).filter(Boolean)).toHaveLength(10)
  expect(notes.get('tdm', '9.example')).toBe('a')
})

test('while another process writes to the file, notes are read, and none is written', async () => {
  const path = await pathOf()
  const clock = manualClock()
  using notes = sqliteHostNotes(path, { clock })
  notes.put('tdm', 'h.example', 'a', clock.now() + 1000)
  using other = new DatabaseSync(path)
  other.exec('begin immediate')
  // Nobody gives the lock back meanwhile: who waited for it would fail in the end.
  {
    using more = sqliteHostNotes(path, { clock })
    more.put('tdm', 'h.example', 'b', clock.now() + 1000)
    notes.put('ai_txt', 'h.example', 'b', clock.now() + 1000)
    expect([more.get('tdm', 'h.example'), notes.get('ai_txt', 'h.example')]).toEqual(['a', undefined])
  }
  other.exec('rollback')
  notes.put('ai_txt', 'h.example', 'b', clock.now() + 1000)
  expect(notes.get('ai_txt', 'h.example')).toBe('b')
})
