import { readSummary, readTurnFacts, shortfalls } from './turn-facts.ts'

/** `node assert-turn.ts DATA_DIR EVENTS_FILE`: what one turn must have reached; exits 1 and says what is missing. */
const [dataDir = '', eventsFile = ''] = process.argv.slice(2)
const facts = await readTurnFacts(dataDir, await readSummary(eventsFile))
const missing = shortfalls(facts)
console.log(JSON.stringify(facts))
for (const sentence of missing) console.error(sentence)
process.exitCode = missing.length === 0 ? 0 : 1
