import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTelemetry } from '#infra/telemetry/telemetry.ts'
import { manualClock } from '#test/manual-clock.ts'
import { openBlockList } from './block-list.ts'
import { blockEntries } from './entries.ts'

const listOf = (...lines: string[]) => {
  const entries = blockEntries()
  for (const line of lines) expect([line, entries.add(line)]).toEqual([line, true])
  return entries
}

describe('an entry blocks', () => {
  test.each<[string, string[], string[]]>([
    [
      'www.example.org',
      ['https://www.example.org/', 'http://www.example.org:8080/x'],
      ['https://example.org/', 'https://a.www.example.org/', 'https://www.example.org.uk/'],
    ],
    ['.example.org', ['https://example.org/', 'https://a.b.example.org/x'], ['https://badexample.org/', 'https://example.org.uk/']],
    ['*.Example.org # why', ['https://example.org/', 'https://a.example.org/'], ['https://example.com/']],
    ['https://example.org/a?b', ['https://example.org/a?b=1', 'http://example.org/a?b'], ['https://example.org/a', 'https://example.org/A?b']],
    ['example.org/a', ['https://example.org/a', 'https://example.org/abc/d'], ['https://example.org/', 'https://a.example.org/a']],
    ['0.0.0.0 one.test two.test', ['http://one.test/', 'http://two.test/'], ['http://0.0.0.0/', 'http://a.one.test/']],
    ['93.184.215.14', ['http://93.184.215.14/x'], ['http://93.184.215.1/']],
    ['bücher.example', ['https://xn--bcher-kva.example/'], ['https://bucher.example/']],
    ['# a comment', [], ['https://example.org/']],
    ['', [], ['https://example.org/']],
  ])('%s', (line, blocked, free) => {
    const { blocks } = listOf(line)
    expect([...blocked, ...free].filter(blocks)).toEqual(blocked)
  })
  test.each(['two words', 'http://', 'a b.example', '[x', 'https://exa mple.org/', '0.0.0.0 not/a/host'])('unless it is none: %s', (line) =>
    expect(blockEntries().add(line)).toBe(false),
  )
})

test('of many entries each is found, and nothing else', () => {
  const name = fc.stringMatching(/^[a-z]{1,6}\.[a-z]{2}$/)
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 200 }), fc.array(name, { maxLength: 50 }), (hosts, others) => {
      const list = listOf(...hosts)
      expect(list.size).toBe(hosts.length)
      expect([...hosts, ...others].map((host) => list.blocks(`https://${host}/`))).toEqual([...hosts, ...others].map((host) => hosts.includes(host)))
    }),
    { numRuns: 50 },
  )
})

describe('the list', () => {
  let folder: string
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'block-list-'))))
  afterAll(() => rm(folder, { recursive: true }))

  test('is read again when its file changes, and stays when the file goes bad', async () => {
    const [path, pace, telemetry] = [join(folder, 'list.txt'), manualClock(), createTelemetry()]
    const told: string[] = []
    const { promise: read, resolve: onRead } = Promise.withResolvers<void>()
    const { promise: kept, resolve: onKept } = Promise.withResolvers<void>()
    telemetry.listen((event) => {
      told.push(event.name)
      if (event.name === 'crawl.block_list_read') onRead()
      if (event.name === 'crawl.block_list_kept') onKept()
    })
    await writeFile(path, 'a.test\n')
    await using list = await openBlockList({ path, pace, telemetry })
    expect(['http://a.test/', 'http://b.test/'].map(list.blocks)).toEqual([true, false])
    await writeFile(`${path}.new`, 'b.test\n')
    await rename(`${path}.new`, path)
    pace.advance(2000)
    await read
    expect(['http://a.test/', 'http://b.test/'].map(list.blocks)).toEqual([false, true])
    await writeFile(path, 'c.test\nno host at all\n')
    pace.advance(2000)
    await kept
    expect(['http://b.test/', 'http://c.test/'].map(list.blocks)).toEqual([true, false])
    expect(told).toEqual(['crawl.block_list_read', 'crawl.block_list_kept'])
  })
  test('is one clear line of trouble when it cannot be had', async () => {
    const parts = { pace: manualClock(), telemetry: createTelemetry() }
    const missing = join(folder, 'missing.txt')
    await expect(openBlockList({ ...parts, path: missing })).rejects.toThrow(
      `The block list "${missing}" cannot be read (ENOENT); name another as miner.block_list.`,
    )
    const wrong = join(folder, 'wrong.txt')
    await writeFile(wrong, 'a.test\n\nno host\n')
    await expect(openBlockList({ ...parts, path: wrong })).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining('line 3: "no host"'),
    })
    await using none = await openBlockList({ ...parts, path: '' })
    expect(none.blocks('https://example.org/')).toBe(false)
  })
})
