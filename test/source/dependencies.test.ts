// Versions that have to move together.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readSource } from '../support/imports.ts'

interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Manifest

it('wrangler is the one that @cloudflare/vitest-plugin brings: tested, served and deployed with one workerd', () => {
  const plugin = read('node_modules/@cloudflare/vitest-plugin/package.json')
  const { devDependencies } = read('package.json')
  expect(devDependencies?.wrangler).toBe(plugin.dependencies?.wrangler)
  expect(devDependencies?.miniflare).toBe(read('node_modules/wrangler/package.json').dependencies?.miniflare)
})

it('docs/clients.md says of each client of `npm run agents` the version that it installs', () => {
  const versions = read('test/agents/package.json').dependencies ?? {}
  const clients = [...readSource('test/agents/clients/*.ts').values()].map((text) => {
    const [, name] = /name: '([^']+)'/.exec(text) ?? []
    const [, packageName = ''] = /package: '([^']+)'/.exec(text) ?? []
    return `| ${name} | ${versions[packageName]} |`
  })
  const rows = readFileSync('docs/clients.md', 'utf8').split('\n')
  expect(clients.length).toBeGreaterThan(10)
  expect(clients.filter((client) => !rows.some((row) => row.startsWith(client)))).toEqual([])
})
