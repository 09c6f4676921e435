// RFC 8252 §7.1 redirect URIs with an app's own scheme: by an exact list, to which a deployment adds its own. Row R6.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { loadSettings } from '#engine/settings/load.ts'
import { SettingsError } from '#engine/settings/setting.ts'
import { register } from '../support/oauth-client.ts'
import { expectRefusal } from '../support/outcome.ts'
import { configure } from '../support/worker.ts'

const OURS = 'com.example.desk:/oauth2/callback'

afterEach(() => {
  configure()
})

async function registered(redirect_uris: readonly string[]): Promise<unknown> {
  return ((await (await register({ redirect_uris })).json()) as { redirect_uris?: unknown }).redirect_uris
}

describe('R6 an app scheme', () => {
  it.each(['cursor://anysphere.cursor-mcp/oauth/callback', 'claude://claude.ai/mcp-auth-callback/sdk'])(
    'is known: %s',
    async (uri) => {
      expect(await registered([uri])).toEqual([uri])
    },
  )

  it('is known once the deployment has added it, beside those that are', async () => {
    const all = [OURS, 'desk://callback', 'claude://claude.ai/mcp-auth-callback/sdk']
    await expectRefusal(await register({ redirect_uris: [OURS] }), 'invalid_redirect_uri')
    configure({ APP_REDIRECT_URIS: [OURS, 'desk://callback'] })
    expect(await registered(all)).toEqual(all)
    // Where a setting can only be text.
    configure({ APP_REDIRECT_URIS: JSON.stringify([OURS, 'desk://callback']) as unknown as string[] })
    expect(await registered(all)).toEqual(all)
  })

  it.each([
    `${OURS}/`,
    `${OURS}?a=b`,
    OURS.toUpperCase(),
    'com.example.desk:/other',
    'com.example.desk:/oauth2/../oauth2/callback',
    'claude://claude.ai/mcp-auth-callback',
    'claude://claude.ai.evil.test/mcp-auth-callback/sdk',
  ])('is compared letter for letter: %s', async (uri) => {
    configure({ APP_REDIRECT_URIS: [OURS] })
    await expectRefusal(await register({ redirect_uris: [uri] }), 'invalid_redirect_uri')
    expect(await registered([OURS, uri])).toEqual([OURS])
  })

  it.each(['javascript:/alert(1)', 'data:/text', 'file:/etc/passwd'])(
    'that is dangerous stays refused, whatever the deployment says: %s',
    async (uri) => {
      configure({ APP_REDIRECT_URIS: [uri] })
      await expectRefusal(await register({ redirect_uris: [OURS, uri] }), 'invalid_redirect_uri')
    },
  )

  it.each<unknown>([
    ['https://evil.test/callback'],
    ['http://127.0.0.1/callback'],
    ['com.example.desk'],
    ['com.example.desk:callback'],
    ['desk://callback#fragment'],
    ['desk://call back'],
    ['desk:\\\\callback'],
    [42],
    'desk://callback',
  ])('that is none stops the server: %j', (value) => {
    expect(() => loadSettings({ ...env, APP_REDIRECT_URIS: value } as Env)).toThrow(SettingsError)
    expect(() => loadSettings({ ...env, APP_REDIRECT_URIS: value } as Env)).toThrow(/^APP_REDIRECT_URIS/)
  })
})
