import { z } from 'zod'

const most = (fallback: number, max: number, says: string) => z.int().min(1).max(max).default(fallback).describe(says)

/** How far a crawl goes into one host. What is refused is named in the rejects: `depth`, and the `trap_…` that is told with each. */
export const Crawl = z.strictObject({
  host_urls_max: z.int().min(1).default(1_000_000).describe('URLs of one host that are known; of what comes then, none is taken (reason host_urls).'),
  depth_max: z
    .int()
    .min(0)
    .max(10_000)
    .default(100)
    .describe('Links followed away from a seed, or from what a sitemap or feed lists (reason depth); a source may have fewer.'),
  path_chars_max: most(1024, 2048, 'Longest path of a link that is followed, characters (trap_path_length).'),
  path_segments_max: most(20, 1000, 'Most segments of its path (trap_path_depth).'),
  query_chars_max: most(1024, 2048, 'Longest query, characters (trap_query_length).'),
  parameters_max: most(10, 1000, 'Most parameters of a query (trap_parameters).'),
  variants_max: most(64, 1_000_000, 'Queries of one path that name nothing new: dates, searches, orders, combinations (trap_variants).'),
  variants_per_item: most(4, 1000, 'As many more for each thing that queries of the path name: an id, a slug, a title.'),
  items_max: most(50_000, 1_000_000, 'Things that the queries of one path may name.'),
  barren_after: most(
    8,
    1_000_000,
    'Visits of pages of one kind (by the shape of their URLs) in a row that bring no new text; then those that wait are put off, and of further links a sample is followed (trap_no_news).',
  ),
  row_depth_max: most(24, 10_000, 'Deeper than this no page leads to the next of a row of numbers or dates: calendars without end (trap_calendar).'),
})
