import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const module = new URL('heap-growth.ts', import.meta.url).href
/** Makes garbage that lives a while, so that the heap grows, then says how large its young generation is, and that of a worker that does the same. */
const program = `
import v8 from 'node:v8'
import { Worker } from 'node:worker_threads'
import { limitHeapGrowth } from '${module}'
const litter = async (pause) => {
  const kept = []
  for (let i = 0; i < 60; i++) {
    kept.push(Array.from({ length: 50_000 }, (_, j) => ({ j })))
    if (kept.length > 6) kept.shift()
    await new Promise(pause)
  }
}
const size = () => v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size
limitHeapGrowth()
await litter(setImmediate)
console.log(size())
new Worker(new URL('data:text/javascript,' + encodeURIComponent(\`import v8 from 'node:v8'; const size = \${size}; await (\${litter})(setImmediate); console.log(size())\`)))
`

test('young generations stay small, in threads that run already and in those to come', () => {
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  const sizes = out.trim().split('\n').map(Number)
  expect(sizes).toHaveLength(2)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(64 << 20)
})
