// `npm run doctor <url> -- --directory`: silent where a server has all that directories ask for, and naming each thing
// that is missing. And server.json, which `npm run publish:registry` writes.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { NAME, SERVER } from '#config'
import { DIRECTORY, newApplicant, withdraw } from '../../scripts/doctor/directory.ts'
import { examine } from '../../scripts/doctor/examine.ts'
import { owner } from '../../scripts/doctor/owner.ts'
import type { Person } from '../../scripts/doctor/play.ts'
import { serverJson } from '../../scripts/registry/server-json.ts'
import { type Answer, edit, type Fault, FaultyProxy } from '../support/faulty-proxy.ts'
import { runScript } from '../support/fixture.ts'
import { LocalServer } from '../support/local-server.ts'

const OPENAI = '/.well-known/openai-apps-challenge'
const REGISTRY = '/.well-known/mcp-registry-auth'
const PROOFS = { OPENAI_APPS_CHALLENGE: 'kXf-93', MCP_REGISTRY_AUTH: 'v=MCPv1; k=ed25519; p=AAAA' }

let server: LocalServer
let proxy: FaultyProxy
let person: Person

beforeAll(async () => {
  server = await LocalServer.start(undefined, PROOFS)
  proxy = await FaultyProxy.start(server.origin)
  person = owner(proxy.origin, server.passphrase)
})

afterAll(async () => {
  proxy?.stop()
  await server?.stop()
})

beforeEach(() => {
  proxy.fault = pagesAnswer
})

// The fixture's pages are at a host that does not exist.
const pagesAnswer: Fault = ({ path }, answer) => {
  // The fixture has no sign-in for reviewers, either.
  if (path === '/login') answer.body += '<form action="/login/reviewer"></form>'
  if (!path.startsWith('/.well-known/oauth-')) return
  edit(answer, (json) => {
    for (const name of Object.keys(json)) if (/_(policy|tos)_uri$/.test(name)) json[name] = proxy.origin
  })
}

async function problems(fault: Fault = () => undefined): Promise<string[]> {
  proxy.fault = (asked, answer) => {
    pagesAnswer(asked, answer)
    fault(asked, answer)
  }
  const applicant = newApplicant(proxy.mcpUrl, person)
  const found: string[] = []
  for await (const { check, problem, unchecked } of examine(applicant, DIRECTORY)) {
    if (problem !== undefined) found.push(`${check.rule}: ${problem}`)
    if (unchecked !== undefined) found.push(`${check.rule}: not checked: ${unchecked}`)
  }
  await withdraw(applicant)
  return found
}

const replaced =
  (from: string | RegExp, to: string): Fault =>
  (_asked, answer) => {
    answer.body = answer.body.replace(from, to)
  }

const at =
  (path: string, change: (answer: Answer) => void): Fault =>
  (asked, answer) => {
    if (asked.path === path) change(answer)
  }

const withoutMetadata =
  (name: RegExp): Fault =>
  ({ path }, answer) => {
    if (path.startsWith('/.well-known/oauth-'))
      edit(answer, (json) => {
        for (const one of Object.keys(json)) if (name.test(one)) delete json[one]
      })
  }

const FAULTS: readonly (readonly [rule: string, problem: string, Fault])[] = [
  ['each tool has a title', 'have no title: whoami', replaced('"title":"Who am I",', '')],
  ['each tool has a title', 'have other names: who am i', replaced('"name":"whoami"', '"name":"who am i"')],
  [
    'each tool and each of its fields',
    'have no description: whoami',
    replaced(/"description":"Tells which[^"]*",/, ''),
  ],
  ['each tool says readOnlyHint', 'leave one out: whoami', replaced('"destructiveHint":false,', '')],
  [
    'a tool reads or writes',
    'and that they destroy: whoami',
    replaced('"destructiveHint":false', '"destructiveHint":true'),
  ],
  [OPENAI, 'answers 404', at(OPENAI, (answer) => (answer.status = 404))],
  [
    OPENAI,
    'text/html instead of text/plain',
    at(OPENAI, ({ headers }) => (headers['content-type'] = 'text/html')),
  ],
  [OPENAI, 'white space', at(OPENAI, (answer) => (answer.body += '\n'))],
  [REGISTRY, 'not checked: It is 404', at(REGISTRY, (answer) => (answer.status = 404))],
  [REGISTRY, 'It says "v=1" instead', at(REGISTRY, (answer) => (answer.body = 'v=1'))],
  [
    'title and description',
    'There is no description',
    replaced(`"description":"${SERVER.description}",`, ''),
  ],
  ['a privacy policy', 'There is no resource_policy_uri', withoutMetadata(/_policy_uri$/)],
  ['terms of service', 'There is no resource_tos_uri', withoutMetadata(/_tos_uri$/)],
  ['a contact for support', 'has no link to support', at('/', (answer) => (answer.body = '<p>Hello'))],
  ['it has a logo', 'answers 404', at('/favicon.svg', (answer) => (answer.status = 404))],
  ['/favicon.ico', 'text/html', at('/favicon.ico', ({ headers }) => (headers['content-type'] = 'text/html'))],
  ['a reviewer signs in', 'only your own', at('/login', (answer) => (answer.body = LOGIN))],
  ['a reviewer signs in', 'takes no password', at('/login', (answer) => (answer.body = '<form>'))],
]

