import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { featureNames, featureReader } from '#scraper/extract/content/block-features.ts'
import { isFiller } from '#scraper/extract/content/filler.ts'
import { readBlocks } from '#scraper/extract/content/content-blocks.ts'
import type { Block, PageBlocks } from '#scraper/extract/content/page-blocks.ts'
import { parseHtml, textOf, walk } from '#scraper/extract/html/dom.ts'
import { pageTypeSigns, readSigns } from '#scraper/extract/content/page-type-signs.ts'
import { extractionPages, hasExtractionPages, noDevelopmentSet } from '../bench/development-set.ts'

/**
 * Writes what train.py learns from: the features of every block of the development set (features.f32, a row a block), and for each page its type,
 * the texts of its blocks, its true content and the signs of its type (pages.jsonl). Usage: node test/extraction/write-blocks.ts FOLDER
 */
async function writeTrainingSet(folder: string): Promise<void> {
  if (!hasExtractionPages) return console.warn(`Nothing to train on: ${noDevelopmentSet}`)
  mkdirSync(folder, { recursive: true })
  const readFeatures = featureReader(featureNames)
  const rows: Float32Array[] = []
  let count = 0
  const lines: string[] = []
  for await (const { id, url, page_type, main_content, html } of extractionPages()) {
    const read = readBlocks(parseHtml(html).root)
    rows.push(readFeatures(read))
    count += read.blocks.length
    const [texts, words] = [textsOf(read), read.blocks.map((block) => block.words)]
    const filler = read.blocks.flatMap((block, i) => (isFiller(block) ? [i] : []))
    lines.push(
      JSON.stringify({
        id,
        host: URL.parse(url ?? '')?.hostname ?? id,
        page_type,
        main_content,
        texts,
        words,
        filler,
        signs: readSigns(read, url ?? ''),
      }),
    )
  }
  writeFileSync(join(folder, 'features.f32'), Buffer.concat(rows.map(({ buffer }) => Buffer.from(buffer))))
  writeFileSync(join(folder, 'pages.jsonl'), lines.join('\n'))
  writeFileSync(join(folder, 'names.json'), JSON.stringify({ features: featureNames, signs: pageTypeSigns }))
  console.log(`${count} blocks of ${lines.length} pages are in ${folder}`)
}

/** The whole text of each block, in its order. */
function textsOf({ blocks, levels }: PageBlocks): string[] {
  const elements = new Set(levels.map(({ element }) => element))
  return blocks.map((block) => textOfBlock(block, elements))
}

function textOfBlock({ name, level, parents }: Block, elements: ReadonlySet<unknown>): string {
  if (name === 'pre') return textOf(level.element)
  const own = new Set(parents)
  const parts: string[] = []
  walk(level.element, {
    enter: (element) => {
      if (element.name === 'br') parts.push(' ')
      return !elements.has(element)
    },
    text: (data, parent) => {
      if (own.has(parent)) parts.push(data)
    },
  })
  return parts.join('')
}

await writeTrainingSet(process.argv[2] ?? 'training')
