import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import { temporaryFolder } from '#test/conformance/temporary-folder.ts'
import { parquetFooter, parquetRowsOf } from './parquet-rows.ts'
import { openFileBytes } from './source-bytes.ts'

test('a row group of more rows than anybody writes is refused before it is in memory, whatever few bytes it has', async () => {
  const path = join(await temporaryFolder(), 'many.parquet')
  await writeFile(path, new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'text', data: ['a', 'b'], type: 'STRING' }] })))
  await using file = await openFileBytes(path)
  const footer = await parquetFooter(path, file)
  const rowsOf = () => Array.fromAsync(parquetRowsOf({ path, file, footer }, ['text'], 0, new AbortController().signal))
  expect(await rowsOf()).toMatchObject([{ cells: { text: 'a' } }, { cells: { text: 'b' } }])
  footer.row_groups[0]!.num_rows = 2n ** 21n + 1n
  await expect(rowsOf()).rejects.toMatchObject({ code: 'invalid_record', message: expect.stringContaining('a row group of 2097153 rows') })
})
