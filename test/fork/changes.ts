// What people make of their fork, as docs/ tells them to.
import type { Copy } from './copy.ts'
import { LIST, TOOL, TOOL_TEST } from './todos.ts'

/** Whether this project is a fork already: then its files are its own business, and none of this fits them. */
export function isFork(config: string): boolean {
  return !/^export const NAME = 'Gatehouse'$/m.test(config)
}

export function rename(fork: Copy): void {
  fork.edit('src/config.ts', /^export const NAME = .*$/m, "export const NAME = 'Harbor'")
  fork.edit('wrangler.toml', /^name = .*$/m, 'name = "harbor"')
}

/** A tool with a scope, a Durable Object, and a test beside it. */
export function addTool(fork: Copy): void {
  fork.write('src/server/todos/list.ts', LIST)
  fork.write('src/server/todos/tool.ts', TOOL)
  fork.write('src/server/todos/tool.test.ts', TOOL_TEST)
  fork.edit('src/server/index.ts', /^import .*whoami.*$/m, "$&\nimport { addTodo } from './todos/tool.ts'")
  fork.edit('src/server/index.ts', /readonly Tool\[\] = \[/, '$&\n  addTodo,')
  fork.edit(
    'src/server/index.ts',
    /(function forget\(.*\{)\}?$/m,
    '$1\n  await env.TODOS.getByName(userId).erase()\n}',
  )
  fork.edit('src/index.ts', /\n$/, "\nexport { TodoList } from './server/todos/list.ts'\n")
  fork.edit('src/config.ts', /export const SCOPES = \{/, "$&\n  'todos:write': 'Add to-dos',\n")
  fork.edit('src/config.ts', /readonly Scope\[\] = \[/, "$&'todos:write'")
  fork.edit('wrangler.toml', /^bindings = \[$/m, '$&\n  { name = "TODOS", class_name = "TodoList" },')
  fork.edit(
    'wrangler.toml',
    /^\[exports\./m,
    '[exports.TodoList]\ntype = "durable-object"\nstorage = "sqlite"\n\n$&',
  )
}

/** Takes every line out of src/index.ts that brings an optional part, and the storage of device codes. */
export function takeOutParts(fork: Copy): void {
  fork.edit('src/index.ts', /^.*\b(deviceGrant|personalTokens|ownRoutes|routes|DeviceObject)\b.*\n/gm, '')
  fork.edit('wrangler.toml', /^.*"DeviceObject".*\n/m, '')
  fork.edit('wrangler.toml', /^\[exports\.DeviceObject\]\n.*\n.*\n\n/m, '')
}

/** Passkeys and GitHub in place of the passphrase. */
export function switchLogin(fork: Copy): void {
  fork.edit(
    'src/login.ts',
    /^import .*passphrase.*$/m,
    "import { github } from '#engine/login/github.ts'\nimport { passkey } from '#engine/login/passkey/passkey.tsx'",
  )
  fork.edit('src/login.ts', /\[passphrase\]/, '[passkey, github]')
  fork.edit('wrangler.toml', /^required = \[/m, '$&"GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", ')
  fork.edit('wrangler.toml', /^ALLOWED_USERS = .*$/m, 'ALLOWED_USERS = "github:octocat"')
  fork.edit('wrangler.toml', /^OWNER = .*$/m, 'OWNER = "github:octocat"')
  fork.edit('.dev.vars.example', /\n$/, "\nGITHUB_CLIENT_ID=''\nGITHUB_CLIENT_SECRET=''\n")
}

export function changeTheme(fork: Copy): void {
  fork.edit('src/theme.ts', /--accent: #1f5f56/, '--accent: #7a1f5f')
  fork.edit(
    'src/theme.ts',
    /<svg .*<\/svg>/,
    '<svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true"><circle cx="16" cy="16" r="12"/></svg>',
  )
  fork.edit(
    'src/theme.ts',
    /href: '[^']*', text: '[^']*'/,
    "href: 'https://harbor.example/imprint', text: 'Imprint'",
  )
  fork.edit('src/theme.ts', /css: ''/, "css: 'h1 { letter-spacing: .02em }'")
}
