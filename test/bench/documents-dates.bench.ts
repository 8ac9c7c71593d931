import { isTag, type ParentNode } from 'domhandler'
import { dateClaims } from '#scraper/extract/date-claims.ts'
import { pageDates } from '#scraper/extract/dates.ts'
import { parseHtml } from '#scraper/extract/dom.ts'
import { median, type Bench, type Sample } from './bench.ts'
import { datedPages, noDevelopmentSet, type DatedPage } from './development-set.ts'

/** The day a page was published: how often it is right, and what finding it costs beside the one DOM that a page becomes anyway. */
const quickPages = 60
const warmPages = 100
const nowMs = Date.UTC(2026, 0, 15)

interface Prepared extends DatedPage {
  root: ParentNode | undefined
}
let pages: Prepared[] = []

function dayOf({ url, html, root = parseHtml(html).root }: Prepared): string | null {
  const lang = root.children.find((node) => isTag(node) && node.name === 'html')
  return pageDates(dateClaims(root), { url, lang: lang && isTag(lang) ? lang.attribs['lang'] : undefined, lastModified: undefined, nowMs }).publishedDay
}

const contestant = (isParsed: boolean) => ({
  async setUp(quick: boolean) {
    const all = datedPages() ?? []
    const step = quick ? Math.ceil(all.length / quickPages) : 1
    const wanted = all.filter((_, n) => n % step === 0)
    for (const page of wanted.slice(0, warmPages)) dayOf({ ...page, root: undefined })
    pages = wanted.map((page) => ({ ...page, root: isParsed ? parseHtml(page.html).root : undefined }))
  },
  run: async () => {
    const counts = { pages: pages.length, right: 0, wrong: 0, missed: 0 }
    for (const page of pages) {
      const day = dayOf(page)
      counts[day === null ? 'missed' : day === page.published ? 'right' : 'wrong']++
    }
    return counts
  },
})

export const bench: Bench = {
  contestants: { dates: contestant(true), dates_with_dom: contestant(false) },
  summarize({ dates = [], dates_with_dom = [] }) {
    const { pages: count = 0, right = 0, wrong = 0, missed = 0 } = dates[0]?.counts ?? {}
    if (count === 0) return { figures: { date_f1: null, date_ms: null, date_ms_with_dom: null }, notes: { dates: noDevelopmentSet } }
    return {
      figures: {
        date_f1: (2 * right) / (2 * right + wrong + missed),
        date_ms: median(dates.map(msPerPage)),
        date_ms_with_dom: median(dates_with_dom.map(msPerPage)),
      },
      notes: { dates: `${right} days right, ${wrong} wrong, ${missed} missed, of ${count} pages` },
    }
  },
}

const msPerPage = ({ cpuSeconds, counts }: Sample): number => (cpuSeconds * 1000) / (counts['pages'] ?? 1)
