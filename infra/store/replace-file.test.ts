import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { replaceFile } from './replace-file.ts'

test('makes the folder, and leaves nothing but the last text', async () => {
  const folder = join(await temporaryFolder(), 'a', 'b')
  for (const text of ['first and long', 'second']) await replaceFile(join(folder, 'x.json'), text)
  expect(await readdir(folder)).toEqual(['x.json'])
  expect(await readFile(join(folder, 'x.json'), 'utf8')).toBe('second')
})

test('keeps what was there when it cannot be replaced', async () => {
  const folder = await temporaryFolder()
  await replaceFile(join(folder, 'x.json'), 'first')
  await mkdir(join(folder, 'x.json.new'))
  await expect(replaceFile(join(folder, 'x.json'), 'second')).rejects.toMatchObject({ code: 'EISDIR' })
  expect(await readFile(join(folder, 'x.json'), 'utf8')).toBe('first')
})
