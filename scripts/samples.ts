// Removes the sample from a file. The sample's lines end in `// sample` or `# sample`; a TOML table with such a header
// belongs to the sample, too.

/** The folders and files of the sample. */
export const PATHS: readonly string[] = ['src/server/notes', 'public/views/notes.html']

const LINE = /\s(?:\/\/|#) sample$/
const TABLE = /^\[.*\] # sample$/

export interface Without {
  readonly text: string
  /** How many lines were removed. */
  readonly removed: number
}

/** A file without its lines of the sample. */
export function withoutSample(text: string): Without {
  const lines = text.split('\n')
  const kept: string[] = []
  let isInTable = false
  for (const line of lines) {
    if (TABLE.test(line)) isInTable = true
    else if (isInTable && line.startsWith('[')) isInTable = false
    if (!isInTable && !LINE.test(line)) kept.push(line)
    // The blank line after a table goes with it.
    if (line === '') isInTable = false
  }
  return { text: kept.join('\n'), removed: lines.length - kept.length }
}

/** The classes of Durable Objects that the sample brings. */
export function sampleClasses(configuration: string): string[] {
  return [...configuration.matchAll(/^\[exports\.(\w+)\] # sample$/gm)].map(([, name]) => name as string)
}
