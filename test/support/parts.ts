// The optional parts of a server: what a fork imports to have one, from where, and the modules that come with it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from './bundle.ts'
import { FIXTURE } from './fixture.ts'

export interface OptionalPart {
  readonly name: string
  readonly file: string
  /** No other part needs one of them, but those that `needs` it. */
  readonly modules: RegExp
  /** Other parts that it brings along. */
  readonly needs?: readonly string[]
  /** An object that belongs to it, which a fork exports. */
  readonly object?: string
}

const DEVICE_OBJECT = "export { DeviceObject } from '#engine/oauth/device/object.ts'\n"

export const PARTS: readonly OptionalPart[] = [
  {
    name: 'deviceGrant',
    file: 'oauth/device/part.ts',
    modules: /oauth\/device\//,
    object: DEVICE_OBJECT,
  },
  { name: 'personalTokens', file: 'personal-tokens/part.ts', modules: /engine\/personal-tokens\// },
  { name: 'defineServer', file: 'mcp/servers/define-server.ts', modules: /mcp\/servers\// },
  {
    name: 'defineView',
    file: 'mcp/views/view.ts',
    modules: /mcp\/views\//,
    needs: ['defineResource'],
  },
  { name: 'defineResource', file: 'mcp/define-resource.ts', modules: /mcp\/define-resource\.ts/ },
  { name: 'definePrompt', file: 'mcp/define-prompt.ts', modules: /mcp\/define-prompt\.ts/ },
  { name: 'ownRoutes', file: 'own/own-routes.ts', modules: /engine\/own\// },
  { name: 'signedLink', file: 'links/link.ts', modules: /links\/link\.ts/ },
  {
    name: 'requireLink',
    file: 'links/require-link.ts',
    modules: /links\/require-link\.ts/,
    needs: ['signedLink'],
  },
  { name: 'passkey', file: 'login/passkey/passkey.tsx', modules: /login\/passkey\// },
  { name: 'reviewer', file: 'login/reviewer/reviewer.tsx', modules: /login\/reviewer\// },
]

const folder = join(FIXTURE, 'src')

/** The fixture server without any of them. */
export const PLAIN: string = join(folder, 'plain.ts')

/** The same with one of them. */
export function plainWith({ name, file, object = '' }: OptionalPart): Entry {
  const text = `${readFileSync(PLAIN, 'utf8')}\nexport { ${name} } from '#engine/${file}'\n${object}`
  return { text, folder }
}

/** The fixture server without the lines that bring one of them. */
export function wholeWithout({ name, object = '' }: OptionalPart): Entry {
  const lines = readFileSync(join(folder, 'index.ts'), 'utf8').replace(object, '').split('\n')
  return { text: lines.filter((line) => !new RegExp(`\\b${name}\\b`).test(line)).join('\n'), folder }
}
