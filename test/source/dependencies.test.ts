// Versions that have to move together.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Manifest

it('wrangler is the one that @cloudflare/vitest-plugin brings: tested, served and deployed with one workerd', () => {
  const plugin = read('node_modules/@cloudflare/vitest-plugin/package.json')
  expect(read('package.json').devDependencies?.wrangler).toBe(plugin.dependencies?.wrangler)
})
