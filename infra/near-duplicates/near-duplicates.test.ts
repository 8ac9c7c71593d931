import { appendFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nearDuplicatesSuite } from '#test/conformance/near-duplicates.ts'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { fingerprints } from '#test/golden/fingerprints.ts'
import { fileNearDuplicates } from './near-duplicates.ts'

const module = new URL('near-duplicates.ts', import.meta.url).href
const first = '000001.run'

async function filled(count: number): Promise<string> {
  const folder = join(await temporaryFolder(), 'near')
  await using index = fileNearDuplicates(folder)
  await index.add(fingerprints(count))
  return folder
}

const documentsOf = async (folder: string): Promise<number> => {
  await using index = fileNearDuplicates(folder)
  return (await index.stats()).documents
}

describe('fileNearDuplicates', () => {
  nearDuplicatesSuite(async () => ({ module, factory: 'fileNearDuplicates', args: [join(await temporaryFolder(), 'near')] }))

  test('cuts a torn tail at whatever byte it is torn, and goes on', async () => {
    const folder = await filled(6)
    const path = join(folder, first)
    const whole = readFileSync(path)
    const record = (whole.length - 16) / 6
    for (const bytes of [0, 7, 16, 17, 16 + record - 1, 16 + 5 * record + 60, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, bytes))
      const left = Math.max(0, Math.floor((bytes - 16) / record))
      expect(await documentsOf(folder)).toBe(left)
      expect(statSync(path).size).toBe(16 + left * record)
      await using index = fileNearDuplicates(folder)
      expect(await index.add(fingerprints(6))).toBe(6 - left)
    }
    appendFileSync(path, Buffer.alloc(3000, 0xff))
    expect(await documentsOf(folder)).toBe(6)
  })

  test('says which run is damaged when it is not the end of the last', async () => {
    const folder = await filled(4)
    writeFileSync(join(folder, '000002.run'), readFileSync(join(folder, first)))
    truncateSync(join(folder, first), statSync(join(folder, first)).size - 1)
    expect(() => fileNearDuplicates(folder)).toThrow(expect.objectContaining({ code: 'data_unreadable', message: expect.stringContaining(first) }))
    writeFileSync(join(folder, first), 'this is a text of another kind')
    expect(() => fileNearDuplicates(folder)).toThrow(expect.objectContaining({ code: 'data_unreadable' }))
  })

  test('lets one process write, and others read meanwhile', async () => {
    const folder = await filled(8)
    const files = readdirSync(folder)
    {
      await using writer = fileNearDuplicates(folder)
      expect(() => fileNearDuplicates(folder)).toThrow(expect.objectContaining({ code: 'conflict' }))
      await using reader = fileNearDuplicates(folder, { readOnly: true })
      await writer.add(fingerprints(4, 8))
      expect(await reader.stats()).toMatchObject({ documents: 8 })
      await expect(reader.add(fingerprints(1))).rejects.toMatchObject({ code: 'invalid_argument' })
    }
    expect(readdirSync(folder)).toEqual(files)
    await using none = fileNearDuplicates(join(folder, 'none'), { readOnly: true })
    expect(await none.stats()).toMatchObject({ documents: 0 })
    expect(readdirSync(folder)).toEqual(files)
    expect(await documentsOf(folder)).toBe(12)
  })

  test('needs less than 300 bytes of memory for a document, also right after its tables grew', async () => {
    const folder = join(await temporaryFolder(), 'near')
    await using index = fileNearDuplicates(folder)
    const shares: number[] = []
    for (let at = 0; at < 6000; at += 500) {
      await index.add(fingerprints(500, at))
      const { documents, memoryBytes } = await index.stats()
      shares.push(memoryBytes / documents)
    }
    expect(Math.max(...shares.slice(3))).toBeLessThan(300)
  })
})
