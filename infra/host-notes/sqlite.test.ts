import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { hostNotesSuite } from '#test/conformance/host-notes.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { manualClock } from '#test/manual-clock.ts'
import { sqliteHostNotes } from './sqlite.ts'

const pathOf = async () => join(await temporaryFolder(), 'hosts.sqlite')

const module = new URL('sqlite.ts', import.meta.url).href

describe('sqliteHostNotes', () => {
  hostNotesSuite(async () => ({ module, factory: 'sqliteHostNotes', args: [await pathOf()] }))
})

test('of too many notes those go whose time ends first', async () => {
  const path = await pathOf()
  const clock = manualClock()
  const fill = async () => {
    await using notes = sqliteHostNotes(path, { clock, notesMax: 10 })
    for (let i = 0; i < 1024; i++) await notes.put('tdm', `${i}.example`, 'a', clock.now() + 5000 - i)
  }
  await fill()
  await using notes = sqliteHostNotes(path, { clock })
  const kept = await Promise.all(Array.from({ length: 1024 }, (_, i) => notes.get('tdm', `${i}.example`)))
  expect(kept.filter(Boolean)).toHaveLength(10)
  expect(await notes.get('tdm', '9.example')).toBe('a')
})

test('while another process writes to the file, notes are read, and none is written', async () => {
  const path = await pathOf()
  const clock = manualClock()
  await using notes = sqliteHostNotes(path, { clock })
  await notes.put('tdm', 'h.example', 'a', clock.now() + 1000)
  using other = new DatabaseSync(path)
  other.exec('begin immediate')
  // Nobody gives the lock back meanwhile: who waited for it would fail in the end.
  {
    await using more = sqliteHostNotes(path, { clock })
    await more.put('tdm', 'h.example', 'b', clock.now() + 1000)
    await notes.put('ai_txt', 'h.example', 'b', clock.now() + 1000)
    expect([await more.get('tdm', 'h.example'), await notes.get('ai_txt', 'h.example')]).toEqual(['a', undefined])
  }
  other.exec('rollback')
  await notes.put('ai_txt', 'h.example', 'b', clock.now() + 1000)
  expect(await notes.get('ai_txt', 'h.example')).toBe('b')
})
