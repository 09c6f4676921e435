// What a tool lets the client keep between two rounds of a call comes back as it was, or not at all.
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { LIFETIME } from '#config'
import { seal } from '#engine/crypto/seal.ts'
import { requestState } from '#engine/mcp/request-state.ts'
import { loadSettings } from '#engine/settings/load.ts'
import { pass } from '../support/outcome.ts'

const ISSUER = 'https://gatehouse.test'
const operation = {
  method: 'tools/call',
  params: { name: 'delete_notes', arguments: { ids: ['1'], all: false } },
}
const caller = { userId: 'user_a', clientId: 'client_a', operation }
const asks = (params: object) => stateOf({ operation: { ...operation, params } as typeof operation })
const stateOf = (changes: Partial<typeof caller> = {}, issuer = ISSUER) =>
  requestState(loadSettings(env), issuer, { ...caller, ...changes })

afterEach(() => {
  vi.useRealTimers()
})

const { params } = operation

describe('the state of a tool call', () => {
  it('comes back to the user and the client whose call it was', async () => {
    expect(await stateOf().verify(await stateOf().seal({ step: 2 }))).toEqual({ step: 2 })
  })

  it('comes back with arguments in another order', async () => {
    const state = await stateOf().seal({ step: 2 })
    const other = asks({ arguments: { all: false, ids: ['1'] }, name: 'delete_notes' })
    expect(await other.verify(state)).toEqual({ step: 2 })
  })

  it.each([
    ['another user', stateOf({ userId: 'user_b' })],
    ['another client', stateOf({ clientId: 'client_b' })],
    ['another tool', asks({ ...params, name: 'archive_notes' })],
    ['another argument', asks({ ...params, arguments: { ids: ['2'], all: false } })],
    ['one argument more', asks({ ...params, arguments: { ...params.arguments, x: 1 } })],
    ['another issuer', stateOf({}, 'https://elsewhere.test')],
  ])('is refused from %s', async (_who, other) => {
    await expect(other.verify(await stateOf().seal({ step: 2 }))).rejects.toThrow()
  })

  it('is refused when it was changed, or is something else that was sealed here', async () => {
    const state = await stateOf().seal({ step: 2 })
    const session = await seal(loadSettings(env), 'session', ISSUER, { ...caller, value: {} }, 60)
    for (const text of [`${state}x`, `x${state}`, state.slice(0, -1), '', session]) {
      await expect(stateOf().verify(text)).rejects.toThrow()
    }
  })

  it('is refused when the client took too long', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const state = await stateOf().seal({ step: 2 })
    pass(LIFETIME.requestState)
    await expect(stateOf().verify(state)).rejects.toThrow()
  })
})