const LOGIN = '<form action="/login/passphrase"><input type="password"></form>'

/** What no server on this computer has. */
const HERE = ['All: it is public', 'each view says what it loads']

describe('npm run doctor <url> -- --directory', () => {
  it('finds all that directories ask for', async () => {
    const found = await problems()
    expect(found).toHaveLength(HERE.length)
    for (const [index, rule] of HERE.entries()) expect(found[index]).toContain(rule)
  })

  it.each(FAULTS)('%s: %s', async (rule, problem, fault) => {
    const found = (await problems(fault)).filter((one) => !HERE.some((rule) => one.includes(rule)))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(rule)
    expect(found[0]).toContain(problem)
  })

  it('ends where no app can get a client id', async () => {
    const found = await problems(withoutMetadata(/^(registration_endpoint|client_id_metadata)/))
    expect(found[1]).toContain(
      'an app gets a client id by metadata document or registration: It offers neither.',
    )
    expect(found[2]).toContain('a user signs in with OAuth')
    expect(found).toHaveLength(3)
  })

  it('revokes at its end what it was given', async () => {
    const revoked = () => server.output.filter((line) => line.includes('"event":"grant.revoked"')).length
    const before = revoked()
    await problems()
    expect(revoked()).toBe(before + 1)
  })

  it('says what to do, as a program', async () => {
    const { code, output } = await runScript('doctor', server.origin, '--directory')
    expect(output).toContain('✗ All: it is public, over https')
    expect(output).toContain('Fix: Deploy it: npm run deploy')
    expect(output).toMatch(/\d of 17 need attention\.\n$/)
    expect(code).toBe(1)
  })
})

describe('server.json', () => {
  const origin = new URL('https://mcp.example.com')

  it('describes the server in the schema of the registry', () => {
    expect(serverJson(origin, '1.2.3')).toEqual({
      $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
      name: `com.example.mcp/${NAME.toLowerCase()}`,
      title: SERVER.title,
      description: SERVER.description,
      version: '1.2.3',
      websiteUrl: SERVER.websiteUrl,
      icons: [{ src: 'https://mcp.example.com/favicon.svg', mimeType: 'image/svg+xml', sizes: ['any'] }],
      remotes: [{ type: 'streamable-http', url: 'https://mcp.example.com/mcp' }],
    })
  })

  it.each(['notes', 'com.example/', 'com.example/a/b', 'com.example/a b'])('refuses the name %s', (name) => {
    expect(() => serverJson(origin, '1.2.3', name)).toThrow('no name of the form')
  })

  it('is written by a dry run, which publishes nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'registry-'))
    try {
      const args = [
        '--dry-run',
        '--url',
        origin.href,
        '--release',
        '2.0.0',
        '--output',
        join(folder, 'server.json'),
      ]
      const { code, output } = await runScript('publish-registry', ...args)
      expect(output).toContain('Nothing was published')
      expect(code).toBe(0)
      expect(JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8'))).toMatchObject({
        version: '2.0.0',
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('needs an https address', async () => {
    for (const args of [[], ['--url', 'http://localhost:8787']]) {
      expect(await runScript('publish-registry', '--dry-run', ...args)).toMatchObject({
        code: 1,
        complaint: expect.stringMatching(/Say where the server is|https addresses only/),
      })
    }
  })
})
