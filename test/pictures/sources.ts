// What each picture in docs/pictures/ shows, so that a test notices a picture that is older than its page. A hash of the
// source does not depend on fonts or on the browser.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { importsIn } from '../support/imports.ts'

export const FOLDER = 'docs/pictures'
export const HASHES: string = `${FOLDER}/sources.json`

const PAGES = 'src/engine/pages'
const LOGIN = 'src/engine/login'
const METHODS = ['passphrase.tsx', 'redirect.tsx', 'guest.tsx', 'passkey/passkey.tsx'].map(
  (file) => `${LOGIN}/${file}`,
)
const pages = (...names: readonly string[]) => names.map((name) => `${PAGES}/${name}.tsx`)

/** The files that make each picture. What they import from the pages counts, too. */
export const PICTURES: Readonly<Record<string, readonly string[]>> = {
  'connect.png': [...pages('home', 'login', 'consent', 'account'), ...METHODS],
  'home.png': pages('home'),
  'login.png': [...pages('login'), ...METHODS],
  'consent.png': pages('consent'),
  'account.png': [...pages('account'), ...METHODS],
  'error.png': pages('error'),
}

/** The hash of what each picture shows now. */
export function currentHashes(): Record<string, string> {
  return Object.fromEntries(Object.entries(PICTURES).map(([picture, files]) => [picture, hashOf(files)]))
}

/** The hash of what each picture showed when it was made. */
export function recordedHashes(): Record<string, string> {
  return existsSync(HASHES) ? JSON.parse(readFileSync(HASHES, 'utf8')) : {}
}

function hashOf(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const text of [...withImports(files)].sort().map(markup)) hash.update(text)
  return hash.digest('hex').slice(0, 16)
}

function withImports(files: readonly string[], seen: Set<string> = new Set()): Set<string> {
  for (const file of files.filter((file) => !seen.has(file))) {
    seen.add(file)
    const imported = importsIn(file, readFileSync(file, 'utf8')).map(({ of }) => of)
    withImports(
      imported.filter((of) => of.startsWith(`${PAGES}/`)),
      seen,
    )
  }
  return seen
}

/** A file without its comments and its layout, which no picture shows. */
function markup(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines
    .filter((line) => !/^\s*(\/\/|\/\*|\*|\{\/\*)/.test(line))
    .join(' ')
    .replace(/\s+/g, ' ')
}
