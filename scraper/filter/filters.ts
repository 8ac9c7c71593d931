import type { Filter } from './filter.ts'
import { gopherStopWords } from './gopher-stop-words.ts'
import { gopherSymbols } from './gopher-symbols.ts'
import { gopherWordCount } from './gopher-word-count.ts'
import { gopherWordLength } from './gopher-word-length.ts'

/** The quality rules in force, in the order in which they decide. */
export const qualityFilters: readonly Filter[] = [gopherWordCount(), gopherWordLength(), gopherSymbols(), gopherStopWords()]
