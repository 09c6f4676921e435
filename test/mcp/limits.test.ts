// Row M15: how often a user may call what limits that, by each way in which a message comes.
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { definePrompt } from '#engine/mcp/define-prompt.ts'
import { defineResource } from '#engine/mcp/define-resource.ts'
import { defineTool, ToolError } from '#engine/mcp/define-tool.ts'
import { prompts, resources, tools } from '../fixture/src/server/index.ts'
import { askModern, messageOf, WAYS } from '../support/mcp-ways.ts'
import { OAuthClient } from '../support/oauth-client.ts'
import { OperationCounter } from '../support/operations.ts'
import { listenToLog, pass } from '../support/outcome.ts'
import { Machine } from '../support/owned-client.ts'
import { Visitor } from '../support/visitor.ts'

const description = 'A fixture.'
const annotations = { readOnlyHint: true, destructiveHint: false, openWorldHint: false }
const fixture = { title: 'A fixture', description, input: z.object({}), annotations }
const ran = vi.fn(() => 'Done.')
const LIMIT = { calls: 3, per: 'minute' } as const

tools.push(
  defineTool({ ...fixture, name: 'limited', limit: LIMIT, handler: ran }),
  defineTool({ ...fixture, name: 'also_limited', limit: LIMIT, handler: ran }),
  defineTool({ ...fixture, name: 'by_the_hour', limit: { calls: 1, per: 'hour' }, handler: ran }),
  defineTool({
    ...fixture,
    name: 'twice_limited',
    limit: { calls: 2, per: 'minute' },
    quota: { calls: 3, per: 'day' },
    handler: ran,
  }),
  defineTool({
    ...fixture,
    name: 'throws',
    limit: { calls: 1, per: 'minute' },
    handler: () => {
      throw new ToolError('It does not work.')
    },
  }),
)
resources.push(
  defineResource({
    name: 'limited',
    title: 'Limited',
    description,
    uri: 'fixture://limited',
    limit: { calls: 1, per: 'minute' },
    handler: ran,
  }),
)
prompts.push(
  definePrompt({
    name: 'limited',
    title: 'Limited',
    description,
    input: z.object({}),
    quota: { calls: 1, per: 'day' },
    handler: ran,
  }),
)

/** Twenty seconds before a minute ends, far from midnight. */
const NOW = Date.parse('2026-11-29T10:30:40Z')
const OVER = 'The tool limited takes at most 3 calls per minute from each user.'

let name: string
let person: Visitor
let token: string

