// Before `npm publish`: refuses while a page of the project, `../` or the folder that is given, has a placeholder for the
// address of the repository.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const PAGES = ['README.md', 'docs/upgrade.md']
const PLACEHOLDER = /\bOWNER\/gatehouse\b|Before the first release/

const root = process.argv[2] ?? resolve(import.meta.dirname, '..')
const found = PAGES.flatMap((page) => {
  const lines = readFileSync(join(root, page), 'utf8').split('\n')
  return lines.flatMap((line, index) => (PLACEHOLDER.test(line) ? [`${page}:${index + 1}`] : []))
})
if (found.length > 0) {
  console.error(
    `✗ These lines have no address of the repository yet: ${found.join(', ')}. See CONTRIBUTING.md.`,
  )
  process.exitCode = 1
}
