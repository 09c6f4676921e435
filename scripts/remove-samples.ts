// `npm run remove-samples`: removes the sample from your files, your list of tools, your bindings and your scopes.
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { done, run, Stopped } from './deployment/terminal.ts'
import { GENERATED, writeTypes } from './generated-types.ts'
import { readOptions } from './options.ts'
import { programOf, runProgram } from './program.ts'
import { PATHS, sampleClasses, withoutSample } from './samples.ts'

const USAGE = `Usage: npm run remove-samples [-- --force]

Removes the notes: their folder, their view, and every line that ends in "// sample" or "# sample".

  --force   also when a file that it changes has uncommitted changes`

const { values } = readOptions(USAGE, { force: { type: 'boolean', default: false } })

interface Edit {
  readonly file: string
  readonly text: string
  readonly removed: number
}

await run(removeSamples)

async function removeSamples(): Promise<void> {
  const whole = PATHS.filter((path) => existsSync(path))
  const edits = editsOf(['wrangler.toml', ...globSync('src/**/*.{ts,tsx}')])
  if (whole.length === 0 && edits.length === 0) return done('Nothing is left of the sample')
  const paths = [...whole, ...edits.map(({ file }) => file)]
  if (!values.force) requireCommitted(paths)
  const classes = sampleClasses(readFileSync('wrangler.toml', 'utf8'))
  try {
    await apply(whole, edits)
  } catch (error) {
    throw new Stopped(
      `${(error as Error).message}\n\nThe sample is half removed. Undo it: git restore ${paths.join(' ')}`,
    )
  }
  console.log(whatIsNext(classes))
}

function editsOf(files: readonly string[]): Edit[] {
  const yours = files.filter((file) => ![...PATHS, 'src/engine'].some((path) => file.startsWith(`${path}/`)))
  return yours
    .map((file) => ({ file, ...withoutSample(readFileSync(file, 'utf8')) }))
    .filter(({ removed }) => removed > 0)
}

/** A mistake must be easy to undo. @throws Stopped */
function requireCommitted(paths: readonly string[]): void {
  let changes: string
  try {
    changes = execFileSync('git', ['status', '--porcelain', '--', ...paths], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trimEnd()
  } catch {
    throw new Stopped(
      'git does not keep these files, so nothing could bring them back. Add --force to go on.',
    )
  }
  if (changes === '') return
  throw new Stopped(
    `These files have uncommitted changes, which git could not bring back:\n${changes}\n` +
      'Commit them first, or type: npm run remove-samples -- --force',
  )
}

async function apply(whole: readonly string[], edits: readonly Edit[]): Promise<void> {
  for (const { file, text, removed } of edits) {
    writeFileSync(file, text)
    done(`Removed ${removed} ${removed === 1 ? 'line' : 'lines'} from ${file}`)
  }
  for (const path of whole) {
    rmSync(path, { recursive: true })
    done(`Removed ${path}`)
  }
  for (const generated of GENERATED.slice(0, 1)) {
    await writeTypes(generated)
    done(`Wrote ${generated.file} from ${generated.configuration}`)
  }
  const files = edits.map(({ file }) => file).filter((file) => file.endsWith('.ts') || file.endsWith('.tsx'))
  const biome = programOf('@biomejs/biome', 'biome')
  const { code, output } = await runProgram(biome, 'format', '--write', '--colors=off', ...files)
  if (code !== 0) throw new Error(output)
  done('Formatted what is left')
}

function whatIsNext(classes: readonly string[]): string {
  const tables = classes.map(
    (name) => `\n       [exports.${name}]\n       type = "durable-object"\n       state = "deleted"\n`,
  )
  return `
The sample is removed. What is next:
  1. Check that the rest fits together: npm run check && npm run test:server
  2. Add a tool of your own to src/server/, and its scopes to src/config.ts: docs/server.md
  3. Only if you have deployed the sample: say that Cloudflare may delete its data, in wrangler.toml, and deploy.
${tables.join('')}`
}