async function newToken(visitor: Visitor): Promise<string> {
  return (await (await OAuthClient.registered()).connect(visitor)).access_token
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  name = crypto.randomUUID()
  person = await Visitor.as(name)
  token = await newToken(person)
  ran.mockClear()
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** The text of the result, marked if it is an error. */
async function textOf(response: Promise<Response> | Response): Promise<string> {
  const { result, error } = await messageOf(response)
  const { isError, content } = (result ?? {}) as { isError?: boolean; content?: [{ text: string }] }
  return error?.message ?? `${isError ? 'Error: ' : ''}${content?.[0].text}`
}

const call = (name: string, bearer = token) =>
  textOf(askModern(bearer, 'tools/call', { name, arguments: {} }))

async function times(count: number, step: () => Promise<string>): Promise<string[]> {
  const texts: string[] = []
  for (let n = 0; n < count; n++) texts.push(await step())
  return texts
}

async function personalToken(visitor: Visitor): Promise<string> {
  const made = await visitor.post('/account/tokens/make', { name: 'Job', days: '7', scope: ['notes:read'] })
  return /gatehouse_pat_[\w-]{92}/.exec(await made.text())?.[0] ?? 'none'
}

async function userOf(bearer: string): Promise<string> {
  const { result } = await messageOf(askModern(bearer, 'tools/call', { name: 'whoami', arguments: {} }))
  return (result as { structuredContent: { userId: string } }).structuredContent.userId
}

function storedFor(userId: string): Promise<object | undefined> {
  return runInDurableObject(env.ACCOUNTS.getByName(userId), (_object, { storage }) =>
    storage.kv.get<object>('calls'),
  )
}

describe('M15 more calls than a limit allows', () => {
  it.each(WAYS)('are refused with the time at which to come back, %s', async (_way, open) => {
    const ask = await open(token)
    const texts = await times(4, () => textOf(ask('tools/call', { name: 'limited', arguments: {} })))
    const refusal = `Error: ${OVER} Try again in 20 seconds, at 2026-11-29T10:31:00Z.`
    expect(texts).toEqual(['Done.', 'Done.', 'Done.', refusal])
    expect(ran).toHaveBeenCalledTimes(3)
    pass(20)
    expect(await textOf(ask('tools/call', { name: 'limited', arguments: {} }))).toBe('Done.')
  })

  it('are refused when 50 come at once: exactly the limit passes', async () => {
    const texts = await Promise.all(Array.from({ length: 50 }, () => call('limited')))
    expect(texts.filter((text) => text === 'Done.')).toHaveLength(3)
    expect(texts.filter((text) => text.startsWith(`Error: ${OVER}`))).toHaveLength(47)
    expect(ran).toHaveBeenCalledTimes(3)
  })

  it('are refused to another app, another session and a token for scripts of the same user', async () => {
    await times(3, () => call('limited'))
    const others = [await newToken(person), await personalToken(person)]
    for (const other of others) expect(await call('limited', other)).toContain(OVER)
    const [, , [, openSession]] = WAYS as [unknown, unknown, (typeof WAYS)[number]]
    for (const other of [token, token, ...others]) {
      const ask = await openSession(other)
      expect(await textOf(ask('tools/call', { name: 'limited', arguments: {} }))).toContain(OVER)
    }
    expect(ran).toHaveBeenCalledTimes(3)
  })

  it('are refused after the user has revoked the app, and connected it again', async () => {
    const user = await userOf(token)
    await times(3, () => call('limited'))
    await person.post('/account/revoke-all', {})
    const again = await newToken(person)
    expect(await userOf(again)).toBe(user)
    expect(await call('limited', again)).toContain(OVER)
  })

  it('are refused to a machine', async () => {
    const machine = await Machine.owned()
    const { access_token } = (await (await machine.token()).json()) as { access_token: string }
    expect(await times(4, () => call('limited', access_token))).toEqual([
      ...Array(3).fill('Done.'),
      expect.stringContaining(OVER),
    ])
  })

  it('are another count for each user and for each tool', async () => {
    await times(4, () => call('limited'))
    expect(await call('also_limited')).toBe('Done.')
    expect(await call('limited', await newToken(await Visitor.as(crypto.randomUUID())))).toBe('Done.')
  })

  it('count when the tool refuses or fails, and not when the limit does', async () => {
    expect(await call('throws')).toBe('Error: It does not work.')
    expect(await call('throws')).toContain('takes at most 1 call per minute')
    expect(await times(3, () => call('twice_limited'))).toEqual([
      'Done.',
      'Done.',
      expect.stringContaining('2 calls per minute'),
    ])
    pass(20)
    // The refused one did not count towards the day.
    expect(await call('twice_limited')).toBe('Done.')
    expect(await call('twice_limited')).toBe(
      'Error: The tool twice_limited takes at most 3 calls per day from each user. ' +
        'Try again in 48540 seconds, at 2026-11-30T00:00:00Z.',
    )
    pass(48_540)
    expect(await call('twice_limited', await newToken(await Visitor.as(name)))).toBe('Done.')
  })

  it('are refused for the hour', async () => {
    expect(await call('by_the_hour')).toBe('Done.')
    expect(await call('by_the_hour')).toContain('1 call per hour from each user. Try again in 1760 seconds')
    pass(1760)
    expect(await call('by_the_hour')).toBe('Done.')
  })

  it.each(WAYS)('are refused of a resource and a prompt, %s', async (_way, open) => {
    const ask = await open(token)
    const read = () => messageOf(ask('resources/read', { uri: 'fixture://limited' }))
    const get = () => messageOf(ask('prompts/get', { name: 'limited' }))
    for (const [step, text] of [
      [read, 'The resource limited takes at most 1 call per minute'],
      [get, 'The prompt limited takes at most 1 call per day'],
    ] as const) {
      expect((await step()).result).toBeDefined()
      expect((await step()).error?.message).toContain(text)
    }
    expect(ran).toHaveBeenCalledTimes(2)
  })

  it('are one line of the log each', async () => {
    await times(3, () => call('limited'))
    const lines = listenToLog()
    await call('limited')
    const user = await userOf(token)
    expect(lines()).toContainEqual(
      expect.objectContaining({ event: 'call.limited', user, tool: 'limited', reason: 'per_minute' }),
    )
    expect(lines().filter(({ event }) => event === 'call.limited')).toHaveLength(1)
  })

  it('are refused where the count cannot be asked', async () => {
    vi.spyOn(Object.getPrototypeOf(env.ACCOUNTS), 'getByName').mockImplementation(() => {
      throw new Error('storage is down')
    })
    expect(await call('limited')).toContain('Error: The tool failed.')
    expect(ran).not.toHaveBeenCalled()
  })
})

describe('a count of calls', () => {
  it('costs one request to an object and one row, and only where a tool limits its calls', async () => {
    await call('whoami')
    const counter = await OperationCounter.install()
    const { cost } = await counter.count(() => call('limited'))
    expect(cost).toMatchObject({ objectRequests: 1, rowsWritten: 1, kvReads: 0, kvWrites: 0 })
    await times(2, () => call('limited'))
    const refused = await counter.count(() => call('limited'))
    expect(refused.cost).toMatchObject({ objectRequests: 1, rowsWritten: 0 })
    const unlimited = await counter.count(() => call('whoami'))
    expect(unlimited.cost).toMatchObject({ objectRequests: 0, rowsWritten: 0 })
  })

  it('is dropped when its period is over', async () => {
    const user = await userOf(token)
    await call('limited')
    await call('twice_limited')
    const keys = async () => Object.keys((await storedFor(user)) ?? {})
    expect(await keys()).toEqual([
      'minute tool limited',
      'minute tool twice_limited',
      'day tool twice_limited',
    ])
    pass(20)
    await call('also_limited')
    expect(await keys()).toEqual(['day tool twice_limited', 'minute tool also_limited'])
  })

  it('outlives a deletion of the account, until its period is over', async () => {
    const again = async () => {
      await (await Visitor.signedIn()).post('/account/erase', { sure: 'yes' })
      return newToken(await Visitor.signedIn())
    }
    await call('twice_limited', await newToken(await Visitor.signedIn()))
    expect(await times(3, async () => call('twice_limited', await again()))).toEqual([
      'Done.',
      expect.stringContaining('2 calls per minute'),
      expect.stringContaining('2 calls per minute'),
    ])
    pass(20)
    expect(await call('twice_limited', await again())).toBe('Done.')
    expect(await call('twice_limited', await again())).toContain('3 calls per day')
    pass(48_540)
    expect(await call('twice_limited', await again())).toBe('Done.')
  })

  it('is deleted a day after the account', async () => {
    const user = await userOf(token)
    await call('limited')
    await person.post('/account/erase', { sure: 'yes' })
    expect(await storedFor(user)).toBeDefined()
    const account = env.ACCOUNTS.getByName(user)
    for (const hours of [2, 24]) {
      pass(hours * 60 * 60)
      await runDurableObjectAlarm(account)
    }
    expect(await storedFor(user)).toBeUndefined()
  })

  it('cannot be declared for what is public', () => {
    // @ts-expect-error
    defineTool({ ...fixture, name: 'x', access: 'public', limit: LIMIT, handler: () => '' })
    // @ts-expect-error
    defineTool({ ...fixture, name: 'x', quota: { calls: 1, per: 'minute' }, handler: () => '' })
  })
})
