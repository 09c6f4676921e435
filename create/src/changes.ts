// What the answers change in a new project. Each function takes the text of a file and returns the new one.

export const LOGINS = ['passphrase', 'passkey', 'github'] as const
export type Login = (typeof LOGINS)[number]

const IMPORTS: Readonly<Record<Login, string>> = {
  passphrase: '#engine/login/passphrase.tsx',
  passkey: '#engine/login/passkey/passkey.tsx',
  github: '#engine/login/github.ts',
}
const GITHUB_SECRETS = ['GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET']

/** The name of a Worker: part of a hostname (RFC 1035 §2.3.1). */
export function isWorkerName(name: string): boolean {
  return /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)
}

/** `my-server` is shown as "My server". */
export function titleOf(name: string): string {
  const words = name.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Changes by file, in the order in which they apply. */
export function changesFor(name: string, logins: readonly Login[]): [string, (text: string) => string][] {
  const changes: [string, (text: string) => string][] = [
    ['package.json', (text) => replaced(text, /"name": "[^"]*"/, `"name": "${name}"`)],
    ['wrangler.toml', (text) => replaced(text, /^name = ".*"$/m, `name = "${name}"`)],
    [
      'src/config.ts',
      (text) => replaced(text, /^export const NAME = .*$/m, `export const NAME = '${titleOf(name)}'`),
    ],
    ['src/login.ts', (text) => withLogins(text, logins)],
  ]
  if (logins.includes('github')) changes.push(...githubChanges())
  return changes
}

function withLogins(text: string, logins: readonly Login[]): string {
  const imports = [...logins].sort((a, b) => IMPORTS[a].localeCompare(IMPORTS[b]))
  const lines = [
    ...imports.filter((login) => login === 'github').map(importOf),
    "import type { LoginMethod } from '#engine/login/method.ts'",
    ...imports.filter((login) => login !== 'github').map(importOf),
  ]
  const withImports = replaced(text, /(?:^import .*\n)+/m, `${lines.join('\n')}\n`)
  return replaced(withImports, /= \[.*\]$/m, `= [${logins.join(', ')}]`)
}

function importOf(login: Login): string {
  return `import { ${login} } from '${IMPORTS[login]}'`
}

function githubChanges(): [string, (text: string) => string][] {
  const names = GITHUB_SECRETS.map((name) => `"${name}"`).join(', ')
  const lines = GITHUB_SECRETS.map((name) => `${name}=''\n`).join('')
  return [
    ['wrangler.toml', (text) => replaced(text, /^required = \[/m, `required = [${names}, `)],
    ['.dev.vars.example', (text) => `${text}${lines}`],
  ]
}

/** @throws Error when the template has changed and the pattern fits nothing */
function replaced(text: string, pattern: RegExp, replacement: string): string {
  if (!pattern.test(text)) throw new Error(`The template has nothing that fits ${pattern}.`)
  return text.replace(pattern, replacement)
}
