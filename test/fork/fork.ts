// A fork from its first day: renamed, stripped, with a tool, a login and a look of its own. Its tests stay green.
import { addTool, changeTheme, rename, switchLogin, takeOutParts } from './changes.ts'
import { Copy, type Watch } from './copy.ts'
import { NO_SCOPE_TEST } from './todos.ts'

/** A command failed in the fork. The message has what it printed. */
export class ForkFailed extends Error {}

export interface Options {
  /** All of it: also the time without a scope, and the tests of the engine and of the commands. */
  readonly full: boolean
  readonly say?: (line: string) => void
  /** Sees what the tests of the engine and of the commands print, which take minutes. */
  readonly watch?: Watch
}

const NO_SCOPE_FILE = 'src/server/no-scope.test.ts'

/** Makes a fork and runs its tests. Leaves the folder behind if one fails. @throws ForkFailed */
export async function fork({ full, say = () => undefined, watch }: Options): Promise<void> {
  const copy = new Copy()
  say(`✓ Copied ${copy.files} files to ${copy.folder}`)
  rename(copy)
  copy.commit()
  say('✓ Renamed it')
  await run('remove-samples')
  if (full) {
    copy.write(NO_SCOPE_FILE, NO_SCOPE_TEST)
    await run('check')
    await run('test:server')
    copy.delete(NO_SCOPE_FILE)
  }
  addTool(copy)
  say('✓ Added a tool with a scope, a Durable Object and a test')
  takeOutParts(copy)
  say('✓ Took the optional parts out')
  switchLogin(copy)
  say('✓ Switched login to passkeys and GitHub')
  changeTheme(copy)
  say('✓ Changed the theme')
  await run('types')
  await run('format')
  await run('check')
  await run('test:server')
  if (full) {
    await run('test:engine')
    await run('test:commands')
  } else await run('vitest', 'test/journey.test.ts', 'test/source')
  copy.remove()

  async function run(script: string, ...args: readonly string[]): Promise<void> {
    const started = Date.now()
    const watched = ['test:engine', 'test:commands'].includes(script) ? watch : undefined
    const { code, output } = await (script === 'vitest'
      ? copy.program('vitest', ['run', ...args])
      : copy.npm(script, args, watched))
    const command = script === 'vitest' ? `npx vitest run ${args.join(' ')}` : `npm run ${script}`
    if (code !== 0)
      throw new ForkFailed(`${command} failed in ${copy.folder}:\n\n${watched ? 'See above.' : output}`)
    const seconds = Math.round((Date.now() - started) / 1000)
    say(`✓ ${command} (${seconds} s)${summaryOf(output)}`)
  }
}

/** What a command says of its tests. */
function summaryOf(output: string): string {
  const lines = output.split('\n')
  const tests = lines.filter((line) => /^\s+Tests\s|^\d+ passed, \d+ failed$/.test(line))
  return tests.map((line) => `: ${line.trim().replace(/\s+/g, ' ')}`).join('')
}
