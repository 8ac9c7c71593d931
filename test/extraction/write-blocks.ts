import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { contextFeatureNames, contextReader } from '#scraper/extract/content/block-context.ts'
import { featureNames, featureReader } from '#scraper/extract/content/block-features.ts'
import { findFiller } from '#scraper/extract/content/filler.ts'
import { readBlocks } from '#scraper/extract/content/content-blocks.ts'
import type { Block, PageBlocks } from '#scraper/extract/content/page-blocks.ts'
import { parseHtml, textOf, walk } from '#scraper/extract/html/dom.ts'
import { pageTypeSigns, readSigns } from '#scraper/extract/content/page-type-signs.ts'
import { extractionPages, hasExtractionPages, noDevelopmentSet } from '../bench/development-set.ts'

/**
 * Writes what train.py learns from: the features of every block of the development set (features.f32, a row a block), and for each page its type,
 * the texts of its blocks, its true content and the signs of its type (pages.jsonl). Where train.py has left likelihoods of the blocks
 * (likelihoods.f64), it writes the features of their context instead (context.f32). Usage: node test/extraction/write-blocks.ts FOLDER
 */
async function writeTrainingSet(folder: string): Promise<void> {
  if (!hasExtractionPages) return console.warn(`Nothing to train on: ${noDevelopmentSet}`)
  const likelihoods = join(folder, 'likelihoods.f64')
  if (existsSync(likelihoods)) return writeContext(folder, new Float64Array(new Uint8Array(readFileSync(likelihoods)).buffer))
  mkdirSync(folder, { recursive: true })
  const readFeatures = featureReader(featureNames)
  const rows = openSync(join(folder, 'features.f32'), 'w')
  const lines = openSync(join(folder, 'pages.jsonl'), 'w')
  let [count, pages] = [0, 0]
  for await (const { id, set, lang, url, page_type, main_content, html } of extractionPages()) {
    const read = readBlocks(parseHtml(html).root)
    writeSync(rows, new Uint8Array(readFeatures(read).buffer))
    count += read.blocks.length
    pages++
    const [texts, words] = [textsOf(read), read.blocks.map((block) => block.words)]
    const filler = [...findFiller(read)]
    const host = URL.parse(url ?? '')?.hostname ?? id
    writeSync(lines, `${JSON.stringify({ id, set, lang, host, page_type, main_content, texts, words, filler, signs: readSigns(read, url ?? '') })}\n`)
  }
  closeSync(rows)
  closeSync(lines)
  writeFileSync(join(folder, 'names.json'), JSON.stringify({ features: featureNames, context: contextFeatureNames, signs: pageTypeSigns }))
  console.log(`${count} blocks of ${pages} pages are in ${folder}`)
}

async function writeContext(folder: string, likelihoods: Float64Array): Promise<void> {
  const readContext = contextReader(contextFeatureNames)
  const rows = openSync(join(folder, 'context.f32'), 'w')
  let at = 0
  for await (const { html } of extractionPages()) {
    const read = readBlocks(parseHtml(html).root)
    const end = at + read.blocks.length
    writeSync(rows, new Uint8Array(readContext(read, likelihoods.slice(at, end)).buffer))
    at = end
  }
  closeSync(rows)
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
