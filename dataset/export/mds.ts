import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ExportFile } from './export-file.ts'
import { tokenBytes, type ExportPlan, type TokenWriter } from './token-writer.ts'

/** Of a shard, as MosaicML's writer has it; a single longer document is one by itself. */
const shardBytesMax = 2 ** 26

interface Shard {
  basename: string
  bytes: number
  samples: number
}

/**
 * MosaicML's MDS, format 2 (streaming/base/format/mds): `shard.00000.mds` and so on, each a count and offsets of samples (u32), its columns as JSON and the
 * samples; `index.json` lists them. A sample is a document: `id`, and `tokens` as `ndarray` of u16 or u32. One shard is in memory.
 */
export async function mdsWriter({ folder, width }: ExportPlan): Promise<TokenWriter> {
  const columns = {
    column_encodings: ['str', `ndarray:uint${8 * width}`],
    column_names: ['id', 'tokens'],
    column_sizes: [null, null],
    compression: null,
    format: 'mds',
    hashes: [],
    size_limit: shardBytesMax,
    version: 2,
  }
  const config = Buffer.from(JSON.stringify(columns))
  const shards: Shard[] = []
  let [samples, sampleBytes] = [[] as Buffer[], 0]
  const shardBytes = (): number => 8 + 4 * samples.length + config.length + sampleBytes
  const writeShard = async (): Promise<void> => {
    const basename = `shard.${String(shards.length).padStart(5, '0')}.mds`
    const bytes = shardBytes()
    await using file = await ExportFile.create(join(folder, basename))
    const region = file.region()
    await region.write(offsetsOf(samples, config.length))
    for (const piece of [config, ...samples]) await region.write(piece)
    await file.finish()
    shards.push({ basename, bytes, samples: samples.length })
    samples = []
    sampleBytes = 0
  }
  return {
    async write({ id, tokens }) {
      const sample = sampleOf(id, tokenBytes(tokens, width), tokens.length)
      if (samples.length > 0 && shardBytes() + 4 + sample.length > shardBytesMax) await writeShard()
      samples.push(sample)
      sampleBytes += sample.length
    },
    async finish() {
      if (samples.length > 0) await writeShard()
      const listed = shards.map(({ basename, bytes, samples: count }) => ({
        ...columns,
        raw_data: { basename, bytes, hashes: {} },
        samples: count,
        zip_data: null,
      }))
      await writeFile(join(folder, 'index.json'), JSON.stringify({ shards: listed, version: 2 }), { flag: 'wx', flush: true })
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** Sizes of both columns, then both: an id is its text, an array one dimension (shape as u32) and its cells. */
function sampleOf(id: string, tokens: Uint8Array, count: number): Buffer {
  const name = Buffer.from(id)
  const head = Buffer.alloc(8)
  head.writeUInt32LE(name.length, 0)
  head.writeUInt32LE(shapeBytes + tokens.length, 4)
  const shape = Buffer.alloc(shapeBytes)
  shape.writeUInt8((1 << 2) | shapeIsU32, 0)
  shape.writeUInt32LE(count, 1)
  return Buffer.concat([head, name, shape, tokens])
}

const shapeBytes = 5
const shapeIsU32 = 2

function offsetsOf(samples: readonly Buffer[], configBytes: number): Buffer {
  const bytes = Buffer.alloc(8 + 4 * samples.length)
  bytes.writeUInt32LE(samples.length, 0)
  let offset = bytes.length + configBytes
  bytes.writeUInt32LE(offset, 4)
  for (const [n, sample] of samples.entries()) {
    offset += sample.length
    bytes.writeUInt32LE(offset, 8 + 4 * n)
  }
  return bytes
}
