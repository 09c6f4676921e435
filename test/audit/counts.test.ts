// Counts of events, for deployments that have the dataset. The one that miniflare makes takes data points and keeps
// nothing, so what it was given is read here.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it } from 'vitest'
import { callTool, OAuthClient } from '../support/oauth-client.ts'
import { Visitor } from '../support/visitor.ts'

type Point = Required<AnalyticsEngineDataPoint>

/** From here on the deployment has a dataset. Returns what was written to it. */
function withDataset(writeDataPoint?: (point: Point) => void): Point[] {
  const points: Point[] = []
  Object.assign(env, { EVENTS: { writeDataPoint: writeDataPoint ?? ((point: Point) => points.push(point)) } })
  return points
}

afterEach(() => {
  Reflect.deleteProperty(env, 'EVENTS')
})

describe('the counts', () => {
  it('get one data point for each event, with its fields where docs/operate.md says', async () => {
    const app = await OAuthClient.registered()
    const { access_token } = await app.connect()
    const points = withDataset()
    await new Visitor().signIn('/account', 'wrong')
    await callTool(access_token, 'whoami')
    const user = expect.stringMatching(/^user_/)
    expect(points).toEqual([
      {
        indexes: ['signin.failed'],
        blobs: ['', '', 'passphrase', 'wrong_passphrase', '', '', '', '', '', '', '', ''],
        doubles: [0, 0],
      },
      {
        indexes: ['tool.called'],
        blobs: [user, app.id, '', '', '', 'whoami', '', 'ok', '', '', '', ''],
        doubles: [expect.any(Number), 0],
      },
      {
        indexes: ['mcp.request'],
        blobs: [user, app.id, '', '', 'tools/call', 'whoami', '', '', '', '', '', ''],
        doubles: [expect.any(Number), 200],
      },
    ])
  })

  it('keep to what a data point can hold, also for long values', async () => {
    const points = withDataset()
    await OAuthClient.registered({ client_name: 'x'.repeat(3000) })
    const [{ indexes, blobs, doubles } = { indexes: [], blobs: [], doubles: [] }] = points
    const bytes = new TextEncoder().encode(blobs.join('')).byteLength
    expect([indexes.length, blobs.length <= 20, doubles.length <= 20, bytes < 16_000]).toEqual([
      1,
      true,
      true,
      true,
    ])
  })

  it('that cannot be written fail no request', async () => {
    withDataset(() => {
      throw new Error('too many data points')
    })
    expect((await new Visitor().signIn()).status).toBe(303)
  })
})
