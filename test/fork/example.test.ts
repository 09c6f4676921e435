// examples/shopping-list/ is a fork that works: its files over a copy of this project, without the sample.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isFork } from './changes.ts'
import { Copy } from './copy.ts'

const EXAMPLE = 'examples/shopping-list'
const isOurs = existsSync(EXAMPLE) && !isFork(readFileSync('src/config.ts', 'utf8'))

it.skipIf(!isOurs)('the example passes its checks and its tests', { timeout: 600_000 }, async () => {
  const copy = new Copy()
  const run = async (...args: readonly [string, ...string[]]) => {
    const { code, output } = await copy.npm(args[0], args.slice(1))
    expect(code, output).toBe(0)
  }
  await run('remove-samples')
  for (const file of globSync('src/**/*.ts', { cwd: EXAMPLE }))
    copy.write(file, readFileSync(join(EXAMPLE, file), 'utf8'))
  const [binding = '', table = ''] = readFileSync(join(EXAMPLE, 'wrangler.toml'), 'utf8').split(/^(?=\[)/m)
  copy.edit('wrangler.toml', /^bindings = \[$/m, `$&\n${/\{.*\},/.exec(binding)?.[0]}`)
  copy.edit('wrangler.toml', /^\[exports\./m, `${table}\n$&`)
  await run('types')
  await run('check')
  await run('test:server')
  copy.remove()
})
