// `npm run doctor` before servers that are not ours: challenges written otherwise, each valid by RFC 9110, and answers
// that would do something to the terminal.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { textOfPage } from '../../scripts/doctor/answers.ts'
import { parseChallenges } from '../../scripts/doctor/challenges.ts'
import { formsOf } from '../../scripts/doctor/pages.ts'
import { printable, printableJson } from '../../scripts/printable.ts'
import { runScript } from '../support/fixture.ts'

const METADATA = '/.well-known/oauth-protected-resource/mcp'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

/** A server that clients get along with. @param challenge of /mcp, for the address of its metadata */
async function serve(
  challenge: (url: string) => string | string[],
  registered: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const server = createServer(({ url = '', headers }, response) => {
    const origin = `http://localhost:${portOf(server)}`
    const json = (value: object, status = 200) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
    if (url.startsWith('/.well-known/oauth-protected-resource')) {
      return json({ resource: `${origin}/mcp`, authorization_servers: [origin] })
    }
    if (url.startsWith('/.well-known/oauth-authorization-server')) {
      return json({
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        code_challenge_methods_supported: ['S256'],
        token_endpoint: `${origin}/token`,
        registration_endpoint: `${origin}/register`,
      })
    }
    if (url === '/register') return json({ client_id: 'x', ...registered }, 201)
    const error = headers.authorization === undefined ? '' : ', error=invalid_token'
    const lines = [challenge(`${origin}${METADATA}`)].flat()
    response.setHeader('WWW-Authenticate', [...lines.slice(0, -1), `${lines.at(-1)}${error}`])
    response.writeHead(401).end()
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://localhost:${portOf(server)}/mcp`
}

function portOf(listening: Server): number {
  return (listening.address() as { port: number }).port
}

describe('RFC 9110 the challenge of another server', () => {
  it.each<readonly [string, (url: string) => string | string[]]>([
    ['as this server has it', (url) => `Bearer resource_metadata="${url}"`],
    ['spaces around =', (url) => `Bearer resource_metadata = "${url}"`],
    ['a tab before =, the realm first', (url) => `Bearer realm="a, b"\t, resource_metadata\t="${url}"`],
    ['a scheme without parameters first', (url) => `Negotiate, Bearer resource_metadata="${url}"`],
    ['a scheme with a token68 first', (url) => `Negotiate YWJj==, Bearer resource_metadata="${url}"`],
    [
      'Basic first, in one line',
      (url) => `Basic realm="x", charset="UTF-8", Bearer resource_metadata="${url}"`,
    ],
    [
      'another scheme last',
      (url) => [`Bearer resource_metadata="${url}", Basic realm="Bearer"`, 'Bearer realm=a'],
    ],
    ['the name in capitals', (url) => `Bearer Resource_Metadata="${url}"`],
    ['two lines', (url) => ['Negotiate', `Bearer resource_metadata="${url}"`]],
    ['the scheme in lower case', (url) => `bearer realm="a, Bearer", resource_metadata="${url}"`],
    [
      'an escape in a quoted string',
      (url) => `Bearer realm="a\\"b", resource_metadata="${url.replace('/mcp', '\\/mcp')}"`,
    ],
    ['empty elements', (url) => `, ,Bearer resource_metadata="${url}",`.replace(/,$/, '')],
  ])('is read: %s', async (_, challenge) => {
    const { output } = await runScript('doctor', await serve(challenge), '--no-register')
    expect(output).toContain('✓ A request without a token is answered with 401 and a Bearer challenge')
    expect(output).toContain('✓ The challenge names the metadata by an absolute address')
    expect(output).toContain('✓ Protected resource metadata is where the challenge says')
  })

  it.each([
    ['Basic realm="Bearer resource_metadata=x"', ['basic']],
    ['Bearerish realm=x', ['bearerish']],
    ['"Bearer"', []],
    ['Bearer realm="unterminated, Basic realm=x', ['bearer']],
    ['', []],
  ])('is none where it is none: %s', (header, schemes) => {
    expect(parseChallenges(header).map(({ scheme }) => scheme)).toEqual(schemes)
  })

  it('is read in time that grows with its length', () => {
    for (const part of ['a=', 'a="\\', 'a ', ',', 'a b=c,', ' ']) {
      expect(parseChallenges(part.repeat(20_000)).length).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('S17 what another server says', () => {
  const TRICK = '\u001b[2J\u001b[H✓ All well.\u001b]52;c;Y3VybA==\u0007\u009b31m\u202e\r'

  it.each([
    ['The answer has null for', ['--as', 'sdk-v1']],
    ['These are null:', []],
  ])('does nothing to the terminal of the doctor: %s', async (says, options) => {
    const url = await serve((metadata) => `Bearer resource_metadata="${metadata}"`, { [TRICK]: null })
    const { output } = await runScript('doctor', url, ...options)
    expect(output).toContain(`${says} ✓ All well.`)
    expect(output).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u)
  })

  it.each([
    ['a\u001b]0;title\u001b\\b', 'ab'],
    ['a\rb\bc\u0000', 'abc'],
    ['\u2066a\u200bb\u{e0041}\u202e', 'ab'],
    ['a\n\tb', 'a\n\tb'],
    ['✗ déjà vu 日本', '✗ déjà vu 日本'],
  ])('is shown as text: %j', (said, shown) => {
    expect(printable(said)).toBe(shown)
  })
})

describe('S17 JSON that another server has filled', () => {
  it('has no character that moves the cursor or hides text, and means what it meant', () => {
    const value = { text: 'a\u001b[2J\u009b2J\u202eb\u{E0041}c\ttab\nline' }
    const shown = printableJson(value)
    expect(printable(shown)).toBe(shown)
    expect(JSON.parse(shown)).toEqual(value)
  })
})

describe('S17 a page of another server', () => {
  it('is read as far as its reader would', () => {
    const head = '<style>main { color: red }</style><script>if (1 < 2) {}</script>'
    expect(textOfPage(`<body>${head}<main class="x"><h1>No</h1> Ask &amp; wait</main></body>`)).toBe(
      'No Ask & wait',
    )
    const fields = '<input type="hidden" name="a" value="&lt;b"><button name="decision" value="allow">'
    expect(formsOf(`<formula><form method="post" action="/x">${fields}</form>`)).toEqual([
      {
        action: '/x',
        fields: [
          { type: 'hidden', name: 'a', value: '<b', checked: false },
          { type: 'text', name: 'decision', value: 'allow', checked: false },
        ],
      },
    ])
  })

  it.each(['<main>', '<body>', '<form>', '<form><input ', '<main><style>', '<'])(
    'is read to its end: %s, a million characters of it',
    (piece) => {
      const page = piece.repeat(1_000_000 / piece.length)
      expect(textOfPage(page).length).toBeLessThanOrEqual(301)
      expect(formsOf(page)).toEqual([])
    },
  )
})
