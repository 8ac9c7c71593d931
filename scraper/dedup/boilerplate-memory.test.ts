import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folderStore } from '#infra/store/folder.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { readBoilerplate, rememberBoilerplate } from './boilerplate-memory.ts'

test('names are remembered, each hotkey its own, in few objects, and again after half of the work was done', async () => {
  const store = folderStore(join(await temporaryFolder(), 'store'))
  const known = new Set<string>()
  for (let n = 0; n < 70; n++) {
    await rememberBoilerplate(store, 'one', [`place ${n}`], known)
    known.add(`place ${n}`)
    // What a crash makes happen twice.
    if (n % 9 === 0) await rememberBoilerplate(store, 'one', [`place ${n}`], new Set(known))
    expect(await readBoilerplate(store, 'one')).toEqual(known)
  }
  expect((await Array.fromAsync(store.list('boilerplate/'))).length).toBeLessThanOrEqual(33)
  expect(await readBoilerplate(store, 'two')).toEqual(new Set())
})

test('an object that holds something else is named', async () => {
  const store = folderStore(join(await temporaryFolder(), 'store'))
  await store.put('boilerplate/hotkey=one/x.json', Buffer.from('{"no": "names"'))
  await expect(readBoilerplate(store, 'one')).rejects.toMatchObject({ code: 'invalid_record', message: expect.stringContaining('hotkey=one/x.json') })
})
