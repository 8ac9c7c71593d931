import { configKeys } from './keys.ts'

/** The config reference as Markdown, made of the schema; REFERENCE.md beside this file is its copy. */
export function configReference(): string {
  const rows = configKeys.map(
    ({ key, variable, default: value, description }) =>
      `| \`${key}\` | \`${variable}\` | ${value === undefined ? '–' : `\`${JSON.stringify(value)}\``} | ${description} |`,
  )
  return `# Settings

Flags go before the environment, the environment before \`orrery.toml\` in the working folder (or \`--config FILE\`), that before the defaults.
Any setting is a flag: \`--set miner.concurrency=8\`. \`orrery config show --origin\` prints what is in force and where it came from.
In TOML the part before the dot is the table: \`[miner]\`, \`concurrency = 8\`. A source is a table of its own: \`[[sources]]\` with \`label\`, \`seeds\`, \`include\`,
and \`[sources.quality.c4]\` with \`enabled = true\` and the like (schemas/json/quality-choice.json) where its texts are to be judged otherwise.

| setting | environment | default | what it is for |
|---|---|---|---|
${rows.join('\n')}
`
}
