import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Readability } from '@mozilla/readability'
import { parseHTML } from 'linkedom'
import { z } from 'zod'
import { extractPage } from '#scraper/extract/extract-page.ts'
import { blockText } from './block-text.ts'
import { findPython, runPython } from './python.ts'
import { buildRust } from './rust.ts'

interface Page {
  html: string
  /** Empty where it is not known. */
  url: string
}

/** What was made of pages, in their order. */
export interface Extraction {
  texts: string[]
  /** CPU of each, of all threads. */
  cpuMs: number[]
}

/** Makes main text of pages, one after the other; undefined where it cannot be had here, and why on standard error. */
export type Extractor = (pages: readonly Page[]) => Promise<Extraction | undefined>

/** Ours and its peers, each with its defaults. */
export const extractors = {
  extract: here(({ html, url }) => extractPage(html, url).text),
  trafilatura: elsewhere(async (file) => {
    const python = await findPython({ packages: ['trafilatura', 'lxml_html_clean'], install: true })
    return python === undefined ? undefined : runPython(python, trafilatura, [file])
  }),
  rs_trafilatura: elsewhere(async (file) => {
    const program = await buildRust({ name: 'rs-trafilatura', crates: { 'rs-trafilatura': '=0.2.2', serde_json: '1', 'cpu-time': '1' }, main: rsTrafilatura })
    if (program === undefined) return undefined
    await promisify(execFile)(program, [file, `${file}.out`])
    return JSON.parse(await readFile(`${file}.out`, 'utf8')) as unknown
  }),
  readability_linkedom: here(({ html }) => {
    try {
      return new Readability(parseHTML(html).document).parse()?.content ?? ''
    } catch {
      // It throws for a few pages.
      return ''
    }
  }, blockText),
} satisfies Record<string, Extractor>

/** @param textOf makes text of what is extracted, and is not measured */
function here(extract: (page: Page) => string, textOf = (extracted: string): string => extracted): Extractor {
  return async (pages) => {
    const cpuMs: number[] = []
    const texts = pages.map((page) => {
      const before = process.cpuUsage()
      const extracted = extract(page)
      const { user, system } = process.cpuUsage(before)
      cpuMs.push((user + system) / 1000)
      return textOf(extracted)
    })
    return { texts, cpuMs }
  }
}

const ExtractionJson = z.object({ texts: z.array(z.string()), cpu_ms: z.array(z.number()) })

/** In a process of its own, which reads the pages from a file, a JSON object a line. */
function elsewhere(run: (file: string) => Promise<unknown>): Extractor {
  return async (pages) => {
    const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
    try {
      const file = join(folder, 'pages.jsonl')
      await writeFile(file, pages.map(({ html, url }) => `${JSON.stringify({ html, url })}\n`).join(''))
      const answer = await run(file)
      if (answer === undefined) return undefined
      const { texts, cpu_ms } = ExtractionJson.parse(answer)
      return { texts, cpuMs: cpu_ms }
    } finally {
      await rm(folder, { recursive: true })
    }
  }
}

const trafilatura = `
import json, logging, sys, time, trafilatura
logging.disable(logging.CRITICAL)
texts, cpu_ms = [], []
for line in open(sys.argv[1], encoding='utf-8', newline='\\n'):
  page = json.loads(line)
  start = time.process_time()
  try: text = trafilatura.extract(page['html'], url=page['url'] or None) or ''
  except Exception: text = ''
  cpu_ms.append((time.process_time() - start) * 1000)
  texts.append(text)
print(json.dumps(dict(texts=texts, cpu_ms=cpu_ms)))`

const rsTrafilatura = `
use std::io::{BufRead, BufReader};
fn main() {
    let mut args = std::env::args().skip(1);
    let (pages, out) = (args.next().unwrap(), args.next().unwrap());
    let (mut texts, mut cpu_ms) = (Vec::new(), Vec::new());
    for line in BufReader::new(std::fs::File::open(pages).unwrap()).lines() {
        let page: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        let url = page["url"].as_str().filter(|url| !url.is_empty()).map(str::to_string);
        let options = rs_trafilatura::Options { url, ..Default::default() };
        let html = page["html"].as_str().unwrap().to_string();
        let start = cpu_time::ProcessTime::now();
        let text = std::panic::catch_unwind(|| rs_trafilatura::extract_with_options(&html, &options).map(|found| found.content_text).unwrap_or_default());
        cpu_ms.push(start.elapsed().as_secs_f64() * 1000.0);
        texts.push(text.unwrap_or_default());
    }
    std::fs::write(out, serde_json::json!({ "texts": texts, "cpu_ms": cpu_ms }).to_string()).unwrap();
}`
