import { evictAllDurableObjects, listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { emptyStorage } from './empty-storage.ts'

const notebook = () => env.NOTEBOOKS.getByName('of an earlier file')

/** In each place where the Worker keeps something. */
async function store(): Promise<void> {
  await notebook().add('a note')
  await runInDurableObject(notebook(), (_, { storage }) => storage.setAlarm(Date.now() + 3_600_000))
  await env.RECORDS.put('record', 'value')
  while ((await env.SIGN_IN_LIMIT.limit({ key: 'address' })).success);
}

async function expectNothingStored(): Promise<void> {
  expect(await listDurableObjectIds(env.NOTEBOOKS)).toEqual([])
  expect(await notebook().list(1)).toEqual([])
  expect(await runInDurableObject(notebook(), (_, { storage }) => storage.getAlarm())).toBeNull()
  expect((await env.RECORDS.list()).keys).toEqual([])
  expect(await env.RECORDS.get('record')).toBeNull()
  expect((await env.SIGN_IN_LIMIT.limit({ key: 'address' })).success).toBe(true)
}

// Each test file begins with it: fresh-start.ts.
describe('emptying the storage of a workerd', () => {
  it('deletes what objects in memory have stored', async () => {
    await store()
    await emptyStorage()
    await expectNothingStored()
  })

  it('deletes what objects have stored that are no longer in memory', async () => {
    await store()
    // As workerd does after 10 idle seconds.
    await evictAllDurableObjects()
    await emptyStorage()
    await expectNothingStored()
  })

  it('leaves a workerd that stores again', async () => {
    await emptyStorage()
    await store()
    await evictAllDurableObjects()
    expect(await notebook().list(1)).toHaveLength(1)
    expect(await env.RECORDS.get('record')).toBe('value')
    expect((await env.SIGN_IN_LIMIT.limit({ key: 'address' })).success).toBe(false)
  })
})
